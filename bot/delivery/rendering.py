"""Fit an answer to a channel: parts of allowed length, cut where a reader would pause."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.channels.base import Capabilities
from bot.messages import Button, File, Turn
from knowledge.vietnamese import nfc

_BREAKS = (
    re.compile(r"\n\n+"),
    re.compile(r"\n"),
    re.compile(r"(?<=[.;!?])\s+"),
    re.compile(r"\s+"),
)
_COUNTER = "({}/{})"
_ROOM_FOR_COUNTER = 9


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer as a channel will show it."""

    texts: Sequence[str]
    buttons: Sequence[Button]
    numbered: bool = False
    """Whether the buttons are choices that the text numbers, because they cannot be pressed."""
    files: Sequence[File] = ()


def render(turn: Turn, capabilities: Capabilities) -> Rendered:
    """Return the parts of an answer for a channel, in order, none too long."""
    if not turn.text:
        return Rendered([], [])
    text = nfc(turn.text)
    numbered = len(turn.buttons) > capabilities.buttons
    if numbered:
        choices = (f"{n}. {button.label}" for n, button in enumerate(turn.buttons, start=1))
        text = "\n".join([text, "", *choices])
    if turn.files and not capabilities.files:
        text = "\n".join([text, "", *(f"• {file.name}" for file in turn.files)])
    files = turn.files if capabilities.files else ()
    return Rendered(_counted(text, capabilities), turn.buttons, numbered, files)


def split(text: str, limit: int, measure: Callable[[str], int] = len) -> list[str]:
    """Split a text into parts of at most `limit`, as measured, where a reader would pause."""
    parts = []
    rest = text.strip()
    while measure(rest) > limit:
        at = _break_before(rest, _characters_within(rest, limit, measure))
        parts.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return [*parts, rest]


def _counted(text: str, capabilities: Capabilities) -> list[str]:
    """Split, and say on each of several parts which one it is."""
    limit, measure = capabilities.max_chars, capabilities.measure
    if measure(text.strip()) <= limit:
        return [text.strip()]
    parts = split(text, limit - _ROOM_FOR_COUNTER, measure)
    return [f"{part}\n{_COUNTER.format(n, len(parts))}" for n, part in enumerate(parts, start=1)]


def _characters_within(text: str, limit: int, measure: Callable[[str], int]) -> int:
    """Return how many characters from the beginning measure no more than a limit."""
    return bisect_right(range(1, len(text) + 1), limit, key=lambda end: measure(text[:end]))


def _break_before(text: str, limit: int) -> int:
    for pattern in _BREAKS:
        ends = [match.end() for match in pattern.finditer(text, 0, limit + 1)]
        if ends and ends[-1] > limit // 4:
            return min(ends[-1], limit)
    return limit
