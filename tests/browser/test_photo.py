"""A photo of a receipt is chosen, sent, and kept nowhere on the device."""

from __future__ import annotations

from typing import Any

from tests.browser.conftest import Visit
from tests.browser.fake_gateway import FakeGateway, Fault

PHOTO: Any = {"name": "giay-hen.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xffphoto"}
BUTTON = "Gửi ảnh mã QR trên giấy hẹn"


async def test_a_photo_is_sent_with_the_ids_of_a_message(
    chat: Visit, fake_gateway: FakeGateway
) -> None:
    fake_gateway.faults.append(Fault(503))
    async with chat.page.expect_file_chooser() as opened:
        await chat.page.get_by_role("button", name=BUTTON).click()
    await (await opened.value).set_files(PHOTO)
    await fake_gateway.posted(2)
    await chat.sees("đã gửi")
    first, again = fake_gateway.posts
    assert first == again
    assert (len(first["id"]), len(first["conversation"])) == (32, 32)
    assert first["photo"] == PHOTO["buffer"]
    kept = await chat.page.evaluate("localStorage.getItem('motcua-chat')")
    assert "Ảnh mã QR" in kept
    assert "giay-hen" not in kept


async def test_a_photo_that_is_too_large_is_not_sent(
    chat: Visit, fake_gateway: FakeGateway
) -> None:
    large = {**PHOTO, "buffer": b"x" * (8 * 1024 * 1024 + 1)}
    await chat.page.locator("#photo").set_input_files(large)
    await chat.sees("Ảnh quá lớn")
    assert fake_gateway.posts == []
