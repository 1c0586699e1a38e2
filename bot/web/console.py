"""The staff's pages: who may see them, and what lies where under `/console`."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from bot.console.frame import Frame
from bot.console.pages import StaffPages

if TYPE_CHECKING:
    from bot.reports.page import ReportPage

_log = logging.getLogger(__name__)
_ASK = {"WWW-Authenticate": 'Basic realm="motcua", charset="UTF-8"'}
_MOST_WRONG = 10
_WITHIN_S = 60.0


class Doorkeeper:
    """Lets in who knows the password of the console; without one the console is not there."""

    def __init__(
        self, password: str | None, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._password = (password or "").encode()
        self._monotonic = monotonic
        self._wrong: deque[float] = deque(maxlen=_MOST_WRONG)

    def check(self, request: web.Request) -> None:
        """Raise the HTTP answer for who may not enter."""
        if not self._password:
            raise web.HTTPNotFound
        now = self._monotonic()
        if len(self._wrong) == _MOST_WRONG and now - self._wrong[0] < _WITHIN_S:
            raise web.HTTPTooManyRequests(headers={"Retry-After": str(round(_WITHIN_S))})
        given = _password_in(request)
        if given is None:
            raise web.HTTPUnauthorized(headers=_ASK)
        if not hmac.compare_digest(given, self._password):
            self._wrong.append(now)
            _log.warning("a wrong password for the console")
            raise web.HTTPUnauthorized(headers=_ASK)


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


def _password_in(request: web.Request) -> bytes | None:
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        return base64.b64decode(value, validate=True).partition(b":")[2]
    except binascii.Error:
        return None
