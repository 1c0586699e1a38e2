"""How long to wait before something is tried again: longer each time, and not all at once."""

from __future__ import annotations

from datetime import timedelta

_FIRST_S = 0.5
_LONGEST_S = 300.0
_SPREAD = 1000


def pause_after(attempts: int, number: int) -> timedelta:
    """Return the pause after so many attempts, spread by half over the things that wait.

    The spread comes from the thing's number, so that a run can be repeated exactly.
    """
    longest = min(_FIRST_S * 2 ** min(attempts, 16), _LONGEST_S)
    spread = (number * 7919 + attempts * 104729) % _SPREAD / _SPREAD
    return timedelta(seconds=longest * (0.5 + spread / 2))
