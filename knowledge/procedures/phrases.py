"""Phrases with a meaning, found in typed text in any spelling of their marks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Generic, NamedTuple, Self, TypeVar

from knowledge.vietnamese import words


class Token(NamedTuple):
    """A word of a question: its search key and the marks it was typed with."""

    key: str
    form: str
    official: bool = False
    """Whether it stands for an everyday word that was typed."""
    bare: bool = False
    """Whether it is a word without marks, and not one that was typed without its marks."""

    @property
    def marked(self) -> bool:
        """Whether marks were typed; without them a key can stand for many words."""
        return self.form != self.key

    def may_be(self, other: Token) -> bool:
        """Whether this typed word may stand for a word that is written with all its marks."""
        lost = not self.marked and not self.bare
        return self.key == other.key and (lost or self.form == other.form)


Tokens = tuple[Token, ...]
T = TypeVar("T")


def tokens(text: str) -> Tokens:
    """Return the words of a text; shorthand is written out and then carries no marks."""
    return tuple(
        Token(key, word.form if key == word.key else key)
        for word in words(text)
        for key in word.key.split()
    )


@dataclass(slots=True)
class Phrases(Generic[T]):
    """Phrases with what they mean, found in typed text; the longest one wins."""

    _by_first: dict[str, list[tuple[Tokens, T]]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, T]]) -> Self:
        """Index phrases that are written with all their marks."""
        found = cls()
        for phrase, meaning in pairs:
            parts = tokens(phrase)
            if parts:
                found._by_first[parts[0].key].append((parts, meaning))
        for same in found._by_first.values():
            same.sort(key=lambda item: -len(item[0]))
        return found

    def at(self, typed: Sequence[Token], start: int) -> tuple[int, T] | None:
        """Return the length and meaning of the phrase that begins at a word."""
        for parts, meaning in self._by_first.get(typed[start].key, ()):
            end = start + len(parts)
            if end <= len(typed) and all(map(Token.may_be, typed[start:end], parts)):
                return len(parts), meaning
        return None

    def stand_in(self, typed: Sequence[Token]) -> bool:
        """Return whether one of the phrases stands anywhere among some words."""
        return any(self.at(typed, start) for start in range(len(typed)))

    def all_at(self, typed: Sequence[Token], start: int) -> list[tuple[int, T]]:
        """Return all phrases that begin at a word."""
        return [
            (len(parts), meaning)
            for parts, meaning in self._by_first.get(typed[start].key, ())
            if start + len(parts) <= len(typed)
            and all(map(Token.may_be, typed[start : start + len(parts)], parts))
        ]

    def single_words(self) -> Mapping[str, frozenset[str]]:
        """Return the phrases of one word: key → forms."""
        found: dict[str, set[str]] = defaultdict(set)
        for same in self._by_first.values():
            for parts, _ in same:
                if len(parts) == 1:
                    found[parts[0].key].add(parts[0].form)
        return {key: frozenset(forms) for key, forms in found.items()}

    def words(self) -> Iterable[Token]:
        """Yield the words of all phrases."""
        for same in self._by_first.values():
            for parts, _ in same:
                yield from parts

    def pairs(self) -> Iterable[tuple[str, str]]:
        """Yield the pairs of neighbouring keys."""
        for same in self._by_first.values():
            for parts, _ in same:
                yield from pairwise(part.key for part in parts)
