"""The dossier registry: look a dossier up, take over what sources tell, give all of it out."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import RowMapping, bindparam, func, insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from knowledge.dossiers.dossier import (
    FIELDS,
    Dossier,
    DossierFound,
    DossierNotFound,
    DossierUnavailable,
    LookUp,
    Step,
    Supplement,
    merged,
)
from knowledge.dossiers.status import Status
from knowledge.dossiers.tables import dossier_changes, dossier_steps, dossiers

_log = logging.getLogger(__name__)
_CHUNK = 500
"""How many codes are asked for at once: databases limit the values of a statement."""
_WRITERS = 5_731_004
"""Key of PostgreSQL's lock that lets one import at a time compare and write."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """How many dossiers an import added, changed and found unchanged."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """A dossier before and after a source is taken over; `before` None: it is new here."""

    before: Dossier | None
    after: Dossier

    @property
    def changed_fields(self) -> tuple[str, ...]:
        """Return the fields whose values differ; none for a new dossier."""
        if self.before is None:
            return ()
        names = (item.name for item in fields(Dossier))
        return tuple(it for it in names if getattr(self.before, it) != getattr(self.after, it))

    @property
    def moves(self) -> bool:
        """Whether the status is another one than before."""
        return self.before is None or self.before.status is not self.after.status


class DossierRegistry:
    """Dossiers in the installation's database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def look_up(self, code: str) -> LookUp:
        """Return the dossier of a canonical code."""
        try:
            async with self._engine.connect() as connection:
                row = (
                    (await connection.execute(select(dossiers).where(dossiers.c.code == code)))
                    .mappings()
                    .first()
                )
                steps = await _steps(connection, code) if row else ()
        except (SQLAlchemyError, OSError) as error:
            _log.error("the dossier registry cannot be read: %s", type(error).__name__)
            return DossierUnavailable(code)
        if row is None:
            return DossierNotFound(code)
        return DossierFound(dossier_of(row), row["source"], row["checked_at"], steps)

    async def all(self) -> list[Dossier]:
        """Return every dossier, by code."""
        query = select(dossiers).order_by(dossiers.c.code)
        async with self._engine.connect() as connection:
            return [dossier_of(row) for row in (await connection.execute(query)).mappings()]

    async def compare(
        self, items: Sequence[Dossier], told: Collection[str] = FIELDS
    ) -> list[Difference]:
        """Return what an import would do; nothing is written."""
        async with self._engine.connect() as connection:
            return await _compare(connection, items, told)

    async def import_all(
        self,
        items: Iterable[Dossier],
        *,
        source: str,
        told: Collection[str] = FIELDS,
        as_of: datetime | None = None,
    ) -> ImportResult:
        """Take over dossiers in one transaction: all of them, or none if anything fails.

        `told` names the fields that the source speaks of; what it does not speak of is kept.
        A dossier that another source has changed since `as_of` is left as it is.
        """
        async with self._engine.begin() as connection:
            await _wait_for_turn(connection)
            newer = await _changed_since(connection, as_of) if as_of else set()
            wanted = [it for it in items if it.code not in newer]
            found = await _compare(connection, wanted, told)
            return await _write(connection, found, source)

    async def add_steps(self, code: str, steps: Sequence[Step], *, source: str) -> bool:
        """Note dated steps of a known dossier; the newest one is its status.

        A step that is known already changes nothing. Returns False for an unknown dossier.
        """
        async with self._engine.begin() as connection:
            await _wait_for_turn(connection)
            known = (await _known(connection, [code])).get(code)
            if known is None:
                return False
            before = await _steps(connection, code)
            told = {(it.status, it.happened_at) for it in before}
            new = [it for it in steps if (it.status, it.happened_at) not in told]
            await _insert_steps(connection, {code: new})
            newest = max(steps, key=_moment)
            if new and _is_latest(newest, known, before):
                desk = newest.desk or known.desk
                moved = Difference(known, replace(known, status=newest.status, desk=desk))
                await _write(connection, [moved], source, note_steps=False)
            return True

    async def add_samples(self, items: Iterable[Dossier]) -> int:
        """Add marked samples to a registry that holds nothing else; returns how many are new."""
        async with self._engine.begin() as connection:
            await _wait_for_turn(connection)
            real = select(func.count()).select_from(dossiers).where(~dossiers.c.sample)
            if await connection.scalar(real):
                return 0
            samples = [replace(item, sample=True) for item in items]
            found = await _compare(connection, samples, FIELDS)
            return (await _write(connection, found, "samples")).added


async def _wait_for_turn(connection: AsyncConnection) -> None:
    """Let one writer at a time compare and write; SQLite has one writer anyhow."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITERS})


async def _changed_since(connection: AsyncConnection, moment: datetime) -> set[str]:
    query = select(dossiers.c.code).where(dossiers.c.imported_at > moment)
    return set((await connection.execute(query)).scalars())


async def _compare(
    connection: AsyncConnection, items: Sequence[Dossier], told: Collection[str]
) -> list[Difference]:
    known = await _known(connection, [item.code for item in items])
    found = []
    for item in items:
        before = known.get(item.code)
        found.append(Difference(before, merged(before, item, told)))
    return found


