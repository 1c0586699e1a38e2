"""The report as PDF, in a font that has all Vietnamese letters (Be Vietnam Pro, OFL)."""

from __future__ import annotations

from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING

from bot.reports.charts import draw_for_pdf
from bot.reports.words import ReportWords, Table
from knowledge.dossiers.report import Figures, Report

if TYPE_CHECKING:
    from fpdf import FPDF

_FAMILY = "be-vietnam-pro"
_FONTS = {"": "BeVietnamPro-Regular.ttf", "B": "BeVietnamPro-Bold.ttf"}
_CHART_MM = 178
"""Width of a chart: two of them stand on a page."""
_FIRST_ROWS_MM = 45
"""Title, header and first row of a table stay together."""
_NAME_SHARE = 34
"""Width of the first column of a table, where each other one has the width 10."""


def pdf_bytes(report: Report, words: ReportWords) -> bytes:
    """Return the report as an A4 document in landscape."""
    pdf = _document(words)
    pdf.set_font(_FAMILY, style="B", size=15)
    pdf.multi_cell(0, 9, words.title, new_x="LMARGIN", new_y="NEXT")
    pdf.set_font(_FAMILY, size=10)
    for text in words.introduction(report):
        pdf.multi_cell(0, 6, text, new_x="LMARGIN", new_y="NEXT")
    if report.total != Figures():
        _add_charts(pdf, report, words)
    for table in words.tables_of(report):
        _add_table(pdf, table)
    return bytes(pdf.output())


def _document(words: ReportWords) -> FPDF:
    # Imported late: it takes a while, and the gateway must start at once.
    from fpdf import FPDF

    class Pages(FPDF):
        """Pages with their number at the foot."""

        def footer(self) -> None:
            self.set_y(-12)
            self.set_font(_FAMILY, size=8)
            self.cell(0, 6, words.page.format(number=self.page_no()), align="C")

    pdf = Pages(orientation="landscape", format="A4")
    folder = files("fontpkg_be_vietnam_pro") / "files"
    for style, name in _FONTS.items():
        pdf.add_font(_FAMILY, style=style, fname=str(folder / name))
    pdf.set_title(words.title)
    pdf.set_lang("vi")
    pdf.set_auto_page_break(auto=True, margin=16)
    pdf.add_page()
    return pdf


def _add_charts(pdf: FPDF, report: Report, words: ReportWords) -> None:
    from fpdf.enums import Align

    for name, title in words.charts.items():
        svg = draw_for_pdf(name, report, words, font=_FAMILY)
        pdf.image(BytesIO(svg), x=Align.C, w=_CHART_MM, alt_text=title)


def _add_table(pdf: FPDF, table: Table) -> None:
    if pdf.will_page_break(_FIRST_ROWS_MM):
        pdf.add_page()
    pdf.ln(4)
    pdf.set_font(_FAMILY, style="B", size=11)
    pdf.multi_cell(0, 7, table.title, new_x="LMARGIN", new_y="NEXT")
    pdf.set_font(_FAMILY, size=8)
    numbers = len(table.header) - 1
    with pdf.table(
        col_widths=(_NAME_SHARE, *[10] * numbers),
        text_align=("LEFT", *["RIGHT"] * numbers),
        line_height=5,
        padding=0.6,
    ) as drawn:
        for cells in (table.header, *table.rows):
            row = drawn.row()
            for cell in cells:
                row.cell(str(cell))
