"""Tables in files: CSV (comma, semicolon or tab) and XLSX, read and written as plain rows."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DELIMITERS = ",;\t"


class UnreadableTable(ValueError):  # noqa: N818 - names what it is about
    """A file is no table that can be read; `problem` says why."""

    def __init__(self, problem: str, detail: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Row:
    """A row and its number as a spreadsheet shows it, the header being row 1."""

    number: int
    cells: Sequence[Any]


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a file; raises `UnreadableTable`."""
    kind = path.suffix.lower()
    try:
        if kind == ".csv":
            return _read_csv(path)
        if kind == ".xlsx":
            return _read_xlsx(path)
    except OSError as error:
        raise UnreadableTable("no_file", error.strerror or "") from None
    except (ValueError, KeyError, zipfile.BadZipFile) as error:
        raise UnreadableTable("no_file", type(error).__name__) from None
    raise UnreadableTable("file_type")


def write_rows(path: Path, rows: Iterable[Sequence[Any]]) -> None:
    """Write rows as CSV or XLSX; raises `UnreadableTable` for another kind of file."""
    kind = path.suffix.lower()
    if kind == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([[_safe(cell) for cell in row] for row in rows])
    elif kind == ".xlsx":
        _write_xlsx(path, rows)
    else:
        raise UnreadableTable("file_type")


def _read_csv(path: Path) -> list[Row]:
    text = path.read_text(encoding="utf-8-sig")
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[Row] = []
    for cells in reader:
        # A quoted cell may span lines: the number is that of the record, as a spreadsheet counts.
        rows.append(Row(len(rows) + 1, cells))
    return rows


def _read_xlsx(path: Path) -> list[Row]:
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True, data_only=True)
    try:
        values = book.worksheets[0].iter_rows(values_only=True)
        return [Row(number, cells) for number, cells in enumerate(values, start=1)]
    finally:
        book.close()


def _write_xlsx(path: Path, rows: Iterable[Sequence[Any]]) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append([_safe(cell) for cell in row])
    book.save(path)


def _safe(cell: Any) -> Any:
    """Keep a cell from being read as a formula by spreadsheet programs."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@\t\r" else cell
