"""Zalo's tokens: a refresh token works once, so nothing may spend it twice or lose its answer."""

import asyncio
import logging
import os
import stat
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import Result
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from bot.channels.base import NotDelivered
from bot.channels.zalo_oa import tokens as tokens_module
from bot.channels.zalo_oa.channel import ZaloOA
from bot.channels.zalo_oa.token_server import Declined, Doubt, NotAsked, TokenServer, read_answer
from bot.channels.zalo_oa.token_store import Kept, Pair, TokenStore
from bot.channels.zalo_oa.tokens import Tokens, due
from bot.commands.zalo import app as zalo_app
from bot.settings import Settings
from bot.storage.tables import leases
from knowledge.database import open_engine
from tests.channels.zalo_support import Desk, part
from tests.fakes.zalo_common import Fault
from tests.fakes.zalo_oa import APP_ID, APP_SECRET, FIRST_REFRESH_TOKEN, OA_ID, FakeZaloOA

ENDED = timedelta(seconds=-1)
CONVERSATION = f"zalo_oa:{OA_ID}:1001"


@pytest.fixture
async def zalo() -> AsyncIterator[FakeZaloOA]:
    async with FakeZaloOA() as fake:
        yield fake


@pytest.fixture
def desk(engine: AsyncEngine, tmp_path: Path) -> Desk:
    return Desk(engine, tmp_path)


def store_of(desk: Desk) -> TokenStore:
    return TokenStore(desk.engine, OA_ID, desk.clock)


@asynccontextmanager
async def keeping(desk: Desk, zalo: FakeZaloOA, **more: Any) -> AsyncIterator[Tokens]:
    """The tokens as a gateway has them; leaving the block forgets what is in memory."""
    async with httpx.AsyncClient(trust_env=False) as http:
        server = TokenServer(
            http, zalo.url, app_id=APP_ID, app_secret=APP_SECRET, deadline_s=more.pop("limit", 5)
        )
        values = {"oa_id": OA_ID, "clock": desk.clock, "first": FIRST_REFRESH_TOKEN}
        yield Tokens(
            store_of(desk),
            more.pop("server", server),
            desk.parts.leases,
            desk.metrics,
            **{**values, "pause_s": 0.02, **more},
        )


async def kept_by(desk: Desk) -> Kept:
    kept = await store_of(desk).read()
    assert kept is not None
    return kept


# -- the ordinary way --------------------------------------------------------------------------


async def test_the_first_token_is_spent_once_and_then_the_kept_pair_counts(
    desk: Desk, zalo: FakeZaloOA
) -> None:
    async with keeping(desk, zalo) as tokens:
        first = await tokens.access()
        assert await tokens.access() == first == zalo.access_token
    async with keeping(desk, zalo) as restarted:
        assert await restarted.access() == first
    assert zalo.spent == [FIRST_REFRESH_TOKEN]


async def test_a_pair_is_renewed_twice_a_day(desk: Desk, zalo: FakeZaloOA) -> None:
    async with keeping(desk, zalo) as tokens:
        await tokens.access()
        await tokens._renew_if_due()
        assert len(zalo.spent) == 1
        for half_day in range(1, 5):
            desk.clock.ahead = timedelta(hours=12 * half_day, minutes=half_day)
            await tokens._renew_if_due()
            assert len(zalo.spent) == 1 + half_day
        assert await tokens.access() == zalo.access_token


@pytest.mark.parametrize(
    ("expires_in", "after"),
    [
        ("90000", timedelta(hours=12)),
        (90000, timedelta(hours=12)),
        ("3600", timedelta(minutes=48)),
    ],
)
async def test_a_short_lived_pair_is_renewed_earlier(
    desk: Desk, zalo: FakeZaloOA, expires_in: object, after: timedelta
) -> None:
    zalo.expires_in = expires_in
    async with keeping(desk, zalo) as tokens:
        await tokens.access()
    kept = await kept_by(desk)
    assert due(kept) - kept.obtained_at == after


