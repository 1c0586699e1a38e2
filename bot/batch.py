"""`motcua ask`: JSON lines in, one JSON line each out, in the same order."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from bot.asking import Asker, open_asker
from bot.messages import Button, Turn
from bot.settings import Settings

_AT_ONCE = 4


class BadLine(ValueError):  # noqa: N818 - names what it is about
    """A line of the input cannot be read; the message names its number."""


@dataclass(frozen=True, slots=True)
class Question:
    """One line of the input."""

    number: int
    id: str
    text: str
    conversation: str


async def answer_lines(
    settings: Settings, source: str, *, url: str | None, today: date | None
) -> None:
    """Answer all questions; lines of one conversation are its turns, in order."""
    questions = read_questions(source)
    conversations: dict[str, list[Question]] = defaultdict(list)
    for question in questions:
        conversations[question.conversation].append(question)
    answers = {
        question.number: asyncio.get_running_loop().create_future() for question in questions
    }
    limit = asyncio.Semaphore(_AT_ONCE)
    async with open_asker(settings, url=url, today=today) as asker, asyncio.TaskGroup() as group:
        for lines in conversations.values():
            group.create_task(_answer(asker, lines, answers, limit))
        for question in questions:
            sys.stdout.write(await answers[question.number] + "\n")
            sys.stdout.flush()


def read_questions(source: str) -> list[Question]:
    """Read the lines; raises `BadLine` for the first one that is wrong."""
    return [
        _question(number, line)
        for number, line in enumerate(source.splitlines(), start=1)
        if line.strip()
    ]


def result(question: Question, turn: Turn) -> dict[str, Any]:
    """Return a turn with exactly the fields that the output has."""
    return {
        "id": question.id,
        "conversation": question.conversation,
        "intent": turn.intent,
        "confidence": turn.confidence,
        "aspects": list(turn.aspects),
        "procedure": turn.procedure,
        "candidates": list(turn.candidates),
        "dossiers": list(turn.dossiers),
        "outcome": turn.outcome,
        "text": turn.text,
        "buttons": [asdict(button) for button in turn.buttons],
        "sources": list(turn.sources),
        "latency_ms": turn.latency_ms,
    }


async def hold(asker: Asker, conversation: str, texts: Iterable[str]) -> AsyncIterator[Turn]:
    """Hold the turns of one conversation; the label of an offered button presses it."""
    offered: tuple[Button, ...] = ()
    for text in texts:
        pressed = next((item for item in offered if item.label == text.strip()), None)
        turn = await asker.ask(conversation, text, pressed)
        offered = turn.buttons
        yield turn


async def _answer(
    asker: Asker,
    questions: list[Question],
    answers: dict[int, asyncio.Future[str]],
    limit: asyncio.Semaphore,
) -> None:
    async with limit:
        waiting = iter(questions)
        turns = hold(asker, questions[0].conversation, [question.text for question in questions])
        async for turn in turns:
            question = next(waiting)
            line = json.dumps(result(question, turn), ensure_ascii=False)
            answers[question.number].set_result(line)


def _question(number: int, line: str) -> Question:
    try:
        values = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadLine(f"line {number}: not JSON ({error.msg}, column {error.colno})") from None
    if not isinstance(values, dict):
        raise BadLine(f"line {number}: not an object")
    for name in ("id", "text"):
        if not isinstance(values.get(name), str):
            raise BadLine(f"line {number}: {name} is missing or no text")
    conversation = values.get("conversation")
    if not (conversation is None or isinstance(conversation, str)):
        raise BadLine(f"line {number}: conversation is no text")
    return Question(number, values["id"], values["text"], conversation or values["id"])
