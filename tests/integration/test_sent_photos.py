"""A photo sent in Telegram or Zalo gives the dossier's answer, through the real gateway."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from PIL import Image

from bot.photos.bounds import LARGEST
from tests.emulators.gateway import until
from tests.support.desk import TEXTS
from tests.support.pictures import bar_code, encoded, receipt
from tests.support.stage import Stage, stage

CODE, OTHER = "H05.20-261005-0004", "H05.20-261005-0005"
CHANNELS = ("telegram", "zalo_oa", "zalo_bot")
ZALO = CHANNELS[1:]
PEOPLE = itertools.count(5000)


@pytest.fixture(scope="module")
async def opened(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("photos")
    async with stage(folder, echo=False, env={"MOTCUA_SAMPLES": "true"}) as made:
        yield made


@pytest.fixture
def somebody(opened: Stage, channel: str) -> tuple[Any, Any]:
    """A platform, and a person who has not written there before."""
    number = next(PEOPLE)
    return getattr(opened, channel), number if channel == "telegram" else str(number)


async def told(somebody: tuple[Any, Any]) -> str:
    fake, chat = somebody
    [text] = await until(lambda: fake.texts(chat))
    return str(text)


@pytest.mark.parametrize("channel", CHANNELS)
async def test_the_dossiers_of_a_receipt_are_told(somebody: tuple[Any, Any]) -> None:
    fake, chat = somebody
    await fake.photograph(chat, encoded(receipt(CODE, OTHER)))
    text = await told(somebody)
    assert f"Hồ sơ {CODE}: ĐANG XỬ LÝ" in text
    assert f"Hồ sơ {OTHER}: ĐANG XỬ LÝ" in text


@pytest.mark.parametrize("channel", ZALO)
async def test_a_bar_code_is_as_good(somebody: tuple[Any, Any]) -> None:
    fake, chat = somebody
    await fake.photograph(chat, encoded(bar_code(CODE), "PNG"))
    assert f"Hồ sơ {CODE}: ĐANG XỬ LÝ" in await told(somebody)


@pytest.mark.parametrize("channel", ZALO)
@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"\xff\xd8\xff" + b"x" * LARGEST, "photo_too_large"),
        (b"%PDF-1.7", "photo_no_picture"),
        (encoded(Image.new("L", (800, 800), "white")), "photo_no_code"),
        (encoded(receipt("https://evil.example/")), "photo_no_code"),
    ],
    ids=["too large", "no picture", "nothing on it", "an address on it"],
)
async def test_what_cannot_be_used_gets_a_reason(
    somebody: tuple[Any, Any], content: bytes, hint: str
) -> None:
    fake, chat = somebody
    await fake.photograph(chat, content)
    assert await told(somebody) == TEXTS(hint)


@pytest.mark.parametrize("channel", ZALO)
async def test_a_photo_that_the_platform_has_lost(somebody: tuple[Any, Any]) -> None:
    fake, chat = somebody
    await send_address(fake, chat, f"{fake.url}/photos/gone")
    assert await told(somebody) == TEXTS("photo_not_fetched")


@pytest.mark.parametrize(
    ("channel", "hint"), [("zalo_oa", "content_photo"), ("zalo_bot", "photo_not_fetched")]
)
async def test_a_photo_on_a_host_of_nobody_is_not_fetched(
    somebody: tuple[Any, Any], opened: Stage, hint: str
) -> None:
    fake, chat = somebody
    elsewhere = opened.telegram.url  # a server that listens, but is not on the list
    await send_address(fake, chat, f"{elsewhere}/photos/x")
    assert await told(somebody) == TEXTS(hint)


async def send_address(fake: Any, chat: str, url: str) -> None:
    if hasattr(fake, "attach"):
        await fake.attach(chat, "image", {"url": url})
    else:
        await fake.message(chat, "message.image.received", photo=url)


async def test_a_picture_that_is_sent_as_a_file_is_read(opened: Stage) -> None:
    fake, chat = opened.zalo_oa, str(next(PEOPLE))
    url = fake.hosted(encoded(receipt(CODE)))
    await fake.attach(chat, "file", {"url": url, "type": "jpg", "name": "giay-hen.jpg"})
    assert f"Hồ sơ {CODE}: ĐANG XỬ LÝ" in await told((fake, chat))
