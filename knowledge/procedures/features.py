"""What a question and a family's names have in common, in numbers; the numbers weighed."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from rapidfuzz import fuzz, process

from knowledge.procedures.families import Family, Phrase
from knowledge.procedures.phrases import Token
from knowledge.procedures.reading import Query

ALL_KNOWN = 0.97
"""From this coverage on all that a question names is known of a family."""
_COVERAGE = 0.5
_FRAME_SHARE = 0.1
_SAME = 0.999
"""From this likeness on a name may have the same words as a question."""
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


def features_of_phrases(asked: Asked, family: Family) -> dict[str, float]:
    """Return the features that the best of a family's names gives; those that share words count.

    What is shared is summed up word by word, not name by name: this is most of a search's time.
    """
    likeness, covered = _shared_by_number(asked, family)
    if not likeness:
        return dict.fromkeys(("phrase", "phrase_covered", "frame", "alike", "exact"), 0.0)
    sharing = [family.phrases[number] for number in likeness]
    frames = _frames_by_number(asked, family)
    most = max(likeness.values()) / asked.norm
    best = process.extractOne(asked.joined, [it.joined for it in sharing], scorer=fuzz.ratio)
    same = [number for number, value in likeness.items() if value >= _SAME * asked.norm]
    return {
        "phrase": most,
        "phrase_covered": max(covered.values()),
        "frame": max((frames[it] for it in frames.keys() & likeness.keys()), default=0.0),
        "alike": best[1] / 100,
        "exact": float(any(_is_exact(asked, family.phrases[number]) for number in same)),
    }


def _shared_by_number(asked: Asked, family: Family) -> tuple[dict[int, float], dict[int, float]]:
    """Return how like, and how much covered, the names are that share a word, by their number."""
    likeness: dict[int, float] = {}
    covered: dict[int, float] = {}
    for term, weight in asked.terms.items():
        for number, of_norm, of_plain in family.having(term):
            likeness[number] = likeness.get(number, 0.0) + weight * of_norm
            covered[number] = covered.get(number, 0.0) + of_plain
    return likeness, covered


def _frames_by_number(asked: Asked, family: Family) -> dict[int, float]:
    """Return what share of the words around a question's names stands around each name."""
    shares: dict[int, float] = {}
    for key, weight in asked.frame.items():
        for number in family.framed_with(key):
            shares[number] = shares.get(number, 0.0) + weight / asked.frame_total
    return shares


def _is_exact(asked: Asked, phrase: Phrase) -> bool:
    same = asked.terms.keys() == phrase.terms.keys()
    return same and phrase.frame.issubset(asked.query.frame)


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


def likenesses(asked: Asked, family: Family) -> dict[str, Likeness]:
    """Return how like a question the names of each procedure of a family are, by its id."""
    likeness, _ = _shared_by_number(asked, family)
    frames = _frames_by_number(asked, family)
    closeness = {
        number: likeness.get(number, 0.0) / asked.norm + _FRAME_SHARE * frames.get(number, 0.0)
        for number in likeness.keys() | frames.keys()
    }
    having = {
        token: {number for number, _, _ in family.having(token.key)} for token in asked.words
    }
    return {
        procedure: Likeness(
            max(closeness.get(number, 0.0) for number in own),
            sum(
                asked.words[token]
                for token, numbers in having.items()
                if _are_its_own(numbers.intersection(own), token, family)
            )
            / asked.total,
            sum(asked.words[token] for token, numbers in having.items() if own[0] in numbers)
            / asked.total,
        )
        for procedure, own in family.numbers.items()
    }


def _are_its_own(numbers: Set[int], token: Token, family: Family) -> bool:
    """Whether a word in these names is of the procedure's; in one question it may be chance."""
    in_name = token.key in family.official
    named = any(in_name or not family.phrases[number].was_asked for number in numbers)
    return named or len(numbers) >= _REPEATED


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
