"""How questions are worded around a procedure: fillers, synonyms, cues of aspect and variant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from knowledge.procedures.model import Aspect, Variant
from knowledge.procedures.particulars import AmountWords, ParticularsReader
from knowledge.procedures.phrases import Phrases, Token, Tokens, tokens
from knowledge.yaml_files import load_yaml

_LONGEST_ASPECT = 6
_LONGEST_DENIAL = 3


class WordingFile(BaseModel):
    """Shape of `wording.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fillers: tuple[str, ...]
    synonyms: dict[str, tuple[str, ...]]
    aspect_cues: dict[Aspect, tuple[str, ...]]
    aspect_nouns: dict[Aspect, tuple[str, ...]]
    joining: tuple[str, ...]
    name_tails: tuple[str, ...]
    no_aspect: tuple[str, ...]
    going_on: tuple[str, ...]
    returning: tuple[str, ...]
    denying: tuple[str, ...]
    each_of: tuple[str, ...]
    kinds: dict[str, tuple[str, ...]]
    obligation: tuple[str, ...]
    lead_time: tuple[str, ...]
    lead_time_facts: tuple[str, ...]
    variant_acts: dict[Variant, tuple[str, ...]]
    variant_cues: dict[Variant, tuple[str, ...]]
    variant_hints: dict[Variant, tuple[str, ...]]
    particulars: dict[str, dict[str, tuple[str, ...]]]
    amounts: AmountWords


@dataclass(frozen=True, slots=True)
class Wording:
    """The wordings of a file, ready to be found in any spelling."""

    fillers: Phrases[None]
    synonyms: Phrases[Tokens]
    """Everyday and English words → the words that the official names use."""
    aspects: Phrases[Aspect | None]
    nouns: Phrases[Aspect]
    joining: Phrases[None]
    name_tails: Phrases[None]
    going_on: Phrases[None]
    returning: Phrases[None]
    denying: Phrases[None]
    each_of: Phrases[None]
    obligation: Phrases[None]
    lead_time: Phrases[None]
    lead_time_facts: Phrases[None]
    acts: Phrases[Variant]
    cues: Phrases[Variant]
    hints: Phrases[Variant]
    """Words that tell a variant only of a family that has it."""
    particulars: ParticularsReader
    kinds: Mapping[str, frozenset[str]]
    """A general word → the words of names that are kinds of it, by their keys."""
    vocabulary: Mapping[str, frozenset[str]]
    """All words of the phrases: key → forms."""
    short_fillers: Mapping[str, frozenset[str]]
    """Fillers of one word: key → forms."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read and check the file; raises `DataFileError`."""
        return cls.of(load_yaml(path, WordingFile))

    @classmethod
    def of(cls, file: WordingFile) -> Self:
        """Index the phrases of a wording file."""
        fillers, joining, tails, going_on, returning = map(
            _plain, (file.fillers, file.joining, file.name_tails, file.going_on, file.returning)
        )
        denying, each_of, obligation, lead_time, lead_time_facts = map(
            _plain,
            (file.denying, file.each_of, file.obligation, file.lead_time, file.lead_time_facts),
        )
        nouns = Phrases.of((noun, it) for it, many in file.aspect_nouns.items() for noun in many)
        synonyms = Phrases.of(
            (phrase, tuple(token._replace(official=True) for token in tokens(official)))
            for official, lines in file.synonyms.items()
            for line in (official, *lines)
            for phrase in line.split(",")
        )
        aspects: Phrases[Aspect | None] = Phrases.of(
            [
                *((cue, it) for it, many in file.aspect_cues.items() for cue in many),
                *((phrase, None) for line in file.no_aspect for phrase in line.split(",")),
            ]
        )
        acts = Phrases.of((act, it) for it, many in file.variant_acts.items() for act in many)
        cues = Phrases.of((cue, it) for it, many in file.variant_cues.items() for cue in many)
        hints = Phrases.of((hint, it) for it, many in file.variant_hints.items() for hint in many)
        vocabulary: dict[str, set[str]] = defaultdict(set)
        tables: tuple[Phrases[Any], ...] = (
            fillers,
            synonyms,
            aspects,
            nouns,
            joining,
            going_on,
            returning,
            obligation,
            acts,
            cues,
            hints,
        )
        for table in tables:
            for token in table.words():
                vocabulary[token.key].add(token.form)
        known = {key: frozenset(forms) for key, forms in vocabulary.items()}
        return cls(
            *(fillers, synonyms, aspects, nouns, joining, tails, going_on, returning),
            *(denying, each_of, obligation, lead_time, lead_time_facts),
            *(acts, cues, hints),
            ParticularsReader.of(file.particulars, file.amounts),
            {_key(it): frozenset(map(_key, many)) for it, many in file.kinds.items()},
            known,
            fillers.single_words(),
        )

    def pairs(self) -> Iterable[tuple[str, str]]:
        """Yield the pairs of neighbouring keys in all phrases."""
        for table in (self.fillers, self.synonyms, self.aspects, self.acts, self.cues):
            yield from table.pairs()

    def aspects_of(self, typed: Sequence[Token]) -> Mapping[Aspect, int]:
        """Return the aspects that a question words, in its order, with the words of each.

        How a thing is done is asked only where nothing closer is ("hồ sơ thế nào"), and whether
        it must be done only where nothing else is: its conditions tell.
        """
        found: dict[Aspect, int] = {}
        at = 0
        while at < len(typed):
            width, aspect = self.aspects.at(typed, at) or (1, None)
            at += width
            named = aspect is Aspect.LEGAL_BASIS and at < len(typed) and typed[at].key.isdigit()
            if aspect and not named:  # "nghị định 09" is no question
                found[aspect] = max(width, found.get(aspect, 0))
        if len(found) > 1:
            found.pop(Aspect.OVERVIEW, None)
        if len(found) > 1 and found.get(Aspect.ONLINE_FILING) == 1:  # "bán trà online, phí gì"
            del found[Aspect.ONLINE_FILING]
        if not found and self.asks_obligation(typed):
            return {Aspect.CONDITIONS: 1}
        return found

    def core_of(self, name: Sequence[Token]) -> str:
        """Return the keys of an official name without its act and without its tail."""
        start = 0
        while start < len(name):
            act = self.acts.at(name, start) or self.name_tails.at(name, start)
            if not act:
                break
            start += act[0]
        end = next((at for at in range(start, len(name)) if self.name_tails.at(name, at)), None)
        return " ".join(token.key for token in name[start:end])

    def asks_by_itself(self, typed: Sequence[Token]) -> bool:
        """Return whether a message words what it asks, and more than "thì sao"."""
        return bool(self.aspects_of(typed).keys() - {Aspect.OVERVIEW})

    def parts(self, typed: Sequence[Token]) -> list[Sequence[Token]]:
        """Return the parts of a question that joining words part."""
        found: list[Sequence[Token]] = []
        start = at = 0
        while at < len(typed):
            match = self.joining.at(typed, at)
            if match:
                found.append(typed[start:at])
                start = at + match[0]
            at += match[0] if match else 1
        return [part for part in (*found, typed[start:]) if part]

    def noun_at_head(self, typed: Sequence[Token]) -> Aspect | None:
        """Return the aspect whose name stands first in a part, beside words that say nothing."""
        at = 0
        while at < len(typed):
            asked = self.aspects.at(typed, at)
            if asked and asked[1] is None:  # "hồ sơ thương nhân" is a part of a name
                return None
            noun = self.nouns.at(typed, at)
            if noun:
                return noun[1]
            filler = self.fillers.at(typed, at)
            if not filler:
                return None
            at += filler[0]
        return None

    def asks_of_each(self, typed: Sequence[Token]) -> bool:
        """Return whether a message says that it is about two things: "mỗi cái mấy ngày"."""
        return self.each_of.stand_in(typed)

    def asks_obligation(self, typed: Sequence[Token]) -> bool:
        """Return whether it is asked whether something must be done at all."""
        return self.obligation.stand_in(typed)

    def asks_lead_time(self, typed: Sequence[Token]) -> bool:
        """Return whether it is asked how long before something one must file."""
        return self.lead_time.stand_in(typed)

    def states_lead_time(self, fact: str) -> bool:
        """Return whether a fact says how long before something one must file."""
        said = tokens(fact)
        return self.lead_time_facts.stand_in(said) and any(token.key.isdigit() for token in said)

    def goes_on(self, typed: Sequence[Token]) -> bool:
        """Return whether a message goes on with what was asked before."""
        return self.going_on.stand_in(typed)

    def returns(self, typed: Sequence[Token]) -> bool:
        """Return whether a message comes back to what was talked about before."""
        return self.returning.stand_in(typed)

    def tells_situation(self, typed: Sequence[Token]) -> bool:
        """Return whether a message tells what happened ("đổi kho") and names no act itself."""
        places = range(len(typed))
        told = any(self.cues.at(typed, at) for at in places) or bool(self.hints_of(typed))
        return told and not any(self.acts.at(typed, at) for at in places)

    def variants_of(
        self, typed: Sequence[Token], is_name: Callable[[int], bool]
    ) -> tuple[tuple[Variant, ...], list[Token]]:
        """Return the variants a question words, the surest first, and its words without the cues.

        An act outweighs a situation, a longer cue a shorter one. `is_name` tells of a place
        whether a cue of one word is rather a part of a name there.
        """
        cues = [
            (table is self.acts, width, at, meaning)
            for table in (self.acts, self.cues)
            for at in range(len(typed))
            for width, meaning in table.all_at(typed, at)
            if not all(token.official for token in typed[at : at + width])
            and (width > 1 or not is_name(at))
            and not self._asks_around(typed, at, width)
            and not self._is_denied(typed, at)
        ]
        cues.sort(key=lambda cue: (-cue[0], -cue[1], cue[2]))
        variants = tuple(dict.fromkeys(meaning for _, _, _, meaning in cues))
        spoken = {place for _, width, at, _ in cues for place in range(at, at + width)}
        rest = [token for at, token in enumerate(typed) if token.official or at not in spoken]
        return variants, rest

    def _is_denied(self, typed: Sequence[Token], at: int) -> bool:
        """Whether a cue is said not to be meant: "không phải cấp lại, ý em là sửa"."""
        return any(
            self.denying.at(typed, start) == (at - start, None)
            for start in range(max(0, at - _LONGEST_DENIAL), at)
        )

    def _asks_around(self, typed: Sequence[Token], at: int, width: int) -> bool:
        """Whether a cue is a part of a longer wording: "mấy năm hết hạn", "đổi sang hỏi"."""
        for start in range(max(0, at - _LONGEST_ASPECT), at + 1):
            asked, tied = self.aspects.at(typed, start), self.going_on.at(typed, start)
            wide = max(asked[0] if asked and asked[1] else 0, tied[0] if tied else 0)
            if wide > width and start + wide >= at + width:
                return True
        return False

    def hints_of(self, typed: Sequence[Token]) -> Mapping[Variant, frozenset[str]]:
        """Return the variants that a question may word, with the keys of the words that do.

        A word that belongs to a longer phrase ("mất bao lâu") is no hint.
        """
        found: dict[Variant, set[str]] = defaultdict(set)
        at = 0
        while at < len(typed):
            width, variant = self.hints.at(typed, at) or (1, None)
            longer = max(self._width(table, typed, at) for table in (self.fillers, self.aspects))
            tied = self.going_on.at(typed, at)  # "tôi nhầm" mends a question, not a licence
            if variant and longer <= width and not tied:
                found[variant].update(token.key for token in typed[at : at + width])
            at += max(width, longer, tied[0] if tied else 0)
        return {variant: frozenset(keys) for variant, keys in found.items()}

    @staticmethod
    def _width(table: Phrases[Any], typed: Sequence[Token], at: int) -> int:
        match = table.at(typed, at)
        return match[0] if match else 1

    def with_synonyms(self, typed: Sequence[Token]) -> list[Token]:
        """Return the words, everyday ones replaced by official ones."""
        found: list[Token] = []
        at = 0
        while at < len(typed):
            match = self.synonyms.at(typed, at)
            found.extend(match[1] if match else typed[at : at + 1])
            at += match[0] if match else 1
        return found

    def filler_widths(self, typed: Sequence[Token]) -> list[int]:
        """Return for each word how many words the filler phrase has that it belongs to, or 0.

        What words an aspect ("mất bao lâu") names no procedure either.
        """
        widths: list[int] = []
        while len(widths) < len(typed):
            at = len(widths)
            filler = self.fillers.at(typed, at)
            aspect = self.aspects.at(typed, at)
            tied = (
                self.going_on.at(typed, at),
                self.returning.at(typed, at),
                self.obligation.at(typed, at),
            )
            width = max(
                filler[0] if filler else 0,
                aspect[0] if aspect and aspect[1] else 0,
                *(match[0] if match else 0 for match in tied),
            )
            widths.extend([width] * width or [0])
        return widths


def _plain(lines: Iterable[str]) -> Phrases[None]:
    return Phrases.of((phrase, None) for line in lines for phrase in line.split(","))


def _key(word: str) -> str:
    return tokens(word)[0].key
