"""The desk of the staff: the tickets of an installation, and how one is shown."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

from actions.services import LOCAL_ZONE, build_services
from bot.settings import Settings
from bot.storage.migrate import upgrade_database
from knowledge.questions.tickets import Ticket, Tickets

_SHOWN_CHARS = 60


@asynccontextmanager
async def open_desk(settings: Settings) -> AsyncIterator[Tickets]:
    """Open the tickets of an installation."""
    await upgrade_database(settings)
    services = build_services(settings)
    try:
        yield services.tickets
    finally:
        await services.close()


def line_of(ticket: Ticket) -> str:
    """Return a ticket as one line of a list."""
    question = " ".join(ticket.question.split())
    if len(question) > _SHOWN_CHARS:
        question = question[: _SHOWN_CHARS - 1].rstrip() + "…"
    return f"{ticket.number:<14} {ticket.state:<9} {_moment(ticket.left_at)}  {question}"


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
