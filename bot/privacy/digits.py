"""Digits given as a second proof, recognised before the assistant sees them."""

from __future__ import annotations

import re
import unicodedata

from knowledge.dossiers.tracking_code import find_codes

_NUMBER = re.compile(r"(?<!\w)\+?\d(?:[ .-]?\d)*(?!\w)")
_PROOF = 4
_WHOLE = range(9, 14)
"""Digits of a whole telephone or identity number: its last four count."""
_MOST_WORDS = 8


def proof_digits(text: str) -> str | None:
    """Return the four digits that a short message gives, None if it gives anything else."""
    plain = unicodedata.normalize("NFKC", text)
    if find_codes(plain):
        return None
    rest = _NUMBER.sub(" ", plain)
    if len(rest.split()) > _MOST_WORDS:
        return None
    numbers = [re.sub(r"\D", "", found) for found in _NUMBER.findall(plain)]
    given = [it for it in numbers if len(it) == _PROOF or len(it) in _WHOLE]
    others = [it for it in numbers if it not in given and len(it) > 1]
    return given[0][-_PROOF:] if len(given) == 1 and not others else None
