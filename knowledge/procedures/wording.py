"""How questions are worded around a procedure: filler words and cues of the variant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

from knowledge.procedures.model import Aspect, Variant
from knowledge.vietnamese import search_key
from knowledge.yaml_files import load_yaml


class WordingFile(BaseModel):
    """Shape of `wording.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fillers: tuple[str, ...]
    aspect_cues: dict[Aspect, tuple[str, ...]]
    variant_cues: dict[Variant, tuple[str, ...]]


Keys = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """Filler phrases and variant cues as search keys (no marks, shorthand written out)."""

    fillers: Mapping[str, tuple[Keys, ...]]
    """Filler phrases by their first word, longest first."""
    aspects: tuple[tuple[Keys, Aspect], ...]
    """Cue words of the aspects."""
    cues: tuple[tuple[Keys, Variant], ...]
    """Cue words and what they mean, longest first."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read and check the file; raises `DataFileError`."""
        return cls.of(load_yaml(path, WordingFile))

    @classmethod
    def of(cls, file: WordingFile) -> Self:
        """Build the search keys of a wording file."""
        phrases = {_keys(phrase) for line in file.fillers for phrase in line.split(",")} - {()}
        by_first: dict[str, list[Keys]] = defaultdict(list)
        for phrase in sorted(phrases, key=len, reverse=True):
            by_first[phrase[0]].append(phrase)
        cues = [
            (_keys(cue), variant) for variant, many in file.variant_cues.items() for cue in many
        ]
        return cls(
            {first: tuple(many) for first, many in by_first.items()},
            tuple(
                (_keys(cue), aspect) for aspect, many in file.aspect_cues.items() for cue in many
            ),
            tuple(sorted(cues, key=lambda cue: -len(cue[0]))),
        )

    def aspects_of(self, text: str) -> list[Aspect]:
        """Return the aspects that a question words, in the order of its words."""
        keys = _keys(text)
        found: dict[Aspect, int] = {}
        for cue, aspect in self.aspects:
            at = _position(cue, keys)
            if at is not None:
                found[aspect] = min(at, found.get(aspect, at))
        return sorted(found, key=lambda aspect: found[aspect])

    def variant_of(self, keys: Sequence[str]) -> tuple[Variant | None, list[str]]:
        """Return the variant a question words, and its words without the cues of that variant."""
        found: Variant | None = None
        rest = list(keys)
        for cue, variant in self.cues:
            at = _position(cue, rest) if found in (None, variant) else None
            if at is not None:
                found = variant
                del rest[at : at + len(cue)]
        return found, rest

    def filler_flags(self, keys: Sequence[str]) -> list[bool]:
        """Return for each word whether it belongs to a filler phrase."""
        flags: list[bool] = []
        while len(flags) < len(keys):
            width = self._filler_width(keys, len(flags))
            flags.extend([True] * width or [False])
        return flags

    def content(self, keys: Sequence[str]) -> list[str]:
        """Return the words that may name a procedure."""
        flags = self.filler_flags(keys)
        return [key for key, filler in zip(keys, flags, strict=True) if not filler]

    def _filler_width(self, keys: Sequence[str], at: int) -> int:
        for phrase in self.fillers.get(keys[at], ()):
            if tuple(keys[at : at + len(phrase)]) == phrase:
                return len(phrase)
        return 0


def _keys(phrase: str) -> Keys:
    return tuple(search_key(phrase).split())


def _position(cue: Keys, keys: Sequence[str]) -> int | None:
    width = len(cue)
    return next(
        (at for at in range(len(keys) - width + 1) if tuple(keys[at : at + width]) == cue), None
    )
