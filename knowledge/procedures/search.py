"""Which procedures a question may mean, with calibrated probabilities.

Pure and in memory: built from a list of procedures in a moment, never trained, so a new record is
found at once. Only the weights of the features are fitted; they stand in `search_weights.yaml`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Self

from pydantic import BaseModel, ConfigDict

from knowledge.procedures.chances import favoured, keys_of, weighed_by_words
from knowledge.procedures.families import Family, Topic
from knowledge.procedures.features import (
    Asked,
    Likeness,
    Scored,
    Weights,
    likenesses,
    probabilities,
)
from knowledge.procedures.model import Aspect, Procedure, Variant
from knowledge.procedures.particulars import Particulars
from knowledge.procedures.parts import aspects_of_parts, pieces
from knowledge.procedures.ranking import (
    FEATURES,
    NONE_FEATURES,
    FamilyIndex,
)
from knowledge.procedures.reading import Query
from knowledge.procedures.wording import Wording
from knowledge.yaml_files import load_yaml

_SHORT = 4
"""A message of no more words that may name something is read with what was talked about."""
_SIBLING = 0.5
"""How much of a procedure's official name a sibling has that only a particular tells apart."""
_SAME_LICENCE = 0.8
"""How much of the official name of a family of later acts, which is more general, it has."""
TOPIC_ITSELF = 20.0
"""How much likelier a family is that was talked about or offered."""
OF_THE_TOPIC = 200.0
"""How much likelier one would be that shares all that these are about."""


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
    named: bool = False
    """Whether its official name stands in the question."""
    settled: bool = False
    """Whether the question says a particular of it."""
    worth_asking: bool = True
    """Whether it can still be applied for, and not only be changed or renewed."""


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

    def listed_aspects(self, text: str) -> tuple[Aspect, ...]:
        """Return the aspects of a question in several parts, where each part asks for one."""
        return aspects_of_parts(self.wording, [self.read(it).tokens for it in pieces(text)])

    def asks_obligation(self, text: str) -> bool:
        """Return whether it is asked whether something must be done at all."""
        return self.wording.asks_obligation(self.read(text).tokens)

    def asks_lead_time(self, text: str) -> bool:
        """Return whether it is asked how long before something one must file."""
        return self.wording.asks_lead_time(self.read(text).tokens)

    def tells_situation(self, text: str) -> bool:
        """Return whether a message tells what happened to a licence, and names no act."""
        return self.wording.tells_situation(self.read(text).tokens)

    def goes_on(self, text: str) -> bool:
        """Return whether a message goes on with what was asked before: "còn … thì sao"."""
        return self.wording.goes_on(self.read(text).tokens)

    def asks_by_itself(self, text: str) -> bool:
        """Return whether a message words what it asks, and more than "thì sao"."""
        return self.wording.asks_by_itself(self.read(text).tokens)

    def features(self, text: str, *, doubt: float) -> tuple[list[Scored], Mapping[str, float]]:
        """Return what the weights weigh: the families' features, and those of "none of ours"."""
        asked = self._families.asked(self.read(text))
        return self._families.score(asked, doubt), self._families.none_features(asked, doubt)

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
        if near and self.wording.goes_on(query.tokens):
            query = replace(query, frame=())  # "thì sao" goes with anything
        named = [self._by_code[code] for code in query.codes if code in self._by_code]
        if named:
            matches = tuple(Match(procedure, Likeness(1.0, 1.0)) for procedure in named)
            return Hits(
                query, tuple(FamilyMatch("", 1.0, 1.0, (match,), {}) for match in matches), 0.0
            )
        asked = self._families.asked(query)
        scored = self._families.score(asked, doubt)
        alone, none = probabilities(
            self.weights, scored, self._families.none_features(asked, doubt)
        )
        alone, none = weighed_by_words(alone, none, scored, query)
        chances = alone
        if near and len(query.content) <= _SHORT:
            chances, none = favoured(
                alone, none, [self._nearness(item, near, query) for item in scored]
            )
        none += sum(
            chance for chance, item in zip(chances, scored, strict=True) if not item.family.ours
        )
        ours = [at for at, item in enumerate(scored) if item.family.ours]
        keys = keys_of(query)
        order = sorted(ours, key=lambda at: (-chances[at], scored[at].family.slug))
        found = tuple(
            FamilyMatch(
                scored[at].family.slug,
                chances[at],
                alone[at],
                self._members(scored[at].family, asked),
                scored[at].features,
                scored[at].family.named_in_full(keys) > 0,
                scored[at].family.is_settled_by(query.particulars),
                scored[at].family.has_first_issue and not scored[at].family.is_gone,
            )
            for at in order[:limit]
        )
        return Hits(query, found, none)

    def _nearness(self, scored: Scored, near: Sequence[Procedure], query: Query) -> float:
        """Return how much likelier a family is because of what was talked about."""
        if not scored.family.ours:
            return 1.0
        if any(item.id in scored.family.procedures for item in near):
            return TOPIC_ITSELF
        kin = max(self._families.kinship(scored.family, item, query) for item in near)
        return float(OF_THE_TOPIC**kin)

    def particulars_of(self, procedure: Procedure) -> Particulars:
        """Return what the official name of a procedure says that siblings differ by."""
        return self._families.families[procedure.family].particulars[procedure.id]

    def sibling_family(self, procedure: Procedure, query: Query) -> str | None:
        """Return the family nearest to a procedure of which a question says what is true.

        It may be the procedure's own: "còn thuộc diện ENT?" of retail outlets.
        """
        families = self._families.families
        said = query.particulars
        settled = [it for it in families.values() if it.ours and it.is_settled_by(said)]
        if families[procedure.family] in settled:
            return procedure.family
        kinship = {
            it.slug: self._families.official_kinship(it, procedure, said.keys) for it in settled
        }
        nearest = max(kinship, key=lambda slug: kinship[slug], default=None)
        return nearest if nearest and kinship[nearest] >= _SIBLING else None

    def family_with_act(self, procedure: Procedure, act: Variant) -> str | None:
        """Return the family nearest to a procedure that has an act which its own lacks."""
        families = self._families.families
        if act in families[procedure.family].variants:
            return procedure.family
        own = families[procedure.family]
        kinship = {
            it.slug: self._families.official_kinship(own, next(iter(it.procedures.values())), ())
            for it in families.values()
            if it.ours and act in it.variants and not it.has_first_issue
        }
        nearest = max(kinship, key=lambda slug: kinship[slug], default=None)
        return nearest if nearest and kinship[nearest] >= _SAME_LICENCE else None

    def members(self, family: str, query: Query) -> tuple[Match, ...]:
        """Return the procedures of a family, those with the likest names first.

        Those that the question excludes ("bán buôn" where only "bán lẻ" is said) are left out.
        """
        return self._members(self._families.families[family], self._families.asked(query))

    def _members(self, family: Family, asked: Asked) -> tuple[Match, ...]:
        likeness = likenesses(asked, family)
        said = asked.query.particulars
        possible = [
            procedure
            for procedure in family.procedures.values()
            if not said.excludes(family.particulars[procedure.id])
        ]
        found = [
            Match(procedure, likeness[procedure.id], self._families.words_of(procedure))
            for procedure in possible or family.procedures.values()
        ]
        return tuple(sorted(found, key=lambda match: (-match.likeness.score, match.procedure.id)))
