"""Which language people write in: Vietnamese, with or without its marks, or English.

Only a message that shows it counts: a code, a number, a name or a borrowed word shows nothing,
and the language stays what it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from knowledge.vietnamese import is_syllable, nfc, strip_marks

FILE = Path(__file__).with_name("languages.yaml")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


class Language(StrEnum):
    """A language that people are answered in."""

    VIETNAMESE = "vi"
    ENGLISH = "en"


def language_of(text: str) -> Language | None:
    """Return the language that a message is clearly written in; None if it does not show."""
    return _vocabulary().language_of(text)


def spoken(messages: Iterable[str]) -> Language:
    """Return the language of a conversation: that of the first message that shows one.

    `messages` are those of the person, the latest first; buttons show nothing.
    """
    typed = (text for text in messages if not text.startswith("/"))
    shown = (language_of(text) for text in typed)
    return next((it for it in shown if it), Language.VIETNAMESE)


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """The words of `languages.yaml`."""

    frame: frozenset[str]
    content: frozenset[str]
    either: frozenset[str]
    borrowed: re.Pattern[str]
    vietnamese: frozenset[str]

    @classmethod
    def load(cls, file: Path) -> _Vocabulary:
        words: Mapping[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        either = frozenset(words["either"])
        marked = frozenset(words["vietnamese"])
        return cls(
            frame=frozenset(words["english"]["frame"]),
            content=frozenset(words["english"]["content"]),
            either=either,
            borrowed=re.compile(rf"\b(?:{'|'.join(map(re.escape, words['borrowed']))})\b"),
            vietnamese=marked | {strip_marks(word) for word in marked} - either,
        )

    def language_of(self, text: str) -> Language | None:
        lowered = self.borrowed.sub(" ", nfc(text).lower().replace("’", "'"))
        words = [word for word in _WORD.findall(lowered) if word not in self.either]
        frame = sum(word in self.frame for word in words)
        english = frame + sum(word in self.content for word in words)
        said = sum(word in self.vietnamese for word in words)
        names = sum(self._is_vietnamese(word) for word in words)
        if _is_english(frame, english, said, names):
            return Language.ENGLISH
        return Language.VIETNAMESE if said else None

    def _is_vietnamese(self, word: str) -> bool:
        if word in self.frame or word in self.content:
            return False
        return not word.isascii() or is_syllable(word)


def _is_english(frame: int, english: int, said: int, names: int) -> bool:
    """Whether a message is English, by its English words and its Vietnamese ones.

    `said` are Vietnamese words of sentences, `names` all Vietnamese ones.
    """
    if said:
        return frame > said and english > names
    if english > 1 and frame:
        return True
    return english > names


@lru_cache(maxsize=1)
def _vocabulary() -> _Vocabulary:
    return _Vocabulary.load(FILE)