async def _write(
    connection: AsyncConnection,
    found: Sequence[Difference],
    source: str,
    *,
    note_steps: bool = True,
) -> ImportResult:
    now = datetime.now(UTC)
    new = [it for it in found if it.before is None]
    changed = [it for it in found if it.changed_fields]
    same = [it.after.code for it in found if it.before is not None and not it.changed_fields]
    if new:
        await connection.execute(insert(dossiers), [_row(it.after, source, now) for it in new])
    if changed:
        await connection.execute(_UPDATE, [_values(it.after, source, now) for it in changed])
    for codes in _chunks(same):
        await connection.execute(
            update(dossiers)
            .where(dossiers.c.code.in_(codes))
            .values(checked_at=now, source=source)
        )
    await _note_moves(connection, [it for it in found if it.moves], now, steps=note_steps)
    return ImportResult(len(new), len(changed), len(same))


async def _note_moves(
    connection: AsyncConnection, moved: Sequence[Difference], now: datetime, *, steps: bool
) -> None:
    """Record each change of status, for the time-line and for whoever wants to tell of it."""
    if not moved:
        return
    await connection.execute(
        insert(dossier_changes),
        [
            {
                "code": it.after.code,
                "from_status": int(it.before.status) if it.before else None,
                "to_status": int(it.after.status),
                "at": now,
            }
            for it in moved
        ],
    )
    if steps:
        await _insert_steps(
            connection, {it.after.code: [Step(it.after.status, now)] for it in moved}
        )


async def _insert_steps(connection: AsyncConnection, steps: dict[str, Sequence[Step]]) -> None:
    last: dict[str, int] = {}
    for codes in _chunks(list(steps)):
        query = (
            select(dossier_steps.c.code, func.max(dossier_steps.c.position))
            .where(dossier_steps.c.code.in_(codes))
            .group_by(dossier_steps.c.code)
        )
        for code, position in await connection.execute(query):
            last[code] = position
    rows = [
        {**asdict(step), "code": code, "position": position, "status": int(step.status)}
        for code, of_code in steps.items()
        for position, step in enumerate(of_code, start=last.get(code, 0) + 1)
    ]
    if rows:
        await connection.execute(insert(dossier_steps), rows)


async def _known(connection: AsyncConnection, codes: Sequence[str]) -> dict[str, Dossier]:
    known: dict[str, Dossier] = {}
    for chunk in _chunks(codes):
        rows = await connection.execute(select(dossiers).where(dossiers.c.code.in_(chunk)))
        known |= {row["code"]: dossier_of(row) for row in rows.mappings()}
    return known


async def _steps(connection: AsyncConnection, code: str) -> tuple[Step, ...]:
    """Return the steps of a dossier in the order in which they happened or were noted."""
    query = (
        select(dossier_steps)
        .where(dossier_steps.c.code == code)
        .order_by(dossier_steps.c.position)
    )
    found = [
        Step(Status(row["status"]), row["noted_at"], row["happened_at"], row["desk"])
        for row in (await connection.execute(query)).mappings()
    ]
    return tuple(sorted(found, key=_moment))


def _is_latest(step: Step, known: Dossier, before: Sequence[Step]) -> bool:
    """Whether a step tells of something newer than all that is known of the dossier."""
    if any(_moment(it) > _moment(step) for it in before if it.happened_at):
        return False
    # Steps may arrive late: what happened before a dossier was closed does not open it again.
    closed = [it.noted_at for it in before if it.status.closed]
    return not (known.status.closed and closed and _moment(step) < max(closed))


def _moment(step: Step) -> datetime:
    return step.happened_at or step.noted_at


def _chunks(codes: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(codes), _CHUNK):
        yield codes[start : start + _CHUNK]


def _row(item: Dossier, source: str, now: datetime) -> dict[str, Any]:
    return asdict(item) | {
        "status": int(item.status),
        "supplements": [_plain(it) for it in item.supplements],
        "source": source,
        "imported_at": now,
        "checked_at": now,
    }


def _values(item: Dossier, source: str, now: datetime) -> dict[str, Any]:
    return {f"new_{name}": value for name, value in _row(item, source, now).items()}


_UPDATE = (
    update(dossiers)
    .where(dossiers.c.code == bindparam("new_code"))
    .values({name: bindparam(f"new_{name}") for name in dossiers.c.keys() if name != "code"})  # noqa: SIM118
)


def _plain(item: Supplement) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in asdict(item).items()
    }


def _supplement(stored: dict[str, Any]) -> Supplement:
    days = {
        name: date.fromisoformat(value) if value else None
        for name, value in stored.items()
        if name.endswith("_on")
    }
    return Supplement(stored["request"], tuple(stored["papers"]), **days)


def dossier_of(row: RowMapping) -> Dossier:
    """Return the dossier that a row holds; the row may hold more."""
    values = {field.name: row[field.name] for field in fields(Dossier)}
    values["status"] = Status(row["status"])
    values["supplements"] = tuple(map(_supplement, row["supplements"]))
    return Dossier(**values)
