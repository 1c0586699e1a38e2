"""Followed dossiers are asked for at the portal when nothing has been heard of them for long.

Otherwise followers would hear of a change only with the next export. Only dossiers of the
registry are followed, so it is the registry that is brought up to date; the notifier sees the
change there like any other. How often the portal is asked is bounded: a few dossiers a minute,
each at most once in an hour.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp
from sqlalchemy import select

from actions.services import Services
from bot.dossiers.portal import Portal
from bot.dossiers.settings import DossierSettings
from bot.dossiers.sync import DossierSync
from bot.storage.leases import Leases
from knowledge.dossiers.sources import Order
from knowledge.dossiers.tables import dossiers
from knowledge.following.tables import subscriptions

_log = logging.getLogger(__name__)
LEASE = "refreshing"
EVERY = timedelta(hours=1)
"""How often one dossier is asked for at most."""
AT_A_TIME = 20
_PAUSE_S = 60.0
_LEASE_LENGTH = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Bounds:
    """From which age on what is held of a followed dossier is old, and how many are asked for."""

    age: timedelta
    at_a_time: int = AT_A_TIME

    @classmethod
    def of(cls, settings: DossierSettings) -> Bounds:
        """Return the age from which on a look-up would ask the portal as well."""
        fresh_for = timedelta(seconds=settings.dossiers_fresh_for_s)
        first = settings.dossiers_order is Order.PORTAL_FIRST
        return cls(EVERY if first else max(fresh_for, EVERY))


class Refresher:
    """Brings followed dossiers up to date until cancelled; one at a time over all gateways."""

    def __init__(
        self, services: Services, leases: Leases, settings: DossierSettings, bounds: Bounds
    ) -> None:
        self._services = services
        self._leases = leases
        self._settings = settings
        self._bounds = bounds
        self._asked: dict[str, datetime] = {}

    async def run(self) -> None:
        """Ask for what is old until cancelled."""
        async with aiohttp.ClientSession() as session:
            portal = Portal(session, self._settings)
            while True:
                try:
                    if await self._leases.take(LEASE, _LEASE_LENGTH):
                        await self.refresh(portal)
                except Exception:
                    _log.exception("followed dossiers could not be refreshed; it is tried again")
                await asyncio.sleep(_PAUSE_S)

    async def refresh(self, portal: Portal) -> int:
        """Ask once for those that are old; returns how many were asked for."""
        codes = await self._old()
        if codes:
            self._asked |= dict.fromkeys(codes, self._services.clock())
            result = await DossierSync(self._services.engine, portal, at_once=1).run(codes)
            _log.info("followed dossiers: %d asked for, %d changed", len(codes), result.changed)
        return len(codes)

    async def _old(self) -> Sequence[str]:
        now = self._services.clock()
        # What the portal does not know or cannot tell stays old: it is not asked for at once.
        self._asked = {code: at for code, at in self._asked.items() if now - at < EVERY}
        query = (
            select(dossiers.c.code)
            .where(~dossiers.c.sample, dossiers.c.checked_at <= now - self._bounds.age)
            .where(dossiers.c.code.in_(select(subscriptions.c.code)))
            .order_by(dossiers.c.checked_at, dossiers.c.code)
        )
        async with self._services.engine.connect() as connection:
            found = (await connection.execute(query)).scalars().all()
        return [code for code in found if code not in self._asked][: self._bounds.at_a_time]
