"""Reading a question: its words as the knowledge base spells them, and what they name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from knowledge.procedures.model import Variant
from knowledge.procedures.particulars import Amount, Particulars
from knowledge.procedures.phrases import Token, tokens
from knowledge.procedures.spelling import Speller, as_bare, without_lost_spaces
from knowledge.procedures.wording import Wording
from knowledge.vietnamese import nfc

NATIONAL_CODE = re.compile(r"(?<![\d.])([12])[.,\s]?(\d{6})(?!\d)")


@dataclass(frozen=True, slots=True)
class Query:
    """A question, read."""

    tokens: tuple[Token, ...]
    """All words, as the knowledge base spells them, everyday words still in place."""
    content: tuple[Token, ...]
    """Words that may name a procedure: no fillers, no cues of variants, synonyms replaced."""
    frame: tuple[str, ...]
    """Keys of the fillers."""
    known: tuple[str, ...]
    """Keys of `content` that occur in the names of procedures."""
    variants: tuple[Variant, ...]
    """Variants that it words, the surest first."""
    hints: Mapping[Variant, frozenset[str]]
    """Variants that may be meant, with the keys of the words that say so."""
    codes: tuple[str, ...]
    particulars: Particulars = field(default_factory=Particulars)


@dataclass(slots=True)
class Reader:
    """Reads questions with the words of the wording and of all names of procedures."""

    wording: Wording
    names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Words of the names of procedures: key → forms."""
    _name_pairs: frozenset[tuple[str, str]] = frozenset()
    _speller: Speller = field(default_factory=Speller)

    @classmethod
    def of(cls, wording: Wording, names: Iterable[Query], rarity: Mapping[str, float]) -> Reader:
        """Return a reader that knows the words of some names; `rarity` weighs their keys."""
        known: dict[str, set[str]] = defaultdict(set)
        pairs: set[tuple[str, str]] = set()
        for name in names:
            for token in name.tokens:
                known[token.key].add(token.form)
            pairs.update((left.key, right.key) for left, right in pairwise(name.content))
        forms = {key: frozenset(forms) for key, forms in known.items()}
        return cls(
            wording, forms, frozenset(pairs), Speller.of(wording, forms, frozenset(pairs), rarity)
        )

    def read(self, text: str) -> Query:
        """Read a question as people type it."""
        text = nfc(text)
        codes = tuple(f"{match[1]}.{match[2]}" for match in NATIONAL_CODE.finditer(text))
        bare, amounts = self.wording.particulars.take_amounts(NATIONAL_CODE.sub(" ", text))
        typed = self._speller.spelled(tokens(without_lost_spaces(bare)))
        return self._understood(typed, codes, amounts)

    def read_name(self, name: str) -> Query:
        """Read a name of a procedure: it has no typos."""
        words = tokens(name)
        if any(token.marked for token in words):  # an asked question may have none
            words = tuple(map(as_bare, words))
        said = self.wording.particulars
        _, amounts = said.take_amounts(nfc(name))
        return replace(self._understood(words, ()), particulars=said.read(words, amounts))

    def _understood(
        self, typed: Sequence[Token], codes: tuple[str, ...], amounts: tuple[Amount, ...] = ()
    ) -> Query:
        official = self.wording.with_synonyms(typed)
        variants, rest = self.wording.variants_of(official, lambda at: self._in_name(official, at))
        flags = self._filler_flags(rest)
        content = tuple(token for token, filler in zip(rest, flags, strict=True) if not filler)
        frame = tuple(token.key for token, filler in zip(rest, flags, strict=True) if filler)
        known = tuple(token.key for token in content if token.key in self.names)
        hints = {} if variants else self.wording.hints_of(official)
        particulars = self.wording.particulars.read(official, amounts)
        return Query(tuple(typed), content, frame, known, variants, hints, codes, particulars)

    def _filler_flags(self, typed: Sequence[Token]) -> list[bool]:
        widths = self.wording.filler_widths(typed)
        return [
            width > 0
            and not token.official
            and not (width == 1 and self._names(typed, at, widths))
            for at, (token, width) in enumerate(zip(typed, widths, strict=True))
        ]

    def _names(self, typed: Sequence[Token], at: int, widths: Sequence[int]) -> bool:
        """Whether a filler without marks is a word of a name there: "hoi cho" for "hội chợ"."""
        key = typed[at].key
        others = self.names.get(key, frozenset()) - self.wording.short_fillers.get(
            key, frozenset()
        )
        return bool(others) and self._in_name(typed, at, widths)

    def _in_name(
        self, typed: Sequence[Token], at: int, widths: Sequence[int] | None = None
    ) -> bool:
        """Whether a word without marks stands as in a name of a procedure.

        Neighbours that belong to a filler phrase of several words do not count.
        """
        if typed[at].marked:
            return False
        near = [
            other
            for other in (at - 1, at + 1)
            if 0 <= other < len(typed) and not (widths and widths[other] > 1)
        ]
        pairs = [(typed[min(at, other)].key, typed[max(at, other)].key) for other in near]
        return any(pair in self._name_pairs for pair in pairs)
