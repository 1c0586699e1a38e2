"""The staff's pages: what waits is shown and can be dealt with, by the staff alone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.console.words import ConsoleWords
from bot.delivery.dead_letters import Box, DeadLetters
from knowledge.privacy.alarms import Kind
from knowledge.questions.tickets import TicketState
from tests.support.console import StaffConsole, staff, staff_console

WORDS = ConsoleWords.load()
PAGES = [page.path for page in WORDS.pages.values()]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What the pages read and write is tested on both databases where it is at home."""
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
async def console(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[StaffConsole]:
    async with staff_console(engine, tmp_path) as console:
        yield console


@pytest.fixture
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    """A browser that has been told the password."""
    async with aiohttp.ClientSession(headers=staff()) as session:
        yield session


async def seen(browser: aiohttp.ClientSession, address: str) -> str:
    """Return the text of a page, without its tags."""
    async with browser.get(address) as answer:
        assert answer.status == 200, address
        page = re.sub(r"<[^>]+>", " ", await answer.text())
        return " ".join(unescape(page).split())


async def press(
    browser: aiohttp.ClientSession, console: StaffConsole, page: str, action: str, **fields: str
) -> aiohttp.ClientResponse:
    """Send the form with this action that stands on a page."""
    async with browser.get(console.url + page) as answer:
        text = await answer.text()
    [token] = re.findall(rf'action="{re.escape(action)}">\s*<input [^>]*value="(\w+)"', text)
    return await browser.post(console.url + action, data={"token": token} | fields)


async def test_pages_without_data_say_so_run_no_scripts_and_are_kept_by_nobody(
    console: StaffConsole, browser: aiohttp.ClientSession
) -> None:
    for path in PAGES:
        assert re.search("Không có|Mọi tin đều", await seen(browser, console.url + path))
        async with browser.get(console.url + path) as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_nobody_else_sees_a_page(console: StaffConsole) -> None:
    async with aiohttp.ClientSession() as stranger:
        for path in [*PAGES, "/console/messages/in:1", "/console/staff.css"]:
            async with stranger.get(console.url + path) as answer:
                assert answer.status == 401
                assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_overview_counts_what_waits(
    console: StaffConsole, browser: aiohttp.ClientSession
) -> None:
    await console.alarm(ago=timedelta(days=8))
    await console.alarm(ago=timedelta(days=2))
    await console.alarm(Kind.GUESSED_PROOF)
    await console.leave("câu một", "câu hai", "câu ba")
    await console.lose("một")
    await console.lose("hai", state="unknown")
    page = await seen(browser, f"{console.url}/console")
    assert "Cảnh báo 2 trong 7 ngày qua, 1 trong 24 giờ qua ." in page
    assert "Mới nhất: 16:00 24/11/2026 , nghi đoán bốn số xác nhận." in page
    assert "Câu hỏi chờ trả lời 3" in page
    assert "1 không gửi được, 1 không rõ đã đến hay chưa." in page


async def test_alarms_are_told_in_words(
    console: StaffConsole, browser: aiohttp.ClientSession
) -> None:
    await console.alarm(ago=timedelta(days=31))
    await console.alarm(ago=timedelta(days=2))
    page = await seen(browser, f"{console.url}/console/alarms")
    assert "1 cảnh báo trong 30 ngày qua" in page
    assert "16:00 22/11/2026 · Zalo OA · Một cuộc trò chuyện" in page
    assert "số lần tra cứu: 41 , số lần giống dò mã: 37" in page


@pytest.mark.usefixtures("database_url")
def test_there_are_words_for_all_that_is_stored() -> None:
    assert set(WORDS.alarm_kinds) == set(Kind)
    assert set(WORDS.ticket_states) == set(TicketState)
    assert set(WORDS.letter_boxes) == set(Box)


async def test_a_question_is_read_and_closed_with_a_note(
    console: StaffConsole, browser: aiohttp.ClientSession
) -> None:
    [number] = await console.leave("bán rượu ở đâu?", procedure="2.000620")
    path = "/console/questions"
    page = await seen(browser, console.url + path)
    assert number in page
    name = (await console.services.catalogue.get()).procedures["2.000620"].name
    assert f"bán rượu ở đâu? 16:00 24/11/2026 · Trang web · {name}" in page
    closed = await press(browser, console, path, f"{path}/{number}/close", note="đã  gọi điện")
    assert closed.status == 200
    assert f"Đã đóng phiếu {number}." in await closed.text()
    ticket = await console.services.tickets.find(number)
    assert ticket is not None
    assert (ticket.state, ticket.note) == (TicketState.CLOSED, "đã gọi điện")
    assert "đã gọi điện" in await seen(browser, f"{console.url}{path}?state=closed")
    assert "Không có câu hỏi nào đang chờ." in await seen(browser, console.url + path)


async def test_what_was_noted_first_stays(
    console: StaffConsole, browser: aiohttp.ClientSession
) -> None:
    [number] = await console.leave("một")
    path = f"/console/questions/{number}/close"
    async with browser.get(f"{console.url}/console/questions") as answer:
        [token] = re.findall(r'value="(\w{64})"', await answer.text())
    for note in ("của người đầu", "của người sau"):
        await browser.post(console.url + path, data={"token": token, "note": note})
    ticket = await console.services.tickets.find(number)
    assert ticket is not None
    assert ticket.note == "của người đầu"


@pytest.mark.parametrize("forged", ["", "0" * 64, "of another form", "no-cors"])
async def test_a_form_of_another_site_changes_nothing(
    console: StaffConsole, browser: aiohttp.ClientSession, forged: str
) -> None:
    first, _ = await console.leave("một", "hai")
    async with browser.get(f"{console.url}/console/questions") as answer:
        tokens = re.findall(r'value="(\w{64})"', await answer.text())
    token = {"of another form": tokens[1], "no-cors": tokens[0]}.get(forged, forged)
    headers = {"Sec-Fetch-Site": "cross-site"} if forged == "no-cors" else {}
    address = f"{console.url}/console/questions/{first}/close"
    async with browser.post(address, data={"token": token}, headers=headers) as answer:
        assert answer.status == 403
    assert len(await console.services.tickets.all(only_open=True)) == 2


async def test_a_page_that_lay_open_too_long_has_to_be_opened_again(
    console: StaffConsole, browser: aiohttp.ClientSession
) -> None:
    [number] = await console.leave("một")
    async with browser.get(f"{console.url}/console/questions") as answer:
        [token] = re.findall(r'value="(\w{64})"', await answer.text())
    console.now += timedelta(hours=24)
    address = f"{console.url}/console/questions/{number}/close"
    async with browser.post(address, data={"token": token}) as answer:
        assert answer.status == 403
        assert "Mở lại trang" in await answer.text()


async def test_the_password_alone_does_not_send_a_form(console: StaffConsole) -> None:
    [number] = await console.leave("một")
    address = f"{console.url}/console/questions/{number}/close"
    async with aiohttp.ClientSession() as stranger, stranger.post(address) as answer:
        assert answer.status == 401
    assert len(await console.services.tickets.all(only_open=True)) == 1


async def test_what_people_wrote_is_text_and_nothing_else(
    console: StaffConsole, browser: aiohttp.ClientSession
) -> None:
    await console.leave(SCRIPT)
    name = await console.lose(SCRIPT)
    for path in ("questions", "messages", f"messages/{name}"):
        async with browser.get(f"{console.url}/console/{path}") as answer:
            page = await answer.text()
        assert "<script" not in page
        assert "<chat>" not in page
        assert ("&lt;script&gt;" in page) is (path != "messages")


async def test_a_message_is_sent_again(
    console: StaffConsole, browser: aiohttp.ClientSession
) -> None:
    name, question = await console.lose("bí mật"), await console.lose_question("riêng tư")
    path = "/console/messages"
    page = await seen(browser, console.url + path)
    assert "2 tin" in page
    assert "bí mật" not in page
    assert "bí mật" in await seen(browser, f"{console.url}{path}/{name}")
    for letter in (name, question):
        answer = await press(browser, console, path, f"{path}/{letter}/replay")
        assert "Đã đưa 1 tin trở lại hàng chờ" in await answer.text()
    assert await DeadLetters(console.services.engine).all() == []
    assert len(console.woken) == 2


async def test_all_that_did_not_arrive_are_sent_again_but_not_what_may_have(
    console: StaffConsole, browser: aiohttp.ClientSession
) -> None:
    for text in ("một", "hai"):
        await console.lose(text)
    unknown = await console.lose("ba", state="unknown")
    path = "/console/messages"
    assert "Người nhận có thể nhận hai lần." in await seen(browser, console.url + path)
    answer = await press(browser, console, path, f"{path}/replay")
    assert "Đã đưa 2 tin" in await answer.text()
    assert [it.name for it in await DeadLetters(console.services.engine).all()] == [unknown]


async def test_a_message_that_a_colleague_has_sent_again_is_not_sent_twice(
    console: StaffConsole, browser: aiohttp.ClientSession
) -> None:
    name = await console.lose("một")
    letters = DeadLetters(console.services.engine)
    async with browser.get(f"{console.url}/console/messages/{name}") as answer:
        [token] = re.findall(r'value="(\w{64})"', await answer.text())
    await letters.replay(await letters.find(name))
    address = f"{console.url}/console/messages/{name}/replay"
    async with browser.post(address, data={"token": token}) as answer:
        assert "Tin này không còn trong danh sách." in await answer.text()


async def test_a_long_list_is_shown_page_by_page(
    console: StaffConsole, browser: aiohttp.ClientSession
) -> None:
    for _ in range(51):
        await console.alarm()
    first = await seen(browser, f"{console.url}/console/alarms")
    assert "Trang 1/2 Trang sau ›" in first
    for query in ("2", "9999"):
        page = await seen(browser, f"{console.url}/console/alarms?page={query}")
        assert page.count("số lần tra cứu") == 1
    assert "Trang 1/2" in await seen(browser, f"{console.url}/console/alarms?page=x")


async def test_other_pages_are_not_there(
    console: StaffConsole, browser: aiohttp.ClientSession
) -> None:
    for path in ("x", "alarms/1", "messages/in:99", "reports/x", "reports/charts/x.svg"):
        async with browser.get(f"{console.url}/console/{path}") as answer:
            assert answer.status == 404


async def test_without_its_database_a_page_says_so(
    console: StaffConsole, browser: aiohttp.ClientSession, engine: AsyncEngine
) -> None:
    async with engine.begin() as connection:
        await connection.exec_driver_sql("DROP TABLE alarms")
    async with browser.get(f"{console.url}/console") as answer:
        assert answer.status == 503
        assert "Cơ sở dữ liệu đang không trả lời" in await answer.text()
