"""The page is for everybody: screen readers, keyboards, small screens, slow lines."""

from __future__ import annotations

from typing import Literal

from playwright.async_api import Browser, ViewportSize

from tests.browser.conftest import Visit, visiting
from tests.browser.fake_gateway import FakeGateway

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
CHOICES = [{"label": "Phí", "key": "k1"}, {"label": "Thời hạn", "key": "k2"}]
ANSWER = (
    "Tên thủ tục mẫu\n\n⚠ Cảnh báo\n1. Đơn\n2. Bản sao\nhttps://example.org\nNguồn: Văn bản mẫu."
)

SMALL: dict[str, ViewportSize] = {
    "old phone": {"width": 320, "height": 568},
    "desktop at 200 percent": {"width": 500, "height": 380},
    "desktop at 400 percent": {"width": 320, "height": 256},
}

# Every text on the page with less contrast than WCAG 2.2 AA asks for.
FAINT_TEXTS = """() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3]));
  const paint = (element) => {
    if (!element) return [255, 255, 255];
    const [r, g, b, a = 1] = numbers(getComputedStyle(element).backgroundColor);
    return a === 1 ? [r, g, b] : over([r, g, b, a], paint(element.parentElement));
  };
  const light = (rgb) => rgb
    .map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  return [...document.body.querySelectorAll("*")].filter((element) =>
    element.checkVisibility() && !element.classList.contains("unseen")
    && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
  ).map((element) => {
    const [r, g, b, a = 1] = numbers(getComputedStyle(element).color), under = paint(element);
    const both = [light(over([r, g, b, a], under)), light(under)].sort((x, y) => y - x);
    return [element.textContent.trim().slice(0, 40), (both[0] + 0.05) / (both[1] + 0.05)];
  }).filter(([, ratio]) => ratio < 4.5);
}"""


async def say_everything(chat: Visit, gateway: FakeGateway) -> None:
    """Bring every kind of text onto the page."""
    await chat.ask("câu hỏi")
    await gateway.posted(1)
    gateway.reply("đang khởi động", kind="notice", last=False)
    gateway.reply(ANSWER, buttons=CHOICES)
    await chat.page.get_by_role("button", name="Phí").click()
    await gateway.posted(2)
    gateway.reply("và", buttons=CHOICES, last=False)
    await chat.page.locator("#typing").wait_for()
    gateway.away = True
    gateway.drop_streams()
    await chat.sees("Mất kết nối", within="#state")
    await chat.page.fill("#text", "a" * 2001)
    await chat.page.get_by_role("button", name="Cuộc trò chuyện mới").click()


async def test_every_text_has_enough_contrast(chat: Visit, fake_gateway: FakeGateway) -> None:
    assert await faint_texts(chat) == {"light": [], "dark": []}
    await say_everything(chat, fake_gateway)
    assert await faint_texts(chat) == {"light": [], "dark": []}


async def faint_texts(chat: Visit) -> dict[str, list[object]]:
    """Return the texts that have too little contrast, by colour scheme."""
    found = {}
    for scheme in SCHEMES:
        await chat.page.emulate_media(color_scheme=scheme)
        found[scheme] = await chat.page.evaluate(FAINT_TEXTS)
    return found


async def test_messages_are_in_a_live_region(chat: Visit, fake_gateway: FakeGateway) -> None:
    log = chat.page.get_by_role("log", name="Cuộc trò chuyện")
    assert await log.get_attribute("aria-live") == "polite"
    await chat.ask("câu hỏi")
    await fake_gateway.posted(1)
    fake_gateway.reply("lời đáp mẫu")
    await log.get_by_text("lời đáp mẫu").wait_for()


async def test_a_restored_conversation_is_not_read_out_again(
    chat: Visit, fake_gateway: FakeGateway
) -> None:
    await chat.ask("câu hỏi")
    await chat.sees("đã gửi")
    log = chat.page.get_by_role("log")
    await chat.page.clock.install()
    await chat.page.clock.pause_at("2100-01-01")
    await chat.page.reload()
    assert await log.get_attribute("aria-live") == "off"
    await chat.page.clock.run_for(1000)
    assert await log.get_attribute("aria-live") == "polite"


