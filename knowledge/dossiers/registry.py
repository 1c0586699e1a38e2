"""The dossier registry: look a dossier up, take over an export, give one out."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import RowMapping, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from knowledge.dossiers.status import Status
from knowledge.dossiers.tables import dossier_steps, dossiers

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Dossier:
    """One dossier (hồ sơ thủ tục hành chính) as a source reports it."""

    code: str
    procedure_name: str
    status: Status
    procedure_id: str | None = None
    applicant_name: str | None = None
    phone_last4: str | None = None
    identity_last4: str | None = None
    received_on: date | None = None
    due_on: date | None = None
    resolved_on: date | None = None
    returned_on: date | None = None
    desk: str | None = None
    supplement_request: str | None = None
    supplement_due_on: date | None = None
    fee_due_vnd: int | None = None
    sample: bool = False

    @property
    def digest(self) -> str:
        """Return a digest of everything the source says."""
        text = json.dumps(asdict(self), default=str, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class DossierFound:
    """The registry has the dossier; `as_of` is when its source last confirmed it."""

    dossier: Dossier
    source: str
    as_of: datetime


@dataclass(frozen=True, slots=True)
class DossierNotFound:
    """The registry answers, and has no dossier of this code."""

    code: str


@dataclass(frozen=True, slots=True)
class DossierUnavailable:
    """The registry cannot be asked now; nothing is known of the dossier."""

    code: str


LookUp = DossierFound | DossierNotFound | DossierUnavailable


@dataclass(frozen=True, slots=True)
class ImportResult:
    """How many dossiers an import added, changed and found unchanged."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


class DossierRegistry:
    """Dossiers in the installation's database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def look_up(self, code: str) -> LookUp:
        """Return the dossier of a canonical code."""
        query = select(dossiers).where(dossiers.c.code == code)
        try:
            async with self._engine.connect() as connection:
                row = (await connection.execute(query)).mappings().first()
        except (SQLAlchemyError, OSError) as error:
            _log.error("the dossier registry cannot be read: %s", type(error).__name__)
            return DossierUnavailable(code)
        if row is None:
            return DossierNotFound(code)
        return DossierFound(_dossier(row), row["source"], row["checked_at"])

    async def history(self, code: str) -> list[tuple[Status, datetime]]:
        """Return the statuses a dossier has had, oldest first, with when they were noted."""
        query = (
            select(dossier_steps)
            .where(dossier_steps.c.code == code)
            .order_by(dossier_steps.c.position)
        )
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).mappings()
            return [(Status(row["status"]), row["noted_at"]) for row in rows]

    async def all(self) -> list[Dossier]:
        """Return every dossier, by code."""
        async with self._engine.connect() as connection:
            rows = (
                await connection.execute(select(dossiers).order_by(dossiers.c.code))
            ).mappings()
            return [_dossier(row) for row in rows]

    async def import_all(self, items: Iterable[Dossier], *, source: str) -> ImportResult:
        """Take over dossiers in one transaction: all of them, or none if anything fails."""
        now = datetime.now(UTC)
        added = changed = unchanged = 0
        async with self._engine.begin() as connection:
            for item in items:
                known = await _known(connection, item.code)
                if known is None:
                    await _add(connection, item, source, now)
                    added += 1
                elif known["digest"] != item.digest:
                    await _change(connection, item, known, source, now)
                    changed += 1
                else:
                    await _confirm(connection, item, source, now)
                    unchanged += 1
        return ImportResult(added, changed, unchanged)

    async def add_samples(self, items: Iterable[Dossier]) -> int:
        """Add marked samples to a registry that holds nothing else; returns how many."""
        async with self._engine.begin() as connection:
            real = select(func.count()).select_from(dossiers).where(~dossiers.c.sample)
            if await connection.scalar(real):
                return 0
            now, count = datetime.now(UTC), 0
            for item in items:
                sample = replace(item, sample=True)
                known = await _known(connection, item.code)
                if known is None:
                    await _add(connection, sample, "samples", now)
                    count += 1
                elif known["digest"] != sample.digest:
                    await _change(connection, sample, known, "samples", now)
            return count


async def _known(connection: AsyncConnection, code: str) -> RowMapping | None:
    query = select(dossiers).where(dossiers.c.code == code)
    return (await connection.execute(query)).mappings().first()


async def _add(connection: AsyncConnection, item: Dossier, source: str, now: datetime) -> None:
    await connection.execute(insert(dossiers).values(**_row(item, source, now)))
    await _note(connection, item, now)


async def _change(
    connection: AsyncConnection,
    item: Dossier,
    known: RowMapping,
    source: str,
    now: datetime,
) -> None:
    await connection.execute(
        update(dossiers).where(dossiers.c.code == item.code).values(**_row(item, source, now))
    )
    if known["status"] != item.status:
        await _note(connection, item, now)


async def _confirm(connection: AsyncConnection, item: Dossier, source: str, now: datetime) -> None:
    await connection.execute(
        update(dossiers).where(dossiers.c.code == item.code).values(checked_at=now, source=source)
    )


async def _note(connection: AsyncConnection, item: Dossier, now: datetime) -> None:
    last = select(func.coalesce(func.max(dossier_steps.c.position), 0)).where(
        dossier_steps.c.code == item.code
    )
    position = (await connection.scalar(last) or 0) + 1
    await connection.execute(
        insert(dossier_steps).values(
            code=item.code, position=position, status=int(item.status), noted_at=now
        )
    )


def _row(item: Dossier, source: str, now: datetime) -> dict[str, Any]:
    return asdict(item) | {
        "status": int(item.status),
        "source": source,
        "imported_at": now,
        "checked_at": now,
        "digest": item.digest,
    }


def _dossier(row: RowMapping) -> Dossier:
    values = {field.name: row[field.name] for field in fields(Dossier)}
    return Dossier(**values | {"status": Status(row["status"])})
