"""The report as a file: XLSX, CSV and PDF."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bot.reports.pdf import pdf_bytes
from bot.reports.words import ReportWords, Table
from knowledge.dossiers.report import Report
from knowledge.dossiers.spreadsheet import csv_bytes, safe

_NAME_WIDTH = 60
_NUMBER_WIDTH = 14
_LONGEST_TITLE = 31
"""What a spreadsheet allows for the name of a sheet."""


def to_csv(report: Report, words: ReportWords) -> bytes:
    """Return all tables one below the other, in UTF-8 with the mark spreadsheets look for."""
    return csv_bytes(_lines(report, words))


def to_xlsx(report: Report, words: ReportWords) -> bytes:
    """Return a workbook with one sheet a table."""
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    for number, table in enumerate(words.tables_of(report)):
        sheet: Any = book.active if number == 0 else book.create_sheet()
        sheet.title = table.title[:_LONGEST_TITLE]
        rows = _with_introduction(report, words, table) if number == 0 else _table(table)
        for row in rows:
            sheet.append([safe(cell) for cell in row])
        header = sheet.max_row - len(table.rows)
        for cell in sheet[header]:
            cell.font = Font(bold=True)
            sheet.column_dimensions[cell.column_letter].width = _NUMBER_WIDTH
        sheet.column_dimensions["A"].width = _NAME_WIDTH
        if number:
            sheet.freeze_panes = "B2"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


FORMATS: Mapping[str, tuple[str, Callable[[Report, ReportWords], bytes]]] = {
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", to_xlsx),
    "csv": ("text/csv", to_csv),
    "pdf": ("application/pdf", pdf_bytes),
}
"""Content type and maker of each kind of file, by its suffix."""


def _lines(report: Report, words: ReportWords) -> Iterator[list[Any]]:
    yield [words.title]
    for text in words.introduction(report):
        yield [text]
    for table in words.tables_of(report):
        yield []
        yield [table.title]
        yield from _table(table)


def _with_introduction(report: Report, words: ReportWords, table: Table) -> Iterator[list[Any]]:
    yield [words.title]
    for text in words.introduction(report):
        yield [text]
    yield []
    yield from _table(table)


def _table(table: Table) -> Iterator[list[Any]]:
    yield list(table.header)
    for row in table.rows:
        yield list(row)
