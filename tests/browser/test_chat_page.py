"""The chat page in a real Chromium against the real gateway."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.async_api import Route

from tests.browser.conftest import Visit, phone
from tests.support.processes import Running

QUESTION = "mở cây xăng cần giấy tờ gì?"


async def test_a_question_is_answered_with_its_source(visit: Visit) -> None:
    await visit.ask(QUESTION)
    await visit.answers(1)
    answer = await visit.page.locator("#log .reply").last.inner_text()
    assert "Cấp Giấy chứng nhận cửa hàng đủ điều kiện bán lẻ xăng dầu" in answer
    assert "Nguồn: Nghị quyết 19/2026/NQ-CP" in answer
    assert await visit.page.locator("#typing").is_hidden()
    assert visit.faults == []
    picture = os.environ.get("CHAT_SCREENSHOT")
    if picture:
        await visit.page.screenshot(path=Path(picture))


async def test_a_quick_reply_is_said_once_and_answered(visit: Visit) -> None:
    await visit.ask(QUESTION)
    await visit.answers(1)
    choice = visit.page.locator(".choices button", has_text="Phí, lệ phí").last
    await choice.click()
    await visit.answers(2)
    assert await choice.is_disabled()
    assert await visit.page.locator("#log .mine .bubble").last.inner_text() == "Phí, lệ phí"
    assert "1.200.000 đồng" in await visit.page.locator("#log .reply").last.inner_text()


async def test_a_starter_suggestion_asks_its_question(visit: Visit) -> None:
    await visit.page.locator("#starters .choices button").first.click()
    await visit.answers(1)
    assert await visit.page.locator("#starters").count() == 0


async def test_markup_is_shown_as_it_was_typed(visit: Visit) -> None:
    typed = '<img src=x onerror="alert(1)"> & <b>đậm</b> _*`'
    await visit.ask(typed)
    assert await visit.page.locator("#log .mine .bubble").last.inner_text() == typed
    await visit.page.locator("#log .reply").nth(1).wait_for(timeout=30_000)
    assert await visit.page.locator("#log img, #log b").count() == 0


async def test_a_reload_keeps_the_conversation_and_goes_on(visit: Visit) -> None:
    await visit.ask(QUESTION)
    await visit.answers(1)
    await visit.page.reload()
    assert await visit.page.locator("#log .mine").count() == 1
    assert await visit.page.locator("#log .reply .source").count() == 1
    await visit.ask("còn lệ phí?")
    await visit.answers(2)
    assert "1.200.000 đồng" in await visit.page.locator("#log .reply").last.inner_text()


async def test_a_lost_connection_is_said_and_nothing_is_lost(visit: Visit) -> None:
    await visit.ask(QUESTION)
    await visit.answers(1)
    context = visit.page.context
    await context.set_offline(True)
    await visit.ask("còn lệ phí?")
    await visit.page.locator("#log .mine .status", has_text="đang gửi").wait_for()
    await context.set_offline(False)
    await visit.answers(2)
    status = visit.page.locator("#log .mine .status").last
    assert await status.inner_text() == "đã gửi"
    assert await visit.page.locator("#log .mine").count() == 2


async def test_a_message_that_cannot_be_sent_can_be_sent_again(visit: Visit) -> None:
    await visit.page.route("**/api/chat", lambda route: route.abort())
    await visit.ask(QUESTION)
    again = visit.page.locator("#log .mine .meta button")
    await again.wait_for(timeout=30_000)
    await visit.page.unroute("**/api/chat")
    await again.click()
    await visit.answers(1)
    assert await visit.page.locator("#log .mine").count() == 1


async def test_a_waiting_message_never_reaches_a_new_conversation(visit: Visit) -> None:
    bodies: list[dict[str, str]] = []

    async def refuse(route: Route) -> None:
        if route.request.method == "POST":
            bodies.append(route.request.post_data_json)
        await route.abort()

    await visit.page.route("**/api/chat*", refuse)
    visit.page.on("dialog", lambda dialog: dialog.accept())
    await visit.ask("câu của cuộc cũ")
    await visit.page.locator("#fresh").click()
    await visit.ask("câu của cuộc mới")
    await visit.page.locator("#log .mine .meta button").wait_for(timeout=60_000)
    conversations = {body["text"]: body["conversation"] for body in bodies}
    assert len(conversations) == 2
    assert conversations["câu của cuộc cũ"] != conversations["câu của cuộc mới"]
    for text, conversation in conversations.items():
        sent = {body["conversation"] for body in bodies if body["text"] == text}
        assert sent == {conversation}


async def test_the_keyboard_alone_is_enough(visit: Visit) -> None:
    await visit.page.locator("#text").focus()
    await visit.page.keyboard.type("phí làm giấy an toàn thực phẩm")
    await visit.page.keyboard.press("Tab")
    await visit.page.keyboard.press("Enter")
    await visit.answers(1)
    assert await visit.page.locator("#text").evaluate("e => e === document.activeElement")


async def test_the_log_is_a_live_region_and_controls_are_labelled(visit: Visit) -> None:
    log = visit.page.get_by_role("log")
    assert await log.get_attribute("aria-live") == "polite"
    assert await visit.page.get_by_label("Câu hỏi của bạn").count() == 1
    assert await visit.page.get_by_role("button", name="Gặp cán bộ").is_visible()


@phone
async def test_a_narrow_phone_does_not_scroll_sideways(visit: Visit) -> None:
    await visit.ask(QUESTION)
    await visit.answers(1)
    assert await visit.page.locator("html").evaluate("e => e.scrollWidth") <= 320


async def test_the_page_asks_nobody_else_and_is_light(visit: Visit, gateway: Running) -> None:
    await visit.ask("xin chào")
    await visit.page.locator("#log .reply").nth(1).wait_for(timeout=30_000)
    assert visit.requests
    assert all(url.startswith(gateway.url) for url in visit.requests)
    static = Path(__file__).parents[2] / "bot" / "web"
    files = [*static.glob("static/*"), *static.glob("templates/*")]
    assert sum(file.stat().st_size for file in files) < 30_000
    assert visit.faults == []