async def test_the_background_renews_by_itself(desk: Desk, zalo: FakeZaloOA) -> None:
    async with keeping(desk, zalo) as tokens:
        task = asyncio.create_task(tokens.run())
        while not zalo.spent:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert (await kept_by(desk)).access_token == zalo.access_token


async def test_the_former_pair_is_kept(desk: Desk, zalo: FakeZaloOA) -> None:
    store = store_of(desk)
    async with keeping(desk, zalo) as tokens:
        await tokens.access()
        old = await kept_by(desk)
        await tokens.renew(old.access_token)
        assert await store.restore_previous()
        again = await kept_by(desk)
    assert (again.access_token, again.refresh_token) == (old.access_token, old.refresh_token)


# -- answers that are no pair ------------------------------------------------------------------

PAIR = b'{"access_token":"a","refresh_token":"r","expires_in":"90000"}'
ANSWERS: dict[str, tuple[int, bytes, type[object]]] = {
    "pair": (200, PAIR, Pair),
    "expires as a number": (200, PAIR.replace(b'"90000"', b"90000"), Pair),
    "expires missing": (200, b'{"access_token":"a","refresh_token":"r"}', Pair),
    "expires is nonsense": (200, PAIR.replace(b"90000", b"-x"), Pair),
    "error with 200": (200, b'{"error_name":"x","error_reason":"y"}', Declined),
    "error with a code": (200, b'{"error":-14014}', Declined),
    "error with 400": (400, b'{"error":"-14014"}', Declined),
    "pair with 400": (400, PAIR, Doubt),
    "html": (200, b"<html>", Doubt),
    "empty": (200, b"", Doubt),
    "list": (200, b"[]", Doubt),
    "nothing in it": (200, b"{}", Doubt),
    "no refresh token": (200, b'{"access_token":"a","expires_in":"90000"}', Doubt),
    "no access token": (200, b'{"refresh_token":"r"}', Doubt),
    "empty token": (200, PAIR.replace(b'"a"', b'""'), Doubt),
    "token is null": (200, PAIR.replace(b'"a"', b"null"), Doubt),
    "token is an object": (200, PAIR.replace(b'"r"', b"{}"), Doubt),
    "token with a line break": (200, PAIR.replace(b'"r"', b'"r\\n"'), Doubt),
    "success without tokens": (200, b'{"error":0}', Doubt),
    "500": (500, b"oops", Doubt),
    "500 with an error": (500, b'{"error":-1}', Doubt),
    "429": (429, b'{"error":-32}', NotAsked),
    "404 page": (404, b"<html>", Doubt),
}


@pytest.mark.parametrize(("status", "body", "kind"), ANSWERS.values(), ids=ANSWERS)
def test_only_a_whole_pair_is_taken_for_one(status: int, body: bytes, kind: type[object]) -> None:
    assert type(read_answer(status, body)) is kind


@pytest.mark.parametrize(
    "value", [Pair("access-xyz", "refresh-xyz", timedelta(1)), Declined("error 1")]
)
def test_no_answer_shows_a_token_when_printed(value: object) -> None:
    assert "access-xyz" not in repr(value)
    assert "refresh-xyz" not in repr(value)


async def test_an_unreachable_server_spends_nothing(desk: Desk, zalo: FakeZaloOA) -> None:
    await zalo.stop()
    async with keeping(desk, zalo) as tokens:
        with pytest.raises(NotDelivered) as caught:
            await tokens.access()
        assert caught.value.everyone
        assert (await kept_by(desk)).in_doubt_since is None
        await zalo.start()
        desk.clock.ahead = timedelta(minutes=2)
        assert await tokens.access() == zalo.access_token


@pytest.mark.parametrize("kind", ["bad_gateway", "not_taken"])
async def test_a_call_that_the_server_did_not_take_is_made_again(
    desk: Desk, zalo: FakeZaloOA, kind: Any
) -> None:
    zalo.token_faults.append(Fault(kind))
    async with keeping(desk, zalo) as tokens:
        with pytest.raises(NotDelivered):
            await tokens.access()
        assert (await kept_by(desk)).in_doubt_since is not None
        desk.clock.ahead = timedelta(minutes=2)
        assert await tokens.access() == zalo.access_token
    assert (await kept_by(desk)).in_doubt_since is None


