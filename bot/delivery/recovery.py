"""Decide what became of parts that a killed process was sending."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.delivery.wire import Wire
from bot.storage.tables import outbox

_log = logging.getLogger(__name__)
_ELSEWHERE = timedelta(minutes=10)
"""How long a part waits for the machine that has its sender's file."""


class Recovery:
    """Reads the evidence of what went onto the wire (see `wire.py`)."""

    def __init__(self, engine: AsyncEngine, wire: Wire) -> None:
        self._engine = engine
        self._wire = wire

    async def decide(self, *, everything: bool = False) -> int:
        """Decide the parts whose claims have run out, or all; return how many.

        What went out is not repeated; what did not go out waits again.
        """
        now = datetime.now(UTC)
        query = select(
            outbox.c.id, outbox.c.attempts, outbox.c.claimed_by, outbox.c.claimed_until
        ).where(outbox.c.state == "sending")
        if not everything:
            query = query.where(outbox.c.claimed_until < now)
        async with self._engine.begin() as connection:
            rows = (await connection.execute(query.with_for_update(skip_locked=True))).all()
            decided = 0
            for part, attempts, owner, until in rows:
                state = self._state(f"{part}.{attempts}", owner, now - until)
                if state is None:
                    continue
                decided += 1
                problem = "the gateway ended while it was being sent"
                await connection.execute(
                    update(outbox)
                    .where(outbox.c.id == part)
                    .values(state=state, claimed_by=None, claimed_until=None, problem=problem)
                )
        if decided:
            _log.warning("decided on %d part(s) of a gateway that had ended", decided)
        return decided

    def _state(self, attempt: str, owner: str, overdue: timedelta) -> str | None:
        evidence = self._wire.evidence(owner)
        if evidence is None:
            return "unknown" if overdue > _ELSEWHERE else None
        return "unknown" if attempt in evidence else "waiting"
