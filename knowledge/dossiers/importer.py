"""Read exports of the one-stop software: every fault is named; a faulty file changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from knowledge.dossiers.dates import parse_day
from knowledge.dossiers.dossier import Dossier, Supplement
from knowledge.dossiers.presets import SUPPLEMENT_COLUMNS, Headings, Preset, find_headings
from knowledge.dossiers.spreadsheet import Row, UnreadableTable, read_sheets
from knowledge.dossiers.status import Status
from knowledge.dossiers.tracking_code import parse_code
from knowledge.vietnamese import nfc

MOST_FAULTS = 100
_LONGEST_VALUE = 40
_DATES = ("received_on", "due_on", "resolved_on", "returned_on", "supplement_asked_on",
          "supplement_due_on", "supplement_answered_on")  # fmt: skip
_PAST = ("received_on", "resolved_on", "returned_on")
_PERSONAL = ("applicant_name", "phone_last4", "identity_last4", "supplement_request")
_AMOUNT = re.compile(r"(\d{1,3}(?:[., ]\d{3})+|\d+)(?:[.,]0{1,2})?\s*(?:đồng|đ|vnđ|vnd)?", re.I)
_NATIONAL_CODE = re.compile(r"([12]\.\d{6})(?:\.[\d.]*[GHK]\d{2}(?:\.\d+)*)?")
_BLANK = ("", "-", "–", "—")
"""What stands in a cell where there is nothing."""
_SAMPLE_MARKS = ("x", "có", "1", "true")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in an import file; `column` is the heading, as in the file."""

    file: str
    problem: str
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None
    """What stands there; None where that may be personal."""
    detail: str = ""


@dataclass(slots=True)
class ReadResult:
    """The dossiers of a file, or its faults; never both to be used."""

    dossiers: list[Dossier] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    preset: str = ""
    told: frozenset[str] = frozenset()
    """Fields of a dossier that the file speaks of; imports leave the others as they are."""


def read_dossiers(path: Path, presets: Sequence[Preset], today: date) -> ReadResult:
    """Read and check a CSV or XLSX file with the preset whose headings it shows."""
    result = ReadResult()
    try:
        sheets = read_sheets(path)
    except UnreadableTable as error:
        result.faults.append(Fault(path.name, error.problem, detail=error.detail))
        return result
    headings = find_headings(sheets, presets)
    fault = _heading_fault(path.name, headings, [row for it in sheets for row in it.rows[:1]])
    if fault or headings is None:
        result.faults.extend(fault)
        return result
    result.preset = headings.preset.title
    result.told = _told(headings.positions)
    _read_body(path.name, headings, today, result)
    if not result.dossiers and not result.faults:
        result.faults.append(Fault(path.name, "empty", headings.sheet.name))
    return result


def _heading_fault(file: str, headings: Headings | None, first: Sequence[Row]) -> list[Fault]:
    if headings is None:
        if not any(_filled(row.cells) for row in first):
            return [Fault(file, "empty")]
        return [Fault(file, "no_heading", detail=_listed(first[0].cells))]
    seen = _listed(headings.row.cells)
    place = (headings.sheet.name, headings.row.number)
    return [
        Fault(file, "missing_column", *place, headings.preset.header_of(column), detail=seen)
        for column in headings.missing
    ]


def _told(columns: Mapping[str, int]) -> frozenset[str]:
    supplements = {"supplements"} if columns.keys() & SUPPLEMENT_COLUMNS.keys() else set()
    return frozenset(columns.keys() - SUPPLEMENT_COLUMNS.keys() | supplements | {"sample"})


def _read_body(file: str, headings: Headings, today: date, result: ReadResult) -> None:
    seen: dict[str, int] = {}
    for row in headings.body:
        reader = _RowReader(headings, row, today)
        if not reader.is_dossier:
            continue
        dossier = reader.read()
        code = reader.code
        if code in seen:
            reader.find("code", "duplicate_code", str(seen[code]))
        elif code:
            seen[code] = row.number
        result.faults.extend(
            Fault(file, problem, headings.sheet.name, row.number, *place)
            for problem, place in reader.faults
        )
        if dossier and not reader.faults:
            result.dossiers.append(dossier)
        if len(result.faults) >= MOST_FAULTS:
            result.faults.append(Fault(file, "too_many", detail=str(MOST_FAULTS)))
            return


