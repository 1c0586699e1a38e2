"""What the staff should look at: somebody seems to guess codes or proofs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from knowledge.privacy.tables import alarms


class Kind(StrEnum):
    """What was noticed."""

    GUESSING = "guessing"
    """Many codes that do not exist, or that stand next to each other."""
    GUESSED_PROOF = "guessed_proof"
    """Many wrong proofs."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that was noticed; it names nobody."""

    at: datetime
    kind: Kind
    channel: str
    subject: str
    """What was over its limit: conversation, person, address, dossier or everyone."""
    figures: Mapping[str, int]


class Alarms:
    """The alarms of an installation."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def since(self, moment: datetime | None = None) -> list[Alarm]:
        """Return the alarms, the newest first."""
        query = select(alarms).order_by(alarms.c.id.desc())
        if moment:
            query = query.where(alarms.c.at >= moment)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [
            Alarm(row["at"], Kind(row["kind"]), row["channel"], row["subject"], row["figures"])
            for row in rows
        ]


async def raise_alarm(connection: AsyncConnection, alarm: Alarm) -> None:
    """Store an alarm within a transaction."""
    await connection.execute(
        insert(alarms).values(
            at=alarm.at,
            kind=alarm.kind.value,
            channel=alarm.channel,
            subject=alarm.subject,
            figures=dict(alarm.figures),
        )
    )
