"""Asking the portal for all dossiers: what it says is taken over, whatever goes wrong."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from bot import cli
from bot.dossiers.portal import Portal
from bot.dossiers.settings import DossierSettings
from bot.dossiers.sync import DossierSync, SyncResult
from knowledge.database import open_engine
from knowledge.dossiers.dossier import Dossier, DossierFound
from knowledge.dossiers.registry import DossierRegistry
from knowledge.dossiers.status import Status
from knowledge.dossiers.tables import dossier_changes
from knowledge.following.subscriptions import Followed, Subscriptions
from tests.fakes.portal import APPLICANT, TOKEN, FakePortal, PortalFailure, running_portal
from tests.support.dossiers import NOON, dossier, registered

CODES = [f"H05.20-261005-{number:04}" for number in range(1, 7)]
MOTCUA = Path(sys.executable).with_name("motcua")


@pytest.fixture
async def fake() -> AsyncIterator[FakePortal]:
    async with running_portal() as portal:
        for code in CODES:
            portal.add(code)
        yield portal


ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what is about the portal and not about the database."""
AT_ONCE_AGAIN = (PortalFailure.EXPIRED_TOKEN, PortalFailure.RESET)
"""After these the client asks once more by itself: with a new token, on a new connection."""


class Run:
    """Runs over a registry; long waits are only noted."""

    def __init__(self, engine: AsyncEngine, fake: FakePortal) -> None:
        self.engine = engine
        self.fake = fake
        self.waits: list[float] = []

    async def __call__(
        self, *, dry_run: bool = False, at_once: int = 1, **changed: Any
    ) -> SyncResult:
        values: dict[str, Any] = {
            "portal_url": self.fake.url,
            "portal_token_url": self.fake.url + TOKEN,
            "portal_client_secret": "s",
            "portal_name": "cổng mẫu",
            "portal_attempts": 1,
            "portal_timeout_s": 5,
            "portal_breaker_failures": 2,
            "portal_breaker_pause_s": 1e-9,
        }
        async with aiohttp.ClientSession() as session:
            portal = Portal(session, DossierSettings(**values | changed))
            return await DossierSync(
                self.engine, portal, at_once=at_once, dry_run=dry_run, sleep=self._wait
            ).run()

    async def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(seconds if seconds < 1 else 0)


@pytest.fixture
def run(engine: AsyncEngine, fake: FakePortal) -> Run:
    return Run(engine, fake)


async def held(engine: AsyncEngine, code: str) -> DossierFound:
    found = await DossierRegistry(engine).look_up(code)
    assert isinstance(found, DossierFound)
    return found


