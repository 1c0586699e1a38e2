"""The report in words and tables, as every way to read it shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from knowledge.dossiers.report import Figures, Line, Report
from knowledge.yaml_files import load_yaml

FILE = Path(__file__).with_name("words.yaml")
_DAY = "%d/%m/%Y"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a report; the first cell of a row is its name, the others are numbers."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str | int]]


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
            return [*lines, self.none]
        return [*lines, self.line(report.total), *self._further(report.total)]

    def line(self, figures: Figures) -> str:
        """Return the main figures in a sentence."""
        names = ("received", "resolved", "early", "on_time", "late", "pending", "overdue")
        return self.summary.format(**{name: getattr(figures, name) for name in names})

    def tables_of(self, report: Report) -> Iterator[Table]:
        """Yield the tables: in all, by month, field, procedure and desk."""
        total = Line(self.tables["total"], report.total)
        for name, title in self.tables.items():
            lines = (total,) if name == "total" else getattr(report, name)
            yield Table(
                title,
                ["", *self.columns.values()],
                [
                    [
                        line.name or self.unnamed,
                        *(getattr(line.figures, it) for it in self.columns),
                    ]
                    for line in lines
                ],
            )

    def _further(self, figures: Figures) -> Iterator[str]:
        for name, text in self.further.items():
            if count := getattr(figures, name):
                yield text.format(count=count)
