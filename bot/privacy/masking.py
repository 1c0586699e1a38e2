"""Personal data stay out of what the assistant, its history and the logs do not need."""

from __future__ import annotations

import re

from knowledge.dossiers.tracking_code import find_codes
from knowledge.vietnamese import nfc

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_NUMBER = re.compile(r"(?<![\w.])\+?\d(?:[ .-]?\d){8,13}(?![\w])")
_LAST_FOUR = re.compile(
    r"(s[ốo]\s+cu[ốo]i\D{0,24}|last (?:4|four)\D{0,24})\d{4}(?!\d)", re.IGNORECASE
)
_PROCEDURE_CODE = re.compile(r"[12]\.\d{6}")
MASK = "***"


def mask(text: str) -> str:
    """Mask phone, identity and tax numbers and e-mail addresses; tracking codes are kept.

    Codes are found first, so that their digits are not taken for a number of a person.
    """
    text = nfc(text)
    kept: list[str] = []
    at = 0
    for code in find_codes(text):
        kept.append(_mask_free_text(text[at : code.start]))
        kept.append(text[code.start : code.end])
        at = code.end
    kept.append(_mask_free_text(text[at:]))
    return "".join(kept)


def _mask_free_text(text: str) -> str:
    text = _LAST_FOUR.sub(rf"\1{MASK}", text)
    return _NUMBER.sub(_mask_number, _EMAIL.sub(MASK, text))


def _mask_number(match: re.Match[str]) -> str:
    return match.group() if _PROCEDURE_CODE.fullmatch(match.group()) else MASK
