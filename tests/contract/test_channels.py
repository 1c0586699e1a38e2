"""What every channel must bear, through a real gateway and over real HTTP.

The runtime is an echo, so that only the way of the messages is under test.
"""

from __future__ import annotations

import contextlib
import dataclasses
import unicodedata
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.texts import Texts
from tests.contract.doors import Post, Visit, Visits, new_id
from tests.support.stage import stage

PLATFORMS = ("telegram", "zalo_oa", "zalo_bot")
TEXTS = Texts.load()
TAKEN = (200, 202)


@pytest.fixture(scope="module")
async def visits(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Visits]:
    """A gateway with all channels, and a fake for each platform."""
    async with stage(tmp_path_factory.mktemp("channels")) as house:
        visits = Visits(house)
        yield visits
        await visits.heard_nothing_more()


@pytest.fixture(params=PLATFORMS)
def at_platform(request: pytest.FixtureRequest, visits: Visits) -> Visit:
    """Somebody new on each channel behind which a platform stands."""
    return visits.somebody(request.param)


@pytest.fixture(params=[*PLATFORMS, "web"])
def visit(request: pytest.FixtureRequest, visits: Visits) -> Visit:
    """Somebody new on each channel."""
    return visits.somebody(request.param)


async def test_a_repeated_event_is_answered_once(visit: Visit) -> None:
    post = visit.door.text(visit.person, "một lần", new_id())
    assert [await visit.post(post) in TAKEN for _ in range(3)] == [True] * 3
    assert await visit.hears(1) == ["re: một lần"]


async def test_events_that_come_in_another_order_are_all_answered(visit: Visit) -> None:
    first = new_id()
    for number in (3, 1, 2):
        post = visit.door.text(visit.person, f"câu {number}", first + number)
        assert await visit.post(post) in TAKEN
    assert sorted(await visit.hears(3)) == ["re: câu 1", "re: câu 2", "re: câu 3"]


async def test_decomposed_letters_are_composed(visit: Visit) -> None:
    text = "Đề nghị cấp giấy phép bán rượu"
    assert await visit.say(unicodedata.normalize("NFD", text)) in TAKEN
    assert await visit.hears(1) == [f"re: {text}"]


async def test_ten_thousand_characters_get_a_polite_answer(visit: Visit) -> None:
    assert await visit.say("rượu " * 2000) in TAKEN
    [answer] = await visit.hears(1)
    assert answer == TEXTS("too_long", limit=2000)


async def test_markup_arrives_as_it_was_typed(visit: Visit) -> None:
    text = "a<b>đậm</b> & *sao* _gạch_ [x](y) `z` \\ <script>"
    assert await visit.say(text) in TAKEN
    assert await visit.hears(1) == [f"re: {text}"]


async def test_an_oversize_body_is_refused_and_harms_nothing(visit: Visit) -> None:
    post = visit.door.text(visit.person, "x" * 400_000, new_id())
    assert await visit.post(post) in (*TAKEN, 413)
    assert await visit.say("sau đó") in TAKEN
    assert (await visit.hears(1))[-1] == "re: sau đó"


MALFORMED = {
    "empty": b"",
    "cut off": b"{",
    "null": b"null",
    "a list": b"[]",
    "numbers": b"[1, 2]",
    "a text": b'"text"',
    "not UTF-8": b"\xff\xfe\x00",
    "very deep": b"[" * 50_000,
    "wrong kinds": b'{"message": 7, "update_id": "x", "result": [], "event_name": {}}',
    "wrong Telegram": b'{"update_id": 1, "message": {"chat": null, "from": [], "text": {}}}',
    "wrong Zalo": b'{"event_name": "message.text.received", "message": {"chat": 5}}',
    "wrong web": b'{"id": 5, "conversation": [], "text": null}',
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_a_malformed_body_is_no_fault_of_ours(visit: Visit, name: str) -> None:
    headers = visit.door.text(visit.person, "x", new_id()).headers
    assert await visit.post(Post(MALFORMED[name], headers)) < 500
    visit.hears_nothing()


async def test_a_body_that_is_not_packed_as_it_says_is_no_fault_of_ours(visit: Visit) -> None:
    post = visit.door.text(visit.person, "x", new_id())
    packed = Post(post.body, {**post.headers, "Content-Encoding": "gzip"})
    async with aiohttp.ClientSession() as other:
        stranger = dataclasses.replace(visit, session=other)
        with contextlib.suppress(aiohttp.ClientOSError):  # the server hangs up on such a peer
            assert await stranger.post(packed) < 500
    assert await visit.say("sau đó") in TAKEN
    assert await visit.hears(1) == ["re: sau đó"]


async def test_what_is_not_proved_to_come_from_the_platform_is_dropped(at_platform: Visit) -> None:
    post = at_platform.door.text(at_platform.person, "giả", new_id())
    for forged in at_platform.door.forged(post):
        assert await at_platform.post(forged) in (200, 401, 403)
    assert await at_platform.say("thật") in TAKEN
    assert await at_platform.hears(1) == ["re: thật"]


@pytest.mark.parametrize("kind", ["server_error", "bad_gateway"])
async def test_a_platform_that_refuses_for_now_gets_it_later(
    at_platform: Visit, kind: str
) -> None:
    at_platform.door.fault(kind, at_platform.person)
    assert await at_platform.say("lần nữa") in TAKEN
    assert await at_platform.hears(1) == ["re: lần nữa"]


async def test_a_flooded_platform_gets_it_when_it_asks_for_it(visits: Visits) -> None:
    """Telegram alone says when; the waits of Zalo's answers are tested with its channels."""
    visit = visits.somebody("telegram")
    visit.door.fault("flood", visit.person)
    assert await visit.say("lần nữa") in TAKEN
    assert await visit.hears(1) == ["re: lần nữa"]


async def test_a_lost_answer_of_the_platform_is_not_repeated(at_platform: Visit) -> None:
    at_platform.door.fault("lost_answer", at_platform.person)
    assert await at_platform.say("một") in TAKEN
    assert await at_platform.hears(1) == ["re: một"]
    assert await at_platform.say("hai") in TAKEN
    assert await at_platform.hears(2) == ["re: một", "re: hai"]


async def test_a_slow_platform_holds_up_neither_taking_nor_others(
    at_platform: Visit, visits: Visits
) -> None:
    at_platform.door.fault("slow", at_platform.person)
    other = visits.somebody(at_platform.door.name)
    assert await at_platform.say("chậm") in TAKEN
    assert await other.say("nhanh") in TAKEN
    assert await other.hears(1) == ["re: nhanh"]
    assert await at_platform.hears(1) == ["re: chậm"]


async def test_an_unknown_event_is_taken_and_not_answered(at_platform: Visit) -> None:
    post = at_platform.door.unknown(at_platform.person)
    assert await at_platform.post(post) == 200
    assert await at_platform.say("chữ") in TAKEN
    assert await at_platform.hears(1) == ["re: chữ"]


async def test_what_is_not_text_gets_a_hint(at_platform: Visit) -> None:
    post = at_platform.door.picture(at_platform.person, new_id())
    assert await at_platform.post(post) == 200
    assert await at_platform.hears(1) == [TEXTS("content_sticker")]
