"""Dossiers for tests, and people who ask for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.dossiers.dossier import Dossier
from knowledge.dossiers.registry import DossierRegistry
from knowledge.dossiers.status import Status
from knowledge.privacy.callers import Callers
from knowledge.privacy.tables import callers

CODE = "H05.20-261005-0004"
DIGITS = "4321"
NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
"""Noon in Vietnam, a Tuesday."""


def dossier(code: str = CODE, status: Status = Status.IN_PROGRESS, **values: object) -> Dossier:
    made = Dossier(
        code,
        "Thủ tục mẫu",
        status,
        applicant_name="Hộ kinh doanh mẫu 01",
        phone_last4=DIGITS,
        identity_last4="8765",
        received_on=date(2026, 10, 5),
    )
    return replace(made, **values)  # type: ignore[arg-type]


async def registered(engine: AsyncEngine, *items: Dossier) -> DossierRegistry:
    registry = DossierRegistry(engine)
    await registry.import_all(items or [dossier()], source="mau.csv")
    return registry


async def known(engine: AsyncEngine, rasa_id: str = "fake:1", person: str = "p1") -> str:
    """Note a person who can be written to; returns the key of the conversation."""
    conversation = f"fake:main:{rasa_id.partition(':')[2]}"
    await Callers(engine).note(rasa_id, conversation, person, NOON)
    return conversation


async def know_all(engine: AsyncEngine, rasa_ids: Iterable[str]) -> None:
    rows = [
        {
            "rasa_id": it,
            "conversation": f"fake:main:{it.partition(':')[2]}",
            "person": it,
            "seen_at": NOON,
        }
        for it in rasa_ids
    ]
    async with engine.begin() as connection:
        await connection.execute(insert(callers), rows)


def after(**length: float) -> datetime:
    return NOON + timedelta(**length)
