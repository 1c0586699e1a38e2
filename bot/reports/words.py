"""The report in words and tables, as every way to read it shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from bot.channels.names import channel_names
from knowledge.dossiers.report import Figures, Line, Report
from knowledge.questions.figures import QuestionFigures, QuestionLine, QuestionReport
from knowledge.yaml_files import load_yaml

FILE = Path(__file__).with_name("words.yaml")
_DAY = "%d/%m/%Y"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a report; the first cell of a row is its name, the others are numbers."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str | int]]


class QuestionWords(BaseModel):
    """The words of the part on what people asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    summary: str
    none: str
    turns_since: str
    tickets_since: str
    columns: Mapping[str, str]
    tables: Mapping[str, str]
    total: str


class ReportWords(BaseModel):
    """Shape of `words.yaml`, and what is made of it."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    title: str
    period: str
    as_of: str
    sample: str
    none: str
    summary: str
    further: Mapping[str, str]
    columns: Mapping[str, str]
    tables: Mapping[str, str]
    charts: Mapping[str, str]
    unnamed: str
    no_figures: str
    from_: str = Field(alias="from")
    to: str
    show: str
    download: str
    bad_period: str
    questions: QuestionWords
    page: str
    file_name: str

    @classmethod
    def load(cls, file: Path = FILE) -> ReportWords:
        """Read the words; raises `DataFileError`."""
        return load_yaml(file, cls)

    def introduction(self, report: Report) -> list[str]:
        """Return what stands above the tables, the line with the main figures included."""
        period = report.period
        lines = [
            self.period.format(first=f"{period.first:{_DAY}}", last=f"{period.last:{_DAY}}"),
            self.as_of.format(day=f"{report.as_of:{_DAY}}"),
        ]
        if report.sample:
            lines.insert(0, self.sample)
        if report.total == Figures():
            lines.append(self.none)
        else:
            lines += [self.line(report.total), *self._further(report.total)]
        return (
            lines if report.questions is None else [*lines, *self._asked(report, report.questions)]
        )

    def line(self, figures: Figures) -> str:
        """Return the main figures in a sentence."""
        names = ("received", "resolved", "early", "on_time", "late", "pending", "overdue")
        return self.summary.format(**{name: getattr(figures, name) for name in names})

    def tables_of(self, report: Report) -> Iterator[Table]:
        """Yield the tables that have lines: dossiers by month, field and so on; questions."""
        total = Line(self.tables["total"], report.total)
        for name, title in self.tables.items():
            if lines := (total,) if name == "total" else getattr(report, name):
                yield self._table(title, self.columns, lines)
        if report.questions and report.questions.total != QuestionFigures():
            yield from self._question_tables(report.questions)

    def _question_tables(self, found: QuestionReport) -> Iterator[Table]:
        words = self.questions
        total = QuestionLine(words.total, found.total)
        channels = [
            QuestionLine(channel_names().get(it.name, it.name), it.figures)
            for it in found.by_channel
        ]
        lines = {"by_month": (*found.by_month, total), "by_channel": channels}
        for name, title in words.tables.items():
            yield self._table(title, words.columns, lines[name])

    def _table(
        self, title: str, columns: Mapping[str, str], lines: Iterable[Line | QuestionLine]
    ) -> Table:
        rows = [
            [line.name or self.unnamed, *(getattr(line.figures, it) for it in columns)]
            for line in lines
        ]
        return Table(title, ["", *columns.values()], rows)

    def _asked(self, report: Report, found: QuestionReport) -> Iterator[str]:
        """Yield what is said of the questions, and since when they are counted."""
        if found.total == QuestionFigures():
            yield self.questions.none
            return
        names = (*self.questions.columns, "left")
        yield self.questions.summary.format(**{it: getattr(found.total, it) for it in names})
        for text, since in (
            (self.questions.turns_since, found.turns_since),
            (self.questions.tickets_since, found.tickets_since),
        ):
            if since and since > report.period.first:
                yield text.format(day=f"{since:{_DAY}}")

    def _further(self, figures: Figures) -> Iterator[str]:
        for name, text in self.further.items():
            if count := getattr(figures, name):
                yield text.format(count=count)