async def test_every_control_has_a_name(chat: Visit, fake_gateway: FakeGateway) -> None:
    await say_everything(chat, fake_gateway)
    tree = await chat.page.locator("body").aria_snapshot()
    assert '- textbox "Câu hỏi của bạn"' in tree
    for name in ("Gặp cán bộ", "Cuộc trò chuyện mới", "Gửi", "Chép", "In", "Thời hạn"):
        assert f'- button "{name}"' in tree
    assert not [line for line in tree.splitlines() if line.strip() in ("- button", "- textbox")]


async def test_the_keyboard_alone_is_enough(chat: Visit, fake_gateway: FakeGateway) -> None:
    keyboard = chat.page.keyboard
    focused = "document.activeElement.innerText || document.activeElement.id"
    await keyboard.press("Tab")
    assert await chat.page.evaluate(focused) == "Gặp cán bộ"
    while await chat.page.evaluate("document.activeElement.id") != "text":
        await keyboard.press("Tab")
    await keyboard.type("dòng một")
    await keyboard.press("Shift+Enter")
    await keyboard.type("dòng hai")
    await keyboard.press("Enter")
    await fake_gateway.posted(1)
    assert fake_gateway.posts[0]["text"] == "dòng một\ndòng hai"
    fake_gateway.reply("chọn một", buttons=CHOICES)
    await chat.sees("chọn một")
    while await chat.page.evaluate(focused) != "Thời hạn":
        await keyboard.press("Shift+Tab")
    await keyboard.press("Enter")
    await fake_gateway.posted(2)
    assert fake_gateway.posts[1]["button"] == "k2"
    assert await chat.page.evaluate(focused) == "Thời hạn", "the place was lost"


async def test_the_focus_is_visible_on_every_control(chat: Visit) -> None:
    for _stop in range(await chat.page.locator("button:visible, #log, textarea").count()):
        await chat.page.keyboard.press("Tab")
        assert await chat.page.evaluate(
            """() => {
              const one = document.activeElement, box = one.closest(".box") || one;
              const style = getComputedStyle(one), ring = getComputedStyle(box);
              return one !== document.body
                && (style.outlineStyle !== "none" || (box !== one && ring.boxShadow !== "none"));
            }"""
        )


async def test_motion_stops_for_who_asks_for_less(
    browser: Browser, fake_gateway: FakeGateway
) -> None:
    moving = "getComputedStyle(document.querySelector('.dots i')).animationName"
    async with visiting(browser, fake_gateway.url) as chat:
        assert await chat.page.evaluate(moving) == "beat"
    async with visiting(browser, fake_gateway.url, reduced_motion="reduce") as chat:
        assert await chat.page.evaluate(moving) == "none"


async def test_a_small_screen_shows_everything_without_scrolling_sideways(
    browser: Browser, fake_gateway: FakeGateway
) -> None:
    async with visiting(browser, fake_gateway.url, viewport=SMALL["old phone"]) as chat:
        await say_everything(chat, fake_gateway)
        for name, size in SMALL.items():
            await chat.page.set_viewport_size(size)
            await shows_everything(chat, name, size["width"])


async def shows_everything(chat: Visit, screen: str, width: int) -> None:
    assert await chat.page.evaluate("document.documentElement.scrollWidth") <= width, screen
    for name in ("Gặp cán bộ", "Gửi", "Giữ lại"):
        button = chat.page.get_by_role("button", name=name, exact=True)
        await button.scroll_into_view_if_needed()
        box = await button.bounding_box()
        assert box, screen
        assert box["x"] >= 0, screen
        assert box["x"] + box["width"] <= width, screen
        assert min(box["width"], box["height"]) >= 40, screen


async def test_the_page_is_light_and_asks_nobody_else(
    browser: Browser, fake_gateway: FakeGateway
) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    sizes: dict[str, int] = {}

    async def weigh(url: str) -> None:
        response = await context.request.get(url)
        sizes[url] = len(await response.body())

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(fake_gateway.url)
    await page.locator("#starters").wait_for()
    for url in asked:
        assert url.startswith(fake_gateway.url)
        if "/api/" not in url:
            await weigh(url)
    assert len(sizes) == 4
    assert sum(sizes.values()) < 31_000, sizes
    await context.close()
