"""Questions in several parts: "hồ sơ, phí, mấy ngày", "cần gì và nộp ở đâu"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.procedures.model import Aspect
from knowledge.procedures.phrases import Token
from knowledge.procedures.wording import Wording

_BETWEEN_PIECES = re.compile(r"[,;:?!\n+&]+(?!\d)|\.+(?!\d)")


def pieces(text: str) -> list[str]:
    """Return what stands between the commas and the like of a text."""
    return [piece for piece in map(str.strip, _BETWEEN_PIECES.split(text)) if piece]


def aspects_of_parts(wording: Wording, read: Sequence[Sequence[Token]]) -> tuple[Aspect, ...]:
    """Return the aspects that the parts of a question ask for, in its order.

    A part asks for one that it words, or, where it words none, for the one whose name it begins
    with.
    """
    asked: list[Aspect] = []
    for part in (part for piece in read for part in wording.parts(piece)):
        noun = wording.noun_at_head(part)
        asked += list(wording.aspects_of(part)) or ([noun] if noun else [])
    return tuple(dict.fromkeys(asked))
