"""The desk of the staff: the tickets of an installation, and how one is shown."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

from actions.services import LOCAL_ZONE, Services, build_services
from bot.settings import Settings
from bot.storage.migrate import upgrade_database
from knowledge.privacy.alarms import Alarm
from knowledge.questions.tickets import Ticket, Tickets

_SHOWN_CHARS = 60


@asynccontextmanager
async def open_desk(settings: Settings) -> AsyncIterator[Tickets]:
    """Open the tickets of an installation."""
    async with open_house(settings) as services:
        yield services.tickets


@asynccontextmanager
async def open_house(settings: Settings) -> AsyncIterator[Services]:
    """Open what the staff work with."""
    await upgrade_database(settings)
    services = build_services(settings)
    try:
        yield services
    finally:
        await services.close()


def line_of(ticket: Ticket) -> str:
    """Return a ticket as one line of a list."""
    question = " ".join(ticket.question.split())
    if len(question) > _SHOWN_CHARS:
        question = question[: _SHOWN_CHARS - 1].rstrip() + "…"
    return f"{ticket.number:<14} {ticket.state:<9} {_moment(ticket.left_at)}  {question}"


def line_of_alarm(alarm: Alarm) -> str:
    """Return an alarm as one line of a list."""
    figures = ", ".join(f"{name} {value}" for name, value in alarm.figures.items())
    return f"{_moment(alarm.at)}  {alarm.kind:<14} {alarm.channel:<10} {alarm.subject}: {figures}"


def details_of(ticket: Ticket) -> Mapping[str, str]:
    """Return everything a ticket holds, as names and texts."""
    return {
        "number": ticket.number,
        "state": ticket.state.value,
        "left": _moment(ticket.left_at),
        "channel": ticket.channel,
        "conversation": ticket.conversation,
        "procedure": ticket.procedure or "-",
        "question": ticket.question,
        "closed": _moment(ticket.closed_at) if ticket.closed_at else "-",
        "note": ticket.note or "-",
    }


def _moment(value: datetime) -> str:
    return f"{value.astimezone(LOCAL_ZONE):%Y-%m-%d %H:%M}"
