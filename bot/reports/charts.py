"""Charts of the report as SVG, made by pygal."""

from __future__ import annotations

import sys
from typing import Any
from xml.etree.ElementTree import Element

from bot.reports.words import ReportWords
from knowledge.dossiers.report import Report

WIDTH, HEIGHT = 860, 420
_RESOLVED = ("early", "on_time", "late")
_MOST_BARS = 12
_LONGEST_NAME = 32
_COLOURS = ("#2f7d4f", "#2b6cb0", "#c53030", "#805ad5")
_PRINT_COLOURS = ("#8fc3a0", "#93bbe3", "#eb9c9c", "#c3abe8")
"""Light enough for black figures on them; not transparent, so that no lines show through."""
_NOT_DRAWN = ("title", "desc", "script")
_PRINT_STYLE = """
.background{fill:white;stroke:none}
.line{fill:none;stroke:#a0aec0;stroke-width:.5}
.guide{stroke-dasharray:4,3}
.title{font-size:18;text-anchor:middle;fill:black}
.legends{font-size:13;fill:black}
.axis{font-size:12}
.x{text-anchor:middle}
.y{text-anchor:end}
.value{font-size:11;fill:black;stroke:none}
.no_data{font-size:18;text-anchor:middle}
"""


def draw(name: str, report: Report, words: ReportWords) -> bytes:
    """Return a chart for a browser; its name is one of `words.charts`."""
    svg: bytes = _chart(name, report, words).render()
    return svg


def draw_for_pdf(name: str, report: Report, words: ReportWords, *, font: str) -> bytes:
    """Return a chart in the part of SVG that fpdf2 draws: styles by class, no notes."""
    chart = _chart(name, report, words)
    chart.config.css = [f"inline:{_print_style(font)}"]
    chart.add_xml_filter(_drawn_only)
    svg: bytes = chart.render()
    return svg


def _chart(name: str, report: Report, words: ReportWords) -> Any:
    if name == "months":
        chart, lines = _bars("StackedBar", name, words), report.by_month
    else:
        # A horizontal chart is drawn from the bottom: the first line shall stand on top.
        broken_down = report.by_field if name == "fields" else report.by_desk
        lines = broken_down[:_MOST_BARS][::-1]
        chart = _bars("HorizontalStackedBar", name, words)
    chart.x_labels = [_short(line.name or words.unnamed) for line in lines]
    for column in ("received",) if name == "fields" else _RESOLVED:
        chart.add(words.columns[column], [getattr(line.figures, column) for line in lines])
    return chart


def _bars(kind: str, name: str, words: ReportWords) -> Any:
    pygal = _library()
    style = pygal.style.Style(
        background="white",
        plot_background="white",
        font_family="sans-serif",
        colors=_COLOURS,
        title_font_size=18,
        label_font_size=12,
        legend_font_size=13,
        value_font_size=11,
        no_data_font_size=18,
    )
    return getattr(pygal, kind)(
        title=words.charts[name],
        no_data_text=words.no_figures,
        style=style,
        js=(),
        no_prefix=True,
        legend_at_bottom=True,
        print_values=True,
        print_zeroes=False,
        order_min=0,
        truncate_label=-1,
        margin=12,
        width=WIDTH,
        height=HEIGHT,
    )


def _print_style(font: str) -> str:
    # Sizes have no unit: fpdf2 takes a pixel for three quarters of the chart's own unit.
    colours = (f".color-{n}{{fill:{it};stroke:none}}" for n, it in enumerate(_PRINT_COLOURS))
    return f".graph,.title{{font-family:{font}}}{_PRINT_STYLE}{''.join(colours)}"


def _drawn_only(svg: Element) -> Element:
    """Leave out what says something to a pointer or a program, and is not drawn."""
    for parent in list(svg.iter()):
        for child in list(parent):
            name = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else ""
            if name in _NOT_DRAWN or child.get("class") == "tooltip":
                parent.remove(child)
    return svg


def _library() -> Any:
    """Return pygal: imported late, since charts are drawn rarely and the start must be quick."""
    import pygal

    # It leaves a finder for its own plug-ins behind that has been outdated since Python 3.4 and
    # makes every later import that fails give a warning.
    sys.meta_path[:] = [it for it in sys.meta_path if not type(it).__module__.startswith("pygal")]
    return pygal


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1].rstrip() + "…"
