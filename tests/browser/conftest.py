"""A real Chromium, and pages that report every fault of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright

from tests.browser.chromium import ARGUMENTS, find_chromium
from tests.browser.fake_gateway import FakeGateway, run_fake_gateway
from tests.support.processes import Running

DESKTOP = {"width": 1000, "height": 760}
_NETWORK = "Failed to load resource"


@dataclass
class Visit:
    """A page, the addresses it asked for, and the faults it reported."""

    page: Page
    requests: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """Errors of the script and violations of the content security policy."""

    @property
    def mine(self) -> Locator:
        return self.page.locator("#log .mine")

    @property
    def replies(self) -> Locator:
        """Replies, without the greeting."""
        return self.page.locator("#log .reply:not(.greeting)")

    @property
    def status(self) -> Locator:
        return self.mine.locator(".status")

    async def ask(self, text: str) -> None:
        await self.page.fill("#text", text)
        await self.page.press("#text", "Enter")

    async def answers(self, count: int) -> None:
        await self.page.locator("#log .reply .source").nth(count - 1).wait_for(timeout=30_000)

    async def sees(self, text: str, *, within: str = "#log > :not(.greeting)") -> None:
        """Wait until a text is shown."""
        container = self.page.locator(within).filter(has_text=text)
        await container.first.wait_for(timeout=30_000)


@asynccontextmanager
async def visiting(browser: Browser, url: str, **options: Any) -> AsyncIterator[Visit]:
    """Open a page as a new visitor."""
    settings = {"viewport": DESKTOP, "locale": "vi-VN", "color_scheme": "light"} | options
    context = await browser.new_context(**settings)
    try:
        yield await visit_in(context, url)
    finally:
        await context.close()


async def visit_in(context: BrowserContext, url: str, *, greeted: bool = True) -> Visit:
    """Open a page in a browser context, which may hold a conversation already."""
    page = await context.new_page()
    seen = Visit(page)
    page.on("request", lambda asked: seen.requests.append(asked.url))
    page.on("pageerror", lambda error: seen.faults.append(str(error)))
    page.on("console", lambda line: _note(seen, line.type, line.text))
    await page.goto(url)
    if greeted:
        await page.locator("#starters").wait_for()
    return seen


def _note(seen: Visit, kind: str, text: str) -> None:
    if kind == "error" and not text.startswith(_NETWORK):
        seen.faults.append(text)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    executable = find_chromium()
    assert executable, "no Chromium: run `make browser`"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def visit(browser: Browser, gateway: Running) -> AsyncIterator[Visit]:
    """A page on the real gateway."""
    async with visiting(browser, gateway.url) as seen:
        yield seen
        assert seen.faults == []


@pytest.fixture
async def fake_gateway() -> AsyncIterator[FakeGateway]:
    async with run_fake_gateway() as gateway:
        yield gateway


@pytest.fixture
async def chat(browser: Browser, fake_gateway: FakeGateway) -> AsyncIterator[Visit]:
    """A page on the fake gateway."""
    async with visiting(browser, fake_gateway.url) as seen:
        yield seen
        assert seen.faults == []
