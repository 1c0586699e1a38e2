"""The notifier: tells followers what has changed, once, whatever kills it and when.

The registry records each change of status with a running number, one writer at a time, so that
numbers are seen in their order. A batch of changes, the news they cause and the place up to which
changes are worked on are one transaction: either all of it happened or nothing. The row of that
place is locked first, so two notifiers never work on the same changes; the lease only spares them
the waiting.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta

from sqlalchemy import RowMapping, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from actions.services import Services
from bot.delivery.outbox import Push, write_pushes
from bot.following.news import News
from bot.following.night import next_morning
from bot.storage.leases import Leases
from bot.storage.tables import contacts, outbox
from knowledge.dossiers.registry import dossier_of
from knowledge.dossiers.status import Status
from knowledge.dossiers.tables import dossier_changes, dossiers
from knowledge.following.subscriptions import ENDING
from knowledge.following.tables import cursors, subscriptions
from knowledge.privacy.tables import callers

_log = logging.getLogger(__name__)
LEASE = "notifier"
AHEAD = 2
"""Working days before a due date or a deadline."""
_LOOK_AHEAD = timedelta(days=21)
"""No two working days are further apart, whatever holidays lie between."""
_CURSOR = "changes"
_IDLE_S = 2.0
_COMING_S = 900.0
Coming = tuple[RowMapping, date, bool]
"""A follower with a dossier, the day that is near, and whether it is that of further papers."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is done at once, and when nobody is written to."""

    batch: int = 200
    """Changes that are worked on in one transaction."""
    lease: timedelta = timedelta(seconds=30)
    night_begins: time = time(20)
    night_ends: time = time(7)


