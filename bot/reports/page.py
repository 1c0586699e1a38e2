"""The staff's page of the report: figures, charts and downloads. It asks nobody who they are.

Whoever adds it to a web application puts it behind the staff's login.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from aiohttp import web

from bot.console.frame import Frame
from bot.reports.charts import draw
from bot.reports.exports import FORMATS
from bot.reports.source import ReportSource
from bot.reports.words import ReportWords
from knowledge.dossiers.report import Figures, Period, Report

_FOLDER = Path(__file__).parent
_KEPT_S = 30.0
"""How long a report is kept: the page, its charts and a download show the same figures."""
_CHART_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


class ReportPage:
    """Handlers of the page; `prefix` is the path of `index`, the others lie below it."""

    def __init__(
        self,
        source: ReportSource,
        *,
        prefix: str = "/console/reports",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._words = ReportWords.load()
        self._prefix = prefix
        self._monotonic = monotonic
        self._kept: tuple[float, Report] | None = None
        self._frame = Frame(_FOLDER / "templates")

    async def index(self, request: web.Request) -> web.Response:
        """Return the page: `?from=2026-01-01&to=2026-06-30`, this year by default."""
        try:
            period, wrong = self._period(request), False
        except ValueError:
            period, wrong = self._this_year(), True
        report = await self._report(period)
        return self._frame.page(
            "report",
            here="reports",
            prefix=self._prefix,
            words=self._words,
            report=report,
            introduction=self._words.introduction(report),
            charts={} if report.total == Figures() else self._words.charts,
            tables=list(self._words.tables_of(report)),
            formats=list(FORMATS),
            wrong=wrong,
            status=400 if wrong else 200,
        )

    async def chart(self, request: web.Request) -> web.Response:
        """Return a chart: `{prefix}/charts/{name}.svg`."""
        name = request.match_info["name"]
        if name not in self._words.charts:
            raise web.HTTPNotFound
        report = await self._report(self._asked(request))
        svg = await asyncio.to_thread(draw, name, report, self._words)
        return web.Response(
            body=svg,
            content_type="image/svg+xml",
            headers={
                # The styles of a chart stand inside it; nothing else is allowed to it.
                "Content-Security-Policy": _CHART_POLICY,
                "Cache-Control": "no-store",
            },
        )

    async def download(self, request: web.Request) -> web.Response:
        """Return the report as a file: `{prefix}/report.{kind}`."""
        kind = request.match_info["kind"]
        if kind not in FORMATS:
            raise web.HTTPNotFound
        period = self._asked(request)
        report = await self._report(period)
        content_type, make = FORMATS[kind]
        body = await asyncio.to_thread(make, report, self._words)
        name = f"{self._words.file_name}-{period.first:%Y%m%d}-{period.last:%Y%m%d}.{kind}"
        return web.Response(
            body=body,
            content_type=content_type,
            headers={
                "Content-Disposition": f'attachment; filename="{name}"',
                "Cache-Control": "no-store",
            },
        )

    async def _report(self, period: Period) -> Report:
        now = self._monotonic()
        if self._kept and self._kept[1].period == period and now - self._kept[0] < _KEPT_S:
            return self._kept[1]
        report = await self._source.report(period)
        self._kept = (now, report)
        return report

    def _asked(self, request: web.Request) -> Period:
        try:
            return self._period(request)
        except ValueError:
            raise web.HTTPBadRequest(text=self._words.bad_period) from None

    def _period(self, request: web.Request) -> Period:
        year = self._this_year()
        first, last = request.query.get("from"), request.query.get("to")
        return Period(
            date.fromisoformat(first) if first else year.first,
            date.fromisoformat(last) if last else year.last,
        )

    def _this_year(self) -> Period:
        today = self._source.services.today
        return Period(today.replace(month=1, day=1), today)
