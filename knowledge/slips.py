"""Slips of the finger: which word may have been meant where another one was typed."""

from __future__ import annotations

from knowledge.vietnamese import TONES, strip_marks

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_PLACES = {letter: (row, at) for row, keys in enumerate(_ROWS) for at, letter in enumerate(keys)}


def is_slip_with_marks(typed: str, meant: str) -> bool:
    """Return whether one slip makes the form of a word into that of what was typed.

    The letter that slipped may take the tone of the word along; no other mark is lost or changed.
    """
    tones = [tone for tone in typed if tone in TONES]
    if tones and sorted(set(tones)) != sorted(tone for tone in meant if tone in TONES):
        return False
    return is_slip(_without_tones(typed), _without_tones(meant))


def is_slip(typed: str, meant: str) -> bool:
    """Return whether one slip makes a word (letters without tones) into what was typed.

    Two letters swapped, one left out, one typed twice, or the key beside it.
    """
    if len(typed) == len(meant):
        return _is_swap(typed, meant) or _is_key_beside(typed, meant)
    if len(typed) == len(meant) - 1:
        return any(meant[:at] + meant[at + 1 :] == typed for at in range(len(meant)))
    if len(typed) == len(meant) + 1:
        return any(
            typed[at] == typed[at - 1] and typed[:at] + typed[at + 1 :] == meant
            for at in range(1, len(typed))
        )
    return False


def _is_swap(typed: str, meant: str) -> bool:
    other = [at for at, (one, two) in enumerate(zip(typed, meant, strict=True)) if one != two]
    if len(other) != 2 or other[1] != other[0] + 1:
        return False
    first, second = other
    return typed[first] == meant[second] and typed[second] == meant[first]


def _is_key_beside(typed: str, meant: str) -> bool:
    other = [(one, two) for one, two in zip(typed, meant, strict=True) if one != two]
    return len(other) == 1 and _are_beside(*other[0])


def _are_beside(one: str, two: str) -> bool:
    first, second = _PLACES.get(strip_marks(one)), _PLACES.get(strip_marks(two))
    if not first or not second:
        return False
    return abs(first[0] - second[0]) <= 1 and abs(first[1] - second[1]) <= 1


def _without_tones(form: str) -> str:
    return "".join(letter for letter in form if letter not in TONES)