class _RowReader:
    """Turns the cells of one row into a dossier, collecting what is wrong."""

    def __init__(self, headings: Headings, row: Row, today: date) -> None:
        cells, self._headings = row.cells, headings
        self._cells = {
            name: cells[at] if at < len(cells) else None for name, at in headings.positions.items()
        }
        self._today = today
        self.code: str | None = None
        self.faults: list[tuple[str, tuple[str, str | None, str]]] = []

    @property
    def is_dossier(self) -> bool:
        """Whether the row is one: titles and sums leave the columns that matter empty."""
        status = self._headings.preset.status_of(self._text("status") or "")
        return bool(self._text("code") or self._text("procedure_name") or status)

    def find(self, column: str, problem: str, detail: str = "") -> None:
        """Note what is wrong with a cell."""
        heading = str(self._headings.row.cells[self._headings.positions[column]]).strip()
        value = None if column in _PERSONAL else self._text(column)
        self.faults.append((problem, (heading, value and value[:_LONGEST_VALUE], detail)))

    def read(self) -> Dossier | None:
        """Return the dossier; None, and faults, if it cannot be told."""
        for name in self._headings.preset.required:
            if not self._text(name):
                self.find(name, "missing_value")
        days = {name: self._day(name) for name in _DATES}
        self.code = self._code()
        status = self._status()
        self._check_order(days)
        fee = self._amount()
        if self.faults or self.code is None or status is None:
            return None
        return Dossier(
            code=self.code,
            procedure_name=self._text("procedure_name") or "",
            status=status,
            procedure_id=procedure_id(self._text("procedure_id")),
            field=self._text("field"),
            applicant_name=self._text("applicant_name"),
            phone_last4=last4(self._text("phone_last4")),
            identity_last4=last4(self._text("identity_last4")),
            **{name: day for name, day in days.items() if name not in SUPPLEMENT_COLUMNS},
            desk=self._text("desk"),
            fee_due_vnd=fee,
            supplements=self._supplements(days),
            sample=(self._text("sample") or "").lower() in _SAMPLE_MARKS,
        )

    def _text(self, name: str) -> str | None:
        value = self._cells.get(name)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        text = nfc(str(value)).strip() if value is not None else ""
        return None if text in _BLANK else text

    def _code(self) -> str | None:
        text = self._text("code")
        code = parse_code(text) if text else None
        if text and code is None:
            self.find("code", "bad_code")
        return code

    def _status(self) -> Status | None:
        text = self._text("status")
        status = self._headings.preset.status_of(text) if text else None
        if text and status is None:
            self.find("status", "bad_status")
        return status

    def _amount(self) -> int | None:
        text = self._text("fee_due_vnd")
        if text is None:
            return None
        amount = _AMOUNT.fullmatch(text)
        if not amount:
            self.find("fee_due_vnd", "bad_amount")
            return None
        return int(re.sub(r"\D", "", amount[1])) or None

    def _day(self, name: str) -> date | None:
        value = self._cells.get(name)
        if self._text(name) is None:
            return None
        day = parse_day(value, self._headings.sheet.epoch)
        if day is None:
            self.find(name, "bad_date")
        elif name in _PAST and day > self._today:
            self.find(name, "future_date")
        return day

    def _check_order(self, days: Mapping[str, date | None]) -> None:
        received = days["received_on"]
        for name, problem in (
            ("due_on", "due_before_received"),
            ("resolved_on", "done_before_received"),
            ("returned_on", "done_before_received"),
        ):
            day = days[name]
            if received and day and day < received:
                self.find(name, problem)

    def _supplements(self, days: Mapping[str, date | None]) -> tuple[Supplement, ...]:
        values: dict[str, Any] = {
            name: days.get(column, self._text(column))
            for column, name in SUPPLEMENT_COLUMNS.items()
        }
        papers = (values.pop("papers") or "").split(";")
        found = Supplement(**values, papers=tuple(it.strip() for it in papers if it.strip()))
        return (found,) if found != Supplement() else ()


def last4(text: str | None) -> str | None:
    """Return the last four digits of a personal number, all that is ever kept of it."""
    digits = re.sub(r"\D", "", text or "")
    return digits[-4:] if len(digits) >= 4 else None


def procedure_id(text: str | None) -> str | None:
    """Return the national code without the province that portals add; other ids as they are."""
    national = _NATIONAL_CODE.fullmatch(text) if text else None
    return national[1] if national else text


def _filled(cells: Sequence[Any]) -> bool:
    return any(str(cell).strip() for cell in cells if cell is not None)


def _listed(cells: Sequence[Any]) -> str:
    texts = [str(cell).strip() for cell in cells if cell is not None and str(cell).strip()]
    return ", ".join(texts)[:200]


def table_of(dossiers: Sequence[Dossier], preset: Preset) -> Iterator[list[Any]]:
    """Yield header and rows of an export; names of applicants are left out."""
    names = [name for name in preset.columns if name != "applicant_name"]
    yield [preset.header_of(name) for name in names]
    for item in dossiers:
        last = item.supplements[-1] if item.supplements else Supplement()
        yield [
            _cell(getattr(last, SUPPLEMENT_COLUMNS[name]))
            if name in SUPPLEMENT_COLUMNS
            else _cell(getattr(item, name))
            for name in names
        ]


def _cell(value: Any) -> Any:
    if isinstance(value, Status):
        return int(value)
    if isinstance(value, bool):
        return _SAMPLE_MARKS[0] if value else None
    if isinstance(value, tuple):
        return "; ".join(value) or None
    return value.strftime("%d/%m/%Y") if isinstance(value, date) else value
