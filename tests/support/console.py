"""The staff's pages on a database of their own, with things on them that wait."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from actions.services import Services
from bot.app import serve_console
from bot.console.door import Doorkeeper
from bot.console.forms import FormTokens
from bot.console.frame import Frame
from bot.console.pages import StaffPages
from bot.console.routes import Console
from bot.reports.page import ReportPage
from bot.reports.source import ReportSource
from bot.settings import Settings
from bot.storage.tables import inbox, outbox
from bot.web.security import security_headers
from knowledge.privacy.alarms import Alarm, Kind, raise_alarm
from knowledge.questions.tickets import Question
from tests.support.services import services_for

PASSWORD = "password-of-the-tests"
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def staff(password: str = PASSWORD) -> dict[str, str]:
    return {"Authorization": aiohttp.encode_basic_auth("staff", password, encoding="utf-8")}


@dataclass
class StaffConsole:
    """A running console, its clock, and how often messages were put back."""

    services: Services
    url: str = ""
    now: datetime = NOW
    woken: list[None] = field(default_factory=list)

    async def leave(self, *questions: str, procedure: str | None = None) -> Sequence[str]:
        """Leave questions; returns their numbers."""
        found = []
        for text in questions:
            asked = Question(text, "web", f"web:{text}", self.now, procedure)
            found.append((await self.services.tickets.leave(asked)).ticket.number)  # type: ignore[union-attr]
        return found

    async def alarm(self, kind: Kind = Kind.GUESSING, *, ago: timedelta = timedelta()) -> None:
        figures = {"looked_up": 41, "guesses": 37} if kind is Kind.GUESSING else {"tries": 9}
        noticed = Alarm(self.now - ago, kind, "zalo_oa", "conversation", figures)
        async with self.services.engine.begin() as connection:
            await raise_alarm(connection, noticed)

    async def lose(self, text: str, *, state: str = "dead") -> str:
        """Store a part of an answer that did not arrive; returns its name."""
        values = {
            "channel": "telegram",
            "conversation": "telegram:bot:1",
            "kind": "answer",
            "text": text,
            "buttons": [],
            "last": True,
            "state": state,
            "attempts": 3,
            "problem": "400 Bad Request: <chat> not found",
            "created_at": self.now,
        }
        async with self.services.engine.begin() as connection:
            added = await connection.execute(insert(outbox).values(values))
        return f"out:{added.inserted_primary_key[0]}"  # type: ignore[index]

    async def lose_question(self, text: str) -> str:
        """Store a message whose turn never came to an end; returns its name."""
        values = {
            "channel": "telegram",
            "bot": "bot",
            "event_id": text,
            "conversation": "telegram:bot:1",
            "sender": "1",
            "text": text,
            "received_at": self.now,
            "state": "dead",
            "attempts": 5,
            "problem": "TurnFailed",
        }
        async with self.services.engine.begin() as connection:
            added = await connection.execute(insert(inbox).values(values))
        return f"in:{added.inserted_primary_key[0]}"  # type: ignore[index]


@asynccontextmanager
async def staff_console(engine: AsyncEngine, folder: Path) -> AsyncIterator[StaffConsole]:
    """Serve the pages on loopback."""
    settings = Settings(
        database_url=engine.url.render_as_string(hide_password=False), var_dir=folder
    )
    console = StaffConsole(services_for(settings, clock=lambda: console.now))
    pages = StaffPages(
        Frame(),
        console.services,
        FormTokens(b"secret of the tests", clock=lambda: console.now),
        put_back=lambda: console.woken.append(None),
    )
    source = ReportSource(console.services, console.services.dossiers, settings.data_dir)
    door = Console(Doorkeeper(PASSWORD), Frame(), pages, lambda: ReportPage(source))
    app = web.Application(middlewares=[security_headers])
    serve_console(app, door.receive)
    async with TestServer(app) as server:
        console.url = str(server.make_url("")).rstrip("/")
        yield console
    await console.services.close()
