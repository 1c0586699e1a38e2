"""Reading a question: its words as the knowledge base spells them, and what they name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from knowledge.procedures.model import Variant
from knowledge.procedures.wording import Token, Wording, tokens
from knowledge.vietnamese import is_syllable, nfc, respell

NATIONAL_CODE = re.compile(r"(?<![\d.])([12])[.,\s]?(\d{6})(?!\d)")
_COMMON = 0.1
"""Cost of a word of the wording, against the rarity of words that name procedures."""
_SHORTEST_TYPO = 3
_ALIKE = 0.75
_ALIKE_SHORT = 0.66
_CANDIDATES = 30
_KEPT_CORRECTIONS = 20_000


@dataclass(frozen=True, slots=True)
class Query:
    """A question, read."""

    tokens: tuple[Token, ...]
    """All words, as the knowledge base spells them, everyday words still in place."""
    content: tuple[Token, ...]
    """Words that may name a procedure: no fillers, no cues of variants, synonyms replaced."""
    frame: tuple[str, ...]
    """Keys of the fillers."""
    known: tuple[str, ...]
    """Keys of `content` that occur in the names of procedures."""
    variants: tuple[Variant, ...]
    """Variants that it words, the surest first."""
    hints: Mapping[Variant, frozenset[str]]
    """Variants that may be meant, with the keys of the words that say so."""
    codes: tuple[str, ...]


@dataclass(slots=True)
class Reader:
    """Reads questions with the words of the wording and of all names of procedures."""

    wording: Wording
    names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Words of the names of procedures: key → forms."""
    _costs: dict[str, float] = field(default_factory=dict)
    _pairs: frozenset[tuple[str, str]] = frozenset()
    _name_pairs: frozenset[tuple[str, str]] = frozenset()
    _spellings: list[str] = field(default_factory=list)
    _near: dict[str, list[tuple[str, float]]] = field(default_factory=dict)

    @classmethod
    def of(cls, wording: Wording, names: Iterable[Query], rarity: Mapping[str, float]) -> Reader:
        """Return a reader that knows the words of some names; `rarity` weighs their keys."""
        known: dict[str, set[str]] = defaultdict(set)
        pairs: set[tuple[str, str]] = set()
        for name in names:
            for token in name.tokens:
                known[token.key].add(token.form)
            pairs.update((left.key, right.key) for left, right in pairwise(name.content))
        costs = dict(rarity) | dict.fromkeys(wording.vocabulary, _COMMON)
        return cls(
            wording,
            {key: frozenset(forms) for key, forms in known.items()},
            costs,
            frozenset(pairs.union(wording.pairs())),
            frozenset(pairs),
            [key for key in costs if len(key) >= _SHORTEST_TYPO],
        )

    def read(self, text: str) -> Query:
        """Read a question as people type it."""
        text = nfc(text)
        codes = tuple(f"{match[1]}.{match[2]}" for match in NATIONAL_CODE.finditer(text))
        bare = NATIONAL_CODE.sub(" ", text)
        return self._understood(self._spelled(tokens(bare)), codes)

    def read_name(self, name: str) -> Query:
        """Read a name of a procedure: it has no typos."""
        return self._understood(tokens(name), ())

    def _understood(self, typed: Sequence[Token], codes: tuple[str, ...]) -> Query:
        official = self.wording.with_synonyms(typed)
        variants, rest = self.wording.variants_of(official, lambda at: self._in_name(official, at))
        flags = self._filler_flags(rest)
        content = tuple(token for token, filler in zip(rest, flags, strict=True) if not filler)
        frame = tuple(token.key for token, filler in zip(rest, flags, strict=True) if filler)
        known = tuple(token.key for token in content if token.key in self.names)
        hints = {} if variants else self.wording.hints_of(official)
        return Query(tuple(typed), content, frame, known, variants, hints, codes)

    def _filler_flags(self, typed: Sequence[Token]) -> list[bool]:
        widths = self.wording.filler_widths(typed)
        return [
            width > 0
            and not token.official
            and not (width == 1 and self._names(typed, at, widths))
            for at, (token, width) in enumerate(zip(typed, widths, strict=True))
        ]

    def _names(self, typed: Sequence[Token], at: int, widths: Sequence[int]) -> bool:
        """Whether a filler without marks is a word of a name there: "hoi cho" for "hội chợ"."""
        key = typed[at].key
        others = self.names.get(key, frozenset()) - self.wording.short_fillers.get(
            key, frozenset()
        )
        return bool(others) and self._in_name(typed, at, widths)

    def _in_name(
        self, typed: Sequence[Token], at: int, widths: Sequence[int] | None = None
    ) -> bool:
        """Whether a word without marks stands as in a name of a procedure.

        Neighbours that belong to a filler phrase of several words do not count.
        """
        if typed[at].marked:
            return False
        near = [
            other
            for other in (at - 1, at + 1)
            if 0 <= other < len(typed) and not (widths and widths[other] > 1)
        ]
        pairs = [(typed[min(at, other)].key, typed[max(at, other)].key) for other in near]
        return any(pair in self._name_pairs for pair in pairs)

    def _spelled(self, typed: Sequence[Token]) -> list[Token]:
        apart = [
            part
            for token in typed
            for part in (
                [token]
                if token.key in self._costs
                else [Token(key, key) for key in respell(token.key, self._costs)]
            )
        ]
        return [self._corrected(apart, at) for at in range(len(apart))]

    def _corrected(self, typed: Sequence[Token], at: int) -> Token:
        token = self._without_stray_marks(typed[at])
        if token.marked or len(token.key) < _SHORTEST_TYPO or not token.key.isalpha():
            return token
        left = typed[at - 1].key if at else ""
        right = typed[at + 1].key if at + 1 < len(typed) else ""
        if token.key in self._costs and self._fits(left, token.key, right, self._pairs):
            return token
        near = self._nearest(token.key)
        known = token.key in self._costs
        if known and token.key in self.wording.vocabulary:
            return token
        pairs = self._name_pairs if known else self._pairs
        best = max(near, key=lambda item: self._fits(left, item[0], right, pairs), default=None)
        if best and self._fits(left, best[0], right, pairs):
            return Token(best[0], best[0])
        if near and not known and near[0][1] >= _ALIKE and not is_syllable(token.key):
            return Token(near[0][0], near[0][0])
        return token

    @staticmethod
    def _fits(left: str, key: str, right: str, pairs: frozenset[tuple[str, str]]) -> int:
        """Return with how many of its neighbours a word forms a known pair."""
        return ((left, key) in pairs) + ((key, right) in pairs)

    def _without_stray_marks(self, token: Token) -> Token:
        """Return the word without its marks where no known word carries these."""
        forms = self.names.get(token.key, frozenset()) | self.wording.vocabulary.get(
            token.key, frozenset()
        )
        return token if token.form in forms else Token(token.key, token.key)

    def _nearest(self, key: str) -> list[tuple[str, float]]:
        if key not in self._near:
            found = process.extract(
                key,
                self._spellings,
                scorer=DamerauLevenshtein.normalized_similarity,
                score_cutoff=_ALIKE_SHORT,
                limit=_CANDIDATES,
            )
            near = [(match, score) for match, score, _ in found if abs(len(match) - len(key)) <= 1]
            letters = sorted(key)
            near.sort(
                key=lambda item: (-item[1], sorted(item[0]) != letters, self._costs[item[0]])
            )
            if len(self._near) >= _KEPT_CORRECTIONS:
                return near
            self._near[key] = near
        return self._near[key]
