"""The portal as a source: what it says is told, and however it fails nothing is made up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from bot.dossiers.portal import Portal
from bot.dossiers.settings import DossierSettings
from bot.dossiers.sources import open_source
from knowledge.dossiers.dossier import (
    Dossier,
    DossierFound,
    DossierNotFound,
    DossierUnavailable,
    LookUp,
)
from knowledge.dossiers.sources import CombinedSource, Order
from knowledge.dossiers.status import Status
from tests.fakes.portal import APPLICANT, TOKEN, FakePortal, PortalFailure, running_portal

CODE = "H05.20-261020-0001"
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture
async def fake() -> AsyncIterator[FakePortal]:
    async with running_portal() as portal:
        portal.add(
            CODE,
            acceptedDate="2026-10-20T08:15:00.000+0700",
            appointmentDate="2026-11-03T17:00:00.000+0700",
        )
        yield portal


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.passed = 0.0

    def monotonic(self) -> float:
        return self.passed

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.passed)


@pytest.fixture
def time() -> Time:
    return Time()


def settings(fake: FakePortal, **changed: Any) -> DossierSettings:
    values: dict[str, Any] = {
        "portal_url": fake.url,
        "portal_token_url": fake.url + TOKEN,
        "portal_client_id": "motcua",
        "portal_client_secret": "s",
        "portal_timeout_s": 0.3,
        "portal_backoff_s": 0,
        "portal_name": "cổng mẫu",
    }
    return DossierSettings(**values | changed)


def portal(session: aiohttp.ClientSession, fake: FakePortal, time: Time, **changed: Any) -> Portal:
    return Portal(session, settings(fake, **changed), clock=time.now, monotonic=time.monotonic)


async def test_a_dossier_is_found_without_the_people_in_it(
    session: aiohttp.ClientSession, fake: FakePortal, time: Time
) -> None:
    found = await portal(session, fake, time).look_up(CODE)
    assert found == DossierFound(
        Dossier(
            CODE,
            "Thủ tục mẫu",
            Status.IN_PROGRESS,
            received_on=date(2026, 10, 20),
            due_on=date(2026, 11, 3),
        ),
        "cổng mẫu",
        NOW,
    )


async def test_a_dossier_that_is_not_there_is_not_found(
    session: aiohttp.ClientSession, fake: FakePortal, time: Time
) -> None:
    code = "H05.20-261020-0009"
    assert await portal(session, fake, time).look_up(code) == DossierNotFound(code)


@pytest.mark.parametrize("failure", PortalFailure)
async def test_however_it_fails_nothing_is_known_and_nothing_is_logged_of_people(
    session: aiohttp.ClientSession,
    fake: FakePortal,
    time: Time,
    failure: PortalFailure,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fake.always = failure
    assert await portal(session, fake, time).look_up(CODE) == DossierUnavailable(CODE)
    assert "cổng mẫu cannot be asked" in caplog.text
    for secret in (APPLICANT, CODE, "token-", "7777"):
        assert secret not in caplog.text


@pytest.mark.parametrize(
    "failure", [PortalFailure.SLOW, PortalFailure.ERROR_500, PortalFailure.RESET]
)
async def test_what_passes_is_tried_again(
    session: aiohttp.ClientSession, fake: FakePortal, time: Time, failure: PortalFailure
) -> None:
    fake.failures = [failure, failure]
    assert isinstance(await portal(session, fake, time).look_up(CODE), DossierFound)
    assert len(fake.searches) == 3


@pytest.mark.parametrize(
    "failure",
    [PortalFailure.MALFORMED, PortalFailure.WRONG_DOSSIER, PortalFailure.NOT_THERE_404],
)
async def test_what_does_not_pass_is_not_tried_again(
    session: aiohttp.ClientSession, fake: FakePortal, time: Time, failure: PortalFailure
) -> None:
    fake.always = failure
    await portal(session, fake, time).look_up(CODE)
    assert len(fake.searches) == 1


async def test_a_look_up_ends_when_its_budget_is_spent(
    session: aiohttp.ClientSession, fake: FakePortal, time: Time
) -> None:
    fake.always = PortalFailure.SLOW
    slow = portal(session, fake, time, portal_timeout_s=60, portal_budget_s=0.3)
    assert await slow.look_up(CODE) == DossierUnavailable(CODE)


async def test_a_token_is_used_until_it_is_refused(
    session: aiohttp.ClientSession, fake: FakePortal, time: Time
) -> None:
    asked = portal(session, fake, time, portal_cache_s=0)
    await asked.look_up(CODE)
    time.passed += 1
    await asked.look_up(CODE)
    assert fake.tokens == 1
    fake.failures = [PortalFailure.EXPIRED_TOKEN]
    time.passed += 1
    assert isinstance(await asked.look_up(CODE), DossierFound)
    assert fake.tokens == 2


async def test_a_token_that_runs_out_is_renewed_before(
    session: aiohttp.ClientSession, fake: FakePortal, time: Time
) -> None:
    asked = portal(session, fake, time, portal_cache_s=0)
    await asked.look_up(CODE)
    time.passed += 299
    await asked.look_up(CODE)
    assert fake.tokens == 2


async def test_wrong_credentials_are_a_fault_of_ours(
    session: aiohttp.ClientSession, fake: FakePortal, time: Time
) -> None:
    wrong = portal(session, fake, time, portal_client_secret="x")
    assert await wrong.look_up(CODE) == DossierUnavailable(CODE)
    assert fake.searches == []


async def test_an_answer_is_used_again_for_a_while(
    session: aiohttp.ClientSession, fake: FakePortal, time: Time
) -> None:
    asked = portal(session, fake, time)
    first = await asked.look_up(CODE)
    time.passed += 299
    assert await asked.look_up(CODE) == first
    time.passed += 2
    assert await asked.look_up(CODE) != first
    assert len(fake.searches) == 2


async def test_while_it_is_away_the_last_answer_is_told_with_its_date(
    session: aiohttp.ClientSession, fake: FakePortal, time: Time
) -> None:
    asked = portal(session, fake, time)
    first = await asked.look_up(CODE)
    fake.always = PortalFailure.ERROR_500
    time.passed += 3600
    assert await asked.look_up(CODE) == first
    assert isinstance(first, DossierFound)
    assert first.as_of == NOW
    time.passed += 24 * 3600
    assert await asked.look_up(CODE) == DossierUnavailable(CODE)


async def test_a_portal_that_keeps_failing_is_left_alone(
    session: aiohttp.ClientSession, fake: FakePortal, time: Time
) -> None:
    fake.always = PortalFailure.MALFORMED
    asked = portal(session, fake, time, portal_breaker_failures=2)
    for _ in range(5):
        assert await asked.look_up(CODE) == DossierUnavailable(CODE)
    assert len(fake.searches) == 2


async def test_it_is_asked_again_after_the_pause(
    session: aiohttp.ClientSession, fake: FakePortal, time: Time
) -> None:
    fake.failures = [PortalFailure.MALFORMED] * 2
    asked = portal(session, fake, time, portal_breaker_failures=2, portal_breaker_pause_s=1e-9)
    answers = [await asked.look_up(CODE) for _ in range(3)]
    assert answers[:2] == [DossierUnavailable(CODE)] * 2
    assert isinstance(answers[2], DossierFound)


class Fixed:
    """A source that always says the same."""

    def __init__(self, answer: LookUp) -> None:
        self.answer = answer
        self.asked = 0

    async def look_up(self, code: str) -> LookUp:
        self.asked += 1
        return self.answer


OLD = DossierFound(
    Dossier(CODE, "Thủ tục", Status.RECEIVED, desk="Phòng mẫu", received_on=date(2026, 10, 20)),
    "hoso.csv",
    NOW - timedelta(days=3),
)
NEW = DossierFound(Dossier(CODE, "Thủ tục", Status.DONE), "cổng mẫu", NOW)
MISSING, AWAY = DossierNotFound(CODE), DossierUnavailable(CODE)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (MISSING, NEW, NEW),
        (MISSING, MISSING, MISSING),
        (MISSING, AWAY, AWAY),
        (AWAY, MISSING, AWAY),
        (AWAY, NEW, NEW),
        (OLD, AWAY, OLD),
        (OLD, MISSING, OLD),
        (replace(OLD, dossier=replace(OLD.dossier, sample=True)), NEW, NEW),
    ],
)
async def test_sources_stand_in_for_one_another(
    first: LookUp, second: LookUp, expected: LookUp
) -> None:
    both = CombinedSource(
        Fixed(first), Fixed(second), fresh_for=timedelta(days=1), clock=lambda: NOW
    )
    assert await both.look_up(CODE) == expected


async def test_the_newer_answer_counts_and_is_filled_up_from_the_older() -> None:
    both = CombinedSource(Fixed(OLD), Fixed(NEW), fresh_for=timedelta(days=1), clock=lambda: NOW)
    found = await both.look_up(CODE)
    assert isinstance(found, DossierFound)
    assert (found.dossier.status, found.dossier.desk) == (Status.DONE, "Phòng mẫu")
    assert (found.source, found.as_of) == ("cổng mẫu; hoso.csv", NOW)


async def test_the_second_source_is_left_alone_while_the_first_is_fresh() -> None:
    second = Fixed(NEW)
    both = CombinedSource(Fixed(OLD), second, fresh_for=timedelta(days=4), clock=lambda: NOW)
    assert await both.look_up(CODE) == OLD
    assert second.asked == 0


@pytest.mark.parametrize("order", Order)
async def test_an_installation_with_a_portal_asks_both(fake: FakePortal, order: Order) -> None:
    registry = Fixed(OLD)
    async with open_source(settings(fake, dossiers_order=order), registry) as source:
        found = await source.look_up(CODE)
    assert isinstance(found, DossierFound)
    assert (found.source, found.dossier.desk) == ("cổng mẫu; hoso.csv", "Phòng mẫu")


async def test_an_installation_without_a_portal_asks_its_registry() -> None:
    registry = Fixed(OLD)
    async with open_source(DossierSettings(), registry) as source:
        assert source is registry
