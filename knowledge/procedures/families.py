"""Families of procedures and topics of others, with the words of their names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from knowledge.procedures.model import Procedure, State, Text, Variant
from knowledge.procedures.particulars import Particulars
from knowledge.procedures.phrases import Token

_OTHER_WORD = 0.2
"""What is left of a word typed with other marks than the name has."""
LATER_ACTS = {Variant.CAP_LAI, Variant.SUA_DOI, Variant.GIA_HAN, Variant.CHAM_DUT}
_GONE = (State.ABOLISHED, State.REPLACED)


class Topic(BaseModel):
    """Something that people ask about and that is not ours: other offices' matters, small talk."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text
    aliases: tuple[Text, ...] = ()
    was_asked: bool = False
    """Whether its name is a question that somebody asked."""

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
    was_asked: bool = False
    """Whether it is a question that somebody asked, not a name."""


Shared = tuple[int, float, float]
"""The number of a name, and what share of its length and of its single words a word is."""


@dataclass(slots=True)
class Family:
    """The variants of one licence, or a topic of others, and all words that the names use."""

    slug: str
    ours: bool = True
    was_asked: bool = False
    """Whether it is no more than a question that somebody asked, and that is not ours."""
    procedures: dict[str, Procedure] = field(default_factory=dict)
    phrases: list[Phrase] = field(default_factory=list)
    numbers: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """The numbers of the names of each procedure, by its id, that of the official one first."""
    _having: dict[str, list[Shared]] = field(default_factory=lambda: defaultdict(list))
    _framed: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    forms: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    pairs: set[str] = field(default_factory=set)
    official: set[str] = field(default_factory=set)
    """Words of the official names."""
    official_pairs: set[str] = field(default_factory=set)
    frame: set[str] = field(default_factory=set)
    usual: Counter[str] = field(default_factory=Counter)
    """In how many of the names a word stands."""
    cores: set[str] = field(default_factory=set)
    """What the official names call it, without the act and without who is in charge: keys."""
    particulars: dict[str, Particulars] = field(default_factory=dict)
    """What the official names say that siblings differ by, by the id of the procedure."""

    @property
    def variants(self) -> frozenset[Variant]:
        """Return the variants there are."""
        return frozenset(item.variant for item in self.procedures.values())

    @property
    def has_first_issue(self) -> bool:
        """Whether one can get what it is about in the first place, not only change or renew it."""
        return not self.ours or not self.variants <= LATER_ACTS

    @property
    def is_gone(self) -> bool:
        """Whether nothing of it can be applied for any more."""
        return self.ours and all(item.status.state in _GONE for item in self.procedures.values())

    def named_in_full(self, keys: str) -> int:
        """Return how many letters of a question (keys between spaces) are an official name."""
        return max((len(core) for core in self.cores if f" {core} " in keys), default=0)

    def is_excluded_by(self, said: Particulars) -> bool:
        """Whether what a question says is true of none of its procedures."""
        return bool(self.particulars) and all(
            said.excludes(own) for own in self.particulars.values()
        )

    def is_settled_by(self, said: Particulars) -> bool:
        """Whether a question says of particulars what one of its procedures says."""
        return any(said.settles(own) for own in self.particulars.values())

    def learn(self, content: Iterable[Token]) -> None:
        """Take words for the family's own."""
        for token in content:
            self.forms[token.key].add(token.form)

    def add(self, phrase: Phrase) -> None:
        """Add a name."""
        number = len(self.phrases)
        self.phrases.append(phrase)
        for term, weight in phrase.terms.items():
            of_plain = weight / phrase.plain if " " not in term else 0.0
            self._having[term].append((number, weight / phrase.norm, of_plain))
        for key in phrase.frame:
            self._framed[key].append(number)
        if phrase.procedure:
            self.numbers[phrase.procedure.id].append(number)

    def having(self, term: str) -> Sequence[Shared]:
        """Return the names that have a word or a pair of neighbours."""
        return self._having.get(term, ())

    def framed_with(self, key: str) -> Sequence[int]:
        """Return the numbers of the names with a word around what they name."""
        return self._framed.get(key, ())

    def phrases_of(self, procedure: Procedure) -> Sequence[Phrase]:
        """Return the names of one of its procedures."""
        return [self.phrases[number] for number in self.numbers[procedure.id]]

    def knows(self, token: Token) -> float:
        """Return how surely a word is one of the family's, 0 to 1."""
        forms = self.forms.get(token.key)
        if not forms:
            return 0.0
        return 1.0 if not token.marked or token.form in forms else _OTHER_WORD
