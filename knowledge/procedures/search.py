"""Which procedure a question means: an index over official names and everyday wordings.

Words and pairs of words are weighted by how few procedures use them; rapidfuzz forgives typos
and words stuck together. Pure and in memory: built from a list of procedures in milliseconds,
never trained, so a new record is found at once.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rapidfuzz import fuzz, process
from rapidfuzz.distance import DamerauLevenshtein

from knowledge.procedures.model import Procedure, Variant
from knowledge.procedures.wording import Wording
from knowledge.vietnamese import nfc, words

_NATIONAL_CODE = re.compile(r"(?<![\d.])([12])[.,\s]?(\d{6})(?!\d)")
_FILLER_WEIGHT = 0.08
_PAIR_WEIGHTS = (0.7, 0.35, 0.05)
"""Weight of a pair of words, by how many of the two are fillers."""
_TYPO_WEIGHT = 0.6
_RERANKED = 96
_KEPT_CORRECTIONS = 20_000


@dataclass(frozen=True, slots=True)
class Query:
    """A question, read: its words, what of them may name a procedure, variant and codes."""

    keys: tuple[str, ...]
    content: tuple[str, ...]
    """Words that are no fillers, after the cue of the variant was taken out."""
    known: tuple[str, ...]
    """The words of `content` that occur in the knowledge base, typos corrected."""
    variant: Variant | None
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A procedure and how well the question fits it, 0 to 1."""

    procedure: Procedure
    score: float


@dataclass(frozen=True, slots=True)
class Hits:
    """What a search found, best family first; within a family best procedure first."""

    query: Query
    families: tuple[tuple[Match, ...], ...]

    @property
    def best(self) -> float:
        """Score of the first family, 0 without one."""
        return self.families[0][0].score if self.families else 0.0

    @property
    def margin(self) -> float:
        """How far the first family lies ahead of the second."""
        return self.best - (self.families[1][0].score if len(self.families) > 1 else 0.0)


@dataclass(slots=True)
class _Phrase:
    procedure: Procedure
    weight: float
    joined: str


