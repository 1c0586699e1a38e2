"""Nothing is kept for ever: what is old is let go, every day and by itself.

Of turns the figures stay (outcome, intent, procedure), which name nobody; their messages are
emptied rather than deleted, so that figures keep what they belong to.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    case,
    cast,
    delete,
    exists,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.delivery.outbox import ANONYMOUS
from bot.privacy.erasure import tidy_receipts
from bot.privacy.rasa_store import RasaStore
from bot.settings import Settings
from bot.storage.leases import Leases
from bot.storage.tables import button_keys, contacts, inbox, leases, outbox, pauses, turns
from knowledge.following.tables import cursors, proofs, subscriptions
from knowledge.privacy.tables import alarms, callers, erasures, limits
from knowledge.questions.tables import tickets

_log = logging.getLogger(__name__)
LEASE = "retention"
_DAILY = timedelta(days=1)
_LEASE_LENGTH = timedelta(minutes=10)
_LOOK_S = 30.0
_IN_HAND = ("working", "sending")
_LAST_RUN = "retention"


@dataclass(frozen=True, slots=True)
class Terms:
    """How long things are kept."""

    messages: timedelta = timedelta(days=90)
    tickets: timedelta = timedelta(days=365)
    figures: timedelta = timedelta(days=3 * 365)
    alarms: timedelta = timedelta(days=365)

    @classmethod
    def of(cls, settings: Settings) -> Terms:
        """Return the terms that the settings name."""
        return cls(
            messages=timedelta(days=settings.keep_messages_days),
            tickets=timedelta(days=settings.keep_tickets_days),
            figures=timedelta(days=settings.keep_figures_days),
            alarms=timedelta(days=settings.keep_alarms_days),
        )


class Retention:
    """Lets go of what is old."""

    def __init__(self, engine: AsyncEngine, terms: Terms, tracker_store: str) -> None:
        self._engine = engine
        self._terms = terms
        self._rasa = RasaStore(tracker_store)

    async def apply(self, now: datetime) -> Mapping[str, int]:
        """Let go of everything whose term is over; returns how many rows, by kind."""
        terms = self._terms
        async with self._engine.begin() as connection:
            removed = await _let_go_of_messages(connection, now - terms.messages)
            removed |= await _let_go_of_figures(connection, now - terms.figures)
            for table, old in (
                (tickets, tickets.c.left_at < now - terms.tickets),
                (button_keys, button_keys.c.created_at < now - terms.messages),
                (pauses, pauses.c.until < now),
                (proofs, proofs.c.until < now - _DAILY),
                (limits, limits.c.expires_at < now),
                (alarms, alarms.c.at < now - terms.alarms),
                (erasures, erasures.c.at < now - terms.figures),
                (leases, leases.c.until < now - _DAILY),
            ):
                done = await connection.execute(delete(table).where(old))
                removed[table.name] = done.rowcount
            removed |= await _let_go_of_people(connection, now - terms.messages)
        removed["rasa"] = await self._rasa.let_go(now - terms.messages)
        return {name: count for name, count in removed.items() if count}

    async def run(self, held: Leases) -> None:
        """Apply the terms once a day, and empty delivered receipts, until cancelled."""
        while True:
            try:
                await tidy_receipts(self._engine, datetime.now(UTC))
                if await held.take(LEASE, _LEASE_LENGTH) and await self._is_due():
                    removed = await self.apply(datetime.now(UTC))
                    _log.info("let go of what was old: %s", dict(removed) or "nothing")
            except Exception:
                _log.exception("what is old could not be let go; it is tried again")
            await asyncio.sleep(_LOOK_S)

    async def _is_due(self) -> bool:
        """Return whether a day has passed, and note that it has."""
        today = datetime.now(UTC).date().toordinal()
        async with self._engine.begin() as connection:
            done = await connection.execute(
                update(cursors)
                .where(cursors.c.name == _LAST_RUN, cursors.c.position < today)
                .values(position=today)
            )
            if done.rowcount:
                return True
            there = select(cursors.c.name).where(cursors.c.name == _LAST_RUN)
            if (await connection.execute(there)).first():
                return False
            await connection.execute(cursors.insert().values(name=_LAST_RUN, position=today))
        return True


async def _let_go_of_messages(connection: AsyncConnection, before: datetime) -> dict[str, int]:
    emptied = await connection.execute(
        update(inbox)
        .where(inbox.c.received_at < before, inbox.c.conversation != "")
        .where(inbox.c.state.not_in(_IN_HAND))
        .values(
            conversation="",
            sender="",
            text="",
            attachment=None,
            button=None,
            problem=None,
            state=case((inbox.c.state == "waiting", "dead"), else_=inbox.c.state),
            event_id=literal("-") + cast(inbox.c.id, String),
        )
    )
    old = and_(outbox.c.created_at < before, outbox.c.state.not_in(_IN_HAND))
    return {"inbox": emptied.rowcount, "outbox": await _delete_but_newest(connection, old)}


async def _delete_but_newest(connection: AsyncConnection, old: ColumnElement[bool]) -> int:
    """Delete parts; the newest one is emptied: its number must not be given again.

    Pages remember the number of the last part they have seen.
    """
    newest = await connection.scalar(select(func.max(outbox.c.id)))
    done = await connection.execute(delete(outbox).where(old, outbox.c.id != newest))
    last = await connection.execute(
        update(outbox)
        .where(old, outbox.c.id == newest, outbox.c.conversation != "")
        .values(ANONYMOUS)
    )
    return done.rowcount + last.rowcount


async def _let_go_of_figures(connection: AsyncConnection, before: datetime) -> dict[str, int]:
    done = await connection.execute(delete(turns).where(turns.c.at < before))
    kept = exists().where(turns.c.inbox_id == inbox.c.id)
    answered = exists().where(outbox.c.inbox_id == inbox.c.id)
    await connection.execute(delete(inbox).where(inbox.c.conversation == "", ~kept, ~answered))
    return {"turns": done.rowcount}


async def _let_go_of_people(connection: AsyncConnection, before: datetime) -> dict[str, int]:
    """Forget who has not written for a long time and follows nothing."""
    follows = exists().where(subscriptions.c.conversation == callers.c.rasa_id)
    gone = await connection.execute(delete(callers).where(callers.c.seen_at < before, ~follows))
    known = exists().where(callers.c.conversation == contacts.c.conversation)
    silent = await connection.execute(
        delete(contacts).where(contacts.c.last_seen < before, ~known)
    )
    return {"callers": gone.rowcount, "contacts": silent.rowcount}
