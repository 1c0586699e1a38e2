"""The chat page against the real gateway: real runtime, real model, real knowledge base."""

from __future__ import annotations

import os
from pathlib import Path

from tests.browser.conftest import Visit

QUESTION = "mở cây xăng cần giấy tờ gì?"


async def test_a_question_is_answered_with_its_source(visit: Visit) -> None:
    await visit.ask(QUESTION)
    await visit.answers(1)
    answer = await visit.replies.last.inner_text()
    assert "Cấp Giấy chứng nhận cửa hàng đủ điều kiện bán lẻ xăng dầu" in answer
    assert "Nguồn: Nghị quyết 19/2026/NQ-CP" in answer
    assert await visit.page.locator("#typing").is_hidden()
    picture = os.environ.get("CHAT_SCREENSHOT")
    if picture:
        await visit.page.screenshot(path=Path(picture))


async def test_a_quick_reply_is_said_once_and_answered(visit: Visit) -> None:
    await visit.ask(QUESTION)
    await visit.answers(1)
    choice = visit.page.locator(".choices button", has_text="Phí, lệ phí").last
    await choice.click()
    await visit.answers(2)
    assert await choice.get_attribute("aria-disabled") == "true"
    assert await visit.mine.locator(".bubble").last.inner_text() == "Phí, lệ phí"
    assert "1.200.000 đồng" in await visit.replies.last.inner_text()


async def test_a_starter_suggestion_asks_its_question(visit: Visit) -> None:
    await visit.page.locator("#starters .choices button").first.click()
    await visit.answers(1)
    assert await visit.page.locator("#starters").count() == 0


async def test_markup_is_shown_as_it_was_typed(visit: Visit) -> None:
    typed = '<img src=x onerror="alert(1)"> & <b>đậm</b> _*`'
    await visit.ask(typed)
    assert await visit.mine.locator(".bubble").last.inner_text() == typed
    await visit.replies.first.wait_for(timeout=30_000)
    assert await visit.page.locator("#log img, #log b").count() == 0


async def test_a_reload_keeps_the_conversation_and_goes_on(visit: Visit) -> None:
    await visit.ask(QUESTION)
    await visit.answers(1)
    await visit.page.reload()
    assert await visit.mine.count() == 1
    assert await visit.replies.locator(".source").count() == 1
    await visit.ask("còn lệ phí?")
    await visit.answers(2)
    assert "1.200.000 đồng" in await visit.replies.last.inner_text()


async def test_what_was_asked_without_a_network_is_answered_when_it_is_back(visit: Visit) -> None:
    await visit.ask(QUESTION)
    await visit.answers(1)
    await visit.page.context.set_offline(True)
    await visit.ask("còn lệ phí?")
    await visit.sees("đang gửi")
    await visit.page.context.set_offline(False)
    await visit.answers(2)
    assert await visit.status.last.inner_text() == "đã gửi"
    assert await visit.mine.count() == 2
