"""What a person writes arrives once, in order, and its state is told."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Route

from tests.browser.conftest import Visit, visiting
from tests.browser.fake_gateway import FakeGateway, Fault

CHOICES = [{"label": "Phí", "key": "k1"}, {"label": "Thời hạn", "key": "k2"}]


@pytest.fixture
async def hurried(browser: Browser, fake_gateway: FakeGateway) -> AsyncIterator[Visit]:
    """A page whose clock a test can push forward."""
    async with visiting(browser, fake_gateway.url) as seen:
        await seen.page.clock.install()
        await seen.page.reload()
        await seen.page.locator("#starters").wait_for()
        yield seen


async def test_a_question_gets_its_answer(chat: Visit, fake_gateway: FakeGateway) -> None:
    await chat.ask("câu hỏi")
    await fake_gateway.posted(1)
    await chat.page.locator("#typing").wait_for()
    assert await chat.status.inner_text() == "đã gửi"
    fake_gateway.reply("lời đáp mẫu")
    await chat.sees("lời đáp mẫu")
    assert await chat.page.locator("#typing").is_hidden()
    [message] = fake_gateway.messages
    assert message["text"] == "câu hỏi"
    assert re.fullmatch(r"[0-9a-f]{32}", message["id"])
    assert re.fullmatch(r"[0-9a-f]{32}", message["conversation"])


async def test_a_failed_post_is_repeated_under_the_same_id(
    chat: Visit, fake_gateway: FakeGateway
) -> None:
    fake_gateway.faults.extend([Fault(503), Fault(500)])
    await chat.ask("câu hỏi")
    await fake_gateway.posted(3)
    await chat.sees("đã gửi")
    assert len({post["id"] for post in fake_gateway.posts}) == 1
    assert await chat.mine.count() == 1


async def test_a_later_message_waits_for_the_earlier_one(
    chat: Visit, fake_gateway: FakeGateway
) -> None:
    fake_gateway.faults.append(Fault(503))
    await chat.ask("một")
    await chat.ask("hai")
    await fake_gateway.posted(3)
    assert [post["text"] for post in fake_gateway.posts] == ["một", "một", "hai"]


async def test_what_cannot_be_sent_is_kept_and_sent_on_request(
    hurried: Visit, fake_gateway: FakeGateway
) -> None:
    tried = []

    async def fail(route: Route) -> None:
        tried.append(route.request.post_data_json)
        await route.abort()

    await hurried.page.route("**/api/chat", fail)
    await hurried.ask("một")
    await hurried.ask("hai")
    again = hurried.page.get_by_role("button", name="Gửi lại")
    while await again.count() < 2:
        await hurried.page.clock.fast_forward(10_000)
    assert await hurried.status.all_inner_texts() == ["chưa gửi được", "chưa gửi được"]
    assert {post["text"] for post in tried} == {"một"}, "the second overtook the first"
    await hurried.page.unroute("**/api/chat")
    await again.first.click()
    await fake_gateway.posted(2)
    assert {post["id"] for post in tried} == {fake_gateway.messages[0]["id"]}
    assert [message["text"] for message in fake_gateway.messages] == ["một", "hai"]
    assert await hurried.mine.count() == 2


async def test_too_many_messages_wait_as_long_as_the_gateway_says(
    hurried: Visit, fake_gateway: FakeGateway
) -> None:
    fake_gateway.faults.append(Fault(429, "Bạn gửi quá nhanh.", retry_after=30))
    await hurried.ask("câu hỏi")
    await hurried.sees("Bạn gửi quá nhanh.")
    await hurried.page.clock.fast_forward(25_000)
    assert len(fake_gateway.posts) == 1
    await hurried.page.clock.fast_forward(6_000)
    await hurried.sees("đã gửi")
    assert len(fake_gateway.messages) == 1


async def test_a_refused_message_is_not_repeated_and_holds_nothing_up(
    chat: Visit, fake_gateway: FakeGateway
) -> None:
    fake_gateway.faults.append(Fault(400, "Tin nhắn không đúng định dạng."))
    await chat.ask("một")
    await chat.sees("Tin nhắn không đúng định dạng.")
    await chat.ask("hai")
    await chat.sees("đã gửi")
    assert [post["text"] for post in fake_gateway.posts] == ["một", "hai"]
    assert await chat.status.all_inner_texts() == ["không được nhận", "đã gửi"]
    assert await chat.page.get_by_role("button", name="Gửi lại").count() == 0


async def test_a_quick_reply_sends_its_key_once(chat: Visit, fake_gateway: FakeGateway) -> None:
    await chat.ask("câu hỏi")
    await fake_gateway.posted(1)
    fake_gateway.reply("chọn một", buttons=CHOICES)
    choice = chat.page.get_by_role("button", name="Thời hạn")
    await choice.click()
    await fake_gateway.posted(2)
    assert fake_gateway.posts[1]["button"] == "k2"
    assert fake_gateway.posts[1]["text"] == "Thời hạn"
    await chat.page.reload()
    for button in await chat.page.locator(".choices button").all():
        assert await button.get_attribute("aria-disabled") == "true"
    await choice.click(force=True)
    await chat.ask("sau đó")
    await fake_gateway.posted(3)
    assert [post["text"] for post in fake_gateway.posts] == ["câu hỏi", "Thời hạn", "sau đó"]


async def test_a_double_click_is_one_message(chat: Visit, fake_gateway: FakeGateway) -> None:
    await chat.page.get_by_role("button", name="Gặp cán bộ").dblclick()
    await chat.ask("sau đó")
    await fake_gateway.posted(2)
    assert [post["text"] for post in fake_gateway.posts] == ["Gặp cán bộ", "sau đó"]


async def test_a_text_that_is_too_long_is_counted_and_kept_back(
    chat: Visit, fake_gateway: FakeGateway
) -> None:
    count = chat.page.locator("#count")
    await chat.page.fill("#text", "a" * 1799)
    assert await count.is_hidden()
    await chat.page.fill("#text", "a" * 1990)
    assert await count.inner_text() == "còn 10 ký tự"
    await chat.ask("a" * 2003)
    assert "dài quá 3 ký tự" in await count.inner_text()
    assert await chat.page.locator("#text").get_attribute("aria-invalid") == "true"
    await chat.ask("a" * 2000)
    await fake_gateway.posted(1)
    assert [len(post["text"]) for post in fake_gateway.posts] == [2000]


async def test_a_new_conversation_has_a_new_key_and_none_of_the_old_words(
    chat: Visit, fake_gateway: FakeGateway
) -> None:
    fake_gateway.faults.extend([Fault(503)] * 3)
    await chat.ask("chưa gửi xong")
    await fake_gateway.posted(1)
    await chat.page.get_by_role("button", name="Cuộc trò chuyện mới").click()
    await chat.page.get_by_role("button", name="Xóa và bắt đầu lại").click()
    await chat.page.locator("#starters").wait_for()
    fake_gateway.faults.clear()
    await chat.ask("câu mới")
    await chat.sees("đã gửi")
    assert [message["text"] for message in fake_gateway.messages] == ["câu mới"]
    assert fake_gateway.messages[0]["conversation"] != fake_gateway.posts[0]["conversation"]
    assert await chat.mine.count() == 1


async def test_a_conversation_is_not_thrown_away_by_one_click(
    chat: Visit, fake_gateway: FakeGateway
) -> None:
    await chat.ask("câu hỏi")
    await fake_gateway.posted(1)
    await chat.page.get_by_role("button", name="Cuộc trò chuyện mới").click()
    assert await chat.page.evaluate("document.activeElement.textContent") == "Giữ lại"
    await chat.page.keyboard.press("Escape")
    assert await chat.page.get_by_role("alertdialog").is_hidden()
    assert await chat.mine.count() == 1
