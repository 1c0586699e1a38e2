"""Particulars that tell siblings apart: an amount, a level, a trade, a clause.

A question that says one of several ("bán buôn", "2 triệu lít một năm") never means a procedure
whose official name says only others ("bán lẻ", "từ 3 triệu lít/năm trở lên").
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self, TypeVar

from pydantic import BaseModel, ConfigDict

from knowledge.procedures.phrases import Phrases, Token
from knowledge.vietnamese import strip_marks

ParticularWords = Mapping[str, Mapping[str, tuple[str, ...]]]
"""What something may differ by → its values → the phrases (between commas) that say them."""
T = TypeVar("T")
_HAIR = 1e-6
"""How far from a limit something is that lies just beyond it, as a share."""
_LONG = 4
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,]\d{3})+")


class AmountWords(BaseModel):
    """What amounts are made of: words of the wording file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    units: dict[str, tuple[str, ...]]
    scales: dict[int, tuple[str, ...]]
    numbers: dict[int, tuple[str, ...]]
    below: tuple[str, ...]
    at_most: tuple[str, ...]
    above: tuple[str, ...]
    at_least: tuple[str, ...]
    or_more: tuple[str, ...]
    or_less: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Amount:
    """A span of amounts of something measurable; a single amount is a span of no width."""

    unit: str
    low: float
    high: float

    def excludes(self, other: Amount) -> bool:
        """Whether nothing is in both."""
        return self.unit == other.unit and (self.low > other.high or other.low > self.high)


@dataclass(frozen=True, slots=True)
class Particulars:
    """What a name or a question says of the things that siblings differ by."""

    values: Mapping[str, frozenset[str]] = field(default_factory=dict)
    amounts: tuple[Amount, ...] = ()
    keys: frozenset[str] = frozenset()
    """Keys of the words that say so."""

    def __bool__(self) -> bool:
        """Whether anything is said."""
        return bool(self.values or self.amounts)

    def excludes(self, other: Particulars) -> bool:
        """Whether what both say cannot be true of one thing."""
        said = self.values.keys() & other.values.keys()
        return any(self.values[it].isdisjoint(other.values[it]) for it in said) or any(
            one.excludes(two) for one in self.amounts for two in other.amounts
        )

    def settles(self, other: Particulars) -> bool:
        """Whether it says one of the things that another says, and nothing against it."""
        units = {it.unit for it in self.amounts} & {it.unit for it in other.amounts}
        said = self.values.keys() & other.values.keys()
        return bool(units or said) and not self.excludes(other)


@dataclass(frozen=True, slots=True)
class ParticularsReader:
    """Finds particulars in words, and amounts in a text."""

    _phrases: Phrases[tuple[str, str]]
    _amount: re.Pattern[str]
    _units: Mapping[str, str]
    _scales: Mapping[str, int]
    _numbers: Mapping[str, int]

    @classmethod
    def of(cls, words: ParticularWords, amounts: AmountWords) -> Self:
        """Prepare the words of the wording file."""
        phrases = Phrases.of(
            (phrase, (kind, value))
            for kind, values in words.items()
            for value, lines in values.items()
            for line in lines
            for phrase in line.split(",")
        )
        return cls(
            phrases,
            _pattern(amounts),
            _by_word({unit: (unit, *others) for unit, others in amounts.units.items()}),
            _by_word(amounts.scales),
            _by_word(amounts.numbers),
        )

    def read(self, typed: Sequence[Token], amounts: tuple[Amount, ...] = ()) -> Particulars:
        """Return what words say; the longest phrase wins ("không nằm trong" over "trong")."""
        found: dict[str, set[str]] = defaultdict(set)
        keys = {word for amount in amounts for word in strip_marks(amount.unit).split()}
        at = 0
        while at < len(typed):
            width, said = self._phrases.at(typed, at) or (1, None)
            if said:
                found[said[0]].add(said[1])
                keys.update(token.key for token in typed[at : at + width])
            at += width
        values = {kind: frozenset(said) for kind, said in found.items()}
        return Particulars(values, amounts, frozenset(keys))

    def take_amounts(self, text: str) -> tuple[str, tuple[Amount, ...]]:
        """Return a text (in NFC) with its amounts, of which only the units are left in it."""
        plain = strip_marks(text)
        if len(plain) != len(text):
            return text, ()
        found: list[Amount] = []
        rest, end = [], 0
        for match in self._amount.finditer(plain):
            amount = self._amount_of(match)
            found.append(amount)
            rest += [text[end : match.start()], f" {amount.unit} "]
            end = match.end()
        return "".join([*rest, text[end:]]), tuple(found)

    def _amount_of(self, match: re.Match[str]) -> Amount:
        unit = self._units[_word(match["unit"])]
        scale = self._scales[_word(match["scale"])] if match["scale"] else 1
        value = self._number(match["number"]) * scale
        if match["below"] or match["at_most"] or match["or_less"]:
            return Amount(unit, 0.0, value * (1 - _HAIR) if match["below"] else value)
        if match["or_more"] or match["at_least"] or match["above"]:
            beyond = match["above"] and not match["or_more"]
            return Amount(unit, value * (1 + _HAIR) if beyond else value, math.inf)
        return Amount(unit, value, value)

    def _number(self, typed: str) -> float:
        word = _word(typed)
        if word in self._numbers:
            return float(self._numbers[word])
        if _THOUSANDS.fullmatch(word):
            return float(re.sub(r"[.,]", "", word))
        return float(word.replace(",", "."))


def _pattern(words: AmountWords) -> re.Pattern[str]:
    before = "|".join(
        f"(?P<{name}>{_any(getattr(words, name), stuck=True)})"
        for name in ("below", "at_most", "above", "at_least")
    )
    behind = f"(?P<or_more>{_any(words.or_more)})|(?P<or_less>{_any(words.or_less)})"
    units = _any(word for unit, others in words.units.items() for word in (unit, *others))
    scales = _any(word for many in words.scales.values() for word in many)
    numbers = _any(word for many in words.numbers.values() for word in many)
    return re.compile(
        rf"(?:(?:{before})\s+)?(?<![\w.,])(?P<number>\d+(?:[.,]\d+)*|{numbers})\s*"
        rf"(?:(?P<scale>{scales})\s*)?(?P<unit>{units})(?!\w)"
        rf"(?:\s*/\s*\w+)?(?:\s+(?:{behind})(?!\w))?",
        re.IGNORECASE,
    )


def _any(many: Iterable[str], *, stuck: bool = False) -> str:
    """Return a pattern of words; `stuck` lets a long one follow another without a space."""
    longest_first = sorted({_word(word) for word in many}, key=lambda word: (-len(word), word))
    return "|".join(
        ("" if not stuck or len(word) >= _LONG else r"(?<!\w)")
        + re.escape(word).replace(r"\ ", r"\s+")
        for word in longest_first
    )


def _by_word(words: Mapping[T, tuple[str, ...]]) -> Mapping[str, T]:
    return {_word(word): meaning for meaning, many in words.items() for word in many}


def _word(text: str) -> str:
    return " ".join(strip_marks(text).lower().split())
