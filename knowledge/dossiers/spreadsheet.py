"""Tables in files: CSV (comma, semicolon or tab) and XLSX, read and written as plain rows."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from openpyxl.utils.datetime import WINDOWS_EPOCH

MOST_ROWS = 200_000
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet program takes for the beginning of a formula."""
_DELIMITERS = ",;\t"


class UnreadableTable(ValueError):  # noqa: N818 - names what it is about
    """A file is no table that can be read; `problem` says why."""

    def __init__(self, problem: str, detail: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Row:
    """A row and its number as a spreadsheet shows it, counted from 1."""

    number: int
    cells: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of one sheet; a CSV file is a sheet without a name."""

    name: str | None
    rows: Sequence[Row]
    epoch: datetime = WINDOWS_EPOCH
    """Day 0 of the day numbers in the sheet."""


def read_sheets(path: Path) -> list[Sheet]:
    """Return the sheets of a file; raises `UnreadableTable`.

    Of a CSV file there is one for each delimiter it may be meant with.
    """
    kind = path.suffix.lower()
    try:
        if kind == ".csv":
            return _read_csv(path)
        if kind == ".xlsx":
            return _read_xlsx(path)
    except UnicodeDecodeError:
        raise UnreadableTable("encoding") from None
    except OSError as error:
        raise UnreadableTable("no_file", error.strerror or "") from None
    except UnreadableTable:
        raise
    except Exception as error:  # a broken workbook can make its reader stumble over anything
        raise UnreadableTable("no_file", type(error).__name__) from None
    raise UnreadableTable("file_type")


def write_rows(path: Path, rows: Iterable[Sequence[Any]]) -> None:
    """Write rows as CSV or XLSX; raises `UnreadableTable` for another kind of file."""
    kind = path.suffix.lower()
    if kind == ".csv":
        path.write_bytes(csv_bytes(rows))
    elif kind == ".xlsx":
        _write_xlsx(path, rows)
    else:
        raise UnreadableTable("file_type")


def csv_bytes(rows: Iterable[Sequence[Any]]) -> bytes:
    """Return rows as CSV that spreadsheet programs open in the right encoding."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([[safe(cell) for cell in row] for row in rows])
    return text.getvalue().encode("utf-8-sig")


def safe(cell: Any) -> Any:
    """Keep a cell from being read as a formula by spreadsheet programs."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULAS) else cell


def _read_csv(path: Path) -> list[Sheet]:
    text = path.read_text(encoding="utf-8-sig")
    if "\0" in text:
        raise UnreadableTable("encoding")
    used = [mark for mark in _DELIMITERS if mark in text]
    return [Sheet(None, _records(text, mark)) for mark in used or _DELIMITERS[:1]]


def _records(text: str, delimiter: str) -> list[Row]:
    # A quoted cell may span lines: the number is that of the record, as a spreadsheet counts.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return _limited([Row(n, cells) for n, cells in enumerate(_first(reader), start=1)])


def _read_xlsx(path: Path) -> list[Sheet]:
    from openpyxl import load_workbook

    with warnings.catch_warnings():  # styles that a workbook lacks do not matter here
        warnings.simplefilter("ignore")
        book = load_workbook(path, read_only=True, data_only=True)
    try:
        return [
            Sheet(
                sheet.title,
                _limited(
                    [
                        Row(number, cells)
                        for number, cells in enumerate(
                            _first(sheet.iter_rows(values_only=True)), start=1
                        )
                    ]
                ),
                book.epoch,
            )
            for sheet in book.worksheets
        ]
    finally:
        book.close()


def _first(rows: Iterable[Sequence[Any]]) -> Iterable[Sequence[Any]]:
    return islice(rows, MOST_ROWS + 1)


def _limited(rows: list[Row]) -> list[Row]:
    if len(rows) > MOST_ROWS:
        raise UnreadableTable("too_large", str(MOST_ROWS))
    return rows


def _write_xlsx(path: Path, rows: Iterable[Sequence[Any]]) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append([safe(cell) for cell in row])
    book.save(path)