class Notifier:
    """Works off the changes until cancelled; one at a time over all gateways."""

    def __init__(
        self,
        services: Services,
        leases: Leases,
        *,
        pace: Pace,
        written: Callable[[], None] = lambda: None,
    ) -> None:
        self._services = services
        self._engine: AsyncEngine = services.engine
        self._leases = leases
        self._pace = pace
        self._news = News(services)
        self._written = written
        self._looked_ahead_at = 0.0

    async def run(self) -> None:
        """Tell news until cancelled."""
        while True:
            try:
                if await self._leases.take(LEASE, self._pace.lease):
                    await self._look_ahead()
                    if await self.work_off():
                        continue
            except Exception:
                _log.exception("news could not be told; it is tried again")
            await asyncio.sleep(_IDLE_S)

    async def work_off(self) -> int:
        """Work off one batch of changes; returns how many changes it held."""
        async with self._engine.begin() as connection:
            at = await _place(connection)
            changes = await _changes_after(connection, at, self._pace.batch)
            if not changes:
                return 0
            told = await self._tell_changes(connection, changes)
            await connection.execute(
                update(cursors).where(cursors.c.name == _CURSOR).values(position=changes[-1]["id"])
            )
        if told:
            self._written()
        return len(changes)

    async def _look_ahead(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._looked_ahead_at >= _COMING_S or not self._looked_ahead_at:
            self._looked_ahead_at = now
            while await self.tell_coming():
                await self._leases.take(LEASE, self._pace.lease)

    async def _tell_changes(
        self, connection: AsyncConnection, changes: Sequence[RowMapping]
    ) -> int:
        last_change = {row["code"]: row["id"] for row in changes}
        followers = await _followers(connection, list(last_change))
        moved = [it for it in followers if it["status"] != it["told_status"]]
        ended = [it for it in moved if Status(it["status"]) in ENDING or it["unreachable"]]
        await write_pushes(
            connection,
            [
                self._change(it, f"follow:{it['id']}:{last_change[it['code']]}")
                for it in moved
                if not it["unreachable"]
            ],
        )
        await _note_told(connection, moved)
        await _end(connection, [it["id"] for it in ended])
        return len(moved)

    def _change(self, follower: RowMapping, key: str) -> Push:
        dossier = dossier_of(follower)
        ends = dossier.status in ENDING
        language = follower["language"]
        return self._push(
            follower, key, self._news.changed(dossier, language, ends=ends), stops=not ends
        )

    def _push(self, follower: RowMapping, key: str, text: str, *, stops: bool = True) -> Push:
        buttons = self._news.stop_button(follower["code"], follower["language"])
        return Push(
            follower["address"],
            key,
            text,
            buttons if stops else (),
            next_morning(self._services.clock(), self._pace.night_begins, self._pace.night_ends),
        )

    async def tell_coming(self) -> int:
        """Tell of a batch of due dates and deadlines that are near, each one once."""
        today = self._services.today
        async with self._engine.begin() as connection:
            await _place(connection)  # one notifier at a time
            rows = await _running(connection)
            coming = {key: it for row in rows for key, it in self._coming(row, today)}
            known = await _known_keys(connection, list(coming))
            new = [key for key in coming if key not in known][: self._pace.batch]
            await write_pushes(connection, [self._reminder(key, *coming[key]) for key in new])
        if new:
            self._written()
        return len(new)

    def _coming(self, row: RowMapping, today: date) -> Iterator[tuple[str, Coming]]:
        dossier = dossier_of(row)
        supplement = dossier.open_supplement
        days = [(dossier.due_on, False), (supplement.due_on if supplement else None, True)]
        for day, papers in days:
            if day is not None and self._is_near(day, today) and dossier.done_on is None:
                kind = "papers" if papers else "due"
                yield f"follow:{row['id']}:{kind}:{day}", (row, day, papers)

    def _reminder(self, key: str, row: RowMapping, day: date, papers: bool) -> Push:
        text = self._news.coming(dossier_of(row), day, row["language"], papers=papers)
        return self._push(row, key, text)

    def _is_near(self, day: date, today: date) -> bool:
        if not today <= day <= today + _LOOK_AHEAD:
            return False
        return self._services.calendar.working_days_between(today, day) <= AHEAD


async def _place(connection: AsyncConnection) -> int:
    """Return the number of the last change that was worked on; its row is locked."""
    query = select(cursors.c.position).where(cursors.c.name == _CURSOR).with_for_update()
    position: int | None = await connection.scalar(query)
    if position is None:
        # Two first notifiers: the second one fails here and comes again.
        await connection.execute(insert(cursors).values(name=_CURSOR, position=0))
        return 0
    return position


async def _changes_after(
    connection: AsyncConnection, position: int, limit: int
) -> Sequence[RowMapping]:
    query = (
        select(dossier_changes.c.id, dossier_changes.c.code)
        .where(dossier_changes.c.id > position)
        .order_by(dossier_changes.c.id)
        .limit(limit)
    )
    return (await connection.execute(query)).mappings().all()


_FOLLOWERS = (
    select(
        subscriptions,
        *(column for column in dossiers.c if column.name != "code"),
        callers.c.conversation.label("address"),
        contacts.c.unreachable,
    )
    .join(dossiers, dossiers.c.code == subscriptions.c.code)
    .join(callers, callers.c.rasa_id == subscriptions.c.conversation)
    .outerjoin(contacts, contacts.c.conversation == callers.c.conversation)
    .order_by(subscriptions.c.since, subscriptions.c.id)
)


async def _followers(connection: AsyncConnection, codes: Sequence[str]) -> Sequence[RowMapping]:
    query = _FOLLOWERS.where(subscriptions.c.code.in_(codes))
    return (await connection.execute(query)).mappings().all()


async def _running(connection: AsyncConnection) -> Sequence[RowMapping]:
    """Return those who follow a dossier on which something is still to come."""
    open_ones = [int(status) for status in Status if not status.closed]
    query = _FOLLOWERS.where(dossiers.c.status.in_(open_ones), contacts.c.unreachable.is_(None))
    return (await connection.execute(query)).mappings().all()


async def _note_told(connection: AsyncConnection, moved: Sequence[RowMapping]) -> None:
    by_status: dict[int, list[str]] = {}
    for follower in moved:
        by_status.setdefault(follower["status"], []).append(follower["id"])
    for status, ids in by_status.items():
        await connection.execute(
            update(subscriptions).where(subscriptions.c.id.in_(ids)).values(told_status=status)
        )


async def _end(connection: AsyncConnection, ids: Sequence[str]) -> None:
    if ids:
        await connection.execute(delete(subscriptions).where(subscriptions.c.id.in_(ids)))


async def _known_keys(connection: AsyncConnection, keys: Sequence[str]) -> set[str]:
    known: set[str] = set()
    for start in range(0, len(keys), 500):
        chunk = keys[start : start + 500]
        query = select(outbox.c.push_key).where(outbox.c.push_key.in_(chunk))
        known |= set((await connection.execute(query)).scalars())
    return known
