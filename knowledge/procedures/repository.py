"""The knowledge base in the database: files seed it, every revision is kept.

`LiveCatalogue` is what the rest of the program asks. It notices changed files by itself, so a
record that is added or edited is answered from within a second, without restart or training.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from knowledge.procedures.catalogue import Catalogue, Terms
from knowledge.procedures.files import Scan, scan, signature
from knowledge.procedures.model import Procedure
from knowledge.procedures.tables import procedure_revisions as revisions

_log = logging.getLogger(__name__)
_CHECK_EVERY_S = 0.5
FROM_FILES = "files"


@dataclass(frozen=True, slots=True)
class Revision:
    """One recorded state of a procedure."""

    procedure_id: str
    revision: int
    digest: str
    withdrawn: bool
    author: str
    reason: str
    recorded_at: datetime
    record: str

    @property
    def procedure(self) -> Procedure:
        """Return the record itself."""
        return Procedure.model_validate_json(self.record)


@dataclass(frozen=True, slots=True)
class SyncResult:
    """Ids that a synchronisation added, changed and withdrew."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()


class ProcedureRepository:
    """Reads and writes the revisions of procedures."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def latest(self) -> dict[str, Revision]:
        """Return the newest revision of each procedure, withdrawn ones included."""
        async with self._engine.connect() as connection:
            return await _latest(connection)

    async def history(self, procedure_id: str) -> list[Revision]:
        """Return the revisions of one procedure, oldest first."""
        query = (
            select(revisions)
            .where(revisions.c.procedure_id == procedure_id)
            .order_by(revisions.c.revision)
        )
        async with self._engine.connect() as connection:
            return [_revision(row) for row in (await connection.execute(query)).mappings()]

    async def sync(self, found: Scan) -> SyncResult:
        """Record what the files say: new and changed records, and withdrawn ones.

        A record whose file is broken keeps its last good revision.
        """
        try:
            return await self._record(found)
        except IntegrityError:  # another gateway has recorded the same change at this moment
            return await self._record(found)

    async def _record(self, found: Scan) -> SyncResult:
        async with self._engine.begin() as connection:
            before = await _latest(connection)
            added: list[str] = []
            changed: list[str] = []
            rows: list[dict[str, Any]] = []
            for procedure in found.procedures.values():
                old = before.get(procedure.id)
                if old and old.digest == _digest(procedure) and not old.withdrawn:
                    continue
                (changed if old else added).append(procedure.id)
                rows.append(_row(procedure, old, withdrawn=False))
            gone = [
                old
                for old in before.values()
                if old.author == FROM_FILES
                and not old.withdrawn
                and old.procedure_id not in found.procedures
                and old.procedure_id not in found.broken
            ]
            rows += (_row(old.procedure, old, withdrawn=True) for old in gone)
            if rows:  # in one go: messages that arrive meanwhile wait for this transaction
                await connection.execute(insert(revisions), rows)
        return SyncResult(tuple(added), tuple(changed), tuple(old.procedure_id for old in gone))


class LiveCatalogue:
    """The catalogue as it is now; `get` looks for changed files at most twice a second."""

    def __init__(self, engine: AsyncEngine, data_dir: Path) -> None:
        self._repository = ProcedureRepository(engine)
        self._data_dir = data_dir
        self._catalogue: Catalogue | None = None
        self._signature: int | None = None
        self._checked = float("-inf")
        self._lock = asyncio.Lock()

    async def get(self) -> Catalogue:
        """Return the current catalogue, loading it first if files have changed."""
        if self._catalogue and time.monotonic() - self._checked < _CHECK_EVERY_S:
            return self._catalogue
        async with self._lock:
            return await self._refresh()

    async def _refresh(self) -> Catalogue:
        if self._catalogue and time.monotonic() - self._checked < _CHECK_EVERY_S:
            return self._catalogue
        seen = await asyncio.to_thread(signature, self._data_dir)
        if self._catalogue is None or seen != self._signature:
            self._catalogue = await self._load()
            self._signature = seen
        self._checked = time.monotonic()
        return self._catalogue

    async def _load(self) -> Catalogue:
        found = await asyncio.to_thread(scan, self._data_dir)
        for fault in found.faults:
            _log.error("knowledge base: %s", fault)
        result = await self._repository.sync(found)
        if result != SyncResult():
            _log.info(
                "knowledge base: %d added, %d changed, %d withdrawn",
                len(result.added),
                len(result.changed),
                len(result.withdrawn),
            )
        latest = await self._repository.latest()
        return await asyncio.to_thread(build_catalogue, latest, self._data_dir)


def build_catalogue(latest: Mapping[str, Revision], data_dir: Path) -> Catalogue:
    """Build the catalogue of the procedures that are not withdrawn."""
    procedures = [item.procedure for item in latest.values() if not item.withdrawn]
    return Catalogue.build(procedures, Terms.load(data_dir))


def _digest(procedure: Procedure) -> str:
    return hashlib.sha256(procedure.model_dump_json().encode()).hexdigest()


async def _latest(connection: AsyncConnection) -> dict[str, Revision]:
    newest = (
        select(revisions.c.procedure_id, func.max(revisions.c.revision).label("revision"))
        .group_by(revisions.c.procedure_id)
        .subquery()
    )
    query = select(revisions).join(
        newest,
        (revisions.c.procedure_id == newest.c.procedure_id)
        & (revisions.c.revision == newest.c.revision),
    )
    rows = (await connection.execute(query)).mappings()
    return {row["procedure_id"]: _revision(row) for row in rows}


def _revision(row: RowMapping) -> Revision:
    values = dict(row)
    del values["id"]
    return Revision(**values)


def _row(procedure: Procedure, old: Revision | None, *, withdrawn: bool) -> dict[str, Any]:
    reason = "file removed" if withdrawn else "file changed" if old else "file added"
    return {
        "procedure_id": procedure.id,
        "revision": old.revision + 1 if old else 1,
        "record": procedure.model_dump_json(),
        "digest": _digest(procedure),
        "withdrawn": withdrawn,
        "author": FROM_FILES,
        "reason": reason,
        "recorded_at": datetime.now(UTC),
    }
