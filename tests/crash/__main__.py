# ruff: noqa: T201 - it prints its figures
"""The crash test at length: `python -m tests.crash [--rasa] [--seed N] [--messages N]`.

Messages go over all channels while gateway and runtime are killed with SIGKILL at random moments;
then once more while all platforms refuse for a minute.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path

from tests.crash.scene import Blow, Figures, play
from tests.support.scripts import procedure_scripts
from tests.support.stage import Stage, echo_script, stage

_EACH = 10
_CHANNELS = 4


async def main() -> int:
    """Run both parts; returns 0 when nothing was lost, repeated or out of order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rasa", action="store_true", help="the real runtime, not the echo")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--kills", type=int, default=24)
    parser.add_argument("--refuse", type=float, default=60, help="seconds")
    options = parser.parse_args()
    count = -(-options.messages // (_EACH * _CHANNELS))
    clean = True
    for title, refuse_s in (("killed", None), ("refused", options.refuse)):
        with tempfile.TemporaryDirectory() as folder:
            async with stage(Path(folder), echo=not options.rasa) as it:
                blows = [_refusing(it, refuse_s)] if refuse_s else _kills(it, options)
                figures = await _act(it, blows, count, options)
        print(f"\n{title}\n{figures.table()}")
        for name in ("lost", "twice", "out_of_order", "other"):
            for item in getattr(figures, name)[:10]:
                print(f"  {name}: {item}")
        clean = clean and figures.clean
    return 0 if clean else 1


async def _act(it: Stage, blows: list[Blow], count: int, options: argparse.Namespace) -> Figures:
    people = it.people(_EACH)
    if options.rasa:
        scripts = procedure_scripts(people, count)
        between, pause = (6.0, 14.0), (5.0, 25.0)
    else:
        scripts = {person: echo_script(person, count) for person in people}
        between, pause = (0.5, 3.0), (0.0, 6.0)
    return await play(
        scripts,
        blows,
        pause_s=pause,
        between_blows_s=between,
        seed=options.seed,
        patience_s=300,
    )


def _kills(it: Stage, options: argparse.Namespace) -> list[Blow]:
    [gateway] = it.gateways
    runtime: Blow = it.runtimes[0].kill if it.runtimes else gateway.kill_runtime
    kills: list[Blow] = [gateway.kill, runtime]
    blows = [kills[number % 3 == 2] for number in range(options.kills)]
    random.Random(options.seed).shuffle(blows)
    return blows


def _refusing(it: Stage, seconds: float) -> Blow:
    async def refuse() -> None:
        await it.refuse_for(seconds)

    return refuse


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
