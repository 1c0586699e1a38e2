"""Commands that people type (`/tracuu`), the same on every channel; they live in `menu.yaml`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from knowledge.dossiers.tracking_code import parse_code

FILE = Path(__file__).with_name("menu.yaml")
TRACKING = "/track_dossier"
_COMMAND = re.compile(r"\s*/([A-Za-z0-9_]{1,32})(?:@\w+)?(?:\s+(.*))?", re.DOTALL)
_NO_LANGUAGE = ("says", "hidden")


class Menu:
    """The commands, by name and by language."""

    def __init__(self, file: Mapping[str, Any]) -> None:
        self.default: str = file["default"]
        self._commands: Sequence[Mapping[str, Any]] = file["commands"]
        self._said = {
            command[language]["name"]: str(command["says"])
            for command in self._commands
            for language in _languages(command)
        }

    @classmethod
    def load(cls, file: Path = FILE) -> Menu:
        """Read the file."""
        return cls(yaml.safe_load(file.read_text(encoding="utf-8")))

    @property
    def languages(self) -> Sequence[str]:
        """Return the languages that the menu is written in."""
        return _languages(self._commands[0])

    def shown(self, language: str) -> list[dict[str, str]]:
        """Return the commands of a language as menus show them."""
        return [
            {"command": command[language]["name"], "description": command[language]["shows"]}
            for command in self._commands
            if not command.get("hidden")
        ]

    def payload(self, text: str) -> str | None:
        """Return what the assistant is told for a typed command, None for any other text."""
        typed = _COMMAND.fullmatch(text)
        says = self._said.get(typed[1].lower()) if typed else None
        if typed is None or says is None:
            return None
        beside = (typed[2] or "").strip()
        if not beside:
            return says
        code = parse_code(beside) if says == TRACKING else None
        return tracking(code) if code else None


def tracking(code: str) -> str:
    """Return what the assistant is told to look one dossier up."""
    return f"{TRACKING}{json.dumps({'tracking_code': code})}"


def payload(text: str) -> str | None:
    """Return what the assistant is told for a typed command of the shipped menu.

    None stands for any other text, also for a command with words after it: those words are
    what the person asks, and are read like any text.
    """
    return _shipped().payload(text)


@lru_cache(maxsize=1)
def _shipped() -> Menu:
    return Menu.load()


def _languages(command: Mapping[str, Any]) -> list[str]:
    return [key for key in command if key not in _NO_LANGUAGE]
