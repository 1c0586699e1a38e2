"""The pace of a channel, on a clock that the test moves."""

import asyncio
from datetime import timedelta

import pytest

from bot.channels.base import Capabilities
from bot.delivery import pacing
from bot.delivery.pacing import Pace

SECOND = timedelta(seconds=1)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each message waited; nobody really sleeps."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(round(seconds, 3))

    monkeypatch.setattr(pacing.asyncio, "sleep", sleep)
    monkeypatch.setattr(pacing.time, "monotonic", lambda: 100.0)
    return waits


async def test_messages_to_one_person_keep_their_distance_and_others_do_not_wait(
    slept: list[float],
) -> None:
    pace = Pace(Capabilities(100, 3, chat_pause=SECOND, group_pause=3 * SECOND))
    for conversation in ("t:1:77", "t:1:77", "t:1:78", "t:1:77"):
        await pace.wait(conversation)
    assert slept == [0, 1, 0, 2]


async def test_the_people_in_a_group_share_its_pause(slept: list[float]) -> None:
    pace = Pace(Capabilities(100, 3, chat_pause=SECOND, group_pause=3 * SECOND))
    for conversation in ("t:1:-5.77", "t:1:-5.78", "t:1:-6.77"):
        await pace.wait(conversation)
    assert slept == [0, 3, 0]


def test_a_platform_that_refuses_everybody_is_left_alone() -> None:
    pace = Pace(Capabilities(100, 3))
    assert not pace.held
    pace.hold(SECOND)
    assert pace.held
    assert asyncio.run(pace.wait("t:1:77")) is None
