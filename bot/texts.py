"""The few sentences the gateway itself says; they live in `texts.yaml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from actions.language import Language, spoken

FILE = Path(__file__).with_name("texts.yaml")


class Texts:
    """Looks sentences of one language up by name and fills in their values."""

    def __init__(self, file: Mapping[str, Any], language: Language = Language.VIETNAMESE) -> None:
        self._file = file
        self._sentences: Mapping[str, str] = file[language]

    @classmethod
    def load(cls, file: Path = FILE) -> Texts:
        """Read the file."""
        return cls(yaml.safe_load(file.read_text(encoding="utf-8")))

    def replying_to(self, message: str) -> Texts:
        """Return the sentences in the language of a message."""
        return Texts(self._file, spoken([message]))

    def __call__(self, name: str, **values: object) -> str:
        """Return a sentence."""
        return self._sentences[name].format(**values)

    def welcome(self, *, office: str) -> str:
        """Return what the web chat begins with."""
        return str(self._file["page"]["welcome"]).format(office=office)

    @property
    def suggestions(self) -> Sequence[Mapping[str, str]]:
        """Return what the web chat offers before the first question."""
        suggestions: Sequence[Mapping[str, str]] = self._file["page"]["suggestions"]
        return suggestions
