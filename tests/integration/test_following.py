"""Followers are told once, in time and by day, whatever kills the notifier; on both databases."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from actions.services import Services, build_services
from bot.following.night import next_morning
from bot.following.notifier import Notifier, Pace
from bot.messages import Kind
from bot.settings import Settings
from bot.storage.leases import Leases
from bot.storage.tables import button_keys, contacts, outbox
from knowledge.dossiers.dossier import Supplement
from knowledge.dossiers.status import Status
from knowledge.following.subscriptions import Followed, Subscriptions
from knowledge.following.tables import cursors, subscriptions
from tests.support.dossiers import CODE, NOON, dossier, know_all, known, registered
from tests.support.processes import PROJECT

MINE = "fake:1"
STORM = 5000


@pytest.fixture
def services(engine: AsyncEngine, tmp_path: Path) -> Services:
    made = build_services(Settings(var_dir=tmp_path), clock=lambda: NOON)
    return replace(made, engine=engine)


@pytest.fixture
def notifier(services: Services) -> Notifier:
    return Notifier(services, Leases(services.engine, owner="test"), pace=Pace())


async def told(engine: AsyncEngine) -> list[RowMapping]:
    async with engine.connect() as connection:
        rows = await connection.execute(select(outbox).order_by(outbox.c.id))
        return list(rows.mappings())


async def follow(engine: AsyncEngine, code: str = CODE, who: str = MINE) -> Followed:
    return await Subscriptions(engine).follow(who, code, language="vi", now=NOON)


async def moves(engine: AsyncEngine, status: Status, **values: object) -> None:
    await registered(engine, dossier(status=status, **values))


async def test_a_change_is_told_once_with_a_button_that_stops(
    engine: AsyncEngine, notifier: Notifier
) -> None:
    await registered(engine)
    conversation = await known(engine)
    assert await follow(engine) is Followed.NEW
    await moves(engine, Status.DONE)
    while await notifier.work_off():
        pass
    [part] = await told(engine)
    assert (part["conversation"], part["kind"], part["state"]) == (
        conversation,
        Kind.PUSH.value,
        "waiting",
    )
    assert "ĐÃ XỬ LÝ XONG" in part["text"]
    assert "mẫu 01" not in part["text"]
    async with engine.connect() as connection:
        [button] = (await connection.execute(select(button_keys))).mappings()
    assert button["payload"] == f'/stop_following{{"tracking_code": "{CODE}"}}'
    assert part["buttons"] == [{"label": button["label"], "key": button["key"]}]


async def test_what_was_before_is_not_told(engine: AsyncEngine, notifier: Notifier) -> None:
    await registered(engine)
    await known(engine)
    await moves(engine, Status.SUPPLEMENT_REQUESTED)
    await follow(engine)
    while await notifier.work_off():
        pass
    assert await told(engine) == []


async def test_several_changes_are_one_message_with_the_last_status(
    engine: AsyncEngine, notifier: Notifier
) -> None:
    await registered(engine)
    await known(engine)
    await follow(engine)
    for status in (Status.SUPPLEMENT_REQUESTED, Status.IN_PROGRESS, Status.DONE):
        await moves(engine, status)
    while await notifier.work_off():
        pass
    [part] = await told(engine)
    assert "ĐÃ XỬ LÝ XONG" in part["text"]


async def test_the_returned_result_is_the_last_message(
    engine: AsyncEngine, notifier: Notifier
) -> None:
    await registered(engine)
    await known(engine)
    await follow(engine)
    await moves(engine, Status.RETURNED)
    while await notifier.work_off():
        pass
    [part] = await told(engine)
    assert "tin cuối" in part["text"]
    assert part["buttons"] == []
    assert await Subscriptions(engine).of(MINE) == []
    assert await follow(engine) is Followed.ENDED


async def test_whoever_stops_or_cannot_be_reached_is_told_nothing(
    engine: AsyncEngine, notifier: Notifier
) -> None:
    await registered(engine)
    blocked = await known(engine, "fake:2", "p2")
    await known(engine)
    for who in (MINE, "fake:2"):
        await follow(engine, who=who)
    async with engine.begin() as connection:
        await connection.execute(
            insert(contacts).values(conversation=blocked, last_seen=NOON, unreachable="blocked")
        )
    assert await Subscriptions(engine).stop(MINE, CODE) == 1
    await moves(engine, Status.DONE)
    while await notifier.work_off():
        pass
    assert await told(engine) == []
    assert await Subscriptions(engine).of("fake:2") == []


@pytest.mark.parametrize(
    ("day", "count"), [("2026-11-24", 1), ("2026-11-26", 1), ("2026-11-27", 0), ("2026-11-23", 0)]
)
async def test_a_due_date_is_told_two_working_days_before(
    engine: AsyncEngine, notifier: Notifier, day: str, count: int
) -> None:
    await registered(engine, dossier(due_on=date.fromisoformat(day)))
    await known(engine)
    await follow(engine)
    assert [await notifier.tell_coming() for _ in range(2)] == [count, 0]


async def test_a_deadline_for_papers_is_told_once(engine: AsyncEngine, notifier: Notifier) -> None:
    asked = Supplement("Bản vẽ", due_on=date(2026, 11, 25))
    await registered(engine, dossier(status=Status.SUPPLEMENT_REQUESTED, supplements=(asked,)))
    await known(engine)
    await follow(engine)
    assert [await notifier.tell_coming() for _ in range(2)] == [1, 0]
    [part] = await told(engine)
    assert "Bản vẽ" in part["text"]


async def test_at_night_news_wait_for_the_morning(engine: AsyncEngine, services: Services) -> None:
    night = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # 22:00 in Vietnam
    asleep = replace(services, clock=lambda: night)
    notifier = Notifier(asleep, Leases(engine, owner="test"), pace=Pace())
    await registered(engine)
    await known(engine)
    await follow(engine)
    await moves(engine, Status.DONE)
    while await notifier.work_off():
        pass
    [part] = await told(engine)
    assert part["not_before"] == datetime(2026, 11, 25, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hour", "morning"), [(19, None), (20, 25), (23, 25), (0, 24), (6, 24), (7, None)]
)
def test_the_night_is_from_eight_to_seven(hour: int, morning: int | None) -> None:
    now = datetime(2026, 11, 24, hour, 30, tzinfo=UTC) - timedelta(hours=7)
    found = next_morning(now, time(20), time(7))
    assert (found and (found.day, found.hour)) == (morning and (morning, 7))


async def test_two_notifiers_tell_everybody_once(engine: AsyncEngine, services: Services) -> None:
    people = [f"fake:{n}" for n in range(30)]
    codes = [f"H05.20-261005-{n:04d}" for n in range(30)]
    await registered(engine, *(dossier(code) for code in codes))
    await know_all(engine, people)
    for who, code in zip(people, codes, strict=True):
        await follow(engine, code, who)
    await registered(engine, *(dossier(code, Status.DONE) for code in codes))
    pace = Pace(batch=5)
    notifiers = [
        Notifier(services, Leases(engine, owner=it), pace=pace) for it in ("one", "other")
    ]
    async with engine.begin() as connection:
        await connection.execute(insert(cursors).values(name="changes", position=0))

    async def work(notifier: Notifier) -> None:
        while await notifier.work_off():
            pass

    await asyncio.gather(*map(work, notifiers))
    counts = Counter(row["conversation"] for row in await told(engine))
    assert sorted(counts.values()) == [1] * 30


async def test_a_storm_with_kills_in_the_middle_tells_everybody_once(
    engine: AsyncEngine, database_url: str, tmp_path: Path
) -> None:
    """5,000 changes of 2,500 dossiers, each followed once; the notifier is killed four times."""
    codes = [f"H05.20-261005-{n:04d}" for n in range(STORM // 2)]
    people = [f"fake:{n}" for n in range(len(codes))]
    await registered(engine, *(dossier(code, Status.RECEIVED) for code in codes))
    await know_all(engine, people)
    async with engine.begin() as connection:
        await connection.execute(
            insert(subscriptions),
            [
                {
                    "id": f"s{number}",
                    "conversation": who,
                    "code": code,
                    "language": "vi",
                    "told_status": int(Status.RECEIVED),
                    "since": NOON,
                }
                for number, (who, code) in enumerate(zip(people, codes, strict=True))
            ],
        )
    for status in (Status.IN_PROGRESS, Status.DONE):
        await registered(engine, *(dossier(code, status) for code in codes))
    chance = random.Random(5)
    kills = 0
    while kills < 4:
        with _notifying(database_url, tmp_path) as process:
            assert process.stdout is not None
            for _ in range(chance.randrange(1, 4)):
                process.stdout.readline()  # a batch has been worked off
            await asyncio.sleep(chance.uniform(0, 0.08))
            if process.poll() is not None:
                break
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
    with _notifying(database_url, tmp_path) as process:
        assert process.wait(timeout=300) == 0
    rows = await told(engine)
    counts = Counter(row["conversation"] for row in rows)
    assert len(counts) == len(people)
    assert set(counts.values()) == {1}
    assert all("ĐÃ XỬ LÝ XONG" in row["text"] for row in rows)
    assert kills >= 2


def _notifying(database_url: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.support.notifying", database_url, str(folder)]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)


async def test_a_dossier_is_followed_once_and_only_so_many(engine: AsyncEngine) -> None:
    codes = [f"H05.20-261005-{n:04d}" for n in range(21)]
    await registered(engine, *(dossier(code) for code in codes))
    given = [await follow(engine, code) for code in codes]
    assert given == [Followed.NEW] * 20 + [Followed.TOO_MANY]
    assert await follow(engine, codes[0]) is Followed.BEFORE
    assert await follow(engine, "H05.20-261005-9999", "fake:9") is Followed.UNKNOWN
    async with engine.begin() as connection:
        await connection.execute(update(subscriptions).values(since=NOON))
    assert [it.code for it in await Subscriptions(engine).of(MINE)] == codes[:20]
