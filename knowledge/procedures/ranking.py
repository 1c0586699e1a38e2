"""How well a family of procedures fits a question: a few features, weighted, as probabilities.

The weights are those of a conditional logit model: each family that shares a word with the
question competes with the others and with "none of ours". They are fitted on the calibration
questions only (`python -m benchmarks.fit_search`).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict
from rapidfuzz import fuzz

from knowledge.procedures.model import Procedure, State, Text, Variant
from knowledge.procedures.reading import Query, Reader
from knowledge.procedures.wording import Token, Wording

OTHERS = "others"
"""A feature of the topics that are not ours."""
FEATURES = (
    *("coverage", "pairs", "phrase", "phrase_covered", "name", "frame", "evidence", "missing"),
    *("alike", "lacks_variant", "gone", "exact", OTHERS),
)
NONE_FEATURES = ("none", "none_unknown", "none_few", "none_doubt")

_OTHER_WORD = 0.2
"""What is left of a word typed with other marks than the name has."""
_CANDIDATES = 40
_GONE = (State.ABOLISHED, State.REPLACED)
_FRAME_SHARE = 0.1
_OTHER_FIELD = 0.3
_MUCH = 12.0
_PAIR_SHARE = 0.6
_COVERAGE = 0.5

Weights = Mapping[str, float]


class Topic(BaseModel):
    """Something that people ask about and that is not ours: other offices' matters, small talk."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text
    aliases: tuple[Text, ...] = ()

    def phrases(self) -> tuple[str, ...]:
        """Return its name and its everyday names."""
        return (self.name, *self.aliases)


@dataclass(frozen=True, slots=True)
class Phrase:
    """One name of a procedure or of a topic, read."""

    procedure: Procedure | None
    terms: Mapping[str, float]
    norm: float
    plain: float
    """Weight of its single words."""
    frame: frozenset[str]
    joined: str


@dataclass(slots=True)
class Family:
    """The variants of one licence, or a topic of others, and all words that the names use."""

    slug: str
    ours: bool = True
    procedures: dict[str, Procedure] = field(default_factory=dict)
    phrases: list[Phrase] = field(default_factory=list)
    forms: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    pairs: set[str] = field(default_factory=set)
    official: set[str] = field(default_factory=set)
    """Words of the official names."""
    frame: set[str] = field(default_factory=set)

    @property
    def variants(self) -> frozenset[Variant]:
        """Return the variants there are."""
        return frozenset(item.variant for item in self.procedures.values())

    @property
    def is_gone(self) -> bool:
        """Whether nothing of it can be applied for any more."""
        return self.ours and all(item.status.state in _GONE for item in self.procedures.values())

    def phrases_of(self, procedure: Procedure) -> list[Phrase]:
        """Return the names of one of its procedures."""
        return [
            phrase
            for phrase in self.phrases
            if phrase.procedure and phrase.procedure.id == procedure.id
        ]

    def knows(self, token: Token) -> float:
        """Return how surely a word is one of the family's, 0 to 1."""
        forms = self.forms.get(token.key)
        if not forms:
            return 0.0
        return 1.0 if not token.marked or token.form in forms else _OTHER_WORD


@dataclass(frozen=True, slots=True)
class Scored:
    """A family with its features for one question."""

    family: Family
    features: Mapping[str, float]


class Likeness(NamedTuple):
    """How like a question the names of one procedure are, 0 to about 1."""

    closeness: float
    """Of its likest name, frame words included."""
    coverage: float
    """Share of the question's words that any of its names knows."""

    @property
    def score(self) -> float:
        """Return both in one number."""
        return self.closeness + _COVERAGE * self.coverage


