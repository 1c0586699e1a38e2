"""The staff's pages in a real browser: readable on a phone, and their forms work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.database import open_engine
from knowledge.privacy.alarms import Kind
from tests.browser.conftest import Visit, visit_in
from tests.browser.test_access import FAINT_TEXTS
from tests.support.console import PASSWORD, StaffConsole, staff_console

PHONE = {"width": 360, "height": 640}
LONG = "Công ty tôi muốn mở cửa hàng bán lẻ rượu " * 5 + "x" * 120
PAGES = ("", "/alarms", "/questions", "/questions?state=closed", "/messages", "/reports")


@pytest.fixture
async def engine(sqlite_url: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(sqlite_url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def console(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[StaffConsole]:
    """A console on which everything is to be seen."""
    async with staff_console(engine, tmp_path) as console:
        await console.alarm(ago=timedelta(days=3))
        await console.alarm(Kind.GUESSED_PROOF)
        numbers = await console.leave(LONG, "Phí bao nhiêu?")
        await console.leave("Cửa hàng của tôi có phải xin phép không?")
        await console.services.tickets.close(numbers[1], note="đã trả lời qua điện thoại")
        await console.lose(LONG)
        await console.lose("hai")
        await console.lose_question("Tôi hỏi lại lần nữa?")
        await console.lose("ba", state="unknown")
        yield console


@pytest.fixture
async def phone(browser: Browser, console: StaffConsole) -> AsyncIterator[Visit]:
    """The phone of somebody of the staff, on the first page."""
    context = await browser.new_context(
        viewport=PHONE, http_credentials={"username": "staff", "password": PASSWORD}
    )
    seen = await visit_in(context, f"{console.url}/console", greeted=False)
    yield seen
    assert seen.faults == []
    await context.close()


async def test_pages_fit_a_phone_and_can_be_read(phone: Visit, console: StaffConsole) -> None:
    for path in PAGES:
        await phone.page.goto(f"{console.url}/console{path}")
        await phone.page.locator("h1").wait_for()
        wide = await phone.page.evaluate("document.documentElement.scrollWidth")
        assert (path, wide) == (path, PHONE["width"])
        assert await phone.page.evaluate(FAINT_TEXTS) == [], path
    outside = [it for it in phone.requests if not it.startswith(console.url)]
    assert outside == []


async def test_the_staff_find_a_question_and_close_it(phone: Visit) -> None:
    await phone.page.get_by_role("link", name="Câu hỏi chờ trả lời").click()
    note = phone.page.get_by_label("Ghi chú").nth(1)
    await note.fill("đã gọi điện")
    await note.press("Enter")
    await phone.sees("Đã đóng phiếu", within="main p")
    assert await phone.page.get_by_label("Ghi chú").count() == 1
    await phone.page.get_by_role("link", name="Đã xong").click()
    await phone.sees("đã gọi điện", within="main li")


async def test_the_staff_read_a_message_and_send_it_again(phone: Visit) -> None:
    await phone.page.get_by_role("link", name="Tin chưa gửi được").click()
    await phone.page.get_by_role("link", name="Tin của người dân chưa được trả lời").click()
    await phone.sees("Tôi hỏi lại lần nữa?", within="main p")
    await phone.page.get_by_role("button", name="Trả lời lại").click()
    await phone.sees("Đã đưa 1 tin trở lại hàng chờ", within="main p")
