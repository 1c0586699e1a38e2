"""Spelling of questions: words stuck together, keystrokes, slips of the finger.

Known are the words of the wording and of all names. A word is mended to one that a slip explains
or that stands between its neighbours as in a name; what fits nowhere is left as it was typed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from knowledge.procedures.phrases import Token
from knowledge.procedures.wording import Wording
from knowledge.slips import is_slip, is_slip_with_marks
from knowledge.vietnamese import SHORTHAND, is_syllable, respell

_COMMON = 0.1
"""Cost of a word of the wording, against the rarity of words that name procedures."""
_SHORTEST_TYPO = 3
_SHORTEST_SLIP = 4
_ALIKE = 0.75
_ALIKE_SHORT = 0.66
_CANDIDATES = 30
_KEPT_CORRECTIONS = 20_000
_BOTH = 2
"""A word of the wording is mended only where another one fits both neighbours."""
_MARKED = 0.75
"""With this share of its words marked a text is written with marks throughout."""
_LEAST_MARKED = 3

_WRITTEN_OUT = frozenset(word for words in SHORTHAND.values() for word in words.split())
"""Shorthand is written out without marks: these words may lack theirs."""

Pairs = frozenset[tuple[str, str]]


class Near(NamedTuple):
    """A known word that is spelled like one that was typed."""

    key: str
    likeness: float
    is_slip: bool
    """Whether one slip of the finger explains it."""


@dataclass(slots=True)
class Speller:
    """Mends words with the words of the wording and of all names of procedures."""

    _names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    _vocabulary: Mapping[str, frozenset[str]] = field(default_factory=dict)
    _costs: Mapping[str, float] = field(default_factory=dict)
    _pairs: Pairs = frozenset()
    _name_pairs: Pairs = frozenset()
    _spellings: Sequence[str] = ()
    _near: dict[str, list[Near]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        wording: Wording,
        names: Mapping[str, frozenset[str]],
        name_pairs: Pairs,
        rarity: Mapping[str, float],
    ) -> Speller:
        """Return a speller for the words (key → forms) and pairs of some names."""
        costs = dict(rarity) | dict.fromkeys(wording.vocabulary, _COMMON)
        return cls(
            names,
            wording.vocabulary,
            costs,
            name_pairs.union(wording.pairs()),
            name_pairs,
            [key for key in costs if len(key) >= _SHORTEST_TYPO and " " not in key],
        )

    def spelled(self, typed: Sequence[Token]) -> list[Token]:
        """Return the words of a question as the knowledge base spells them."""
        apart = [part for at in range(len(typed)) for part in self._apart(typed, at)]
        has_marks = self._is_marked(apart)
        mended = [self._corrected(apart, at, has_marks) for at in range(len(apart))]
        return [self._as_known(token) for token in mended] if has_marks else mended

    def _as_known(self, token: Token) -> Token:
        return as_bare(token) if token.form in self._forms(token.key) else token

    def _apart(self, typed: Sequence[Token], at: int) -> Sequence[Token]:
        """Return the words that one typed word stands for: several where spaces were lost."""
        token = typed[at]
        if token.key in self._costs:
            return [token]
        parts = respell(token.key, self._costs)
        if len(parts) > 1:
            parts = self._best_parts(typed, at, parts)
        if parts == (token.key,) or self._is_rather_a_slip(typed, at, parts):
            return [token]
        return [Token(key, key) for key in parts]

    def _best_parts(
        self, typed: Sequence[Token], at: int, parts: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Return the words that a stuck word stands for, two rather as they stand elsewhere."""
        key = typed[at].key
        others = [
            (key[:end], key[end:])
            for end in range(2, len(key) - 1)
            if key[:end] in self._costs and key[end:] in self._costs
        ]
        return max([parts, *others], key=lambda it: self._joined(typed, at, it))

    def _joined(self, typed: Sequence[Token], at: int, parts: Sequence[str]) -> int:
        """Return how many known pairs some words form in the place of one."""
        left, right = _neighbours(typed, at)
        return sum(pair in self._pairs for pair in pairwise((left, *parts, right)))

    def _is_rather_a_slip(self, typed: Sequence[Token], at: int, parts: Sequence[str]) -> bool:
        """Whether one slip explains a word at least as well as a lost space: "gấiy"."""
        key = typed[at].key
        slips = [near.key for near in self._nearest(key) if near.is_slip]
        if not slips or len(key) < _SHORTEST_SLIP:
            return False
        fitting = max(self._joined(typed, at, (slip,)) for slip in slips)
        return fitting >= self._joined(typed, at, parts)

    def _is_marked(self, typed: Sequence[Token]) -> bool:
        """Whether a text carries marks wherever its words have them."""
        markable = [token for token in typed if self._always_marked(token.key)]
        marked = sum(token.marked for token in markable)
        return marked >= max(_LEAST_MARKED, _MARKED * len(markable))

    def _always_marked(self, key: str) -> bool:
        forms = self._forms(key)
        return bool(forms) and key not in forms and key not in _WRITTEN_OUT

    def _forms(self, key: str) -> frozenset[str]:
        return self._names.get(key, frozenset()) | self._vocabulary.get(key, frozenset())

    def _corrected(self, typed: Sequence[Token], at: int, has_marks: bool) -> Token:
        token = self._without_stray_marks(typed[at])
        key = token.key
        if token.marked or len(key) < _SHORTEST_TYPO or not key.isalpha():
            return token
        left, right = _neighbours(typed, at)
        if typed[at].marked or (has_marks and self._always_marked(key)):
            return self._mismarked(typed[at], left, right)
        if key in self._costs:
            return self._known(token, left, right)
        return self._unknown(token, left, right)

    def _mismarked(self, token: Token, left: str, right: str) -> Token:
        """Mend a word with marks that no known word has, or without any in a text with marks.

        It is rather a slip ("phi" for "phải", "quết" for "quyết") than a word with a mark lost,
        unless it stands as it stands elsewhere.
        """

        def rank(key: str) -> tuple[int, float]:
            fits = _fits(left, key, right, self._pairs) + (key in self._vocabulary)
            return fits, -self._costs.get(key, 0.0)

        best = max(self._slips(token), key=rank, default=token.key)
        own, _ = rank(token.key)
        if token.key in self._costs and own - (not token.marked) > rank(best)[0]:
            best = token.key
        return Token(best, best)

    def _slips(self, token: Token) -> list[str]:
        """Return the keys of words of which one slip makes a typed word, marks and all."""
        return [
            near.key
            for near in self._nearest(token.key)
            if near.is_slip
            and any(is_slip_with_marks(token.form, form) for form in self._forms(near.key))
        ]

    def _known(self, token: Token, left: str, right: str) -> Token:
        """Mend a known word only where another one stands as in a name."""
        if _fits(left, token.key, right, self._pairs):
            return token
        best = self._best(token.key, left, right, self._name_pairs)
        fits = _fits(left, best.key, right, self._name_pairs) if best else 0
        needed = _BOTH if token.key in self._vocabulary else 1
        return Token(best.key, best.key) if best and fits >= needed else token

    def _unknown(self, token: Token, left: str, right: str) -> Token:
        best = self._best(token.key, left, right, self._pairs)
        if best is None:
            return token
        if _fits(left, best.key, right, self._pairs):
            return Token(best.key, best.key)
        near = self._nearest(token.key)[0]
        if near.likeness >= _ALIKE and not is_syllable(token.key):
            return Token(near.key, near.key)
        return token

    def _best(self, key: str, left: str, right: str, pairs: Pairs) -> Near | None:
        """Return the likest word that forms most pairs with the neighbours."""
        return max(
            self._nearest(key),
            key=lambda near: (_fits(left, near.key, right, pairs), near.is_slip),
            default=None,
        )

    def _without_stray_marks(self, token: Token) -> Token:
        """Return the word without its marks where no known word carries these."""
        return token if token.form in self._forms(token.key) else Token(token.key, token.key)

    def _nearest(self, key: str) -> list[Near]:
        """Return known words that are spelled alike, slips first."""
        if key in self._near:
            return self._near[key]
        found = process.extract(
            key,
            self._spellings,
            scorer=DamerauLevenshtein.normalized_similarity,
            score_cutoff=_ALIKE_SHORT,
            limit=_CANDIDATES,
        )
        near = [
            Near(match, score, is_slip(key, match))
            for match, score, _ in found
            if abs(len(match) - len(key)) <= 1 and match != key
        ]
        near.sort(key=lambda it: (not it.is_slip, -it.likeness, self._costs[it.key]))
        if len(self._near) < _KEPT_CORRECTIONS:
            self._near[key] = near
        return near


def without_lost_spaces(text: str) -> str:
    """Return a text with a space where a capital letter follows a small one: "xinC/O"."""
    before = f" {text}"
    return "".join(
        f" {letter}" if last.islower() and letter.isupper() else letter
        for last, letter in zip(before, text, strict=False)
    )


def as_bare(token: Token) -> Token:
    """Return a word of a text with marks: one without any is not one that lost them.

    "vay" is not "vậy" then. Shorthand is written out without marks.
    """
    bare = not token.marked and token.key not in _WRITTEN_OUT
    return token._replace(bare=True) if bare else token


def _neighbours(typed: Sequence[Token], at: int) -> tuple[str, str]:
    left = typed[at - 1].key if at else ""
    return left, typed[at + 1].key if at + 1 < len(typed) else ""


def _fits(left: str, key: str, right: str, pairs: Pairs) -> int:
    """Return with how many of its neighbours a word forms a known pair."""
    return ((left, key) in pairs) + ((key, right) in pairs)
