"""How well a family of procedures fits a question: a few features, weighted, as probabilities.

The weights are those of a conditional logit model: each family that shares a word with the
question competes with the others and with "none of ours". They are fitted on the calibration
questions only (`python -m benchmarks.fit_search`).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from types import MappingProxyType

from knowledge.procedures.families import Family, Phrase, Topic
from knowledge.procedures.features import (
    Asked,
    Scored,
    features_of_phrases,
    norm,
    pairs_of,
    share_of,
)
from knowledge.procedures.model import Procedure
from knowledge.procedures.phrases import Token
from knowledge.procedures.reading import Query, Reader
from knowledge.procedures.wording import Wording

OTHERS = "others"
"""A feature of the topics that are not ours."""
OTHERS_DOUBT = "others_doubt"
"""How sure the model is that nothing of ours is meant, for these topics."""
IN_NAME = "in_name"
"""Whether all that a question names, as far as it is known, stands so in the official names."""
FEATURES = (
    *("coverage", "pairs", "phrase", "phrase_covered", "name", "frame", "evidence", "missing"),
    *("alike", "lacks_variant", "gone", "exact", OTHERS, OTHERS_DOUBT),
)
NONE_FEATURES = ("none", "none_unknown", "none_few", "none_doubt")

_OF_OURS = 24
_OF_OTHERS = 24
_LOOKED_AT = 4
"""How many times as many families are looked at quickly, to find those that share most."""
_OTHER_FIELD = 0.3
_MUCH = 12.0
_PAIR_SHARE = 0.6
_REPEATED = 2
"""In so many questions about a family a word must stand, to be one of its own."""
_SEVERAL = 3
"""So many families share what is too general to be a further name of one."""
_SHORTEST_CORE = 4
"""Spaces in an official name that is long enough to tell a family."""


@dataclass(slots=True)
class FamilyIndex:
    """Finds the families that share words with a question."""

    reader: Reader
    families: dict[str, Family] = field(default_factory=dict)
    _rarity: dict[str, float] = field(default_factory=dict)
    _frame_rarity: dict[str, float] = field(default_factory=dict)
    _postings: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _unknown: float = 1.0
    _words: dict[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def build(
        cls,
        procedures: Sequence[Procedure],
        wording: Wording,
        topics: Sequence[Topic] = (),
        asked: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> FamilyIndex:
        """Index every name and alias of the procedures.

        `topics` are not ours and compete; `asked` are questions that people asked, by the id of
        the procedure that was meant.
        """
        index = cls(Reader(wording))
        read = list(index._read([*procedures, *topics]))
        questions = [
            (item, index.reader.read_name(text))
            for item in procedures
            for text in asked.get(item.id, ())
        ]
        for family, procedure, query, _ in read:
            if procedure:
                family.procedures[procedure.id] = procedure
            family.learn(query.content)
            family.pairs.update(pairs_of(query.content))
            family.frame.update(query.frame)
        index._learn_asked(questions)
        index._weigh()
        index.reader = Reader.of(wording, (query for _, _, query, _ in read), index._rarity)
        for family, procedure, query, is_official in read:
            index._add(family, procedure, query, is_official=is_official)
        naming = index._named_by()
        for procedure, query in questions:
            if not _fits_many(query, naming):
                index._add(index.families[procedure.family], procedure, query, was_asked=True)
        index._drop_cores_of_many()
        return index

    def _drop_cores_of_many(self) -> None:
        """Forget what the official names of other families begin with too."""
        beginnings: dict[str, set[str]] = defaultdict(set)
        for slug, family in self.families.items():
            for words in (core.split() for core in family.cores):
                for end in range(_SHORTEST_CORE + 1, len(words)):
                    beginnings[" ".join(words[:end])].add(slug)
        for slug, family in self.families.items():
            family.cores = {core for core in family.cores if beginnings[core] <= {slug}}

    def _named_by(self) -> Mapping[str, set[str]]:
        """Return for each word of the official names the families that have it."""
        found: dict[str, set[str]] = defaultdict(set)
        for slug, family in self.families.items():
            for key in family.official if family.ours else ():
                found[key].add(slug)
        return found

    def _learn_asked(self, questions: Iterable[tuple[Procedure, Query]]) -> None:
        """Learn the words that several questions about a family share: the others are chance."""
        seen: dict[str, Counter[Token]] = defaultdict(Counter)
        for procedure, query in questions:
            seen[procedure.family].update(set(query.content))
        for slug, counts in seen.items():
            self.families[slug].learn(it for it, count in counts.items() if count >= _REPEATED)

    def _read(
        self, items: Iterable[Procedure | Topic]
    ) -> Iterable[tuple[Family, Procedure | None, Query, bool]]:
        """Yield each name with its family, its procedure and whether it is the official one."""
        for item in items:
            procedure = item if isinstance(item, Procedure) else None
            slug = procedure.family if procedure else f"{OTHERS}:{item.name}"
            asked = isinstance(item, Topic) and item.was_asked
            family = self.families.setdefault(slug, Family(slug, procedure is not None, asked))
            for number, phrase in enumerate(item.phrases()):
                yield family, procedure, self.reader.read_name(phrase), number == 0

    def asked(self, query: Query) -> Asked:
        """Weigh the words of a question."""
        words = {token: self._weight(token) for token in query.content}
        terms = self._terms(query.content)
        frame = {key: self._frame_rarity[key] for key in query.frame if key in self._frame_rarity}
        pairs = {term: weight for term, weight in terms.items() if " " in term}
        kinds = self.reader.wording.kinds
        telling = [token.key for token in words if kinds.get(token.key) != frozenset()]
        known = [key for key in telling if key in self._rarity]
        return Asked(
            query,
            words,
            sum(words.values()) or 1.0,
            terms,
            norm(terms),
            pairs,
            frame,
            sum(frame.values()),
            "".join(token.key for token in query.content),
            tuple(kinds.get(key, frozenset()) | {key} for key in known),
            frozenset(pair for pair in pairs if kinds.keys().isdisjoint(pair.split())),
        )

    def score(self, asked: Asked, doubt: float) -> list[Scored]:
        """Return the families that share a word with the question, with their features.

        `doubt`, 0 to 1, is how sure something else is that nothing of ours is meant.
        """
        shared: dict[str, float] = defaultdict(float)
        for token, weight in asked.words.items():
            for slug in self._postings.get(token.key, ()):
                shared[slug] += weight
        return [
            Scored(family, self._features(family, asked, doubt))
            for family in self._nearest(asked, shared)
        ]

    def _nearest(self, asked: Asked, shared: Mapping[str, float]) -> list[Family]:
        """Return the families to look at more closely: so many of ours, so many of others."""
        ours = [slug for slug in shared if self.families[slug].ours]
        others = [slug for slug in shared if not self.families[slug].ours]
        return [
            *self._sharing_most(asked, shared, ours, _OF_OURS),
            *self._sharing_most(asked, shared, others, _OF_OTHERS),
        ]

    def _sharing_most(
        self, asked: Asked, shared: Mapping[str, float], slugs: Iterable[str], many: int
    ) -> list[Family]:
        """Return the families that share most with a question.

        Many share single syllables; those that know them as they are typed and as neighbours
        come first.
        """
        several = nsmallest(_LOOKED_AT * many, slugs, key=lambda slug: (-shared[slug], slug))
        weight = {
            slug: sum([w * self.families[slug].knows(token) for token, w in asked.words.items()])
            + sum([w for pair, w in asked.pairs.items() if pair in self.families[slug].pairs])
            for slug in several
        }
        first = nsmallest(many, several, key=lambda slug: (-weight[slug], slug))
        return [self.families[slug] for slug in first]

    def none_features(self, asked: Asked, doubt: float) -> Mapping[str, float]:
        """Return the features of "none of ours"."""
        unknown = sum(w for token, w in asked.words.items() if token.key not in self._rarity)
        return {
            "none": 1.0,
            "none_unknown": unknown / asked.total,
            "none_few": 1.0 if len(asked.words) <= 1 else 0.0,
            "none_doubt": doubt,
        }

    def kinship(self, family: Family, other: Procedure, query: Query) -> float:
        """Return how much a family has of what another procedure is about, 0 to 1.

        Words of the question do not count: they are what differs. What people call it counts,
        and as much what the official names say, which is closer to the point.
        """
        if other.id in family.procedures:
            return 1.0
        said = {token.key for token in query.content}
        usual = self.families[other.family].usual
        about = {
            key: count * self._rarity.get(key, 0.0)
            for key, count in usual.items()
            if key not in said
        }
        same_field = any(item.field == other.field for item in family.procedures.values())
        shared = (share_of(about, family.usual) + self.official_kinship(family, other, said)) / 2
        return shared * (1.0 if same_field else _OTHER_FIELD)

    def official_kinship(self, family: Family, other: Procedure, said: Container[str]) -> float:
        """Return how much of another procedure's official names a family's have, 0 to 1."""
        about = {
            key: self._rarity.get(key, 0.0)
            for key in self.families[other.family].official
            if key not in said
        }
        return share_of(about, family.official)

    def words_of(self, procedure: Procedure) -> frozenset[str]:
        """Return the keys of all words of a procedure's names."""
        if procedure.id not in self._words:
            own = self.families[procedure.family].phrases_of(procedure)
            words = (phrase.frame.union(phrase.terms) for phrase in own)
            self._words[procedure.id] = frozenset[str]().union(*words)
        return self._words[procedure.id]

    def _weigh(self) -> None:
        named = [family for family in self.families.values() if not family.was_asked]
        total = len(named)
        spread = Counter(key for family in named for key in family.forms)
        pairs = Counter(pair for family in named for pair in family.pairs)
        frame = Counter(key for family in named for key in family.frame)
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
        self,
        family: Family,
        procedure: Procedure | None,
        query: Query,
        *,
        is_official: bool = False,
        was_asked: bool = False,
    ) -> None:
        terms = self._terms(query.content)
        plain = sum(weight for term, weight in terms.items() if " " not in term)
        joined = "".join(token.key for token in query.content)
        family.add(
            Phrase(procedure, terms, norm(terms), plain, frozenset(query.frame), joined, was_asked)
        )
        if not was_asked:
            family.usual.update({token.key for token in query.content})
        if is_official:
            family.official.update(token.key for token in query.content)
            family.official_pairs.update(pairs_of(query.content))
            if procedure:
                family.particulars[procedure.id] = query.particulars
                core = self.reader.wording.core_of(query.tokens)
                family.cores.update([core] if core.count(" ") >= _SHORTEST_CORE else [])

    def _weight(self, token: Token) -> float:
        return self._rarity.get(token.key, self._unknown)

    def _terms(self, content: Sequence[Token]) -> dict[str, float]:
        terms = {token.key: self._weight(token) for token in content}
        for pair in pairs_of(content):
            if pair in self._rarity:
                terms[pair] = self._rarity[pair]
        return terms

    def _features(self, family: Family, asked: Asked, doubt: float) -> Mapping[str, float]:
        known = {token: family.knows(token) for token in asked.words}
        hits = sum(share * asked.words[token] for token, share in known.items())
        missing = sum(
            (1 - share) * asked.words[token]
            for token, share in known.items()
            if token.key in self._rarity
        )
        official = sum(
            asked.words[token]
            for token, share in known.items()
            if share == 1.0 and token.key in family.official
        )
        variants = asked.query.variants
        return {
            "coverage": hits / asked.total,
            "pairs": share_of(asked.pairs, family.pairs),
            "name": official / asked.total,
            IN_NAME: float(
                not any(saying.isdisjoint(family.official) for saying in asked.known)
                and asked.known_pairs <= family.official_pairs
            ),
            "evidence": min(1.0, hits / _MUCH),
            "missing": min(1.0, missing / _MUCH),
            "lacks_variant": float(
                family.ours and bool(variants) and family.variants.isdisjoint(variants)
            ),
            "gone": float(family.is_gone),
            OTHERS: float(not family.ours),
            OTHERS_DOUBT: 0.0 if family.ours else doubt,
            **features_of_phrases(asked, family),
        }


def _fits_many(query: Query, naming: Mapping[str, set[str]]) -> bool:
    """Whether a question names no more than the official names of several families share."""
    words = [naming.get(token.key, set()) for token in query.content]
    return not words or len(set.intersection(*words)) >= _SEVERAL
