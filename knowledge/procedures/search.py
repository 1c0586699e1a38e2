"""Which procedures a question may mean, with calibrated probabilities.

Pure and in memory: built from a list of procedures in a moment, never trained, so a new record is
found at once. Only the weights of the features are fitted; they stand in `search_weights.yaml`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Self

from pydantic import BaseModel, ConfigDict

from knowledge.procedures.families import Topic
from knowledge.procedures.model import Aspect, Procedure
from knowledge.procedures.ranking import (
    FEATURES,
    NONE_FEATURES,
    FamilyIndex,
    Likeness,
    Scored,
    Weights,
    probabilities,
)
from knowledge.procedures.reading import Query
from knowledge.procedures.wording import Wording
from knowledge.yaml_files import load_yaml

_SHORT = 4
"""A message of no more words that may name something is read with what was talked about."""
_OF_THE_TOPIC = 20.0
"""How much likelier a family is that was talked about or offered."""


class SearchWeights(BaseModel):
    """Shape of `search_weights.yaml`: what was fitted, and on what."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fitted_on: str
    weights: dict[str, float]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read and check the file; raises `DataFileError`."""
        return load_yaml(path, cls)


@dataclass(frozen=True, slots=True)
class Match:
    """A procedure of a family that fits, and how like the question its own names are."""

    procedure: Procedure
    likeness: Likeness
    words: frozenset[str] = frozenset()
    """Keys of all words of its names."""


@dataclass(frozen=True, slots=True)
class FamilyMatch:
    """A family that may be meant, how probable that is, and its procedures, the likest first."""

    slug: str
    probability: float
    by_itself: float
    """The same, whatever was talked about before."""
    matches: tuple[Match, ...]
    features: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Hits:
    """What a search found, the most probable family first."""

    query: Query
    families: tuple[FamilyMatch, ...]
    none: float
    """Probability that no procedure of the knowledge base is meant."""


@dataclass(frozen=True, slots=True)
class ProcedureIndex:
    """Finds procedures by what they are called. Immutable once built."""

    procedures: dict[str, Procedure]
    wording: Wording
    weights: Weights
    _families: FamilyIndex
    _by_code: dict[str, Procedure]

    @classmethod
    def build(
        cls,
        procedures: Iterable[Procedure],
        wording: Wording,
        weights: Weights,
        topics: Sequence[Topic] = (),
        asked: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> ProcedureIndex:
        """Index every name and alias of the procedures.

        `topics` are not ours and compete; `asked` are questions that people asked, by the id of
        the procedure that was meant.
        """
        listed = list(procedures)
        return cls(
            {procedure.id: procedure for procedure in listed},
            wording,
            weights,
            FamilyIndex.build(listed, wording, topics, asked),
            {item.code: item for item in listed if item.code},
        )

    def read(self, text: str) -> Query:
        """Split a question into what names a procedure and what does not."""
        return self._families.reader.read(text)

    def aspects_of(self, text: str) -> Mapping[Aspect, int]:
        """Return the aspects that a question words, in its order, with the words of each."""
        return self.wording.aspects_of(self.read(text).tokens)

    def tells_situation(self, text: str) -> bool:
        """Return whether a message tells what happened to a licence, and names no act."""
        return self.wording.tells_situation(self.read(text).tokens)

    def returns(self, text: str) -> bool:
        """Return whether a message comes back to what was talked about before: "quay lại …"."""
        return self.wording.returns(self.read(text).tokens)

    def goes_on(self, text: str) -> bool:
        """Return whether a message goes on with what was asked before: "còn … thì sao"."""
        return self.wording.goes_on(self.read(text).tokens)

    def features(self, text: str, *, doubt: float) -> tuple[list[Scored], Mapping[str, float]]:
        """Return what the weights weigh: the families' features, and those of "none of ours"."""
        query = self.read(text)
        return self._families.score(query, doubt), self._families.none_features(query, doubt)

    @property
    def weight_names(self) -> tuple[str, ...]:
        """Return the names of all features."""
        return (*FEATURES, *NONE_FEATURES)

    def search(
        self,
        text: str,
        *,
        doubt: float = 0.0,
        near: Sequence[Procedure] = (),
        limit: int = 5,
    ) -> Hits:
        """Return the families that a question may mean.

        `doubt`, 0 to 1, is how sure something else is that nothing of ours is meant. `near` are
        procedures that were just talked about: what shares words with them is likelier.
        """
        query = self.read(text)
        named = [self._by_code[code] for code in query.codes if code in self._by_code]
        if named:
            matches = tuple(Match(procedure, Likeness(1.0, 1.0)) for procedure in named)
            return Hits(
                query, tuple(FamilyMatch("", 1.0, 1.0, (match,), {}) for match in matches), 0.0
            )
        scored = self._families.score(query, doubt)
        alone, none = probabilities(
            self.weights, scored, self._families.none_features(query, doubt)
        )
        chances = alone
        if near and len(query.content) <= _SHORT:
            chances, none = _favoured(
                alone, none, [self._nearness(item, near, query) for item in scored]
            )
        none += sum(
            chance for chance, item in zip(chances, scored, strict=True) if not item.family.ours
        )
        ours = [at for at, item in enumerate(scored) if item.family.ours]
        order = sorted(ours, key=lambda at: (-chances[at], scored[at].family.slug))
        found = tuple(
            FamilyMatch(
                scored[at].family.slug,
                chances[at],
                alone[at],
                self.members(scored[at].family.slug, query),
                scored[at].features,
            )
            for at in order[:limit]
        )
        return Hits(query, found, none)

    def _nearness(self, scored: Scored, near: Sequence[Procedure], query: Query) -> float:
        """Return how much likelier a family is because of what was talked about."""
        if not scored.family.ours:
            return 1.0
        return max(
            1.0 + (_OF_THE_TOPIC - 1.0) * self._families.kinship(scored.family, item, query)
            for item in near
        )

    def members(self, family: str, query: Query) -> tuple[Match, ...]:
        """Return the procedures of a family, those with the likest names first."""
        found = [
            Match(
                procedure,
                self._families.likeness(query, procedure),
                self._families.words_of(procedure),
            )
            for procedure in self._families.families[family].procedures.values()
        ]
        return tuple(sorted(found, key=lambda match: (-match.likeness.score, match.procedure.id)))


def _favoured(
    chances: Sequence[float], none: float, factors: Sequence[float]
) -> tuple[list[float], float]:
    raised = [chance * factor for chance, factor in zip(chances, factors, strict=True)]
    total = sum(raised) + none
    return [chance / total for chance in raised], none / total
