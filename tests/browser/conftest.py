"""A real Chromium, and a page on the running gateway that reports every fault of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.browser.chromium import ARGUMENTS, find_chromium
from tests.support.processes import Running


@dataclass
class Visit:
    """A page, the addresses it asked for, and the faults it reported."""

    page: Page
    requests: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    async def ask(self, text: str) -> None:
        await self.page.fill("#text", text)
        await self.page.keyboard.press("Enter")

    async def answers(self, count: int) -> None:
        await self.page.locator("#log .reply .source").nth(count - 1).wait_for(timeout=30_000)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    executable = find_chromium()
    assert executable, "no Chromium: run `make browser`"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture(params=[(1000, 760)], ids=["desktop"])
async def visit(
    request: pytest.FixtureRequest, browser: Browser, gateway: Running
) -> AsyncIterator[Visit]:
    width, height = request.param
    context = await browser.new_context(
        viewport={"width": width, "height": height}, locale="vi-VN", color_scheme="light"
    )
    page = await context.new_page()
    seen = Visit(page)
    page.on("request", lambda asked: seen.requests.append(asked.url))
    page.on("pageerror", lambda error: seen.faults.append(str(error)))
    page.on("console", lambda line: line.type == "error" and seen.faults.append(line.text))
    await page.goto(gateway.url)
    await page.locator("#starters").wait_for()
    yield seen
    await context.close()


phone = pytest.mark.parametrize("visit", [(320, 640)], indirect=True, ids=["phone"])