@dataclass(slots=True)
class FamilyIndex:
    """Finds the families that share words with a question."""

    reader: Reader
    families: dict[str, Family] = field(default_factory=dict)
    _rarity: dict[str, float] = field(default_factory=dict)
    _frame_rarity: dict[str, float] = field(default_factory=dict)
    _postings: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _unknown: float = 1.0

    @classmethod
    def build(
        cls, procedures: Sequence[Procedure], topics: Sequence[Topic], wording: Wording
    ) -> FamilyIndex:
        """Index every name and alias of the procedures, and of the topics that are not ours."""
        items: list[Procedure | Topic] = [*procedures, *topics]
        names = [phrase for item in items for phrase in item.phrases()]
        index = cls(Reader.of(wording, names, {}))
        read = list(index._read(items))
        for family, procedure, query, _ in read:
            if procedure:
                family.procedures[procedure.id] = procedure
            for token in query.content:
                family.forms[token.key].add(token.form)
            family.pairs.update(_pairs(query.content))
            family.frame.update(query.frame)
        index._weigh()
        index.reader = Reader.of(wording, names, index._rarity)
        for family, procedure, query, is_official in read:
            index._add(family, procedure, query, is_official=is_official)
        return index

    def _read(
        self, items: Iterable[Procedure | Topic]
    ) -> Iterable[tuple[Family, Procedure | None, Query, bool]]:
        """Yield each name with its family, its procedure and whether it is the official one."""
        for item in items:
            procedure = item if isinstance(item, Procedure) else None
            slug = procedure.family if procedure else f"{OTHERS}:{item.name}"
            family = self.families.setdefault(slug, Family(slug, ours=procedure is not None))
            for number, phrase in enumerate(item.phrases()):
                yield family, procedure, self.reader.read_name(phrase), number == 0

    def score(self, query: Query) -> list[Scored]:
        """Return the families that share a word with the question, with their features."""
        weighed = {token: self._weight(token) for token in query.content}
        shared: dict[str, float] = defaultdict(float)
        for token, weight in weighed.items():
            for slug in self._postings.get(token.key, ()):
                shared[slug] += weight
        first = sorted(shared, key=lambda slug: (-shared[slug], slug))[:_CANDIDATES]
        terms = self._terms(query.content)
        return [
            Scored(self.families[slug], self._features(self.families[slug], query, weighed, terms))
            for slug in first
        ]

    def none_features(self, query: Query, doubt: float) -> Mapping[str, float]:
        """Return the features of "none of ours"."""
        weighed = {token: self._weight(token) for token in query.content}
        total = sum(weighed.values()) or 1.0
        unknown = sum(w for token, w in weighed.items() if token.key not in self._rarity)
        return {
            "none": 1.0,
            "none_unknown": unknown / total,
            "none_few": 1.0 if len(weighed) <= 1 else 0.0,
            "none_doubt": doubt,
        }

    def kinship(self, family: Family, other: Procedure, query: Query) -> float:
        """Return how much a family has of what another procedure is about, 0 to 1.

        Words of the question do not count: they are what differs.
        """
        if other.id in family.procedures:
            return 1.0
        said = {token.key for token in query.content}
        about = self.families[other.family].official - said
        total = sum(self._rarity[key] for key in about)
        shared = sum(self._rarity[key] for key in about if key in family.official)
        same_field = any(item.field == other.field for item in family.procedures.values())
        return (shared / total if total else 0.0) * (1.0 if same_field else _OTHER_FIELD)

    def likeness(self, query: Query, procedure: Procedure) -> Likeness:
        """Return how like a question the names of one procedure are."""
        family = self.families[procedure.family]
        terms = self._terms(query.content)
        norm = _norm(terms)
        frame = frozenset(query.frame)
        own = family.phrases_of(procedure)
        closeness = max(
            _cosine(terms, norm, phrase) + _FRAME_SHARE * self._shared(frame, phrase.frame)
            for phrase in own
        )
        plain = {term: weight for term, weight in terms.items() if " " not in term}
        known = sum(w for term, w in plain.items() if any(term in each.terms for each in own))
        return Likeness(closeness, known / (sum(plain.values()) or 1.0))

    def words_of(self, procedure: Procedure) -> frozenset[str]:
        """Return the keys of all words of a procedure's names."""
        own = self.families[procedure.family].phrases_of(procedure)
        return frozenset[str]().union(*(phrase.frame.union(phrase.terms) for phrase in own))

    def _weigh(self) -> None:
        total = len(self.families)
        spread = Counter(key for family in self.families.values() for key in family.forms)
        pairs = Counter(pair for family in self.families.values() for pair in family.pairs)
        frame = Counter(key for family in self.families.values() for key in family.frame)
        self._rarity = {key: math.log(1 + total / count) for key, count in spread.items()}
        self._rarity |= {
            pair: math.log(1 + total / count) * _PAIR_SHARE for pair, count in pairs.items()
        }
        self._frame_rarity = {key: math.log(1 + total / count) for key, count in frame.items()}
        self._unknown = math.log(1 + total)
        for slug, family in self.families.items():
            for key in family.forms:
                self._postings[key].append(slug)

    def _add(
        self, family: Family, procedure: Procedure | None, query: Query, *, is_official: bool
    ) -> None:
        terms = self._terms(query.content)
        plain = sum(weight for term, weight in terms.items() if " " not in term)
        joined = "".join(token.key for token in query.content)
        family.phrases.append(
            Phrase(procedure, terms, _norm(terms), plain, frozenset(query.frame), joined)
        )
        if is_official:
            family.official.update(token.key for token in query.content)

    def _weight(self, token: Token) -> float:
        return self._rarity.get(token.key, self._unknown)

    def _terms(self, content: Sequence[Token]) -> dict[str, float]:
        terms = {token.key: self._weight(token) for token in content}
        for pair in _pairs(content):
            if pair in self._rarity:
                terms[pair] = self._rarity[pair]
        return terms

    def _features(
        self,
        family: Family,
        query: Query,
        weighed: Mapping[Token, float],
        terms: Mapping[str, float],
    ) -> Mapping[str, float]:
        total = sum(weighed.values()) or 1.0
        hits = sum(family.knows(token) * weight for token, weight in weighed.items())
        official = sum(
            weight
            for token, weight in weighed.items()
            if token.key in family.official and family.knows(token) == 1.0
        )
        missing = sum(
            (1 - family.knows(token)) * weight
            for token, weight in weighed.items()
            if token.key in self._rarity
        )
        pairs = {
            pair: self._rarity[pair] for pair in _pairs(query.content) if pair in self._rarity
        }
        norm = _norm(terms)
        joined = "".join(token.key for token in query.content)
        frame = frozenset(query.frame)
        return {
            "coverage": hits / total,
            "pairs": (
                sum(weight for pair, weight in pairs.items() if pair in family.pairs)
                / sum(pairs.values())
                if pairs
                else 0.0
            ),
            "phrase": max(_cosine(terms, norm, phrase) for phrase in family.phrases),
            "phrase_covered": max(_covered(terms, phrase) for phrase in family.phrases),
            "name": official / total,
            "frame": max(self._shared(frame, phrase.frame) for phrase in family.phrases),
            "evidence": min(1.0, hits / _MUCH),
            "missing": min(1.0, missing / _MUCH),
            "alike": max(fuzz.ratio(joined, phrase.joined) for phrase in family.phrases) / 100,
            "lacks_variant": float(
                family.ours and bool(query.variants) and family.variants.isdisjoint(query.variants)
            ),
            "gone": float(family.is_gone),
            OTHERS: float(not family.ours),
            "exact": float(any(_is_exact(terms, frame, phrase) for phrase in family.phrases)),
        }

    def _shared(self, frame: frozenset[str], other: frozenset[str]) -> float:
        weights = {key: self._frame_rarity[key] for key in frame if key in self._frame_rarity}
        total = sum(weights.values())
        return sum(w for key, w in weights.items() if key in other) / total if total else 0.0


