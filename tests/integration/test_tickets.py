"""Tickets, on SQLite and PostgreSQL, and the commands of the staff."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from actions.services import LOCAL_ZONE
from bot.settings import Settings
from bot.storage.migrate import upgrade
from knowledge.database import open_engine
from knowledge.questions.tickets import (
    Left,
    NotStored,
    Question,
    Ticket,
    Tickets,
    TicketState,
    parse_number,
)

MOTCUA = Path(sys.executable).with_name("motcua")
QUESTION = Question(
    "nhà hàng bán rượu có cần giấy phép không",
    channel="web",
    conversation="web:1",
    asked_at=datetime(2026, 11, 25, 9, 0, tzinfo=LOCAL_ZONE),
    procedure="2.000620",
)


async def left(tickets: Tickets, question: Question) -> Ticket:
    result = await tickets.leave(question)
    assert isinstance(result, Left)
    return result.ticket


async def test_a_question_gets_a_number_and_keeps_it(engine: AsyncEngine) -> None:
    tickets = Tickets(engine)
    first = await tickets.leave(QUESTION)
    again = await tickets.leave(
        replace(QUESTION, text="Nha hang ban ruou co can giay phep khong?")
    )
    assert isinstance(first, Left)
    assert isinstance(again, Left)
    assert (first.new, again.new) == (True, False)
    assert first.ticket.number == again.ticket.number == "BN-2611-0001"
    assert await tickets.find("bn 2611 1") == first.ticket
    assert first.ticket.left_at == QUESTION.asked_at


async def test_another_conversation_or_question_gets_its_own(engine: AsyncEngine) -> None:
    tickets = Tickets(engine)
    questions = [
        QUESTION,
        replace(QUESTION, conversation="web:2"),
        replace(QUESTION, text="còn bán lẻ thuốc lá thì sao"),
    ]
    numbers = [(await left(tickets, question)).number for question in questions]
    assert len(set(numbers)) == 3


async def test_many_at_once_get_different_numbers(engine: AsyncEngine) -> None:
    tickets = Tickets(engine)
    questions = [replace(QUESTION, conversation=f"web:{n}") for n in range(12)]
    found = await asyncio.gather(*(left(tickets, question) for question in questions))
    assert len({ticket.number for ticket in found}) == 12


async def test_a_closed_ticket_is_done_and_the_question_may_be_asked_anew(
    engine: AsyncEngine,
) -> None:
    tickets = Tickets(engine)
    ticket = await left(tickets, QUESTION)
    closed = await tickets.close("2611-0001", note="đã trả lời qua điện thoại")
    assert closed is not None
    assert (closed.state, closed.note) == (TicketState.CLOSED, "đã trả lời qua điện thoại")
    assert await tickets.all(only_open=True) == []
    assert (await left(tickets, QUESTION)).number != ticket.number
    assert await tickets.close("BN-2611-0099", note=None) is None


async def test_a_database_that_is_away_stores_nothing(tmp_path: Path) -> None:
    away = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'no' / 'file.db'}")
    assert await Tickets(away).leave(QUESTION) == NotStored()
    await away.dispose()


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("BN-2611-0042", "BN-2611-0042"),
        ("bn 2611 42", "BN-2611-0042"),
        ("2611-42", "BN-2611-0042"),
        ("BN-2611-12345", "BN-2611-12345"),
        ("42", None),
        ("H05.20-190801-0001", None),
    ],
)
def test_numbers_are_read_as_people_say_them(typed: str, number: str | None) -> None:
    assert parse_number(typed) == number


def test_the_staff_list_show_and_close_tickets(tmp_path: Path) -> None:
    settings = Settings(var_dir=tmp_path)
    upgrade(settings)
    asyncio.run(_store(settings, QUESTION, replace(QUESTION, conversation="web:2")))

    def staff(*arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [MOTCUA, "staff", *arguments],
            capture_output=True,
            text=True,
            env={"MOTCUA_VAR_DIR": str(tmp_path), "PATH": ""},
        )
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    assert "2 ticket(s)" in staff("tickets")
    assert "nhà hàng bán rượu" in staff("show", "2611-1")
    assert "state:        closed" in staff("close", "BN-2611-0001", "--note", "xong")
    assert "BN-2611-0001" not in staff("tickets", "--open")
    assert "no such ticket" in staff("show", "BN-2611-0077", code=1)


async def _store(settings: Settings, *questions: Question) -> None:
    engine = open_engine(settings.database)
    for question in questions:
        await Tickets(engine).leave(question)
    await engine.dispose()
