"""What a question and a family's names have in common, in numbers; the numbers weighed."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from rapidfuzz import fuzz

from knowledge.procedures.families import Family, Phrase
from knowledge.procedures.phrases import Token
from knowledge.procedures.reading import Query

ALL_KNOWN = 0.97
"""From this coverage on all that a question names is known of a family."""
_COVERAGE = 0.5
_REPEATED = 2
"""In so many questions a word must stand, to be one of a procedure's names."""

Weights = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Scored:
    """A family with its features for one question."""

    family: Family
    features: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the weights of its words, worked out once for all families."""

    query: Query
    words: Mapping[Token, float]
    total: float
    terms: Mapping[str, float]
    """Words, and known pairs of neighbours with a space between."""
    norm: float
    pairs: Mapping[str, float]
    frame: Mapping[str, float]
    frame_total: float
    joined: str
    known: tuple[frozenset[str], ...]
    """For each known word the words of official names that say it: itself, or kinds of it."""
    known_pairs: frozenset[str]
    """The pairs whose words have no kinds."""


class Likeness(NamedTuple):
    """How like a question the names of one procedure are, 0 to about 1."""

    closeness: float
    """Of its likest name, frame words included."""
    coverage: float
    """Share of the question's words that any of its names knows."""
    official: float = 1.0
    """Share of them that its official name knows."""

    @property
    def score(self) -> float:
        """Return both in one number."""
        return self.closeness + _COVERAGE * self.coverage


def features_of_phrases(asked: Asked, phrases: Iterable[Phrase]) -> dict[str, float]:
    """Return the features that the best of some names gives; only names that share words count."""
    phrase = covered = frame = alike = exact = 0.0
    keys = asked.terms.keys()
    for it in phrases:  # this loop is most of the time of a search
        common = keys & it.terms.keys()
        if not common:
            continue
        phrase = max(phrase, _cosine(asked, it, common))
        covered = max(covered, _covered(it, common))
        if it.frame and frame < 1.0:
            frame = max(frame, frame_share(asked, it))
        alike = max(alike, fuzz.ratio(asked.joined, it.joined, score_cutoff=alike))
        if len(common) == len(keys) == len(it.terms) and it.frame.issubset(asked.query.frame):
            exact = 1.0
    return {
        "phrase": phrase,
        "phrase_covered": covered,
        "frame": frame,
        "alike": alike / 100,
        "exact": exact,
    }


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


def is_word_of(key: str, phrases: Iterable[Phrase], *, name: Container[str]) -> bool:
    """Whether a word is of a procedure's names; in one question asked it may be chance."""
    having = [phrase for phrase in phrases if key in phrase.terms]
    named = any(not phrase.was_asked or key in name for phrase in having)
    return named or len(having) >= _REPEATED


def pairs_of(content: Iterable[Token]) -> list[str]:
    """Return the keys of neighbours, a space between."""
    return [f"{left.key} {right.key}" for left, right in pairwise(content)]


def norm(terms: Mapping[str, float]) -> float:
    """Return the length of a vector of weights."""
    return math.sqrt(sum(weight * weight for weight in terms.values())) or 1.0


def share_of(weights: Mapping[str, float], known: Container[str]) -> float:
    """Return how much of some weights belongs to known keys, 0 to 1."""
    total = sum(weights.values())
    return sum([w for key, w in weights.items() if key in known]) / total if total else 0.0


def frame_share(asked: Asked, phrase: Phrase) -> float:
    """Return how much of the words around the names of a question a name has too."""
    if not phrase.frame or not asked.frame_total:
        return 0.0
    shared = asked.frame.keys() & phrase.frame
    return sum([asked.frame[key] for key in shared]) / asked.frame_total


def cosine(asked: Asked, phrase: Phrase) -> float:
    """Return how like a name is to what a question names."""
    return _cosine(asked, phrase, asked.terms.keys() & phrase.terms.keys())


def _cosine(asked: Asked, phrase: Phrase, common: Set[str]) -> float:
    shared = sum([asked.terms[term] * phrase.terms[term] for term in common])
    return shared / (asked.norm * phrase.norm)


def _covered(phrase: Phrase, common: Set[str]) -> float:
    if not phrase.plain:
        return 0.0
    return sum([phrase.terms[term] for term in common if " " not in term]) / phrase.plain