@pytest.mark.parametrize("kind", ["lost_answer", "garbage", "half"])
async def test_a_lost_answer_is_an_alarm_and_the_old_token_stays_in_use(
    desk: Desk, zalo: FakeZaloOA, kind: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with keeping(desk, zalo) as tokens:
        old = await tokens.access()
        desk.clock.ahead = timedelta(hours=13)
        zalo.token_faults.append(Fault(kind))
        await tokens._renew_if_due()
        kept = await kept_by(desk)
        assert kept.in_doubt_since is not None
        assert kept.problem is None
        desk.clock.ahead += timedelta(minutes=2)
        await tokens._renew_if_due()
        kept = await kept_by(desk)
        assert "was lost" in (kept.problem or "")
        assert await tokens.access() == old
    assert "motcua zalo connect" in caplog.text
    assert desk.counted("trouble", "zalo_oa", "token") == 2
    assert zalo.spent_twice == 1  # it was asked once more, and no more than once


async def test_after_a_no_the_server_is_left_alone_for_a_while(
    desk: Desk, zalo: FakeZaloOA
) -> None:
    async with keeping(desk, zalo) as tokens:
        old = await tokens.access()
        zalo.refresh_token = "consent was withdrawn"
        for _ in range(5):
            assert not await tokens.renew(old)
        assert desk.counted("trouble", "zalo_oa", "token") == 1


async def test_a_server_that_never_finishes_is_given_up(desk: Desk, zalo: FakeZaloOA) -> None:
    zalo.token_faults.append(Fault("no_answer"))
    async with keeping(desk, zalo, limit=0.2) as tokens:
        with pytest.raises(NotDelivered):
            await tokens.access()
    assert (await kept_by(desk)).in_doubt_since is not None


async def test_a_slow_server_is_waited_for(desk: Desk, zalo: FakeZaloOA) -> None:
    zalo.token_faults.append(Fault("slow", wait_s=0.3))
    async with keeping(desk, zalo) as tokens:
        assert await tokens.access() == zalo.access_token


# -- crashes -----------------------------------------------------------------------------------


class Killed(BaseException):
    """The process is gone."""


class KillingServer:
    """Lets the process die after the server has answered."""

    def __init__(self, zalo: FakeZaloOA) -> None:
        self._zalo = zalo

    async def renew(self, refresh_token: str) -> Pair:
        self._zalo.spent.append(refresh_token)
        self._zalo.refresh_token = "never received"
        raise Killed


async def test_killed_between_answer_and_saving_the_token_is_tried_once_and_then_told(
    desk: Desk, zalo: FakeZaloOA, caplog: pytest.LogCaptureFixture
) -> None:
    async with keeping(desk, zalo) as tokens:
        old = await tokens.access()
    async with keeping(desk, zalo, server=KillingServer(zalo)) as dying:
        with pytest.raises(Killed):
            await dying.renew(old)
    kept = await kept_by(desk)
    assert kept.in_doubt_since is not None
    restarted = Desk(desk.engine, desk.folder, owner="second")
    async with keeping(restarted, zalo) as tokens:
        assert await tokens.access() == old
        assert not await tokens.renew(old)  # the killed one may still be at it
        assert zalo.spent_twice == 0
        restarted.clock.ahead = timedelta(minutes=5)
        assert not await tokens.renew(old)
    assert zalo.spent_twice == 1
    assert "was lost" in ((await kept_by(desk)).problem or "")
    assert "motcua zalo connect" in caplog.text


RENEW = """
import asyncio
from pathlib import Path
from bot.channels.registry import build_parts
from bot.channels.zalo_oa.channel import ZaloOA
from bot.settings import load_settings
from bot.texts import Texts
from bot.storage.tables import leases
from knowledge.database import open_engine

async def erase(conversation): ...

async def main():
    settings = load_settings()
    engine = open_engine(settings.database)
    parts = build_parts(settings, engine, Texts.load(), arrived=lambda: None, erase=erase)
    await ZaloOA(settings, parts).run()

asyncio.run(main())
"""


async def test_a_process_killed_in_the_middle_leaves_the_mark_and_the_old_pair(
    desk: Desk, zalo: FakeZaloOA, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with keeping(desk, zalo) as tokens:
        old = await tokens.access()
    store = store_of(desk)
    await store.keep((await kept_by(desk)).refresh_token, Pair(old, zalo.refresh_token, ENDED))
    zalo.token_faults.append(Fault("slow", wait_s=60))
    settings = {**zalo.settings, "database_url": database_url, "var_dir": str(desk.folder)}
    env = {f"MOTCUA_{name.upper()}": value for name, value in settings.items()}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", RENEW, env={**os.environ, **env}
    )
    while len(zalo.spent) < 2:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    process.kill()
    await process.wait()
    kept = await kept_by(desk)
    assert (kept.access_token, kept.in_doubt_since is None) == (old, False)
    async with desk.engine.begin() as connection:
        await connection.execute(delete(leases))  # as if its time were over
    desk.clock.ahead = timedelta(minutes=5)
    async with keeping(desk, zalo) as restarted:
        assert not await restarted.renew(old)
        assert await restarted.access() == old
    assert zalo.spent_twice == 1
    assert "motcua zalo connect" in caplog.text


async def test_killed_before_the_call_the_token_is_still_good(
    desk: Desk, zalo: FakeZaloOA
) -> None:
    store = store_of(desk)
    await store.seed(FIRST_REFRESH_TOKEN)
    assert await store.begin(FIRST_REFRESH_TOKEN, length=timedelta(seconds=90))
    restarted = Desk(desk.engine, desk.folder, owner="second")
    restarted.clock.ahead = timedelta(minutes=2)
    async with keeping(restarted, zalo) as tokens:
        assert await tokens.access() == zalo.access_token


async def test_a_gateway_that_stops_finishes_its_renewal_first(
    desk: Desk, zalo: FakeZaloOA
) -> None:
    zalo.token_faults.append(Fault("slow", wait_s=0.3))
    async with keeping(desk, zalo) as tokens:
        renewing = asyncio.create_task(tokens.renew(None))
        while not zalo.spent:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        renewing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await renewing
    assert (await kept_by(desk)).access_token == zalo.access_token


async def test_a_busy_database_does_not_lose_the_new_pair(
    desk: Desk, zalo: FakeZaloOA, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    keep, faults = TokenStore.keep, [OSError("locked"), OSError("locked")]

    async def busy(self: TokenStore, spent: str, pair: Pair) -> bool:
        if faults:
            raise faults.pop()
        return await keep(self, spent, pair)

    monkeypatch.setattr(TokenStore, "keep", busy)
    async with keeping(desk, zalo) as tokens:
        assert await tokens.access() == zalo.access_token
    assert caplog.text.count("not stored") == 2


# -- races -------------------------------------------------------------------------------------


async def test_many_sends_of_one_gateway_renew_once(desk: Desk, zalo: FakeZaloOA) -> None:
    async with keeping(desk, zalo) as tokens:
        got = await asyncio.gather(*(tokens.access() for _ in range(20)))
    assert set(got) == {zalo.access_token}
    assert len(zalo.spent) == 1


async def test_several_gateways_never_spend_a_token_twice(
    desk: Desk, zalo: FakeZaloOA, database_url: str
) -> None:
    zalo.token_faults.append(Fault("slow", wait_s=0.2))
    engines = [open_engine(database_url) for _ in range(4)]
    desks = [Desk(engine, desk.folder, owner=f"g{n}") for n, engine in enumerate(engines)]

    async def send(gateway: Desk) -> str:
        async with keeping(gateway, zalo) as tokens:
            old = await tokens.access()
            await tokens.renew(old)
            return await tokens.access()

    try:
        await asyncio.gather(*(send(gateway) for gateway in desks))
    finally:
        for engine in engines:
            await engine.dispose()
    assert zalo.spent_twice == 0
    assert len(set(zalo.spent)) == len(zalo.spent)
    assert (await kept_by(desk)).access_token == zalo.access_token


async def test_a_lease_that_ran_out_in_the_middle_does_not_let_a_second_one_in(
    desk: Desk, zalo: FakeZaloOA
) -> None:
    store = store_of(desk)
    await store.seed(FIRST_REFRESH_TOKEN)
    assert await store.begin(FIRST_REFRESH_TOKEN, length=timedelta(seconds=90))
    assert not await store.begin(FIRST_REFRESH_TOKEN, length=timedelta(seconds=90))
    async with keeping(desk, zalo) as tokens:
        assert not await tokens.renew(None)
    assert zalo.spent == []


async def test_tokens_brought_during_a_renewal_win(desk: Desk, zalo: FakeZaloOA) -> None:
    store = store_of(desk)
    await store.seed(FIRST_REFRESH_TOKEN)
    await store.replace("brought-by-a-person")
    assert not await store.keep(FIRST_REFRESH_TOKEN, Pair("late", "late", timedelta(hours=25)))
    assert (await kept_by(desk)).refresh_token == "brought-by-a-person"


# -- refused access tokens ---------------------------------------------------------------------


@asynccontextmanager
async def channel_of(desk: Desk, zalo: FakeZaloOA) -> AsyncIterator[ZaloOA]:
    channel = ZaloOA(Settings(**{**zalo.settings, "var_dir": desk.folder}), desk.parts)
    try:
        yield channel
    finally:
        await channel.close()


async def test_a_refused_token_is_renewed_and_the_part_goes_out_at_the_next_attempt(
    desk: Desk, zalo: FakeZaloOA
) -> None:
    async with channel_of(desk, zalo) as channel:
        await channel.tokens.access()
        desk.clock.ahead = timedelta(hours=1)
        zalo.faults.append(Fault("unauthorized"))
        with pytest.raises(NotDelivered) as caught:
            await channel.send(part(CONVERSATION))
        assert (caught.value.wait, caught.value.everyone) == (timedelta(0), False)
        await channel.send(part(CONVERSATION))
    assert len(zalo.sent) == 1
    assert len(zalo.spent) == 2


async def test_a_token_that_another_gateway_replaced_is_read_anew(
    desk: Desk, zalo: FakeZaloOA
) -> None:
    async with channel_of(desk, zalo) as channel, keeping(desk, zalo) as other:
        old = await channel.tokens.access()
        await other.renew(old)
        with pytest.raises(NotDelivered) as caught:
            await channel.send(part(CONVERSATION))
        assert caught.value.wait == timedelta(0)
        await channel.send(part(CONVERSATION))
    assert len(zalo.spent) == 2


async def test_a_new_token_that_is_refused_is_not_renewed_in_a_circle(
    desk: Desk, zalo: FakeZaloOA
) -> None:
    async with channel_of(desk, zalo) as channel:
        await channel.tokens.access()
        everyone = []
        for _ in range(4):
            zalo.faults.append(Fault("unauthorized"))
            with pytest.raises(NotDelivered) as caught:
                await channel.send(part(CONVERSATION))
            everyone.append(caught.value.everyone)
    assert everyone == [False, True, True, True]
    assert len(zalo.spent) == 2


async def test_a_new_consent_is_used_without_a_restart(desk: Desk, zalo: FakeZaloOA) -> None:
    async with channel_of(desk, zalo) as channel:
        await channel.tokens.access()
        zalo.access_token, zalo.refresh_token = "gone", "from-the-console"
        desk.clock.ahead = timedelta(hours=2)
        with pytest.raises(NotDelivered) as caught:
            await channel.send(part(CONVERSATION))
        assert caught.value.everyone
        await store_of(desk).replace("from-the-console")
        async with keeping(desk, zalo) as by_command:
            assert await by_command.renew((await kept_by(desk)).access_token)
        with pytest.raises(NotDelivered) as caught:
            await channel.send(part(CONVERSATION))
        assert caught.value.wait == timedelta(0)
        await channel.send(part(CONVERSATION))
    assert len(zalo.sent) == 1


# -- the commands ------------------------------------------------------------------------------


@pytest.fixture
def run(
    desk: Desk, zalo: FakeZaloOA, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Awaitable[Result]]:
    """`motcua zalo …` as typed, with its input."""
    settings = {**zalo.settings, "database_url": database_url, "var_dir": str(desk.folder)}
    del settings["zalo_oa_refresh_token"]
    for name, value in settings.items():
        monkeypatch.setenv(f"MOTCUA_{name.upper()}", value)

    async def typed(*words: str, given: str = "") -> Result:
        return await asyncio.to_thread(CliRunner().invoke, zalo_app, words, input=given)

    return typed


async def test_an_account_is_connected_with_a_refresh_token(
    desk: Desk, zalo: FakeZaloOA, run: Callable[..., Awaitable[Result]]
) -> None:
    assert (await run("status")).exit_code == 1
    connected = await run("connect", given=f"{FIRST_REFRESH_TOKEN}\n")
    assert connected.exit_code == 0, connected.output
    assert (await kept_by(desk)).access_token == zalo.access_token
    status = await run("status")
    assert status.exit_code == 0
    assert "renewed 0.0 hours ago" in status.output
    assert "fake-" not in connected.output + status.output


async def test_an_account_is_connected_with_the_code_of_a_consent(
    desk: Desk, zalo: FakeZaloOA, run: Callable[..., Awaitable[Result]]
) -> None:
    zalo.refresh_token = "code-1"
    connected = await run("connect", "--code", given="code-1\nverifier\n")
    assert connected.exit_code == 0, connected.output
    assert (await kept_by(desk)).refresh_token == zalo.refresh_token


async def test_a_wrong_token_is_told_and_the_former_pair_stays_in_use(
    desk: Desk, zalo: FakeZaloOA, run: Callable[..., Awaitable[Result]]
) -> None:
    assert (await run("connect", "--previous")).exit_code == 1
    assert (await run("connect", given=f"{FIRST_REFRESH_TOKEN}\n")).exit_code == 0
    refused = await run("connect", given="not-a-token\n")
    assert refused.exit_code == 1
    assert "not-a-token" not in refused.output
    assert "the former tokens stay in use" in refused.output
    kept = await kept_by(desk)
    assert (kept.access_token, kept.refresh_token) == (zalo.access_token, zalo.refresh_token)
    assert (await run("status")).exit_code == 0
    async with keeping(desk, zalo) as tokens:
        assert await tokens.renew(kept.access_token)


# -- secrecy -----------------------------------------------------------------------------------


async def test_no_token_is_ever_logged(
    desk: Desk,
    zalo: FakeZaloOA,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("aiosqlite").setLevel(logging.WARNING)
    monkeypatch.setattr(tokens_module, "_SAVE_ATTEMPTS", 2)
    async with channel_of(desk, zalo) as channel:
        await channel.send(part(CONVERSATION))
        for fault in ("garbage", "half", "error"):
            zalo.token_faults.append(Fault(fault))  # type: ignore[arg-type]
            desk.clock.ahead += timedelta(hours=13)
            await channel.tokens._renew_if_due()
        zalo.faults.append(Fault("unauthorized"))
        with pytest.raises(NotDelivered):
            await channel.send(part(CONVERSATION))
    for secret in ("fake-access", "fake-refresh", APP_SECRET):
        assert secret not in caplog.text


async def test_nobody_else_can_read_the_file_with_the_tokens(
    sqlite: AsyncEngine, tmp_path: Path, zalo: FakeZaloOA
) -> None:
    async with keeping(Desk(sqlite, tmp_path), zalo) as tokens:
        await tokens.access()
    assert stat.S_IMODE((tmp_path / "motcua.db").stat().st_mode) == 0o600
