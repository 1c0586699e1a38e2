"""The one place where a channel-neutral text becomes Telegram's HTML.

Answers are plain text, so everything is escaped. The only tag is made here: a short line that
ends with a colon stands over what follows it, and is shown bold.
"""

from __future__ import annotations

import re
from html import escape

PARSE_MODE = "HTML"
LONGEST_UNITS = 4096
"""Longest text that Telegram takes, in UTF-16 units, counted after the tags are read."""
LONGEST_CAPTION_UNITS = 1024
_HEADING = re.compile(r"[^\W\d_].{0,78}:")
_UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def to_html(text: str) -> str:
    """Return a text in Telegram's HTML; it reads the same as `to_plain` gives it."""
    return "\n".join(map(_line, to_plain(text).split("\n")))


def to_plain(text: str) -> str:
    """Return a text without control characters, for sending it as it is."""
    return _UNWANTED.sub("", text)


def units(text: str) -> int:
    """Return the length of a text as Telegram counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _line(line: str) -> str:
    escaped = escape(line, quote=False)
    return f"<b>{escaped}</b>" if _HEADING.fullmatch(line) else escaped
