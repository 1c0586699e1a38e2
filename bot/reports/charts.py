"""Charts of the report as SVG, made by pygal."""

from __future__ import annotations

import sys
from typing import Any

from bot.reports.words import ReportWords
from knowledge.dossiers.report import Report

_RESOLVED = ("early", "on_time", "late")
_MOST_BARS = 12
_LONGEST_NAME = 32
_COLOURS = ("#2f7d4f", "#2b6cb0", "#c53030", "#805ad5")


def draw(name: str, report: Report, words: ReportWords) -> bytes:
    """Return a chart; its name is one of `words.charts`."""
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
    svg: bytes = chart.render()
    return svg


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
        truncate_label=-1,
        margin=12,
        width=860,
        height=420,
    )


def _library() -> Any:
    """Return pygal: imported late, since charts are drawn rarely and the start must be quick."""
    import pygal

    # It leaves a finder for its own plug-ins behind that has been outdated since Python 3.4 and
    # makes every later import that fails give a warning.
    sys.meta_path[:] = [it for it in sys.meta_path if not type(it).__module__.startswith("pygal")]
    return pygal


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1].rstrip() + "…"
