"""Pure functions on Vietnamese text as people type it. Standard library only.

Both environments import this module (the gateway and Rasa's), so it runs on Python 3.10.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

_D_FOLDING = str.maketrans({"đ": "d", "Đ": "D", "Ð": "D", "ð": "d"})
_WORD = re.compile(r"\w+")
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
    "ad": "admin",
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
    "rui": "roi",
    "nhiu": "nhieu",
    "mún": "muon",
    "mun": "muon",
    "chug": "chung",
    "trc": "truoc",
    "ntnao": "nhu the nao",
}
"""Shorthand and teencode, whole words only; keys may carry marks, values are search keys."""


class Word(NamedTuple):
    """A word of a text: its search key and where it stands in the NFC text (`text[start:end]`)."""

    key: str
    start: int
    end: int


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
        key = _key_of_word(match.group())
        if key:
            found.append(Word(key, match.start(), match.end()))
    return found


def _key_of_word(word: str) -> str:
    lowered = word.lower().replace("_", "")
    return SHORTHAND.get(lowered) or strip_marks(lowered)
