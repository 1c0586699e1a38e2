"""Charts of the report as SVG, made by pygal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.reports.words import ReportWords
from knowledge.dossiers.report import Report

if TYPE_CHECKING:
    import pygal

_RESOLVED = ("early", "on_time", "late")
_MOST_BARS = 12
_LONGEST_NAME = 32
_COLOURS = ("#2f7d4f", "#2b6cb0", "#c53030", "#805ad5")


def draw(name: str, report: Report, words: ReportWords) -> bytes:
    """Return a chart; its name is one of `words.charts`."""
    if name == "months":
        chart, lines = _bars("StackedBar", words.charts[name]), report.by_month
    else:
        # A horizontal chart is drawn from the bottom: the first line shall stand on top.
        broken_down = report.by_field if name == "fields" else report.by_desk
        lines = broken_down[:_MOST_BARS][::-1]
        chart = _bars("HorizontalStackedBar", words.charts[name])
    chart.x_labels = [_short(line.name or words.unnamed) for line in lines]
    for column in ("received",) if name == "fields" else _RESOLVED:
        chart.add(words.columns[column], [getattr(line.figures, column) for line in lines])
    svg: bytes = chart.render()
    return svg


def _bars(kind: str, title: str) -> pygal.graph.graph.Graph:
    # Imported late: charts are drawn rarely, and the gateway must start at once.
    import pygal
    from pygal.style import Style

    style = Style(
        background="white",
        plot_background="white",
        font_family="sans-serif",
        colors=_COLOURS,
        title_font_size=18,
        label_font_size=12,
        legend_font_size=13,
        value_font_size=11,
    )
    return getattr(pygal, kind)(
        title=title,
        style=style,
        js=(),
        no_prefix=True,
        legend_at_bottom=True,
        print_values=True,
        print_zeroes=False,
        truncate_label=-1,
        margin=12,
        width=860,
        height=420,
    )


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1].rstrip() + "…"