def probabilities(
    weights: Weights, scored: Sequence[Scored], none: Mapping[str, float]
) -> tuple[list[float], float]:
    """Return the probability of each family, and that of "none of ours"; they add up to 1."""
    values = [weighted(weights, item.features) for item in scored]
    values.append(weighted(weights, none))
    most = max(values)
    powers = [math.exp(value - most) for value in values]
    total = sum(powers)
    *families, outside = (power / total for power in powers)
    return families, outside


def weighted(weights: Weights, features: Mapping[str, float]) -> float:
    """Return the weighted sum of features."""
    return sum(weights.get(name, 0.0) * value for name, value in features.items())


def _pairs(content: Iterable[Token]) -> list[str]:
    return [f"{left.key} {right.key}" for left, right in pairwise(content)]


def _norm(terms: Mapping[str, float]) -> float:
    return math.sqrt(sum(weight * weight for weight in terms.values())) or 1.0


def _cosine(terms: Mapping[str, float], norm: float, phrase: Phrase) -> float:
    shared = sum(
        weight * phrase.terms[term] for term, weight in terms.items() if term in phrase.terms
    )
    return shared / (norm * phrase.norm)


def _is_exact(terms: Mapping[str, float], frame: frozenset[str], phrase: Phrase) -> bool:
    """Whether a question says what a name says, beside words that name nothing."""
    return phrase.frame <= frame and terms.keys() == phrase.terms.keys()


def _covered(terms: Mapping[str, float], phrase: Phrase) -> float:
    if not phrase.plain:
        return 0.0
    return (
        sum(w for term, w in phrase.terms.items() if " " not in term and term in terms)
        / phrase.plain
    )
