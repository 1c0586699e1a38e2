"""Families of procedures and topics of others, with the words of their names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from knowledge.procedures.model import Procedure, State, Text, Variant
from knowledge.procedures.wording import Token

_OTHER_WORD = 0.2
"""What is left of a word typed with other marks than the name has."""
_GONE = (State.ABOLISHED, State.REPLACED)


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
    """Its words, and its pairs of neighbours with a space between, with their weights."""
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
    usual: Counter[str] = field(default_factory=Counter)
    """In how many of the names a word stands."""

    @property
    def variants(self) -> frozenset[Variant]:
        """Return the variants there are."""
        return frozenset(item.variant for item in self.procedures.values())

    @property
    def is_gone(self) -> bool:
        """Whether nothing of it can be applied for any more."""
        return self.ours and all(item.status.state in _GONE for item in self.procedures.values())

    def learn(self, content: Iterable[Token]) -> None:
        """Take words for the family's own."""
        for token in content:
            self.forms[token.key].add(token.form)

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
