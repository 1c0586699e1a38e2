"""The ways people type: each makes another spelling of a question, always the same one.

Where something is chosen (which word loses its marks, which letter is mistyped), a hash of the
question's id chooses, so that every run measures the same texts.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Callable, Mapping

from knowledge.vietnamese import SHORTHAND, mistyped, search_key, strip_marks

AS_WRITTEN = "as written"
_STUCK_EVERY = 3
_TEENCODE: Mapping[str, str] = {
    key: short
    for short, key in SHORTHAND.items()
    if short
    in {
        *("ko", "dc", "hs", "gp", "gcn", "gt", "tt", "sct", "bn", "bjo", "j", "vs", "ntn", "lm"),
        *("mk", "tg", "cty", "dn", "hkd", "kd", "sx", "xd", "xk", "nk", "km", "attp", "mun"),
    }
}


def no_marks(text: str, _seed: str) -> str:
    """Type nothing but plain letters."""
    return strip_marks(unicodedata.normalize("NFC", text))


def half_marks(text: str, seed: str) -> str:
    """Leave the marks out in half of the words."""
    return " ".join(
        strip_marks(word) if (at + _number(seed)) % 2 else word
        for at, word in enumerate(text.split(" "))
    )


def one_typo(text: str, seed: str) -> str:
    """Swap, drop, double or miss one letter of a word of at least four letters."""
    words = text.split(" ")
    long = [
        at for at, word in enumerate(words) if sum(map(str.isalpha, word)) >= 4 and word.isalpha()
    ]
    if not long:
        return text
    number = _number(seed)
    at = long[number % len(long)]
    words[at] = mistyped(words[at], number // 7)
    return " ".join(words)


def teencode(text: str, _seed: str) -> str:
    """Write the shorthand of chats."""
    words = text.split(" ")
    found: list[str] = []
    at = 0
    while at < len(words):
        width = next(
            (
                n
                for n in (4, 3, 2, 1)
                if search_key(" ".join(words[at : at + n])) in _TEENCODE
                and len(words[at : at + n]) == n
            ),
            0,
        )
        if width:
            last = words[at + width - 1]
            tail = re.sub(r"^.*?([^\w]*)$", r"\1", last)
            found.append(_TEENCODE[search_key(" ".join(words[at : at + width]))] + tail)
        else:
            found.append(words[at])
        at += width or 1
    return " ".join(found)


def nfd(text: str, _seed: str) -> str:
    """Send decomposed letters, as some phones do."""
    return unicodedata.normalize("NFD", text)


def stuck_together(text: str, seed: str) -> str:
    """Forget every third space."""
    parts = re.split(r"( +)", text)
    number = _number(seed)
    return "".join(
        "" if at % 2 and (at // 2 + number) % _STUCK_EVERY == 0 and _may_stick(parts, at) else part
        for at, part in enumerate(parts)
    )


def upper_case(text: str, _seed: str) -> str:
    """Shout."""
    return text.upper()


WAYS: Mapping[str, Callable[[str, str], str]] = {
    AS_WRITTEN: lambda text, _seed: text,
    "no marks": no_marks,
    "half of the marks": half_marks,
    "one typo": one_typo,
    "teencode": teencode,
    "NFD": nfd,
    "stuck together": stuck_together,
    "upper case": upper_case,
}
"""Name of a slice → how it types a question: (text, id) → text."""


def _number(seed: str) -> int:
    return zlib.crc32(seed.encode())


def _may_stick(parts: list[str], at: int) -> bool:
    return parts[at - 1].isalpha() and parts[at + 1][:1].isalpha()
