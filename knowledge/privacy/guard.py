"""Look-ups of tracking codes are limited, and guessing is noticed: codes are sequential."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.privacy.alarms import Alarm, Kind, raise_alarm
from knowledge.privacy.callers import Caller
from knowledge.privacy.limits import (
    Limit,
    Limits,
    Standing,
    paused,
    read_standing,
    write_standing,
)
from knowledge.privacy.rules import Rules

Heard = Callable[[str, str], None]
"""Is told the channel and the kind of an alarm."""
_NEAR = 10
_OF_MANY = 10
"""An address stands for several people: it may miss so many times more often."""
_OF_ALL = 50
_GUESSING_PAUSE = timedelta(minutes=30)


def nobody(_channel: str, _kind: str) -> None:
    """Stand for a listener where alarms are only stored."""


class Guard:
    """Decides whether a caller may look codes up now."""

    def __init__(self, engine: AsyncEngine, rules: Rules, *, heard: Heard = nobody) -> None:
        self._engine = engine
        self._rules = rules
        self._heard = heard

    async def admit(self, caller: Caller, codes: int, now: datetime) -> datetime | None:
        """Count look-ups; returns until when they are refused, None if they may be made."""
        return await Limits(self._engine).charge(self._limits(caller), codes, now)

    async def note(self, caller: Caller, looked_up: Mapping[str, bool], now: datetime) -> None:
        """Note which codes were found; misses and near-by codes are what guessing looks like."""
        limits = [it for it in self._limits(caller) if it.guesses]
        alarms: list[Alarm] = []
        async with self._engine.begin() as connection:
            before = await read_standing(connection, limits, now)
            after: dict[Limit, Standing] = {}
            for limit in limits:
                standing = _scored(before[limit.subject], looked_up)
                threshold = limit.guesses or 0
                if before[limit.subject].guesses < threshold <= standing.guesses:
                    alarms.append(_alarm(caller, limit, standing, now))
                    if limit.stops:
                        standing = paused(standing, replace(limit, pause=_GUESSING_PAUSE), now)
                        standing = replace(standing, guesses=0)
                after[limit] = standing
            await write_standing(connection, after, now)
            for alarm in alarms:
                await raise_alarm(connection, alarm)
        for alarm in alarms:
            self._heard(alarm.channel, alarm.kind.value)

    def _limits(self, caller: Caller) -> Sequence[Limit]:
        rules = self._rules
        own = Limit(
            f"lookup:conversation:{caller.rasa_id}",
            rules.lookups,
            rules.window,
            rules.window,
            guesses=rules.guesses,
        )
        found = [own]
        if caller.person:
            found.append(replace(own, subject=f"lookup:person:{caller.person}", guesses=None))
        if caller.address:
            found.append(
                replace(
                    own,
                    subject=f"lookup:address:{caller.address}",
                    most=rules.lookups_of_address,
                    guesses=rules.guesses * _OF_MANY,
                )
            )
        everyone = replace(
            own, subject="lookup:everyone", guesses=rules.guesses * _OF_ALL, stops=False
        )
        return [*found, everyone]


def _scored(standing: Standing, looked_up: Mapping[str, bool]) -> Standing:
    guesses, last = standing.guesses, standing.last_code
    for code, found in looked_up.items():
        if code != last and (not found or _near(code, last)):
            guesses += 1
        last = code
    return replace(standing, guesses=guesses, last_code=last)


def _near(code: str, last: str | None) -> bool:
    """Whether two codes are of one office and day, with numbers close to each other."""
    if last is None or code.rpartition("-")[0] != last.rpartition("-")[0]:
        return False
    return 0 < abs(int(code.rpartition("-")[2]) - int(last.rpartition("-")[2])) <= _NEAR


def _alarm(caller: Caller, limit: Limit, standing: Standing, now: datetime) -> Alarm:
    figures = {"looked_up": standing.used, "guesses": standing.guesses}
    return Alarm(now, Kind.GUESSING, caller.channel, limit.subject.split(":")[1], figures)
