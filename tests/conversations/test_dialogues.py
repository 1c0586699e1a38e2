"""Conversations of several turns against the real gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from bot.messages import Turn
from tests.support.chat import person
from tests.support.processes import Running

DIALOGUES = yaml.safe_load(Path(__file__).with_name("dialogues.yaml").read_text(encoding="utf-8"))
CHECKS = {
    "outcome": lambda turn: turn.outcome,
    "procedure": lambda turn: turn.procedure,
    "aspects": lambda turn: list(turn.aspects),
    "candidates": lambda turn: len(turn.candidates),
    "dossiers": lambda turn: [item["state"] for item in turn.dossiers],
    "buttons": lambda turn: len(turn.buttons),
}


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=[item["name"] for item in DIALOGUES])
async def test_a_conversation(
    gateway: Running, session: aiohttp.ClientSession, dialogue: dict[str, Any]
) -> None:
    someone = person(session, gateway.url)
    offered: list[str] = []
    before: Turn | None = None
    for expected in dialogue["turns"]:
        turn = await (
            someone.presses(expected["press"])
            if "press" in expected
            else someone.says(expected["say"])
        )
        said = expected.get("press") or expected["say"]
        for name, value in expected.items():
            if name in CHECKS:
                assert CHECKS[name](turn) == meant(value, offered), f"{said}: {name}"
        assert expected.get("says", "") in turn.text
        assert "unsaid" not in expected or expected["unsaid"] not in turn.text
        assert before is None or turn.text != before.text or turn.procedure, f"{said}: repeated"
        offered = list(turn.candidates) or offered
        before = turn


def meant(value: object, offered: list[str]) -> object:
    """Return the value that a turn must have; `offered 2` is the second candidate shown last."""
    word, _, place = str(value).partition(" ")
    if word != "offered":
        return value
    return offered[-1 if place == "last" else int(place) - 1]
