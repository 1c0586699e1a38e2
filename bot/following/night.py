"""The hours of the night, in which nobody is written to unasked."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from actions.services import LOCAL_ZONE


def next_morning(now: datetime, begins: time, ends: time) -> datetime | None:
    """Return when the night is over, None if it is day."""
    here = now.astimezone(LOCAL_ZONE)
    if not _is_night(here.time(), begins, ends):
        return None
    day = here.date() if here.time() < ends else here.date() + timedelta(days=1)
    return datetime.combine(day, ends, LOCAL_ZONE)


def _is_night(moment: time, begins: time, ends: time) -> bool:
    if begins <= ends:
        return begins <= moment < ends
    return moment >= begins or moment < ends
