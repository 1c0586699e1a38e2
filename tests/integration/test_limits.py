"""Look-ups are limited, guessing is noticed, second proofs have few tries; on both databases."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.following.proofs import Proofs, State
from knowledge.privacy.alarms import Alarms, Kind
from knowledge.privacy.callers import Caller
from knowledge.privacy.guard import Guard
from knowledge.privacy.rules import Rules
from knowledge.privacy.tables import limits
from tests.support.dossiers import CODE, DIGITS, NOON, after, dossier, known, registered

SOMEONE = Caller("web:1", "p1", "address")
RULES = Rules()


def code(number: int) -> str:
    return f"H05.20-261005-{number:04d}"


@pytest.fixture
def heard() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def guard(engine: AsyncEngine, heard: list[tuple[str, str]]) -> Guard:
    return Guard(engine, RULES, heard=lambda *it: heard.append(it))


async def test_twenty_codes_in_ten_minutes_and_then_a_pause(guard: Guard) -> None:
    given = [await guard.admit(SOMEONE, 1, after(seconds=n)) for n in range(22)]
    assert given[:20] == [None] * 20
    assert given[20:] == [after(seconds=19, minutes=10)] * 2
    assert await guard.admit(SOMEONE, 1, after(minutes=11)) is None


async def test_each_pause_is_longer_and_forgiven_after_a_day(guard: Guard) -> None:
    now, lengths = NOON, []
    for _ in range(4):
        while (until := await guard.admit(SOMEONE, 20, now)) is None:
            pass
        lengths.append((until - now) / timedelta(minutes=1))
        now = until + timedelta(seconds=1)
    assert lengths == [10, 20, 40, 80]
    later = now + timedelta(days=2)
    assert await guard.admit(SOMEONE, 20, later) is None
    assert await guard.admit(SOMEONE, 1, later) == later + timedelta(minutes=10)


async def test_a_new_conversation_does_not_help_the_same_person(guard: Guard) -> None:
    await guard.admit(Caller("telegram:1", "p1"), 20, NOON)
    assert await guard.admit(Caller("telegram:2", "p1"), 1, NOON) is not None
    assert await guard.admit(Caller("telegram:3", "p2"), 1, NOON) is None


async def test_an_address_is_limited_over_all_its_conversations(guard: Guard) -> None:
    for number in range(20):
        assert await guard.admit(Caller(f"web:{number}", str(number), "a"), 10, NOON) is None
    assert await guard.admit(Caller("web:x", "x", "a"), 1, NOON) is not None
    assert await guard.admit(Caller("web:y", "y", "b"), 1, NOON) is None


async def test_codes_that_do_not_exist_are_guessing(
    engine: AsyncEngine, guard: Guard, heard: list[tuple[str, str]]
) -> None:
    for number in range(0, 1000, 100):
        await guard.note(SOMEONE, {code(number): False}, NOON)
    assert heard == [("web", "guessing")]
    [alarm] = await Alarms(engine).since()
    assert (alarm.kind, alarm.channel, alarm.subject) == (Kind.GUESSING, "web", "conversation")
    assert await guard.admit(SOMEONE, 1, after(minutes=29)) is not None


async def test_codes_next_to_each_other_are_guessing_even_if_they_exist(
    guard: Guard, heard: list[tuple[str, str]]
) -> None:
    for number in range(11):
        await guard.note(SOMEONE, {code(number): True}, NOON)
    assert heard == [("web", "guessing")]


async def test_asking_for_the_same_dossier_again_is_no_guessing(
    guard: Guard, heard: list[tuple[str, str]]
) -> None:
    for _ in range(30):
        await guard.note(SOMEONE, {CODE: True}, NOON)
    assert heard == []


async def test_ten_thousand_guessed_codes_get_twenty_answers_and_leave_four_rows(
    engine: AsyncEngine, guard: Guard
) -> None:
    answered = 0
    for number in range(1000):
        if await guard.admit(SOMEONE, 10, after(seconds=number / 10)) is None:
            answered += 10
    assert answered == 20
    async with engine.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(limits)) == 4


async def test_many_at_once_do_not_stand_in_each_others_way(guard: Guard) -> None:
    people = [Caller(f"web:{n}", str(n), "a") for n in range(12)]
    given = await asyncio.gather(*(guard.admit(it, 1, NOON) for it in people))
    assert given == [None] * 12


async def attempt(
    proofs: Proofs, digits: str, now: datetime = NOON, event: str | None = None, **caller: Any
) -> State | None:
    who = Caller(**({"rasa_id": "fake:1", "person": "p1"} | caller))
    given = await proofs.attempt(who, digits, event or f"{now}{digits}", now)
    return given[0].state if given else None


@pytest.fixture
async def proofs(engine: AsyncEngine, heard: list[tuple[str, str]]) -> Proofs:
    await registered(engine)
    await known(engine)
    return Proofs(engine, RULES, heard=lambda *it: heard.append(it))


@pytest.mark.parametrize("digits", [DIGITS, "8765"])
async def test_the_digits_of_either_number_prove(proofs: Proofs, digits: str) -> None:
    await proofs.ask("fake:1", [CODE], NOON)
    assert await attempt(proofs, digits) is State.PROVEN
    assert await proofs.is_proven("fake:1", CODE, after(days=29))
    assert not await proofs.is_proven("fake:1", CODE, after(days=31))
    assert not await proofs.is_proven("fake:2", CODE, NOON)


async def test_nothing_is_compared_that_was_not_asked_for(proofs: Proofs) -> None:
    assert await attempt(proofs, DIGITS) is None


async def test_three_wrong_proofs_pause_and_right_ones_do_not_count_meanwhile(
    engine: AsyncEngine, proofs: Proofs, heard: list[tuple[str, str]]
) -> None:
    await proofs.ask("fake:1", [CODE], NOON)
    given = [await attempt(proofs, f"000{n}", after(seconds=n)) for n in range(3)]
    assert given == [State.WRONG, State.WRONG, State.PAUSED]
    assert await attempt(proofs, DIGITS, after(minutes=5)) is State.PAUSED
    assert heard == [("fake", "guessed_proof")]
    assert [it.kind for it in await Alarms(engine).since()] == [Kind.GUESSED_PROOF]
    assert await attempt(proofs, "0009", after(minutes=31)) is State.PAUSED
    assert await attempt(proofs, DIGITS, after(minutes=85)) is State.PAUSED
    assert await attempt(proofs, DIGITS, after(minutes=95)) is State.PROVEN


async def test_asking_anew_gives_no_further_tries(proofs: Proofs) -> None:
    for number in range(3):
        await proofs.ask("fake:1", [CODE], NOON)
        await attempt(proofs, f"000{number}")
    await proofs.ask("fake:1", [CODE], NOON)
    assert await attempt(proofs, DIGITS) is State.PAUSED


async def test_many_people_who_guess_at_one_dossier_are_stopped(proofs: Proofs) -> None:
    given = []
    for number in range(20):
        await proofs.ask(f"fake:{number}", [CODE], NOON)
        given.append(await attempt(proofs, "0000", rasa_id=f"fake:{number}", person=f"p{number}"))
    assert given.count(State.WRONG) == 14
    assert given[-1] is State.PAUSED


async def test_an_unknown_dossier_and_somebody_elses_are_told_alike(proofs: Proofs) -> None:
    for about in (CODE, "H05.20-261005-0999"):
        await proofs.ask("fake:1", [about], NOON)
        assert await attempt(proofs, "0000", event=about) is State.WRONG


async def test_an_event_that_is_worked_on_twice_is_one_try(proofs: Proofs) -> None:
    await proofs.ask("fake:1", [CODE], NOON)
    given = [await attempt(proofs, "0000", event="e") for _ in range(5)]
    assert given == [State.WRONG] * 5
    assert await attempt(proofs, DIGITS, event="f") is State.PROVEN
    assert await attempt(proofs, DIGITS, event="f") is State.PROVEN


async def test_late_digits_are_not_compared(proofs: Proofs) -> None:
    await proofs.ask("fake:1", [CODE], NOON)
    assert await attempt(proofs, DIGITS, after(minutes=11)) is State.LATE
    await proofs.drop("fake:1")
    assert await attempt(proofs, DIGITS, after(minutes=12)) is None


OTHER, UNKNOWN = "H05.20-261005-0002", "H05.20-261005-0999"


async def given(proofs: Proofs, digits: str, now: datetime = NOON) -> dict[str, State]:
    who = Caller("fake:1", "p1")
    return {it.code: it.state for it in await proofs.attempt(who, digits, f"{now}{digits}", now)}


async def test_one_set_of_digits_proves_all_dossiers_that_it_fits(
    engine: AsyncEngine, proofs: Proofs
) -> None:
    await registered(engine, dossier(OTHER, phone_last4="2222"))
    await proofs.ask("fake:1", [CODE, OTHER, UNKNOWN], NOON)
    assert await given(proofs, DIGITS) == {
        CODE: State.PROVEN,
        OTHER: State.WRONG,
        UNKNOWN: State.WRONG,
    }
    later = after(minutes=1)
    assert await given(proofs, "2222", later) == {OTHER: State.PROVEN, UNKNOWN: State.WRONG}
    assert [it.code for it in await proofs.latest("fake:1")] == [OTHER, UNKNOWN]
    assert await given(proofs, "3333", after(minutes=2)) == {UNKNOWN: State.PAUSED}
    assert await proofs.is_proven("fake:1", CODE, later)
    assert await proofs.is_proven("fake:1", OTHER, later)


async def test_asking_for_many_dossiers_at_once_gives_no_further_tries(proofs: Proofs) -> None:
    """Twelve wrong tries for a person: three messages about four dossiers each."""
    states = []
    for number in range(4):
        codes = [f"H05.20-26100{number}-{n:04d}" for n in range(4)]
        await proofs.ask("fake:1", codes, NOON)
        states.append(set((await given(proofs, "0000", after(seconds=number))).values()))
    assert states == [{State.WRONG}, {State.WRONG}, {State.PAUSED}, {State.PAUSED}]
    await proofs.ask("fake:1", [CODE], NOON)
    assert await given(proofs, DIGITS, after(minutes=1)) == {CODE: State.PAUSED}


async def test_right_digits_use_up_no_tries(engine: AsyncEngine, proofs: Proofs) -> None:
    codes = [f"H05.20-261005-{n:04d}" for n in range(20)]
    await registered(engine, *(dossier(code, phone_last4="2222") for code in codes))
    for number, code in enumerate(codes):
        await proofs.ask("fake:1", [code], NOON)
        assert await given(proofs, "2222", after(seconds=number)) == {code: State.PROVEN}
