"""Phrases with a meaning, found in typed text in any spelling of their marks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
        key, form, _, bare = self  # asked of millions of words while an index is built
        return key == other.key and (form == other.form or (form == key and not bare))


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

    _by_words: dict[str, dict[str, list[tuple[Tokens, T]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    """Key of the first word → key of the second, or nothing → phrases, the longest first."""

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, T]]) -> Self:
        """Index phrases that are written with all their marks."""
        found = cls()
        for phrase, meaning in pairs:
            parts = tokens(phrase)
            if parts:
                second = parts[1].key if len(parts) > 1 else ""
                found._by_words[parts[0].key][second].append((parts, meaning))
        for same in found._same():
            same.sort(key=lambda item: -len(item[0]))
        return found

    def at(self, typed: Sequence[Token], start: int) -> tuple[int, T] | None:
        """Return the length and meaning of the phrase that begins at a word."""
        for parts, meaning in self._possible(typed, start):
            if _stands(parts, typed, start):
                return len(parts), meaning
        return None

    def stand_in(self, typed: Sequence[Token]) -> bool:
        """Return whether one of the phrases stands anywhere among some words."""
        return any(self.at(typed, start) for start in range(len(typed)))

    def all_at(self, typed: Sequence[Token], start: int) -> list[tuple[int, T]]:
        """Return all phrases that begin at a word."""
        return [
            (len(parts), meaning)
            for parts, meaning in self._possible(typed, start)
            if _stands(parts, typed, start)
        ]

    def single_words(self) -> Mapping[str, frozenset[str]]:
        """Return the phrases of one word: key → forms."""
        found: dict[str, set[str]] = defaultdict(set)
        for same in self._same():
            for parts, _ in same:
                if len(parts) == 1:
                    found[parts[0].key].add(parts[0].form)
        return {key: frozenset(forms) for key, forms in found.items()}

    def words(self) -> Iterable[Token]:
        """Yield the words of all phrases."""
        for same in self._same():
            for parts, _ in same:
                yield from parts

    def pairs(self) -> Iterable[tuple[str, str]]:
        """Yield the pairs of neighbouring keys."""
        for same in self._same():
            for parts, _ in same:
                yield from pairwise(part.key for part in parts)

    def _possible(self, typed: Sequence[Token], start: int) -> Sequence[tuple[Tokens, T]]:
        """Return the phrases whose first two words have the keys of those at a place."""
        by_second = self._by_words.get(typed[start].key)
        if by_second is None:  # so it is for most words
            return ()
        alone = by_second.get("", ())
        longer = by_second.get(typed[start + 1].key) if start + 1 < len(typed) else None
        return [*longer, *alone] if longer else alone

    def _same(self) -> Iterator[list[tuple[Tokens, T]]]:
        for by_second in self._by_words.values():
            yield from by_second.values()


def _stands(parts: Tokens, typed: Sequence[Token], start: int) -> bool:
    """Whether a phrase stands where a word is."""
    end = start + len(parts)
    return end <= len(typed) and all(map(Token.may_be, typed[start:end], parts))
