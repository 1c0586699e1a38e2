"""Fit an answer to a channel: parts of allowed length, cut where a reader would pause."""

from __future__ import annotations

import re

from bot.channels.base import Capabilities
from bot.messages import Turn

_BREAKS = (
    re.compile(r"\n\n+"),
    re.compile(r"\n"),
    re.compile(r"(?<=[.;!?])\s+"),
    re.compile(r"\s+"),
)


def render(turn: Turn, capabilities: Capabilities) -> list[str]:
    """Return the texts of an answer for a channel, in order, none too long."""
    text = turn.text
    if turn.buttons and not capabilities.buttons:
        choices = (f"{n}. {button.label}" for n, button in enumerate(turn.buttons, start=1))
        text = "\n".join([text, "", *choices])
    return split(text, capabilities.max_chars)


def split(text: str, limit: int) -> list[str]:
    """Split a text into parts of at most `limit` characters, where a reader would pause."""
    parts = []
    rest = text.strip()
    while len(rest) > limit:
        at = _break_before(rest, limit)
        parts.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return [*parts, rest]


def _break_before(text: str, limit: int) -> int:
    for pattern in _BREAKS:
        ends = [match.end() for match in pattern.finditer(text, 0, limit + 1)]
        if ends and ends[-1] > limit // 4:
            return min(ends[-1], limit)
    return limit
