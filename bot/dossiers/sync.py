"""Ask a portal for every dossier that is not ended, and take over what it says.

A portal is searched by code and gives out no list of what has changed: each dossier costs one
search. What is asked is stored in small parts, each in one transaction, and the dossiers that
were confirmed longest ago come first; so a run may be killed and begun again at any time.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import aiohttp
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.dossiers.portal import Portal, PortalFault, PortalRests
from bot.dossiers.settings import DossierSettings
from knowledge.dossiers.dossier import Dossier, DossierFound, DossierNotFound
from knowledge.dossiers.registry import Difference, DossierRegistry
from knowledge.dossiers.sources import utc_now
from knowledge.dossiers.tables import dossiers
from knowledge.following.subscriptions import ENDING
from knowledge.following.tables import subscriptions

_PART = 50
_MOST_WAITS = 3
"""So often in a row the end of a portal's pause is waited for without an answer after it."""
_TOLD = ("status", "received_on", "due_on", "resolved_on")
"""What a portal is believed; names, desk, fee and papers stay as the registry has them."""
Answer = DossierFound | DossierNotFound | PortalFault


@dataclass(slots=True)
class SyncResult:
    """What became of the dossiers of a run."""

    source: str
    changed: int = 0
    unchanged: int = 0
    missing: list[str] = field(default_factory=list)
    """Codes that the portal does not know; their dossiers stay as they are."""
    faults: Counter[str] = field(default_factory=Counter)
    """How many could not be asked, by reason."""
    not_asked: int = 0
    """How many were left when the portal kept being away."""
    differences: list[Difference] = field(default_factory=list)
    """What would change; only of a run that changes nothing."""

    @property
    def complete(self) -> bool:
        """Whether the portal gave an answer about every dossier."""
        return not self.faults and not self.not_asked


class DossierSync:
    """One run over the dossiers of the registry."""

    def __init__(
        self,
        engine: AsyncEngine,
        portal: Portal,
        *,
        at_once: int,
        dry_run: bool = False,
        clock: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._engine = engine
        self._registry = DossierRegistry(engine)
        self._portal = portal
        self._gate = asyncio.Semaphore(at_once)
        self._dry_run = dry_run
        self._clock = clock
        self._sleep = sleep
        self._result = SyncResult(portal.name)

    async def run(self, codes: Sequence[str] | None = None) -> SyncResult:
        """Ask for all of them, or for some; while the portal is left alone, wait a few times."""
        waiting = deque(await self._codes() if codes is None else codes)
        waits = 0
        while waiting:
            part = [waiting.popleft() for _ in range(min(_PART, len(waiting)))]
            asked_at = self._clock()
            answers = await asyncio.gather(*(self._ask(code) for code in part))
            left = [code for code, it in zip(part, answers, strict=True) if it is None]
            await self._take([it for it in answers if it is not None], asked_at)
            if not left:
                continue
            waiting.extendleft(reversed(left))
            answered = any(isinstance(it, DossierFound | DossierNotFound) for it in answers)
            waits = 1 if answered else waits + 1
            if waits > _MOST_WAITS:
                self._result.not_asked = len(waiting)
                break
            await self._sleep(self._portal.pause_s)
        return self._result

    async def _codes(self) -> Sequence[str]:
        followed = select(subscriptions.c.code)
        query = (
            select(dossiers.c.code)
            .where(~dossiers.c.sample)
            .where(or_(dossiers.c.status.not_in(ENDING), dossiers.c.code.in_(followed)))
            .order_by(dossiers.c.checked_at, dossiers.c.code)
        )
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).scalars().all()

    async def _ask(self, code: str) -> Answer | None:
        """Return the answer; None while the portal is left alone."""
        async with self._gate:
            try:
                return await self._portal.ask(code)
            except PortalRests:
                return None
            except PortalFault as fault:
                return fault

    async def _take(self, answers: Sequence[Answer], asked_at: datetime) -> None:
        found: dict[tuple[str, ...], list[Dossier]] = defaultdict(list)
        for answer in answers:
            if isinstance(answer, DossierFound):
                found[_told(answer.dossier)].append(answer.dossier)
            elif isinstance(answer, DossierNotFound):
                self._result.missing.append(answer.code)
            else:
                self._result.faults[str(answer)] += 1
        for told, items in found.items():
            changed = await self._store(items, told, asked_at)
            self._result.changed += changed
            self._result.unchanged += len(items) - changed

    async def _store(
        self, items: Sequence[Dossier], told: Sequence[str], asked_at: datetime
    ) -> int:
        """Take dossiers over, or only see what would change; returns how many change."""
        if not self._dry_run:
            source = self._portal.name
            result = await self._registry.import_all(
                items, source=source, told=told, as_of=asked_at
            )
            return result.changed
        found = await self._registry.compare(items, told)
        differences = [it for it in found if it.changed_fields]
        self._result.differences += differences
        return len(differences)


async def synchronise(
    engine: AsyncEngine, settings: DossierSettings, *, at_once: int, dry_run: bool
) -> SyncResult:
    """Run over the dossiers of an installation with the portal that is set."""
    async with aiohttp.ClientSession() as session:
        portal = Portal(session, settings)
        return await DossierSync(engine, portal, at_once=at_once, dry_run=dry_run).run()


def _told(dossier: Dossier) -> tuple[str, ...]:
    return tuple(name for name in _TOLD if getattr(dossier, name) is not None)
