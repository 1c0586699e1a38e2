"""Digits given as a second proof, recognised before the assistant sees them."""

from __future__ import annotations

import re
import unicodedata

from knowledge.dossiers.tracking_code import find_codes
from knowledge.vietnamese import search_key

_NUMBER = re.compile(r"(?<!\w)\+?\d(?:[ .-]?\d)*(?!\w)")
_PROOF = 4
_WHOLE = range(9, 14)
"""Digits of a whole telephone or identity number: its last four count."""
_MOST_WORDS = 8
_DIGITS = ("khong", "mot", "hai", "ba", "bon", "nam", "sau", "bay", "tam", "chin")
_SPOKEN = {word: str(digit) for digit, word in enumerate(_DIGITS)} | {"tu": "4", "lam": "5"}
"""Digits as they are said; four in a row, for a voice that a telephone writes down."""


def proof_digits(text: str) -> str | None:
    """Return the four digits that a short message gives, None if it gives anything else."""
    plain = unicodedata.normalize("NFKC", text)
    if find_codes(plain):
        return None
    rest = _NUMBER.sub(" ", plain)
    if rest == plain:
        return _spoken_digits(plain)
    if len(rest.split()) > _MOST_WORDS:
        return None
    numbers = [re.sub(r"\D", "", found) for found in _NUMBER.findall(plain)]
    given = [it for it in numbers if len(it) == _PROOF or len(it) in _WHOLE]
    others = [it for it in numbers if it not in given and len(it) > 1]
    return given[0][-_PROOF:] if len(given) == 1 and not others else None


def _spoken_digits(text: str) -> str | None:
    words = search_key(text).split()
    if len(words) > _MOST_WORDS + _PROOF:
        return None
    said = [_SPOKEN.get(word, " ") for word in words]
    runs = [run for run in "".join(said).split() if len(run) > 1]
    return runs[0] if len(runs) == 1 and len(runs[0]) == _PROOF else None
