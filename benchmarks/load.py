"""Fifty people writing at once over the webhooks: `python -m benchmarks.load`.

Five scenes in one run: the real Rasa runtime; a runtime whose answers take half a second; one that
is killed in the midst; none at all; and a gateway that still loads its knowledge base. People
write, wait for the answer and write again; where no runtime is there, they write the next message
after a second. The platforms are stand-ins.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.table import percentile
from tests.crash.scene import Script
from tests.support.machine import children, memory_mb
from tests.support.people import Person
from tests.support.scripts import procedure_scripts
from tests.support.stage import Stage, echo_script, stage

PEOPLE = 50
MESSAGES = 4
_PATIENCE_S = 240.0
_TYPING_S = 1.0
_SETTLED_S = 8.0
"""For the gateway to load its knowledge base; only the last scene begins without it."""
Disturb = Callable[[Stage], Awaitable[None]]


@dataclass
class Figures:
    """What a scene has shown."""

    taken_s: list[float] = field(default_factory=list)
    answered_s: list[float] = field(default_factory=list)
    seconds: float = 0.0
    gateway_mb: float = 0.0
    runtime_mb: float = 0.0
    unanswered: int = 0


async def main() -> None:
    """Play the scenes and print a table in Markdown."""
    scenes: Mapping[str, Figures] = {
        "Rasa": await _scene(echo=False),
        "busy (0.5 s an answer)": await _scene(takes_s=0.5),
        "killed in the midst": await _scene(takes_s=0.05, disturb=_kill_the_runtime),
        "absent": await _scene(disturb=_stop_the_runtime, waits=False),
        "gateway just started": await _scene(settled_s=0),
    }
    print(f"{PEOPLE} people, {MESSAGES} messages each, over the three webhooks\n")
    print("| runtime | taken p50 / p99, ms | answered p50 / p99, s | messages/s | gateway, MB |")
    print("|---|---|---|---|---|")
    for name, it in scenes.items():
        taken = [1000 * percentile(it.taken_s, share) for share in (0.5, 0.99)]
        answered = (
            [percentile(it.answered_s, share) for share in (0.5, 0.99)] if (it.answered_s) else []
        )
        rate = f"{len(it.answered_s) / it.seconds:.1f}" if it.answered_s else "–"
        shown = f"{answered[0]:.2f} / {answered[1]:.2f}" if answered else "–"
        memory = f"{it.gateway_mb:.0f}" + (f" + {it.runtime_mb:.0f}" if it.runtime_mb else "")
        print(f"| {name} | {taken[0]:.0f} / {taken[1]:.0f} | {shown} | {rate} | {memory} |")
        if it.unanswered:
            print(f"{it.unanswered} messages were not answered")


async def _scene(
    *,
    echo: bool = True,
    takes_s: float = 0.02,
    disturb: Disturb | None = None,
    waits: bool = True,
    settled_s: float = _SETTLED_S,
) -> Figures:
    figures = Figures()
    with tempfile.TemporaryDirectory() as folder:
        async with stage(Path(folder), echo=echo, takes_s=takes_s) as it:
            people = [person for person in it.people(PEOPLE) if person.channel != "web"][:PEOPLE]
            scripts = _scripts(people, echo)
            await asyncio.sleep(settled_s)
            if disturb and not waits:
                await disturb(it)
            begun = time.monotonic()
            async with asyncio.TaskGroup() as group:
                for person, script in scripts.items():
                    group.create_task(_write(person, script, figures, waits=waits))
                if disturb and waits:
                    group.create_task(disturb(it))
            figures.seconds = time.monotonic() - begun
            [gateway] = it.gateways
            figures.gateway_mb = memory_mb(gateway.pid)
            if not echo:
                figures.runtime_mb = sum(memory_mb(pid) for pid in children(gateway.pid))
    return figures


def _scripts(people: Sequence[Person], echo: bool) -> Mapping[Person, Script]:
    if echo:
        return {person: echo_script(person, MESSAGES) for person in people}
    return procedure_scripts(people, MESSAGES)


async def _write(person: Person, script: Script, figures: Figures, *, waits: bool) -> None:
    for text in script.texts:
        begun = time.monotonic()
        figures.taken_s.append(await person.say(text))
        if waits and await _answered(person, script, text, begun + _PATIENCE_S):
            figures.answered_s.append(time.monotonic() - begun)
        elif waits:
            figures.unanswered += 1
        else:
            await asyncio.sleep(_TYPING_S)


async def _answered(person: Person, script: Script, text: str, until: float) -> bool:
    while time.monotonic() < until:
        if any(script.answers(text, heard) for heard in await person.heard()):
            return True
        await asyncio.sleep(0.01)
    return False


async def _kill_the_runtime(it: Stage) -> None:
    await asyncio.sleep(1)
    await it.runtimes[0].kill()


async def _stop_the_runtime(it: Stage) -> None:
    it.runtimes[0].stop()
    await asyncio.sleep(0)


if __name__ == "__main__":
    asyncio.run(main())
