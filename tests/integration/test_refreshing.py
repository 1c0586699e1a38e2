"""Followed dossiers are refreshed from the portal, at a bounded rate, and followers are told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from actions.services import Services, build_services
from bot.dossiers.portal import Portal
from bot.dossiers.settings import DossierSettings
from bot.following.notifier import Notifier, Pace
from bot.following.refreshing import Bounds, Refresher
from bot.settings import Settings
from bot.storage.leases import Leases
from bot.storage.tables import outbox
from knowledge.dossiers.sources import Order
from knowledge.dossiers.tables import dossiers
from knowledge.following.subscriptions import Followed, Subscriptions
from tests.fakes.portal import TOKEN, FakePortal, PortalFailure, running_portal
from tests.support.dossiers import dossier, known, registered

Follow = Callable[..., Awaitable[None]]
MINE, OTHERS, GONE = (f"H05.20-261005-000{number}" for number in (1, 2, 3))


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def services(engine: AsyncEngine, tmp_path: Path, clock: Clock) -> Services:
    return replace(build_services(Settings(var_dir=tmp_path), clock=clock), engine=engine)


@pytest.fixture
async def fake() -> AsyncIterator[FakePortal]:
    async with running_portal() as portal:
        yield portal


@pytest.fixture
def settings(fake: FakePortal) -> DossierSettings:
    return DossierSettings(
        portal_url=fake.url,
        portal_token_url=fake.url + TOKEN,
        portal_client_secret="s",  # type: ignore[arg-type]
        portal_name="cổng mẫu",
        portal_attempts=1,
        portal_breaker_pause_s=1e-9,
    )


@pytest.fixture
async def portal(settings: DossierSettings) -> AsyncIterator[Portal]:
    async with aiohttp.ClientSession() as session:
        yield Portal(session, settings)


@pytest.fixture
def refresher(services: Services, settings: DossierSettings) -> Refresher:
    leases = Leases(services.engine, owner="test")
    return Refresher(services, leases, settings, Bounds.of(settings))


@pytest.fixture
async def follow(engine: AsyncEngine, clock: Clock) -> Follow:
    """Register dossiers that were confirmed two days ago; the first ones are followed."""

    async def put(*codes: str, followed: int = 1) -> None:
        await registered(engine, *(dossier(code) for code in codes))
        await known(engine)
        for code in codes[:followed]:
            given = await Subscriptions(engine).follow(
                "fake:1", code, language="vi", now=clock.now
            )
            assert given is Followed.NEW
        async with engine.begin() as connection:
            await connection.execute(
                update(dossiers).values(checked_at=clock.now - timedelta(days=2))
            )

    return put


async def test_a_followed_dossier_is_asked_for_and_its_follower_is_told(
    engine: AsyncEngine,
    services: Services,
    fake: FakePortal,
    portal: Portal,
    refresher: Refresher,
    follow: Follow,
) -> None:
    await follow(MINE, OTHERS)
    for code in (MINE, OTHERS):
        fake.add(code, "Đã xử lý xong")
    assert [await refresher.refresh(portal) for _ in range(2)] == [1, 0]
    assert fake.searches == [MINE]
    notifier = Notifier(services, Leases(engine, owner="test"), pace=Pace())
    while await notifier.work_off():
        pass
    async with engine.connect() as connection:
        [part] = (await connection.execute(select(outbox.c.text))).scalars()
    assert f"Hồ sơ {MINE} có thay đổi: ĐÃ XỬ LÝ XONG" in part


async def test_what_was_confirmed_lately_is_not_asked_for(
    engine: AsyncEngine,
    clock: Clock,
    fake: FakePortal,
    portal: Portal,
    refresher: Refresher,
    follow: Follow,
) -> None:
    await follow(MINE)
    async with engine.begin() as connection:
        await connection.execute(
            update(dossiers).values(checked_at=clock.now - timedelta(hours=23))
        )
    assert await refresher.refresh(portal) == 0
    assert fake.searches == []


@pytest.mark.parametrize("failure", [None, PortalFailure.ERROR_500])
async def test_what_the_portal_cannot_tell_is_asked_for_once_in_an_hour(
    clock: Clock,
    fake: FakePortal,
    portal: Portal,
    refresher: Refresher,
    follow: Follow,
    failure: PortalFailure | None,
) -> None:
    await follow(GONE)
    fake.always = failure
    asked = []
    for minutes in (0, 30, 29, 2):
        clock.now += timedelta(minutes=minutes)
        asked.append(await refresher.refresh(portal))
    assert asked == [1, 0, 0, 1]


async def test_so_many_are_asked_for_at_a_time(
    services: Services,
    settings: DossierSettings,
    fake: FakePortal,
    portal: Portal,
    follow: Follow,
) -> None:
    await follow(MINE, OTHERS, GONE, followed=3)
    bounds = replace(Bounds.of(settings), at_a_time=2)
    leases = Leases(services.engine, owner="test")
    refresher = Refresher(services, leases, settings, bounds)
    assert [await refresher.refresh(portal) for _ in range(3)] == [2, 1, 0]
    assert fake.searches == [MINE, OTHERS, GONE]


def test_the_age_is_that_from_which_on_a_look_up_asks_the_portal() -> None:
    assert Bounds.of(DossierSettings()).age == timedelta(days=1)
    assert Bounds.of(DossierSettings(dossiers_fresh_for_s=0)).age == timedelta(hours=1)
    first = DossierSettings(dossiers_order=Order.PORTAL_FIRST)
    assert Bounds.of(first).age == timedelta(hours=1)
