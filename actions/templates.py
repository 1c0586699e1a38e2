"""Texts of answers: Jinja templates under `actions/templates/<language>`, and their words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from actions.language import Language
from knowledge.procedures.answers import is_known
from knowledge.procedures.model import Aspect, Document, Fee, Procedure
from knowledge.vietnamese import search_key

FOLDER = Path(__file__).parent / "templates"
_BLANK_LINES = re.compile(r"\n\s*\n\s*(\n\s*)*")
_OVERVIEW_PARTS = (
    Aspect.DOCUMENTS,
    Aspect.PROCESSING_TIME,
    Aspect.FEE,
    Aspect.WHERE_TO_FILE,
    Aspect.RESULT,
)


_BARE_FREE_CHARS = 14
"""A text about a free service that is longer than this says more than that it is free."""


class Templates:
    """Renders answers in one language; amounts and dates are written its way."""

    def __init__(self, language: Language = Language.VIETNAMESE, folder: Path = FOLDER) -> None:
        self._root = folder
        self._folder = folder / language

    def of(self, language: Language) -> Templates:
        """Return the same templates in a language."""
        return _templates(language, self._root)

    def render(self, name: str, **values: Any) -> str:
        """Return the text of a template, `procedure/fee` for `procedure/fee.j2`."""
        text = self._environment.get_template(f"{name}.j2").render(**values)
        return _BLANK_LINES.sub("\n\n", text).strip()

    @cached_property
    def labels(self) -> Mapping[str, Any]:
        """Return the short names of `labels.yaml`."""
        with (self._folder / "labels.yaml").open(encoding="utf-8") as file:
            labels: Mapping[str, Any] = yaml.safe_load(file)
        return labels

    @cached_property
    def _environment(self) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(self._folder),
            undefined=StrictUndefined,
            trim_blocks=False,
            autoescape=False,
        )
        environment.filters |= {
            "day": self._day,
            "money": self._money,
            "fee": self._fee,
            "counts": self._counts,
            "term": self._term,
            "office": self._office,
            "source_date": self._source_date,
        }
        environment.tests["filed_online"] = _filed_online
        environment.globals |= {
            "labels": self.labels["aspects"],
            "weekdays": self.labels["weekdays"],
            "missing_labels": self._missing_labels,
        }
        return environment

    def _day(self, value: date) -> str:
        formats, months = self.labels["formats"], self.labels["months"]
        day: str = formats["day"].format(
            day=value.day, month=months[value.month - 1], year=value.year
        )
        return day

    def _money(self, amount_vnd: int) -> str:
        formats = self.labels["formats"]
        amount = f"{amount_vnd:,}".replace(",", formats["thousands"])
        return str(formats["money"].format(amount=amount))

    def _fee(self, fee: Fee) -> str:
        words: Mapping[str, str] = self.labels["words"]
        if fee.amount_vnd is None:
            return f"{words['fee_unread']} ({fee.text})"
        if fee.amount_vnd == 0:
            told_more = len(fee.text) > _BARE_FREE_CHARS
            return words["free"] + (f" ({fee.text})" if told_more else "")
        amount = self._money(fee.amount_vnd)
        if not fee.per:
            return amount
        return str(self.labels["formats"]["per"].format(amount=amount, unit=self._term(fee.per)))

    def _counts(self, document: Document) -> str:
        words = self.labels["counts"]
        counts = [
            f"{number} {words[kind]['one' if number == 1 else 'more']}"
            for number, kind in ((document.originals, "original"), (document.copies, "copy"))
            if number
        ]
        return f" ({', '.join(counts)})" if counts else ""

    def _term(self, fact: str) -> str:
        """Return a recurring word of the knowledge base in the language; others stay."""
        return str(self.labels["terms"].get(fact, fact))

    def _office(self, named: str) -> str:
        """Return an office in the language; telephone numbers may follow in brackets."""
        name, bracket, numbers = named.partition(" (")
        return self._term(name) + bracket + numbers

    def _source_date(self, value: str | None) -> str:
        if value is None:
            return str(self.labels["words"]["undated"])
        try:
            return self._day(date.fromisoformat(value))
        except ValueError:
            return value

    def _missing_labels(self, procedure: Procedure) -> list[str]:
        return [
            self.labels["aspects"][part]
            for part in _OVERVIEW_PARTS
            if not is_known(procedure, part)
        ]


def _filed_online(method: str) -> bool:
    return "truc tuyen" in search_key(method)


@lru_cache
def _templates(language: Language, folder: Path) -> Templates:
    return Templates(language, folder)
