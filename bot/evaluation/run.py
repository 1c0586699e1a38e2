"""`motcua evaluate`: ask the assistant every labelled question in every way of typing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date

from bot.asking import Asker, open_asker
from bot.batch import hold
from bot.evaluation.labelled import Labelled, conversations
from bot.evaluation.scoring import Verdict, judge
from bot.evaluation.typing_ways import WAYS
from bot.settings import Settings

_AT_ONCE = 4


async def evaluate(
    settings: Settings,
    questions: Sequence[Labelled],
    ways: Sequence[str],
    *,
    url: str | None = None,
    today: date | None = None,
) -> Mapping[str, Sequence[Verdict]]:
    """Return the verdicts by slice, in the order of the questions."""
    async with open_asker(settings, url=url, today=today) as asker:
        return {way: await _slice(asker, questions, way) for way in ways}


async def _slice(asker: Asker, questions: Sequence[Labelled], way: str) -> list[Verdict]:
    limit = asyncio.Semaphore(_AT_ONCE)
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_hold(asker, turns, way, limit))
            for turns in conversations(questions)
        ]
    return [verdict for task in tasks for verdict in task.result()]


async def _hold(
    asker: Asker, questions: Sequence[Labelled], way: str, limit: asyncio.Semaphore
) -> list[Verdict]:
    typed = [WAYS[way](question.text, question.id) for question in questions]
    async with limit:
        key = f"{way}:{questions[0].talk}"
        turns = [turn async for turn in hold(asker, key, typed)]
    return [judge(*item) for item in zip(questions, typed, turns, strict=True)]
