"""The few sentences the gateway itself says; they live in `texts.yaml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("texts.yaml")


class Texts:
    """Looks sentences up by name and fills in their values."""

    def __init__(self, sentences: Mapping[str, Any]) -> None:
        self._sentences = sentences

    @classmethod
    def load(cls, file: Path = FILE) -> Texts:
        """Read the file."""
        return cls(yaml.safe_load(file.read_text(encoding="utf-8")))

    def __call__(self, name: str, **values: object) -> str:
        """Return a sentence."""
        return str(self._sentences[name]).format(**values)

    @property
    def suggestions(self) -> Sequence[Mapping[str, str]]:
        """Return what the web chat offers before the first question."""
        suggestions: Sequence[Mapping[str, str]] = self._sentences["suggestions"]
        return suggestions
