"""Messages over all channels while processes are killed; then who was answered, and how often."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.support.people import Person

Blow = Callable[[], Awaitable[None]]
SETTLED_S = 2.0


@dataclass
class Figures:
    """What became of the messages."""

    messages: int = 0
    blows: int = 0
    answered_once: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    notices: int = 0
    other: list[str] = field(default_factory=list)
    """What was received and answers none of the messages."""
    seconds: float = 0.0
    taking: list[float] = field(default_factory=list)
    """Seconds until each message was taken, in the attempt that was."""

    @property
    def clean(self) -> bool:
        """Whether every message was answered once, in order, and nothing else was said."""
        return not (self.lost or self.twice or self.out_of_order or self.other)

    def table(self) -> str:
        """Return the figures as lines."""
        taking = sorted(self.taking)
        rows: Mapping[str, object] = {
            "messages": self.messages,
            "kills with SIGKILL": self.blows,
            "answered once": self.answered_once,
            "not answered": len(self.lost),
            "answered twice": len(self.twice),
            "conversations out of order": len(self.out_of_order),
            "anything else said": len(self.other),
            "told to wait": self.notices,
            "seconds": f"{self.seconds:.0f}",
            "taken within, ms (p50 / p99)": f"{1000 * taking[len(taking) // 2]:.0f} / "
            f"{1000 * taking[int(len(taking) * 0.99)]:.0f}",
        }
        return "\n".join(f"{name:<32}{value}" for name, value in rows.items())


@dataclass(frozen=True)
class Script:
    """What a person writes, and how an answer to it is known."""

    texts: Sequence[str]
    answers: Callable[[str, str], bool]
    """Whether the second text is the answer to the first."""
    is_notice: Callable[[str], bool]


async def play(
    people: Mapping[Person, Script],
    blows: Sequence[Blow],
    *,
    pause_s: tuple[float, float],
    between_blows_s: tuple[float, float],
    seed: int,
    patience_s: float,
) -> Figures:
    """Let all people write while the blows fall, wait for the answers, and count them."""
    chance = random.Random(seed)
    figures = Figures(messages=sum(len(script.texts) for script in people.values()))
    begun = time.monotonic()

    async def write(person: Person, texts: Sequence[str], pauses: Sequence[float]) -> None:
        for text, pause in zip(texts, pauses, strict=True):
            figures.taking.append(await person.say(text))
            await asyncio.sleep(pause)

    async def strike() -> None:
        for blow in blows:
            await asyncio.sleep(chance.uniform(*between_blows_s))
            await blow()
            figures.blows += 1

    async with asyncio.TaskGroup() as group:
        for person, script in people.items():
            pauses = [chance.uniform(*pause_s) for _ in script.texts]
            group.create_task(write(person, script.texts, pauses))
        group.create_task(strike())
    await _until_answered(people, patience_s)
    await asyncio.sleep(SETTLED_S)
    figures.seconds = time.monotonic() - begun
    for person, script in people.items():
        _judge(figures, person.name, script, await person.heard())
    return figures


async def _until_answered(people: Mapping[Person, Script], patience_s: float) -> None:
    end = time.monotonic() + patience_s
    waiting = dict(people)
    while waiting and time.monotonic() < end:
        for person, script in list(waiting.items()):
            heard = [text for text in await person.heard() if not script.is_notice(text)]
            if len(heard) >= len(script.texts):
                del waiting[person]
        await asyncio.sleep(0.2)


def _judge(figures: Figures, name: str, script: Script, heard: Sequence[str]) -> None:
    answers = [text for text in heard if not script.is_notice(text)]
    figures.notices += len(heard) - len(answers)
    found = [_asked(script, answer) for answer in answers]
    figures.other += [
        f"{name}: {answer[:80]}"
        for answer, number in zip(answers, found, strict=True)
        if number is None
    ]
    numbers = [number for number in found if number is not None]
    times = Counter(numbers)
    for number, text in enumerate(script.texts):
        if times[number] == 0:
            figures.lost.append(f"{name}: {text}")
        elif times[number] > 1:
            figures.twice.append(f"{name}: {text}")
        else:
            figures.answered_once += 1
    if numbers != sorted(numbers):
        figures.out_of_order.append(name)


def _asked(script: Script, answer: str) -> int | None:
    for number, text in enumerate(script.texts):
        if script.answers(text, answer):
            return number
    return None