async def changes(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return await connection.scalar(select(func.count()).select_from(dossier_changes)) or 0


def some(count: int = len(CODES), **values: object) -> Sequence[Dossier]:
    return [dossier(code, **values) for code in CODES[:count]]  # type: ignore[arg-type]


async def test_what_the_portal_says_is_taken_over_and_the_rest_is_kept(
    engine: AsyncEngine, fake: FakePortal, run: Run
) -> None:
    before = dossier(CODES[0], desk="Phòng mẫu", field="Lĩnh vực mẫu")
    await registered(engine, before)
    fake.add(
        CODES[0],
        "Đã xử lý xong",
        appointmentDate="2026-11-03T17:00:00.000+0700",
        completedDate="2026-11-02T10:00:00.000+0700",
    )
    noted = await changes(engine)
    result = await run()
    assert (result.changed, result.unchanged, result.complete) == (1, 0, True)
    found = await held(engine, CODES[0])
    assert found.dossier == replace(
        before,
        status=Status.DONE,
        due_on=date(2026, 11, 3),
        resolved_on=date(2026, 11, 2),
    )
    assert found.source == "cổng mẫu"
    assert [step.status for step in found.steps] == [Status.IN_PROGRESS, Status.DONE]
    assert await changes(engine) == noted + 1


async def test_a_second_run_changes_nothing(engine: AsyncEngine, run: Run) -> None:
    await registered(engine, *some(3, status=Status.RECEIVED))
    first = await run()
    noted = await changes(engine)
    second = await run()
    assert (first.changed, second.changed, second.unchanged) == (3, 0, 3)
    assert await changes(engine) == noted


async def test_a_dry_run_changes_nothing_and_says_what_would_change(
    engine: AsyncEngine, run: Run
) -> None:
    await registered(engine, *some(2, status=Status.RECEIVED))
    before = await held(engine, CODES[0])
    result = await run(dry_run=True)
    assert [it.after.code for it in result.differences] == CODES[:2]
    assert (result.changed, result.unchanged) == (2, 0)
    assert await held(engine, CODES[0]) == before


async def test_what_is_ended_or_a_sample_is_not_asked_for_but_what_is_followed_is(
    engine: AsyncEngine, fake: FakePortal, run: Run
) -> None:
    await registered(
        engine,
        dossier(CODES[0], Status.RETURNED),
        dossier(CODES[1], Status.REFUSED),
        dossier(CODES[2], Status.WITHDRAWN),
        dossier(CODES[3], sample=True),
        dossier(CODES[4], Status.DONE),
        dossier(CODES[5]),
    )
    subscribed = Subscriptions(engine)
    assert await subscribed.follow("c", CODES[5], language="vi", now=NOON) is Followed.NEW
    await DossierRegistry(engine).import_all([dossier(CODES[5], Status.RETURNED)], source="x")
    await run()
    assert sorted(fake.searches) == [CODES[4], CODES[5]]


async def test_a_dossier_that_the_portal_does_not_know_stays_as_it_is(
    engine: AsyncEngine, fake: FakePortal, run: Run
) -> None:
    await registered(engine, *some(2))
    del fake.dossiers[CODES[1]]
    before = await held(engine, CODES[1])
    result = await run()
    assert (result.missing, result.unchanged, result.complete) == ([CODES[1]], 1, True)
    assert await held(engine, CODES[1]) == before


@ON_SQLITE
@pytest.mark.parametrize("failure", PortalFailure)
async def test_one_failed_answer_leaves_its_dossier_and_no_other(
    engine: AsyncEngine,
    fake: FakePortal,
    run: Run,
    failure: PortalFailure,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await registered(engine, *some(3, status=Status.RECEIVED))
    fake.failures = [failure] * (2 if failure in AT_ONCE_AGAIN else 1)
    before = await held(engine, CODES[0])
    result = await run(portal_timeout_s=0.3)
    assert (result.faults.total(), result.changed, result.not_asked) == (1, 2, 0)
    assert not result.complete
    assert await held(engine, CODES[0]) == before
    for secret in (APPLICANT, "token-", "7777"):
        assert secret not in caplog.text + str(result.faults)
    assert (await run()).changed == 1


@ON_SQLITE
async def test_many_odd_dossiers_do_not_keep_the_others_from_being_asked_for(
    engine: AsyncEngine, fake: FakePortal, run: Run
) -> None:
    await registered(engine, *some(status=Status.RECEIVED))
    for code in CODES[:4]:
        fake.add(code, "Trạng thái lạ")
    result = await run()
    assert (result.faults.total(), result.changed, run.waits) == (4, 2, [])


@ON_SQLITE
async def test_a_portal_that_keeps_failing_is_waited_for_and_asked_again(
    engine: AsyncEngine, fake: FakePortal, run: Run
) -> None:
    await registered(engine, *some(status=Status.RECEIVED))
    fake.failures = [PortalFailure.ERROR_500] * 2
    result = await run(portal_breaker_pause_s=0.05, portal_breaker_failures=2)
    assert (result.faults, result.changed) == ({"HTTP 500": 2}, 4)
    assert len(fake.searches) == 6


@ON_SQLITE
async def test_a_portal_that_stays_away_is_left_alone_and_the_rest_is_told(
    engine: AsyncEngine, fake: FakePortal, run: Run
) -> None:
    await registered(engine, *some(status=Status.RECEIVED))
    fake.always = PortalFailure.ERROR_500
    result = await run(portal_breaker_pause_s=60)
    assert len(fake.searches) == result.faults.total() == 2
    assert (result.not_asked, result.changed, result.complete) == (4, 0, False)
    assert run.waits == [60, 60, 60]


async def test_the_longest_unconfirmed_come_first(
    engine: AsyncEngine, fake: FakePortal, run: Run
) -> None:
    await registered(engine, dossier(CODES[1]))
    await registered(engine, dossier(CODES[0]))
    await run()
    assert fake.searches == [CODES[1], CODES[0]]


@ON_SQLITE
async def test_no_more_are_asked_for_at_once_than_allowed(
    engine: AsyncEngine, fake: FakePortal, run: Run
) -> None:
    await registered(engine, *some())
    inside, most, three = 0, 0, asyncio.Event()

    async def wait_for_others() -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        if inside == 3:
            three.set()
        await three.wait()
        for _ in range(50):  # whoever else comes has come by then
            await asyncio.sleep(0)
        inside -= 1

    fake.meanwhile = wait_for_others
    assert (await run(at_once=3)).complete
    assert most == 3


async def test_what_changed_here_while_the_portal_was_asked_is_kept(
    engine: AsyncEngine, fake: FakePortal, run: Run
) -> None:
    registry = await registered(engine, dossier(CODES[0]))
    fake.add(CODES[0], "Yêu cầu bổ sung giấy tờ")

    async def push() -> None:
        await registry.import_all([dossier(CODES[0], Status.RETURNED)], source="push")

    fake.meanwhile = push
    await run()
    assert (await held(engine, CODES[0])).dossier.status is Status.RETURNED


def test_without_a_portal_nothing_can_be_asked() -> None:
    cli._add_groups(["dossiers"])
    run = CliRunner().invoke(cli.app, ["dossiers", "sync"])
    assert run.exit_code == 1
    assert "MOTCUA_PORTAL_URL is not set" in run.stderr


async def test_a_killed_run_is_begun_again_and_ends(
    fake: FakePortal, postgresql_url: str, tmp_path: Path
) -> None:
    engine = open_engine(postgresql_url)
    codes = [f"H05.20-261005-{number:04}" for number in range(1, 121)]
    await registered(engine, *(dossier(code, Status.RECEIVED) for code in codes))
    for code in codes:
        fake.add(code)
    second_part, asked = asyncio.Event(), len(codes) // 2 + 1

    async def stop_in_the_second_part() -> None:
        if len(fake.searches) == asked:
            second_part.set()
            await fake.closing.wait()

    fake.meanwhile = stop_in_the_second_part
    command = [MOTCUA, "dossiers", "sync", "--at-once", "1"]
    environment = os.environ | {
        "MOTCUA_VAR_DIR": str(tmp_path),
        "MOTCUA_DATABASE_URL": postgresql_url,
        "MOTCUA_PORTAL_URL": fake.url,
        "MOTCUA_PORTAL_TOKEN_URL": fake.url + TOKEN,
        "MOTCUA_PORTAL_CLIENT_SECRET": "s",
        "MOTCUA_PORTAL_NAME": "cổng mẫu",
    }
    killed = await asyncio.create_subprocess_exec(*command, env=environment)
    await second_part.wait()
    killed.kill()
    await killed.wait()
    fake.meanwhile = None
    before = len(fake.searches)
    again = await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE)
    said, _ = await again.communicate()
    assert again.returncode == 0
    assert "cổng mẫu: 70 hồ sơ thay đổi, 50 giữ nguyên" in said.decode()
    assert fake.searches[before] == codes[50]  # what was confirmed before comes last
    await engine.dispose()
