"""Read exports of the one-stop software: every fault is named; a faulty file changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from knowledge.dossiers.registry import Dossier
from knowledge.dossiers.spreadsheet import Row, UnreadableTable, read_rows
from knowledge.dossiers.status import Status, parse_status
from knowledge.dossiers.tracking_code import parse_code
from knowledge.vietnamese import search_key
from knowledge.yaml_files import load_yaml

MOST_FAULTS = 100
_DATE_FORMATS = ("%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y", "%Y%m%d%H%M%S", "%Y%m%d", "%d/%m/%Y %H:%M:%S",
                 "%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")  # fmt: skip
_DATES = ("received_on", "due_on", "resolved_on", "returned_on", "supplement_due_on")
_PAST = ("received_on", "resolved_on", "returned_on")
_AMOUNT = re.compile(r"\d{1,3}([., ]\d{3})+|\d+")


class Columns(BaseModel):
    """Shape of `columns.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: dict[str, tuple[str, ...]]
    required: tuple[str, ...]
    problems: dict[str, str]

    @classmethod
    def load(cls, data_dir: Path) -> Columns:
        """Read the mapping; raises `DataFileError`."""
        return load_yaml(data_dir / "dossiers" / "columns.yaml", cls)

    def header_of(self, column: str) -> str:
        """Return the header that exports and fault reports use for a column."""
        return self.columns[column][0]

    def column_of(self, header: object) -> str | None:
        """Return which of our columns a header means."""
        key = search_key(str(header or ""))
        for column, headers in self.columns.items():
            if key and key in map(search_key, headers):
                return column
        return None


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in an import file."""

    file: str
    row: int | None
    column: str | None
    problem: str
    detail: str = ""

    def text(self, columns: Columns) -> str:
        """Return the fault in words: file, row as the spreadsheet shows it, column."""
        where = [self.file]
        if self.row is not None:
            where.append(columns.problems["row"].format(row=self.row))
        if self.column is not None:
            where.append(columns.problems["column"].format(column=columns.header_of(self.column)))
        return f"{', '.join(where)}: {columns.problems[self.problem].format(detail=self.detail)}"


@dataclass(slots=True)
class ReadResult:
    """The dossiers of a file, or its faults; never both to be used."""

    dossiers: list[Dossier] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read_dossiers(path: Path, columns: Columns, today: date) -> ReadResult:
    """Read and check a CSV or XLSX file."""
    result = ReadResult()
    try:
        rows = read_rows(path)
    except UnreadableTable as error:
        result.faults.append(Fault(path.name, None, None, error.problem, error.detail))
        return result
    if len(rows) < 2:
        result.faults.append(Fault(path.name, None, None, "empty"))
        return result
    header, *body = rows
    names = [columns.column_of(cell) for cell in header.cells]
    missing = [column for column in columns.required if column not in names]
    result.faults.extend(
        Fault(path.name, header.number, item, "missing_column") for item in missing
    )
    if missing:
        return result
    seen: dict[str, int] = {}
    for row in body:
        _take(path.name, row, names, columns, today, seen, result)
        if len(result.faults) >= MOST_FAULTS:
            result.faults.append(Fault(path.name, None, None, "too_many", str(MOST_FAULTS)))
            break
    return result


def _take(
    file: str,
    row: Row,
    names: Sequence[str | None],
    columns: Columns,
    today: date,
    seen: dict[str, int],
    result: ReadResult,
) -> None:
    cells = {name: cell for name, cell in zip(names, row.cells, strict=False) if name}
    if not any(cell not in (None, "") for cell in cells.values()):
        return
    reader = _RowReader(cells, columns.required, today)
    values = reader.read()
    faults = [Fault(file, row.number, *found) for found in reader.faults]
    code = values.get("code")
    if code in seen:
        faults.append(Fault(file, row.number, "code", "duplicate_code", str(seen[code])))
    if code:
        seen.setdefault(code, row.number)
    result.faults.extend(faults)
    if not faults:
        result.dossiers.append(Dossier(**values))


class _RowReader:
    """Turns the cells of one row into the values of a dossier, collecting what is wrong."""

    def __init__(self, cells: Mapping[str, Any], required: Sequence[str], today: date) -> None:
        self._cells = cells
        self._required = required
        self._today = today
        self.faults: list[tuple[str, str]] = []

    def read(self) -> dict[str, Any]:
        values: dict[str, Any] = {name: self._text(name) for name in self._cells}
        for name in self._required:
            if not values.get(name):
                self.faults.append((name, "missing_value"))
        values |= {name: self._date(name) for name in _DATES if name in self._cells}
        values |= {name: _last4(values.get(name)) for name in ("phone_last4", "identity_last4")}
        values["code"] = self._code(values.get("code"))
        values["status"] = self._status(values.get("status"))
        values["fee_due_vnd"] = self._amount()
        self._check_order(values)
        return values

    def _text(self, name: str) -> str | None:
        value = self._cells[name]
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return str(value).strip() or None if value is not None else None

    def _code(self, text: str | None) -> str | None:
        code = parse_code(text) if text else None
        if text and code is None:
            self.faults.append(("code", "bad_code"))
        return code

    def _status(self, text: str | None) -> Status | None:
        status = parse_status(text) if text else None
        if text and status is None:
            self.faults.append(("status", "bad_status"))
        return status

    def _amount(self) -> int | None:
        text = self._text("fee_due_vnd") if "fee_due_vnd" in self._cells else None
        if text is None:
            return None
        if not _AMOUNT.fullmatch(text):
            self.faults.append(("fee_due_vnd", "bad_amount"))
            return None
        return int(re.sub(r"\D", "", text))

    def _date(self, name: str) -> date | None:
        value = self._cells[name]
        if value is None or value == "":
            return None
        day = _parse_date(value)
        if day is None:
            self.faults.append((name, "bad_date"))
        elif name in _PAST and day > self._today:
            self.faults.append((name, "future_date"))
            return None
        return day

    def _check_order(self, values: Mapping[str, Any]) -> None:
        received, due = values.get("received_on"), values.get("due_on")
        if received and due and due < received:
            self.faults.append(("due_on", "due_before_received"))


def _parse_date(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = str(value).strip()
    return next((day for form in _DATE_FORMATS if (day := _strptime(text, form))), None)


def _strptime(text: str, form: str) -> date | None:
    try:
        return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day, not a moment
    except ValueError:
        return None


def _last4(text: str | None) -> str | None:
    digits = re.sub(r"\D", "", text or "")
    return digits[-4:] if len(digits) >= 4 else None


def table_of(dossiers: Sequence[Dossier], columns: Columns) -> Iterator[list[Any]]:
    """Yield header and rows of an export; names of applicants are left out."""
    names = [name for name in columns.columns if name != "applicant_name"]
    yield [columns.header_of(name) for name in names]
    for item in dossiers:
        yield [_cell(getattr(item, name)) for name in names]


def _cell(value: Any) -> Any:
    if isinstance(value, Status):
        return int(value)
    return value.strftime("%d/%m/%Y") if isinstance(value, date) else value
