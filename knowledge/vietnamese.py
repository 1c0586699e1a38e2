"""Pure functions on Vietnamese text as people type it. Standard library only.

Both environments import this module (the gateway and Rasa's), so it runs on Python 3.10.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

_D_FOLDING = str.maketrans({"đ": "d", "Đ": "D", "Ð": "D", "ð": "d"})
_WORD = re.compile(r"\w+")
_LAST_I = re.compile(r"(?<=^[hklmst])[iíìỉĩị]$|(?<=^qu)[iíìỉĩị]$")
"""Where i and y are spelled for one another: "đại lí", "kĩ thuật", "quí"."""
_Y_FOR_I = str.maketrans("iíìỉĩị", "yýỳỷỹỵ")
TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))

SHORTHAND: Mapping[str, str] = {
    "ko": "khong",
    "k": "khong",
    "kg": "khong",
    "khg": "khong",
    "hok": "khong",
    "dc": "duoc",
    "đc": "duoc",
    "dky": "dang ky",
    "hs": "ho so",
    "hso": "ho so",
    "gp": "giay phep",
    "gpkd": "giay phep kinh doanh",
    "gcn": "giay chung nhan",
    "gt": "giay to",
    "gto": "giay to",
    "gtờ": "giay to",
    "tt": "thu tuc",
    "tthc": "thu tuc hanh chinh",
    "sct": "so cong thuong",
    "bn": "bao nhieu",
    "bnhieu": "bao nhieu",
    "bnh": "bao nhieu",
    "bjo": "bao gio",
    "j": "gi",
    "ji": "gi",
    "vs": "voi",
    "ntn": "nhu the nao",
    "nnao": "nhu the nao",
    "lm": "lam",
    "lsao": "lam sao",
    "mk": "minh",
    "mik": "minh",
    "ng": "nguoi",
    "onl": "online",
    "tg": "thoi gian",
    "tgian": "thoi gian",
    "cty": "cong ty",
    "cti": "cong ty",
    "dn": "doanh nghiep",
    "hkd": "ho kinh doanh",
    "htx": "hop tac xa",
    "kd": "kinh doanh",
    "sx": "san xuat",
    "xd": "xang dau",
    "xk": "xuat khau",
    "nk": "nhap khau",
    "xnk": "xuat nhap khau",
    "km": "khuyen mai",
    "vpdd": "van phong dai dien",
    "vpđd": "van phong dai dien",
    "attp": "an toan thuc pham",
    "vsattp": "ve sinh an toan thuc pham",
    "vlncn": "vat lieu no cong nghiep",
    "tctn": "tien chat thuoc no",
    "tmdt": "thuong mai dien tu",
    "tmđt": "thuong mai dien tu",
    "ccn": "cum cong nghiep",
    "dmt": "dien mat troi",
    "đmt": "dien mat troi",
    "nlmt": "dien mat troi",
    "bhdc": "ban hang da cap",
    "bhđc": "ban hang da cap",
    "csbl": "co so ban le",
    "hdong": "hop dong",
    "dkkd": "dang ky kinh doanh",
    "đkkd": "dang ky kinh doanh",
    "ubnd": "uy ban nhan dan",
    "hcc": "hanh chinh cong",
    "nhiu": "nhieu",
    "mún": "muon",
    "mun": "muon",
    "chug": "chung",
    "trc": "truoc",
    "nđ": "nghi dinh",
    "ntnao": "nhu the nao",
}
"""Shorthand and teencode, whole words only; keys may carry marks, values are search keys."""


class Word(NamedTuple):
    """A word of a text: its search key and where it stands in the NFC text (`text[start:end]`)."""

    key: str
    start: int
    end: int
    form: str
    """The word with its marks, the tone last, so that its place does not matter."""


def nfc(text: str) -> str:
    """Return the text in NFC, without invisible characters."""
    return unicodedata.normalize("NFC", text).translate(_INVISIBLE)


def strip_marks(text: str) -> str:
    """Return the text without tone and vowel marks; đ becomes d.

    Tone placement (hoà, hòa) no longer matters afterwards.
    """
    decomposed = unicodedata.normalize("NFD", text.translate(_D_FOLDING))
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    return unicodedata.normalize("NFC", bare)


def search_key(text: str) -> str:
    """Return lower case words without marks, shorthand written out, joined by one space."""
    return " ".join(word.key for word in words(text))


def words(text: str) -> list[Word]:
    """Return the words of a text with their search keys; positions refer to `nfc(text)`."""
    found = []
    for match in _WORD.finditer(nfc(text)):
        key, form = _key_of_word(match.group())
        if key:
            found.append(Word(key, match.start(), match.end(), form))
    return found


@lru_cache(maxsize=4096)
def _key_of_word(word: str) -> tuple[str, str]:
    lowered = word.lower().replace("_", "")
    short = SHORTHAND.get(lowered)
    if short:
        return short, short
    lowered = _LAST_I.sub(lambda found: found[0].translate(_Y_FOR_I), lowered)
    return strip_marks(lowered), _form(lowered)


def _form(lowered: str) -> str:
    if lowered.isascii():
        return lowered
    decomposed = unicodedata.normalize("NFD", lowered.replace("ð", "đ"))
    tones = "".join(char for char in decomposed if char in TONES)
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if c not in TONES)) + tones


_TELEX_LETTERS = re.compile(r"aa|ee|oo|dd|[aou]w|w")
_TELEX_TONE = re.compile(r"[sfrxjz](?=[a-z]?$)")
_MOST_STUCK = 4
_SHORTEST_STUCK = 3
_WORDS_OF_ONE_LETTER = frozenset("aoey")
_LEAST_MEAN_LENGTH = 2.6


def respell(key: str, costs: Mapping[str, float]) -> tuple[str, ...]:
    """Return the known words that an unknown search key stands for; the key itself if for none.

    Read are Telex and VNI keystrokes typed without an input method ("giaays", "giay61") and
    words stuck together ("giayphep"). `costs` holds the known words; commoner words cost less.
    """
    if key in costs or len(key) < _SHORTEST_STUCK:
        return (key,)
    for read in (*_from_telex(key), _from_vni(key)):
        if read in costs:
            return (read,)
    parts = () if is_syllable(key) else _unstuck(key, costs)
    return tuple(word for part in parts for word in SHORTHAND.get(part, part).split()) or (key,)


def _from_telex(key: str) -> tuple[str, str]:
    bare = _TELEX_LETTERS.sub(lambda match: match.group()[0].replace("w", "u"), key)
    return bare, _TELEX_TONE.sub("", bare, count=1)


def _from_vni(key: str) -> str:
    return "".join(char for char in key if not char.isdigit()) if key[0].isalpha() else key


def _unstuck(key: str, costs: Mapping[str, float]) -> tuple[str, ...]:
    """Return the fewest known words that make up a key, among those the commonest; or none."""
    best: dict[int, tuple[int, float, tuple[str, ...]]] = {0: (0, 0.0, ())}
    for end in range(1, len(key) + 1):
        ways = [
            (count + 1, cost + _cost(key[start:end], costs), (*parts, key[start:end]))
            for start, (count, cost, parts) in best.items()
            if count < _MOST_STUCK and _is_word(key[start:end], costs)
        ]
        if ways:
            best[end] = min(ways)
    count, _, parts = best.get(len(key), (0, 0.0, ()))
    return parts if count <= 2 or len(key) / count >= _LEAST_MEAN_LENGTH else ()


def _is_word(part: str, costs: Mapping[str, float]) -> bool:
    if len(part) == 1:
        return part in _WORDS_OF_ONE_LETTER
    return part in costs or (len(part) > 2 and part in SHORTHAND)


def _cost(part: str, costs: Mapping[str, float]) -> float:
    return costs.get(part, max(costs.values(), default=1.0))


_SYLLABLE = re.compile(
    r"(?:ngh|ch|gh|gi|kh|ng|nh|ph|qu|th|tr|[bcdghklmnprstvx])?"
    r"(?:[aeiouy]|a[iouy]|e[ou]|i[aeu]|ieu|o[aei]|oa[iy]|oeo|u[aeiouy]|u[ao]y|uo[iu]|uy[aeu]|ye|yeu)"
    r"(?:ch|ng|nh|[cmnpt])?"
)


def is_syllable(key: str) -> bool:
    """Return whether a search key could be a Vietnamese syllable."""
    return _SYLLABLE.fullmatch(key) is not None


_ROWS_OF_KEYS = ("qwertyuiopo", "asdfghjklk", "zxcvbnmn")
_NEXT_KEY = {row[at]: row[at + 1] for row in _ROWS_OF_KEYS for at in range(len(row) - 1)}


def mistyped(word: str, number: int) -> str:
    """Return a word of four letters or more with one slip of the finger, chosen by a number.

    Two letters swapped, one left out, one typed twice, or the key beside it.
    """
    at = 1 + number % (len(word) - 2)
    before, letter, after = word[:at], word[at], word[at + 1 :]
    slips = (
        before + after[0] + letter + after[1:],
        before + after,
        before + letter * 2 + after,
        before + _NEXT_KEY.get(strip_marks(letter).lower(), "x") + after,
    )
    return slips[number % len(slips)]
