"""Short messages that choose among what was offered, or refuse it; nothing else is read here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from knowledge.vietnamese import search_key

FILE = Path(__file__).with_name("steering.yaml")
_BARE_NUMBER = re.compile(r"[#(\[]?\s*(\d{1,3})\s*[.)\]]?")
_LONGEST = 10
"""A message of more words says something of its own."""
_LEAST_QUESTION = 3


@dataclass(frozen=True, slots=True)
class Phrases:
    """The words of `steering.yaml`."""

    fillers: frozenset[str]
    ordinals: Mapping[str, int]
    last: frozenset[str]
    other_one: frozenset[str]
    more: frozenset[str]
    needed_for_no: frozenset[str]
    allowed_with_no: frozenset[str]
    bare_no: frozenset[str]
    leave_question: tuple[str, ...]

    @classmethod
    def load(cls, file: Path = FILE) -> Phrases:
        """Read the file."""
        words: Mapping[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        return cls(
            fillers=frozenset(words["fillers"]),
            ordinals={word: int(n) for n, forms in words["ordinals"].items() for word in forms},
            last=frozenset(words["last"]),
            other_one=frozenset(words["other_one"]),
            more=frozenset(words["more"]),
            needed_for_no=frozenset(words["refusal"]["needed"]),
            allowed_with_no=frozenset(words["refusal"]["allowed"]),
            bare_no=frozenset(words["refusal"]["bare"]),
            leave_question=tuple(words["leave_question"]),
        )

    def position_in(self, text: str, offered: int) -> int | None:
        """Return which of `offered` choices a message names, counted from 1; it may not exist."""
        bare = _BARE_NUMBER.fullmatch(text.strip())
        if bare:
            return int(bare[1])
        for rest in self._without_fillers(text):
            if rest in self.last:
                return offered
            if rest in self.ordinals:
                return self.ordinals[rest]
            if rest.isdigit() and len(rest) <= 2:
                return int(rest)
        return None

    def means_other_one(self, text: str) -> bool:
        """Whether a message names the other one of two."""
        return any(rest in self.other_one for rest in self._without_fillers(_after_no(text)))

    def wants_more(self, text: str) -> bool:
        """Whether a message asks for the next page."""
        return search_key(text) in self.more

    def refuses(self, text: str) -> bool:
        """Whether a message refuses what was offered and names nothing instead."""
        words = search_key(text).split()
        known = self.needed_for_no | self.allowed_with_no | self.fillers
        return (
            0 < len(words) <= _LONGEST
            and bool(self.needed_for_no.intersection(words))
            and all(word in known for word in words)
            and not self._asks(words)
        )

    def _asks(self, words: Sequence[str]) -> bool:
        """Whether a no at the end makes a question of a message: "đúng không?"."""
        said = [word for word in words if word not in self.fillers]
        return len(said) > 1 and said[-1] in self.bare_no and said[0] not in self.bare_no

    def is_bare_no(self, text: str) -> bool:
        """Whether a message says no and nothing more."""
        words = [word for word in search_key(text).split() if word not in self.fillers]
        return bool(words) and all(word in self.bare_no for word in words)

    def steers(self, text: str) -> bool:
        """Whether a message says nothing of its own."""
        return (
            self.refuses(text)
            or self.means_other_one(text)
            or self.wants_more(text)
            or self.leaves_question(text)
            or self.position_in(text, 1) is not None
        )

    def leaves_question(self, text: str) -> bool:
        """Whether a message asks to leave a question for the staff."""
        key = f" {search_key(text)} "
        return any(f" {words} " in key for words in self.leave_question)

    def question_in(self, text: str) -> str | None:
        """Return the question that stands behind a colon, if any."""
        question = text.partition(":")[2].strip()
        return question if len(question.split()) >= _LEAST_QUESTION else None

    def _without_fillers(self, text: str) -> Iterator[str]:
        """Yield a message as it is, without any fillers, and without those at its ends."""
        words = search_key(text).split()
        if not 0 < len(words) <= _LONGEST:
            return
        yield " ".join(words)
        yield " ".join(word for word in words if word not in self.fillers)
        yield " ".join(_trimmed(words, self.fillers))


@lru_cache(maxsize=1)
def phrases() -> Phrases:
    """Return the words that are shipped."""
    return Phrases.load()


def _after_no(text: str) -> str:
    """Return what stands behind the comma of "không phải, cái kia cơ"."""
    return text.rpartition(",")[2]


def _trimmed(words: Sequence[str], fillers: frozenset[str]) -> Sequence[str]:
    kept = list(words)
    while kept and kept[0] in fillers:
        kept.pop(0)
    while kept and kept[-1] in fillers:
        kept.pop()
    return kept
