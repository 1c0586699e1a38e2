"""How an answer is set: lists, links, source; and how it is taken along."""

from __future__ import annotations

from tests.browser.conftest import Visit
from tests.browser.fake_gateway import FakeGateway

ANSWER = """Cấp giấy phép mẫu (mã 1.000001)

⚠ Cảnh báo mẫu.
Thành phần hồ sơ:
1. Đơn đề nghị
2. Bản sao

Ghi chú:
- một
- hai
Xem https://example.org/a?b=1&c=2. Hết.

Nguồn: Văn bản mẫu (01/01/2026)."""


async def answered(chat: Visit, gateway: FakeGateway, *parts: str) -> None:
    await chat.ask("câu hỏi")
    await gateway.posted(1)
    for number, part in enumerate(parts, start=1):
        gateway.reply(part, last=number == len(parts))
    await chat.replies.nth(len(parts) - 1).wait_for()


async def test_lines_lists_warning_and_source_are_set_apart(
    chat: Visit, fake_gateway: FakeGateway
) -> None:
    await answered(chat, fake_gateway, ANSWER)
    bubble = chat.replies.locator(".bubble")
    assert await bubble.locator("ol > li").all_inner_texts() == ["Đơn đề nghị", "Bản sao"]
    assert await bubble.locator("ul > li").all_inner_texts() == ["một", "hai"]
    assert await bubble.locator(".title").inner_text() == "Cấp giấy phép mẫu (mã 1.000001)"
    assert await bubble.locator(".alert").inner_text() == "⚠ Cảnh báo mẫu."
    assert await bubble.locator(".source").inner_text() == "Nguồn: Văn bản mẫu (01/01/2026)."


DOSSIERS = """[HỒ SƠ MẪU – chỉ để dùng thử]
Hồ sơ A: ĐANG XỬ LÝ
Đang thẩm định.
- Thủ tục: một
- Đã diễn ra:
  • 01/10/2026: tiếp nhận hồ sơ
  • 02/10/2026: yêu cầu bổ sung
Việc cần làm: chờ.
Nguồn: dữ liệu mẫu.

[HỒ SƠ MẪU – chỉ để dùng thử]
Hồ sơ B: ĐÃ XỬ LÝ XONG
- Thủ tục: hai
  Cách tính: ba ngày.
Nguồn: dữ liệu mẫu.

Tin nhắn còn 1 mã nữa."""


async def test_several_dossiers_are_set_apart_with_a_title_and_a_source_each(
    chat: Visit, fake_gateway: FakeGateway
) -> None:
    await answered(chat, fake_gateway, DOSSIERS)
    bubble = chat.replies.locator(".bubble")
    titles = ["Hồ sơ A: ĐANG XỬ LÝ", "Hồ sơ B: ĐÃ XỬ LÝ XONG"]
    assert await bubble.locator(".title").all_inner_texts() == titles
    assert await bubble.locator(".mark").count() == 2
    assert await bubble.locator(".source").all_inner_texts() == ["Nguồn: dữ liệu mẫu."] * 2
    assert await bubble.locator("ul ul > li").all_inner_texts() == [
        "01/10/2026: tiếp nhận hồ sơ",
        "02/10/2026: yêu cầu bổ sung",
    ]
    assert await bubble.locator("li > p").inner_text() == "Cách tính: ba ngày."
    assert await bubble.locator("> p").last.inner_text() == "Tin nhắn còn 1 mã nữa."


async def test_an_address_becomes_a_safe_link(chat: Visit, fake_gateway: FakeGateway) -> None:
    await answered(chat, fake_gateway, ANSWER)
    link = chat.replies.locator("a")
    assert await link.inner_text() == "https://example.org/a?b=1&c=2"
    assert await link.get_attribute("href") == "https://example.org/a?b=1&c=2"
    assert "noopener" in (await link.get_attribute("rel") or "")


async def test_markup_is_shown_literally_everywhere(
    chat: Visit, fake_gateway: FakeGateway
) -> None:
    text = '<script>alert(1)</script> <a href="javascript:alert(1)">x</a> &amp; **b** javascript:x'
    await chat.ask(text)
    await fake_gateway.posted(1)
    fake_gateway.reply(text, buttons=[{"label": text, "key": "k1"}])
    await chat.replies.wait_for()
    for place in (chat.mine.locator(".bubble"), chat.replies.locator(".bubble")):
        assert await place.inner_text() == text
    assert await chat.replies.locator(".choices button").inner_text() == text
    assert await chat.page.locator("#log script, #log a, #log b").count() == 0


async def test_a_long_word_does_not_widen_the_page(chat: Visit, fake_gateway: FakeGateway) -> None:
    await answered(chat, fake_gateway, "https://example.org/" + "a" * 400)
    assert await chat.page.evaluate("document.documentElement.scrollWidth") <= 1000


async def test_a_copied_answer_has_all_parts_and_the_source(
    chat: Visit, fake_gateway: FakeGateway
) -> None:
    await chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await answered(chat, fake_gateway, "Phần một", "Phần hai\nNguồn: Văn bản mẫu (01/01/2026).")
    await chat.page.get_by_role("button", name="Chép").click()
    await chat.sees("Đã chép")
    copied = await chat.page.evaluate("navigator.clipboard.readText()")
    assert copied == "Phần một\n\nPhần hai\nNguồn: Văn bản mẫu (01/01/2026)."


async def test_printing_takes_the_question_and_its_answer_only(
    chat: Visit, fake_gateway: FakeGateway
) -> None:
    await answered(chat, fake_gateway, "Trả lời một")
    await chat.ask("câu hai")
    await fake_gateway.posted(2)
    fake_gateway.reply(ANSWER)
    await chat.sees("Đơn đề nghị")
    await chat.page.evaluate("window.print = () => {}")
    await chat.page.get_by_role("button", name="In", exact=True).last.click()
    await chat.page.emulate_media(media="print")
    shown = await chat.page.locator("#log").inner_text()
    assert "câu hai" in shown
    assert "Nguồn: Văn bản mẫu" in shown
    assert "Trả lời một" not in shown
    assert await chat.page.locator("form").is_hidden()
    assert await chat.page.get_by_role("heading", name="Một cửa").is_visible()