@dataclass(slots=True)
class ProcedureIndex:
    """Finds procedures by what they are called. Immutable once built."""

    wording: Wording
    procedures: dict[str, Procedure]
    _phrases: list[_Phrase] = field(default_factory=list)
    _postings: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    _weights: dict[str, float] = field(default_factory=dict)
    _family_terms: dict[str, frozenset[str]] = field(default_factory=dict)
    _vocabulary: list[str] = field(default_factory=list)
    _corrections: dict[str, str | None] = field(default_factory=dict)
    _by_code: dict[str, Procedure] = field(default_factory=dict)
    _unknown_weight: float = 1.0

    @classmethod
    def build(cls, procedures: Iterable[Procedure], wording: Wording) -> ProcedureIndex:
        """Index every name and alias of the procedures."""
        index = cls(wording, {procedure.id: procedure for procedure in procedures})
        texts = [
            (procedure, tuple(word for item in words(phrase) for word in item.key.split()))
            for procedure in index.procedures.values()
            for phrase in procedure.phrases()
        ]
        index._by_code = {item.code: item for item in index.procedures.values() if item.code}
        index._weigh(texts)
        for procedure, keys in texts:
            index._add_phrase(procedure, keys)
        return index

    def read(self, text: str) -> Query:
        """Split a question into what names a procedure and what does not."""
        text = nfc(text)
        codes = tuple(f"{match[1]}.{match[2]}" for match in _NATIONAL_CODE.finditer(text))
        bare = _NATIONAL_CODE.sub(" ", text)
        keys = [key for item in words(bare) for key in item.key.split()]
        variant, rest = self.wording.variant_of(keys)
        content = self.wording.content(rest)
        known = [found for key in content if (found := self._nearest_word(key)) is not None]
        return Query(tuple(keys), tuple(content), tuple(known), variant, codes)

    def search(self, text: str, *, limit: int = 5) -> Hits:
        """Return the families that fit a question best, with their procedures ranked."""
        query = self.read(text)
        named = [self._by_code[code] for code in query.codes if code in self._by_code]
        if named:
            return Hits(query, tuple((Match(procedure, 1.0),) for procedure in named))
        return Hits(query, tuple(self._ranked_families(query)[:limit]))

    def coverage(self, query: Query, family: str) -> float:
        """Return how much of what a question names a family knows, 0 to 1, by weight."""
        weights: dict[str, float] = {}
        for key in query.content:
            word = self._nearest_word(key) or key
            weights[word] = self._weights.get(word, self._unknown_weight)
        total = sum(weights.values())
        terms = self._family_terms[family]
        return (
            sum(weight for word, weight in weights.items() if word in terms) / total
            if total
            else 0.0
        )

    def _weigh(self, texts: Sequence[tuple[Procedure, tuple[str, ...]]]) -> None:
        families: dict[str, set[str]] = defaultdict(set)
        for procedure, keys in texts:
            families[procedure.family].update(_terms(keys))
        spread = Counter(term for terms in families.values() for term in terms)
        total = len(families)
        self._family_terms = {family: frozenset(terms) for family, terms in families.items()}
        self._weights = {term: math.log(1 + total / count) for term, count in spread.items()}
        self._unknown_weight = math.log(1 + total)
        self._vocabulary = [term for term in spread if " " not in term and len(term) > 2]

    def _weighted_terms(self, keys: Sequence[str], unknown: float = 0.0) -> dict[str, float]:
        """Return words and pairs of words with their weights; fillers count little."""
        flags = self.wording.filler_flags(keys)
        terms: dict[str, float] = defaultdict(float)
        for key, filler in zip(keys, flags, strict=True):
            weight = self._weights.get(key, 0.0 if filler else unknown)
            terms[key] = max(terms[key], weight * (_FILLER_WEIGHT if filler else 1.0))
        for (left, right), fillers in zip(pairwise(keys), pairwise(flags), strict=True):
            pair = f"{left} {right}"
            terms[pair] = self._weights.get(pair, 0.0) * _PAIR_WEIGHTS[sum(fillers)]
        return terms

    def _add_phrase(self, procedure: Procedure, keys: tuple[str, ...]) -> None:
        terms = self._weighted_terms(keys)
        for term in terms:
            self._postings[term].append(len(self._phrases))
        self._phrases.append(_Phrase(procedure, sum(terms.values()), "".join(keys)))

    def _nearest_word(self, key: str) -> str | None:
        if key in self._weights:
            return key
        if len(key) < 4 or key.isdigit():
            return None
        if key not in self._corrections and len(self._corrections) < _KEPT_CORRECTIONS:
            self._corrections[key] = self._closest(key)
        return self._corrections.get(key)

    def _closest(self, key: str) -> str | None:
        found = process.extractOne(
            key,
            self._vocabulary,
            scorer=DamerauLevenshtein.normalized_similarity,
            score_cutoff=0.75,
        )
        return found[0] if found else None

    def _query_terms(self, query: Query) -> dict[str, float]:
        corrected = [self._nearest_word(key) or key for key in query.keys]
        terms = self._weighted_terms(corrected, self._unknown_weight)
        for key, fixed in zip(query.keys, corrected, strict=True):
            if key != fixed:
                terms[fixed] *= _TYPO_WEIGHT
        return terms

    def _ranked_families(self, query: Query) -> list[tuple[Match, ...]]:
        terms = self._query_terms(query)
        if not query.known:
            return []
        best = self._score_procedures(query, terms)
        families: dict[str, list[Match]] = defaultdict(list)
        for identifier, score in best.items():
            procedure = self.procedures[identifier]
            families[procedure.family].append(Match(procedure, score))
        ranked = [
            tuple(sorted(matches, key=lambda match: (-match.score, match.procedure.id)))
            for matches in families.values()
        ]
        return sorted(ranked, key=lambda matches: (-matches[0].score, matches[0].procedure.id))

    def _score_procedures(self, query: Query, terms: dict[str, float]) -> dict[str, float]:
        hits: dict[int, float] = defaultdict(float)
        for term, weight in terms.items():
            for number in self._postings.get(term, ()):
                hits[number] += weight
        total = sum(terms.values()) or 1.0
        joined = "".join(query.keys)
        first = sorted(hits, key=lambda n: -self._overlap(n, hits[n], total))[:_RERANKED]
        best: dict[str, float] = {}
        for number in first:
            score = self._score(number, hits[number], total, terms, joined)
            identifier = self._phrases[number].procedure.id
            best[identifier] = max(score, best.get(identifier, 0.0))
        return best

    def _overlap(self, number: int, matched: float, total: float) -> float:
        return matched / math.sqrt(total * self._phrases[number].weight)

    def _score(
        self, number: int, matched: float, total: float, terms: dict[str, float], joined: str
    ) -> float:
        phrase = self._phrases[number]
        family = self._family_terms[phrase.procedure.family]
        explained = sum(weight for term, weight in terms.items() if term in family) / total
        covered = matched / phrase.weight
        alike = fuzz.partial_ratio(phrase.joined, joined) / 100
        overlap = min(1.0, self._overlap(number, matched, total))
        return 0.45 * overlap + 0.30 * explained + 0.15 * covered + 0.10 * alike


def _terms(keys: Sequence[str]) -> list[str]:
    return [*keys, *(f"{left} {right}" for left, right in pairwise(keys))]
