"""Where dossiers are looked up: one protocol, and two sources that stand in for one another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from knowledge.dossiers.dossier import (
    FIELDS,
    DossierFound,
    DossierNotFound,
    DossierUnavailable,
    LookUp,
    merged,
)


class DossierSource(Protocol):
    """Anything that can be asked for a dossier: the registry, a portal, both."""

    async def look_up(self, code: str) -> LookUp:
        """Return what is known of a canonical code; never raises."""
        ...


class Order(StrEnum):
    """Which source is asked first."""

    REGISTRY_FIRST = "registry_first"
    PORTAL_FIRST = "portal_first"


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


class CombinedSource:
    """Asks a second source where the first one does not know, or knows only of long ago.

    A dossier is *not found* only if both sources say so: where one of them could not be asked,
    it may be there.
    """

    def __init__(
        self,
        first: DossierSource,
        second: DossierSource,
        *,
        fresh_for: timedelta,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._first = first
        self._second = second
        self._fresh_for = fresh_for
        self._clock = clock

    async def look_up(self, code: str) -> LookUp:
        """Return the newest that is known; the answer names its sources and its age."""
        first = await self._first.look_up(code)
        if isinstance(first, DossierFound) and self._is_fresh(first):
            return first
        second = await self._second.look_up(code)
        if isinstance(first, DossierFound):
            return _newest(first, second)
        if isinstance(second, DossierFound):
            return second
        if isinstance(first, DossierNotFound) and isinstance(second, DossierNotFound):
            return first
        return DossierUnavailable(code)

    def _is_fresh(self, found: DossierFound) -> bool:
        return not found.dossier.sample and self._clock() - found.as_of <= self._fresh_for


def _newest(first: DossierFound, second: LookUp) -> DossierFound:
    """Return the newer look-up, filled up with what only the older one tells."""
    if not isinstance(second, DossierFound):
        return first
    if first.dossier.sample:
        return second
    older, newer = sorted((first, second), key=lambda it: it.as_of)
    told = [name for name in FIELDS if getattr(newer.dossier, name) not in (None, ())]
    return replace(
        newer,
        dossier=merged(older.dossier, newer.dossier, told),
        source=f"{newer.source}; {older.source}",
        steps=newer.steps or older.steps,
    )
