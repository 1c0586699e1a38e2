"""An installation with fakes for every platform around it, on SQLite or PostgreSQL."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from sqlalchemy import select

from bot.settings import Settings
from bot.storage.zalo_tokens import zalo_tokens
from bot.texts import Texts
from knowledge.database import open_engine
from tests.crash.scene import Script
from tests.fakes.telegram import FakeTelegram
from tests.fakes.zalo_bot import FakeZaloBot
from tests.fakes.zalo_oa import FakeZaloOA
from tests.support.machine import EchoRuntime, Gateway
from tests.support.people import OnTelegram, OnWeb, OnZaloBot, OnZaloOA, Person
from tests.support.processes import free_port

SECRET = "secret-of-the-webhook"


@dataclass
class Stage:
    """Everything that takes part."""

    telegram: FakeTelegram
    zalo_oa: FakeZaloOA
    zalo_bot: FakeZaloBot
    gateways: Sequence[Gateway]
    runtimes: Sequence[EchoRuntime]
    session: aiohttp.ClientSession

    async def refuse_for(self, seconds: float = 3) -> None:
        """Let every platform answer 502 for a while."""
        fakes = (self.telegram, self.zalo_oa, self.zalo_bot)
        for fake in fakes:
            fake.down = True
        await asyncio.sleep(seconds)
        for fake in fakes:
            fake.down = False

    def people(self, each: int) -> list[Person]:
        """Return so many people on each channel."""
        found: list[Person] = []
        for number, gateway in zip(range(each), itertools.cycle(self.gateways), strict=False):
            found += [
                OnTelegram(self.telegram, number),
                OnZaloOA(self.zalo_oa, number),
                OnZaloBot(self.zalo_bot, number),
                OnWeb(self.session, gateway.url, number),
            ]
        return found


@asynccontextmanager
async def stage(
    folder: Path,
    *,
    gateways: int = 1,
    echo: bool = True,
    takes_s: float = 0.02,
    database_url: str | None = None,
    env: Mapping[str, str] | None = None,
) -> AsyncIterator[Stage]:
    """Start fakes, runtimes and gateways; with `echo` the runtimes are fakes, too."""
    async with AsyncExitStack() as opened:
        telegram, zalo_oa, zalo_bot = FakeTelegram(), FakeZaloOA(), FakeZaloBot()
        for fake in (telegram, zalo_oa, zalo_bot):
            await fake.start()
            opened.push_async_callback(fake.stop)
        ports = [free_port() for _ in range(gateways)]
        common = {
            "MOTCUA_VAR_DIR": str(folder / "var"),
            "MOTCUA_SAMPLES": "false",
            "MOTCUA_TELEGRAM_TOKEN": telegram.token,
            "MOTCUA_TELEGRAM_MODE": "webhook",
            "MOTCUA_TELEGRAM_SECRET": SECRET,
            "MOTCUA_TELEGRAM_API_URL": telegram.url,
            "MOTCUA_ZALO_BOT_MODE": "webhook",
            "MOTCUA_PUBLIC_URL": f"http://127.0.0.1:{ports[0]}",
            **_as_variables(zalo_oa.settings),
            **_as_variables(zalo_bot.settings),
            "MOTCUA_ZALO_MEDIA_HOSTS": f"{zalo_oa.url},{zalo_bot.url}",
            **(env or {}),
        }
        if database_url:
            common["MOTCUA_DATABASE_URL"] = database_url
        zalo_oa.webhook = f"http://127.0.0.1:{ports[-1]}/zalo/oa"
        runtimes = (
            [EchoRuntime(folder, free_port(), takes_s=takes_s) for _ in ports] if echo else []
        )
        for runtime in runtimes:
            runtime.start()
            opened.callback(runtime.stop)
        running = []
        for number, port in enumerate(ports):
            rasa = {"MOTCUA_RASA_URL": runtimes[number].url} if echo else {}
            gateway = Gateway(folder, port, common | rasa)
            gateway.start()
            opened.callback(gateway.stop)
            running.append(gateway)
        for gateway in running:
            await gateway.wait("/readyz")
        while not (telegram.hook.url and zalo_bot.secret):  # noqa: ASYNC110 - a process
            await asyncio.sleep(0.05)
        await _first_token(Settings(var_dir=folder / "var", database_url=database_url).database)
        session = await opened.enter_async_context(
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))
        )
        yield Stage(telegram, zalo_oa, zalo_bot, running, runtimes, session)


async def _first_token(database: str) -> None:
    """Wait until Zalo's first token is stored.

    A refresh token works once: with a gateway that is killed while it waits for the first answer,
    the Official Account is lost until somebody consents anew, and no test is about that.
    """
    engine = open_engine(database)
    token = None
    while token is None:
        async with engine.connect() as connection:
            token = await connection.scalar(select(zalo_tokens.c.access_token))
        await asyncio.sleep(0.05)
    await engine.dispose()


def _as_variables(settings: Mapping[str, str]) -> Mapping[str, str]:
    return {f"MOTCUA_{name.upper()}": value for name, value in settings.items()}


def echo_script(person: Person, count: int) -> Script:
    """Return what a person writes to a runtime that echoes."""
    notice = Texts.load()("starting")
    return Script(
        texts=[f"câu {number} của {person.name}" for number in range(count)],
        answers=lambda text, answer: answer == f"re: {text}",
        is_notice=lambda text: text == notice,
    )
