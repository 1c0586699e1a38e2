"""Nothing is lost and nothing is answered twice, though processes die and platforms refuse."""

from __future__ import annotations

import random
import sys
from pathlib import Path

from tests.crash.scene import play
from tests.support.stage import echo_script, stage


async def test_killed_in_the_midst_every_message_is_answered_once_and_in_order(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as it:
        [gateway], [runtime] = it.gateways, it.runtimes
        people = {person: echo_script(person, 4) for person in it.people(5)}
        blows = [gateway.kill] * 3 + [runtime.kill] * 2 + [it.refuse_for]
        random.Random(1).shuffle(blows)
        figures = await play(
            people,
            blows,
            pause_s=(0, 3.0),
            between_blows_s=(0.5, 2.5),
            seed=2,
            patience_s=90,
        )
        sys.stdout.write(figures.table() + "\n")
        assert figures.clean, figures


async def test_two_gateways_and_two_runtimes_share_one_database_and_may_die(
    tmp_path: Path, postgresql_url: str
) -> None:
    async with stage(tmp_path, gateways=2, database_url=postgresql_url) as it:
        people = {person: echo_script(person, 4) for person in it.people(4)}
        blows = [it.gateways[0].kill, it.runtimes[1].kill, it.gateways[1].kill]
        figures = await play(
            people,
            blows,
            pause_s=(0, 2.0),
            between_blows_s=(1.0, 2.5),
            seed=3,
            patience_s=120,
        )
        sys.stdout.write(figures.table() + "\n")
        assert figures.clean, figures
