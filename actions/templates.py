"""Texts of answers: Jinja templates under `actions/templates`, and the words they use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

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
    """Renders answers. Amounts and dates are written the Vietnamese way."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    def render(self, name: str, **values: Any) -> str:
        """Return the text of a template, `procedure/fee` for `procedure/fee.j2`."""
        text = self._environment.get_template(f"{name}.j2").render(**values)
        return _BLANK_LINES.sub("\n\n", text).strip()

    @cached_property
    def labels(self) -> Mapping[str, Mapping[str, str]]:
        """Return the short names of `labels.yaml`."""
        with (self._folder / "labels.yaml").open(encoding="utf-8") as file:
            labels: Mapping[str, Mapping[str, str]] = yaml.safe_load(file)
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
            "day": day,
            "money": self._money,
            "fee": self._fee,
            "counts": self._counts,
            "source_date": self._source_date,
        }
        environment.tests["filed_online"] = _filed_online
        environment.globals |= {
            "labels": self.labels["aspects"],
            "weekdays": self.labels["weekdays"],
            "missing_labels": self._missing_labels,
        }
        return environment

    def _money(self, amount_vnd: int) -> str:
        return f"{amount_vnd:,}".replace(",", ".") + f" {self.labels['words']['dong']}"

    def _fee(self, fee: Fee) -> str:
        words = self.labels["words"]
        if fee.amount_vnd is None:
            return f"{words['fee_unread']} ({fee.text})"
        if fee.amount_vnd == 0:
            told_more = len(fee.text) > _BARE_FREE_CHARS
            return words["free"] + (f" ({fee.text})" if told_more else "")
        amount = self._money(fee.amount_vnd)
        return f"{amount}/{fee.per}" if fee.per else amount

    def _counts(self, document: Document) -> str:
        words = self.labels["words"]
        counts = [
            f"{number} {words[kind]}"
            for number, kind in ((document.originals, "original"), (document.copies, "copy"))
            if number
        ]
        return f" ({', '.join(counts)})" if counts else ""

    def _source_date(self, value: str | None) -> str:
        if value is None:
            return self.labels["words"]["undated"]
        try:
            return day(date.fromisoformat(value))
        except ValueError:
            return value

    def _missing_labels(self, procedure: Procedure) -> list[str]:
        return [
            self.labels["aspects"][part]
            for part in _OVERVIEW_PARTS
            if not is_known(procedure, part)
        ]


def day(value: date) -> str:
    """Write a day as people in Vietnam do: 24/11/2026."""
    return value.strftime("%d/%m/%Y")


def _filed_online(method: str) -> bool:
    return "truc tuyen" in search_key(method)
