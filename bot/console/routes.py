"""What lies where under `/console`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from bot.console.door import Doorkeeper
from bot.console.frame import Frame
from bot.console.pages import StaffPages

if TYPE_CHECKING:
    from bot.reports.page import ReportPage

_log = logging.getLogger(__name__)


class Console:
    """The pages of the staff, behind their door."""

    def __init__(
        self,
        doorkeeper: Doorkeeper,
        frame: Frame,
        pages: StaffPages,
        open_reports: Callable[[], ReportPage],
    ) -> None:
        self._doorkeeper = doorkeeper
        self._frame = frame
        self._pages = pages
        self._open_reports = open_reports
        self._opened: ReportPage | None = None

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """Answer any request under `/console`."""
        self._doorkeeper.check(request)
        steps = request.match_info.get("tail", "").strip("/").split("/")
        try:
            if request.method == "POST":
                return await self._act(request, steps)
            return await self._show(request, steps)
        except (SQLAlchemyError, OSError) as error:
            _log.error("a page of the console has no data: %s", type(error).__name__)
            return self._frame.page("unavailable", here="", status=503)

    async def _show(self, request: web.Request, steps: Sequence[str]) -> web.StreamResponse:
        match steps:
            case [""]:
                return await self._pages.overview()
            case ["staff.css"]:
                return self._frame.style()
            case ["alarms"]:
                return await self._pages.alarms(request)
            case ["questions"]:
                return await self._pages.questions(request)
            case ["messages"]:
                return await self._pages.messages(request)
            case ["messages", name]:
                return await self._pages.message(name)
            case ["reports", *rest]:
                return await self._report(request, rest)
        raise web.HTTPNotFound

    async def _act(self, request: web.Request, steps: Sequence[str]) -> web.StreamResponse:
        match steps:
            case ["questions", number, "close"]:
                return await self._pages.close(request, number)
            case ["messages", "replay"]:
                return await self._pages.replay(request, None)
            case ["messages", name, "replay"]:
                return await self._pages.replay(request, name)
        raise web.HTTPNotFound

    async def _report(self, request: web.Request, steps: Sequence[str]) -> web.StreamResponse:
        match steps:
            case []:
                return await (await self._reports()).index(request)
            case ["charts", name] if name.endswith(".svg"):
                request.match_info["name"] = name.removesuffix(".svg")
                return await (await self._reports()).chart(request)
            case [name] if name.startswith("report."):
                request.match_info["kind"] = name.removeprefix("report.")
                return await (await self._reports()).download(request)
        raise web.HTTPNotFound

    async def _reports(self) -> ReportPage:
        """Return the page; what draws charts and writes files loads when it is first asked."""
        if self._opened is None:
            self._opened = await asyncio.to_thread(self._open_reports)
        return self._opened
