"""What the gateway sends is shown once and in order, however bad the connection."""

from __future__ import annotations

from tests.browser.conftest import Visit, visit_in
from tests.browser.fake_gateway import FakeGateway


async def test_an_event_that_comes_twice_is_shown_once(
    chat: Visit, fake_gateway: FakeGateway
) -> None:
    await chat.ask("câu hỏi")
    await fake_gateway.posted(1)
    number = fake_gateway.reply("một")
    fake_gateway.reply("một", number=number)
    fake_gateway.reply("hai")
    await chat.sees("hai")
    assert await chat.replies.locator(".bubble").all_inner_texts() == ["một", "hai"]


async def test_a_dropped_stream_goes_on_after_the_last_event(
    chat: Visit, fake_gateway: FakeGateway
) -> None:
    await chat.ask("câu hỏi")
    await fake_gateway.posted(1)
    fake_gateway.reply("một", last=False)
    await chat.sees("một")
    fake_gateway.away = True
    fake_gateway.drop_streams()
    fake_gateway.reply("hai", last=False)
    fake_gateway.reply("ba")
    await chat.sees("Mất kết nối", within="#state")
    fake_gateway.away = False
    await chat.sees("ba")
    assert await chat.replies.locator(".bubble").all_inner_texts() == ["một", "hai", "ba"]
    assert fake_gateway.streams[-1].last_event_id == "1"
    await chat.sees("Đã nối lại.", within="#state")


async def test_several_parts_are_one_answer_and_a_notice_does_not_end_the_wait(
    chat: Visit, fake_gateway: FakeGateway
) -> None:
    await chat.ask("câu hỏi")
    await fake_gateway.posted(1)
    fake_gateway.reply("đang khởi động", kind="notice", last=False)
    await chat.sees("đang khởi động")
    assert await chat.page.locator("#typing").is_visible()
    fake_gateway.reply("phần một", last=False)
    fake_gateway.reply("phần hai")
    await chat.sees("phần hai")
    assert await chat.page.locator("#typing").is_hidden()
    assert await chat.page.get_by_role("button", name="Chép").count() == 1


async def test_the_typing_sign_is_shown(chat: Visit, fake_gateway: FakeGateway) -> None:
    await chat.ask("câu hỏi")
    await fake_gateway.posted(1)
    fake_gateway.reply("một")
    await chat.sees("một")
    await chat.ask("câu nữa")
    await fake_gateway.posted(2)
    fake_gateway.show_typing()
    await chat.page.locator("#typing").get_by_text("đang trả lời").wait_for()


async def test_a_reload_shows_the_conversation_and_asks_only_for_what_is_new(
    chat: Visit, fake_gateway: FakeGateway
) -> None:
    await chat.ask("câu hỏi")
    await fake_gateway.posted(1)
    fake_gateway.reply("một", last=False)
    await chat.sees("một")
    before = len(fake_gateway.streams)
    await chat.page.reload()
    await fake_gateway.opened(before + 1)
    assert fake_gateway.streams[-1].after == 1
    assert await chat.page.locator("#typing").is_visible()
    fake_gateway.reply("hai")
    await chat.sees("hai")
    assert await chat.mine.locator(".bubble").all_inner_texts() == ["câu hỏi"]
    assert await chat.replies.locator(".bubble").all_inner_texts() == ["một", "hai"]
    assert await chat.page.locator("#typing").is_hidden()


async def test_a_silent_stream_is_replaced_while_an_answer_is_awaited(
    chat: Visit, fake_gateway: FakeGateway
) -> None:
    await chat.page.clock.install()
    await chat.page.reload()
    await chat.ask("câu hỏi")
    await chat.sees("đã gửi")
    before = len(fake_gateway.streams)
    await chat.page.clock.fast_forward(30_000)
    await fake_gateway.opened(before + 1)
    fake_gateway.reply("vẫn đến")
    await chat.sees("vẫn đến")


async def test_two_tabs_hold_one_conversation(chat: Visit, fake_gateway: FakeGateway) -> None:
    await chat.ask("từ trang một")
    await fake_gateway.posted(1)
    other = await visit_in(chat.page.context, fake_gateway.url, greeted=False)
    await other.sees("từ trang một")
    await other.ask("từ trang hai")
    await chat.sees("từ trang hai")
    fake_gateway.reply("trả lời")
    for page in (chat, other):
        await page.sees("trả lời")
        await page.page.reload()
        await page.sees("trả lời")
        mine = await page.mine.locator(".bubble").all_inner_texts()
        assert mine == ["từ trang một", "từ trang hai"]
        assert await page.replies.count() == 1
    assert len({message["conversation"] for message in fake_gateway.messages}) == 1
    assert other.faults == []


async def test_a_new_conversation_in_one_tab_is_new_in_the_other(
    chat: Visit, fake_gateway: FakeGateway
) -> None:
    await chat.ask("câu cũ")
    await fake_gateway.posted(1)
    other = await visit_in(chat.page.context, fake_gateway.url, greeted=False)
    await other.page.click("#fresh")
    await other.page.click("#sure-yes")
    await chat.page.locator("#starters").wait_for()
    assert await chat.mine.count() == 0


async def test_who_reads_further_up_is_told_of_news_and_not_moved(
    chat: Visit, fake_gateway: FakeGateway
) -> None:
    await chat.ask("câu hỏi")
    await fake_gateway.posted(1)
    fake_gateway.reply("\n".join(["dòng"] * 60), last=False)
    newer = chat.page.get_by_role("button", name="Có tin mới")
    fake_gateway.reply("phần cuối")
    await newer.wait_for()
    top = "document.querySelector('main').scrollTop"
    before = await chat.page.evaluate(top)
    await newer.click()
    assert await chat.page.evaluate(top) > before
    assert await newer.is_hidden()
