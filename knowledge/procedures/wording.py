"""How questions are worded around a procedure: fillers, synonyms, cues of aspect and variant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Generic, NamedTuple, Self, TypeVar

from pydantic import BaseModel, ConfigDict

from knowledge.procedures.model import Aspect, Variant
from knowledge.vietnamese import words
from knowledge.yaml_files import load_yaml


class WordingFile(BaseModel):
    """Shape of `wording.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fillers: tuple[str, ...]
    synonyms: dict[str, tuple[str, ...]]
    aspect_cues: dict[Aspect, tuple[str, ...]]
    no_aspect: tuple[str, ...]
    going_on: tuple[str, ...]
    returning: tuple[str, ...]
    variant_acts: dict[Variant, tuple[str, ...]]
    variant_cues: dict[Variant, tuple[str, ...]]
    variant_hints: dict[Variant, tuple[str, ...]]


class Token(NamedTuple):
    """A word of a question: its search key and the marks it was typed with."""

    key: str
    form: str
    official: bool = False
    """Whether it stands for an everyday word that was typed."""

    @property
    def marked(self) -> bool:
        """Whether marks were typed; without them a key can stand for many words."""
        return self.form != self.key

    def may_be(self, other: Token) -> bool:
        """Whether this typed word may stand for a word that is written with all its marks."""
        return self.key == other.key and (not self.marked or self.form == other.form)


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


@dataclass(frozen=True, slots=True)
class Wording:
    """The wordings of a file, ready to be found in any spelling."""

    fillers: Phrases[None]
    synonyms: Phrases[Tokens]
    """Everyday and English words → the words that the official names use."""
    aspects: Phrases[Aspect | None]
    going_on: Phrases[None]
    returning: Phrases[None]
    acts: Phrases[Variant]
    cues: Phrases[Variant]
    hints: Phrases[Variant]
    """Words that tell a variant only of a family that has it."""
    vocabulary: Mapping[str, frozenset[str]]
    """All words of the phrases: key → forms."""
    short_fillers: Mapping[str, frozenset[str]]
    """Fillers of one word: key → forms."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read and check the file; raises `DataFileError`."""
        return cls.of(load_yaml(path, WordingFile))

    @classmethod
    def of(cls, file: WordingFile) -> Self:
        """Index the phrases of a wording file."""
        fillers, going_on, returning = map(_plain, (file.fillers, file.going_on, file.returning))
        synonyms = Phrases.of(
            (phrase, tuple(token._replace(official=True) for token in tokens(official)))
            for official, lines in file.synonyms.items()
            for line in (official, *lines)
            for phrase in line.split(",")
        )
        aspects: Phrases[Aspect | None] = Phrases.of(
            [
                *((cue, it) for it, many in file.aspect_cues.items() for cue in many),
                *((phrase, None) for line in file.no_aspect for phrase in line.split(",")),
            ]
        )
        acts = Phrases.of((act, it) for it, many in file.variant_acts.items() for act in many)
        cues = Phrases.of((cue, it) for it, many in file.variant_cues.items() for cue in many)
        hints = Phrases.of((hint, it) for it, many in file.variant_hints.items() for hint in many)
        vocabulary: dict[str, set[str]] = defaultdict(set)
        tables: tuple[Phrases[Any], ...] = (
            fillers,
            synonyms,
            aspects,
            going_on,
            acts,
            cues,
            hints,
        )
        for table in tables:
            for token in table.words():
                vocabulary[token.key].add(token.form)
        known = {key: frozenset(forms) for key, forms in vocabulary.items()}
        return cls(
            *(fillers, synonyms, aspects, going_on, returning, acts, cues, hints),
            known,
            fillers.single_words(),
        )

    def pairs(self) -> Iterable[tuple[str, str]]:
        """Yield the pairs of neighbouring keys in all phrases."""
        for table in (self.fillers, self.synonyms, self.aspects, self.acts, self.cues):
            yield from table.pairs()

    def aspects_of(self, typed: Sequence[Token]) -> Mapping[Aspect, int]:
        """Return the aspects that a question words, in its order, with the words of each.

        How a thing is done is asked only where nothing closer is: "hồ sơ thế nào".
        """
        found: dict[Aspect, int] = {}
        at = 0
        while at < len(typed):
            width, aspect = self.aspects.at(typed, at) or (1, None)
            at += width
            named = aspect is Aspect.LEGAL_BASIS and at < len(typed) and typed[at].key.isdigit()
            if aspect and not named:  # "nghị định 09" is no question
                found[aspect] = max(width, found.get(aspect, 0))
        if len(found) > 1:
            found.pop(Aspect.OVERVIEW, None)
        return found

    def goes_on(self, typed: Sequence[Token]) -> bool:
        """Return whether a message goes on with what was asked before."""
        return any(self.going_on.at(typed, at) for at in range(len(typed)))

    def returns(self, typed: Sequence[Token]) -> bool:
        """Return whether a message comes back to what was talked about before."""
        return any(self.returning.at(typed, at) for at in range(len(typed)))

    def tells_situation(self, typed: Sequence[Token]) -> bool:
        """Return whether a message tells what happened ("đổi kho") and names no act itself."""
        places = range(len(typed))
        told = any(self.cues.at(typed, at) for at in places) or bool(self.hints_of(typed))
        return told and not any(self.acts.at(typed, at) for at in places)

    def variants_of(
        self, typed: Sequence[Token], is_name: Callable[[int], bool]
    ) -> tuple[tuple[Variant, ...], list[Token]]:
        """Return the variants a question words, the surest first, and its words without the cues.

        An act outweighs a situation, a longer cue a shorter one. `is_name` tells of a place
        whether a cue of one word is rather a part of a name there.
        """
        cues = [
            (table is self.acts, width, at, meaning)
            for table in (self.acts, self.cues)
            for at in range(len(typed))
            for width, meaning in table.all_at(typed, at)
            if not all(token.official for token in typed[at : at + width])
            and (width > 1 or not is_name(at))
        ]
        cues.sort(key=lambda cue: (-cue[0], -cue[1], cue[2]))
        variants = tuple(dict.fromkeys(meaning for _, _, _, meaning in cues))
        spoken = {place for _, width, at, _ in cues for place in range(at, at + width)}
        rest = [token for at, token in enumerate(typed) if token.official or at not in spoken]
        return variants, rest

    def hints_of(self, typed: Sequence[Token]) -> Mapping[Variant, frozenset[str]]:
        """Return the variants that a question may word, with the keys of the words that do.

        A word that belongs to a longer phrase ("mất bao lâu") is no hint.
        """
        found: dict[Variant, set[str]] = defaultdict(set)
        at = 0
        while at < len(typed):
            width, variant = self.hints.at(typed, at) or (1, None)
            longer = max(self._width(table, typed, at) for table in (self.fillers, self.aspects))
            if variant and longer <= width:
                found[variant].update(token.key for token in typed[at : at + width])
            at += max(width, longer)
        return {variant: frozenset(keys) for variant, keys in found.items()}

    @staticmethod
    def _width(table: Phrases[Any], typed: Sequence[Token], at: int) -> int:
        match = table.at(typed, at)
        return match[0] if match else 1

    def with_synonyms(self, typed: Sequence[Token]) -> list[Token]:
        """Return the words, everyday ones replaced by official ones."""
        found: list[Token] = []
        at = 0
        while at < len(typed):
            match = self.synonyms.at(typed, at)
            found.extend(match[1] if match else typed[at : at + 1])
            at += match[0] if match else 1
        return found

    def filler_widths(self, typed: Sequence[Token]) -> list[int]:
        """Return for each word how many words the filler phrase has that it belongs to, or 0.

        What words an aspect ("mất bao lâu") names no procedure either.
        """
        widths: list[int] = []
        while len(widths) < len(typed):
            at = len(widths)
            filler = self.fillers.at(typed, at)
            aspect = self.aspects.at(typed, at)
            width = max(filler[0] if filler else 0, aspect[0] if aspect and aspect[1] else 0)
            widths.extend([width] * width or [0])
        return widths


def _plain(lines: Iterable[str]) -> Phrases[None]:
    return Phrases.of((phrase, None) for line in lines for phrase in line.split(","))
