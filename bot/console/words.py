"""The names on the staff's pages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from knowledge.yaml_files import load_yaml

FILE = Path(__file__).with_name("words.yaml")


class PageLink(BaseModel):
    """A page in the navigation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    name: str


class ConsoleWords(BaseModel):
    """Shape of `words.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pages: Mapping[str, PageLink]
    alarm_kinds: Mapping[str, str]
    alarm_subjects: Mapping[str, str]
    alarm_figures: Mapping[str, str]
    ticket_states: Mapping[str, str]
    letter_boxes: Mapping[str, str]
    letter_states: Mapping[str, str]

    @classmethod
    def load(cls, file: Path = FILE) -> ConsoleWords:
        """Read the names; raises `DataFileError`."""
        return load_yaml(file, cls)
