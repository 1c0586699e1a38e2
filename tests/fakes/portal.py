"""A portal that can be looked up like a real one, and that fails in every way one can."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

SEARCH = "/pa/dossier-search/dvc"
TOKEN = "/token"
APPLICANT = "Hộ kinh doanh mẫu 77"


class PortalFailure(Enum):
    """What goes wrong with one search."""

    SLOW = auto()
    ERROR_500 = auto()
    MALFORMED = auto()
    OTHER_SHAPE = auto()
    EXPIRED_TOKEN = auto()
    WRONG_DOSSIER = auto()
    UNKNOWN_STATUS = auto()
    RESET = auto()
    HUGE = auto()
    NOT_THERE_404 = auto()
    REDIRECT = auto()


@dataclass(slots=True)
class FakePortal:
    """Dossiers by code, failures in the order in which searches meet them, and what was asked."""

    url: str = ""
    dossiers: dict[str, dict[str, Any]] = field(default_factory=dict)
    failures: list[PortalFailure] = field(default_factory=list)
    always: PortalFailure | None = None
    searches: list[str] = field(default_factory=list)
    tokens: int = 0
    valid: str = ""
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    meanwhile: Callable[[], Awaitable[None]] | None = None
    """What happens while a search is worked on."""

    def add(self, code: str, status: str = "Đang xử lý", **dates: str) -> None:
        """Put a dossier on the portal, with the personal data that portals send along."""
        self.dossiers[code] = item(code, status, **dates)

    async def token(self, request: web.Request) -> web.Response:
        """Give out a token for client credentials; the one before it is no longer valid."""
        form = await request.post()
        if form.get("grant_type") != "client_credentials" or form.get("client_secret") != "s":
            return web.json_response({"error": "invalid_client"}, status=401)
        self.tokens += 1
        self.valid = f"token-{self.tokens}"
        return web.json_response({"access_token": self.valid, "expires_in": 300})

    async def search(self, request: web.Request) -> web.StreamResponse:
        """Return the slice of dossiers whose code is asked for, or fail."""
        code = request.query["code"]
        self.searches.append(code)
        if self.meanwhile:
            await self.meanwhile()
        failure = self.failures.pop(0) if self.failures else self.always
        if failure is not None:
            return await self._fail(failure, request, code)
        if request.headers.get("Authorization") != f"Bearer {self.valid}":
            return web.json_response({}, status=401)
        found = [self.dossiers[code]] if code in self.dossiers else []
        return web.json_response({"content": found, "last": True})

    async def _fail(
        self, failure: PortalFailure, request: web.Request, code: str
    ) -> web.StreamResponse:
        if failure is PortalFailure.SLOW:
            await self.closing.wait()
        if failure is PortalFailure.RESET and request.transport is not None:
            request.transport.abort()
        return _ANSWERS.get(failure, lambda _code: web.Response())(code)


def item(code: str, status: str, **dates: str) -> dict[str, Any]:
    """Return a dossier as such a portal sends it."""
    return {
        "code": code,
        "applicant": {"data": {"fullname": APPLICANT, "phoneNumber": "0900000123"}},
        "procedure": {"translate": [{"languageId": 228, "name": "Thủ tục mẫu"}]},
        "statusCurrentTask": status,
        "applyMethod": {"name": "Trực tuyến"},
        "appliedDate": "2026-10-19T08:00:00.000+0700",
        **dates,
    }


_ANSWERS: dict[PortalFailure, Callable[[str], web.Response]] = {
    PortalFailure.ERROR_500: lambda _: web.Response(status=500, text=f"at {APPLICANT}"),
    PortalFailure.MALFORMED: lambda _: web.Response(text=f'{{"content": [{{"x": "{APPLICANT}"'),
    PortalFailure.OTHER_SHAPE: lambda _: web.json_response({"content": [{"name": APPLICANT}]}),
    PortalFailure.EXPIRED_TOKEN: lambda _: web.json_response({}, status=401),
    PortalFailure.WRONG_DOSSIER: lambda _: web.json_response(
        {"content": [item("H05.20-261020-7777", "Đã trả kết quả")]}
    ),
    PortalFailure.UNKNOWN_STATUS: lambda code: web.json_response(
        {"content": [item(code, "Trạng thái lạ")]}
    ),
    PortalFailure.HUGE: lambda _: web.Response(body=b"[" + b" " * 2_000_000),
    PortalFailure.NOT_THERE_404: lambda _: web.Response(status=404),
    PortalFailure.REDIRECT: lambda _: web.Response(status=302, headers={"Location": "/token"}),
}


@asynccontextmanager
async def running_portal() -> AsyncIterator[FakePortal]:
    """Run a portal on loopback."""
    portal = FakePortal()
    app = web.Application()
    app.router.add_get(SEARCH, portal.search)
    app.router.add_post(TOKEN, portal.token)
    async with TestServer(app) as server:
        portal.url = str(server.make_url("")).rstrip("/")
        yield portal
        portal.closing.set()
