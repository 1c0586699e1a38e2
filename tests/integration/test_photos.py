"""Photos of receipts are read within bounds, and nothing of them is kept."""

from __future__ import annotations

import io
import secrets
import struct
import zlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from PIL import Image
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import CannotFetch
from bot.channels.fetching import download_from, is_on
from bot.channels.telegram.api import open_api
from bot.channels.telegram.fetching import fetch
from bot.messages import Content, Inbound
from bot.photos.bounds import LARGEST
from bot.photos.desk import PhotoDesk, Seen
from bot.photos.reading import PhotoReader, Problem
from bot.settings import Settings
from bot.storage.tables import inbox
from tests.integration.test_erasure import House
from tests.support.chat import Person, person
from tests.support.desk import TEXTS, message
from tests.support.pictures import bar_code, encoded, receipt
from tests.support.processes import Running

CODE, OTHER = "H05.20-261005-0004", "H05.20-261005-0005"
READER = PhotoReader()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
async def test_a_qr_code_on_a_receipt_is_read(form: str) -> None:
    assert await READER.read(encoded(receipt(CODE), form)) == [CODE]


async def test_several_codes_are_several_dossiers() -> None:
    texts = await READER.read(encoded(receipt(CODE, OTHER)))
    assert not isinstance(texts, Problem)
    assert set(texts) == {CODE, OTHER}


async def test_a_bar_code_is_read() -> None:
    assert await READER.read(encoded(bar_code(CODE))) == [CODE]


def png_of(width: int, height: int) -> bytes:
    """A small file that says it is a huge picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 4096)
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xd8\xff" + b"x" * 2000, Problem.NO_PICTURE),
        (b"%PDF-1.7", Problem.NO_PICTURE),
        (b"", Problem.NO_PICTURE),
        (b"\xff\xd8\xff" + b"x" * LARGEST, Problem.TOO_LARGE),
        (png_of(60_000, 60_000), Problem.NO_PICTURE),
        (png_of(9_000, 9_000), Problem.NO_PICTURE),
        (encoded(Image.new("L", (800, 800), "white")), []),
        (encoded(receipt(CODE))[:-9000], Problem.NO_PICTURE),
    ],
    ids=["torn", "pdf", "empty", "large", "bomb", "half a bomb", "blank", "cut off"],
)
async def test_what_cannot_be_read_gives_a_reason(content: bytes, told: Any) -> None:
    assert await READER.read(content) == told


def photo(attachment: Mapping[str, Any] | None, **values: Any) -> Inbound:
    return replace(message("1", ""), content=Content.PHOTO, attachment=attachment, **values)


class Fetching:
    """A channel that has one photo."""

    name = "fake"
    capabilities = None

    def __init__(self, content: bytes) -> None:
        self.content = content

    async def send(self, part: object) -> None: ...

    async def show_typing(self, conversation: str, in_reply_to: str) -> None: ...

    async def fetch(self, attachment: Mapping[str, Any]) -> bytes:
        if not self.content:
            raise CannotFetch("gone")
        return self.content


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        (CODE, Seen((CODE,))),
        (f"https://dichvucong.example/tra-cuu?ma={CODE}", Seen((CODE,))),
        ("https://evil.example/", Seen(hint="photo_no_code")),
        ("/erase_my_data{}", Seen(hint="photo_no_code")),
    ],
)
async def test_only_tracking_codes_are_taken_from_a_code(said: str, seen: Seen) -> None:
    desk = PhotoDesk({"fake": Fetching(encoded(receipt(said)))}, READER)  # type: ignore[dict-item]
    assert await desk.see(photo({"id": "x"})) == seen


async def test_a_photo_that_is_gone_or_cannot_be_fetched_gets_a_hint() -> None:
    desk = PhotoDesk({"fake": Fetching(b"")}, READER)  # type: ignore[dict-item]
    assert (await desk.see(photo({"id": "x"}))).hint == "photo_not_fetched"
    assert (await desk.see(photo({"id": "x", "size": LARGEST + 1}))).hint == "photo_too_large"
    elsewhere = photo({"id": "x"}, channel="other")
    assert (await desk.see(elsewhere)).hint == "photo_not_fetched"


def test_every_hint_has_a_sentence() -> None:
    assert all(TEXTS(f"photo_{problem}") for problem in [*Problem, "no_code"])


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://f4.zdn.vn/a.jpg", True),
        ("https://zdn.vn/a.jpg", True),
        ("http://f4.zdn.vn/a.jpg", False),
        ("https://zdn.vn.evil.example/a.jpg", False),
        ("https://evilzdn.vn/a.jpg", False),
        ("https://f4.zdn.vn:8443/a.jpg", False),
        ("https://user@f4.zdn.vn/a.jpg", False),
        ("https://127.0.0.1/a.jpg", False),
        ("http://127.0.0.1:8123/a.jpg", True),
        ("file:///etc/passwd", False),
        ("https://[", False),
    ],
)
def test_photos_are_fetched_from_the_listed_hosts_alone(url: str, allowed: bool) -> None:
    assert is_on(["zdn.vn", "http://127.0.0.1:8123"], url) is allowed


@pytest.fixture
async def host() -> AsyncIterator[str]:
    async def bot_file(request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "result": {"file_path": "photos/file_1.jpg"}})

    async def file(request: web.Request) -> web.Response:
        return web.Response(body=b"\xff\xd8\xffphoto")

    async def moved(request: web.Request) -> web.Response:
        raise web.HTTPFound("/file/botother")

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(200):
            await response.write(b"x" * 100_000)
        return response

    app = web.Application()
    app.router.add_post("/bot1:x/getFile", bot_file)
    app.router.add_get("/file/bot1:x/photos/file_1.jpg", file)
    app.router.add_get("/moved", moved)
    app.router.add_get("/endless", endless)
    async with TestServer(app) as server:
        yield f"http://127.0.0.1:{server.port}"


async def test_telegram_tells_where_a_photo_is(host: str) -> None:
    settings = Settings(telegram_token="1:x", telegram_api_url=host)  # type: ignore[arg-type]
    api = open_api(settings)
    await api.open_connections()
    try:
        assert await fetch(api, host, {"id": "f"}) == b"\xff\xd8\xffphoto"
    finally:
        await api.close_connections()


@pytest.mark.parametrize("path", ["/moved", "/endless", "/nothing"])
async def test_no_redirect_is_followed_and_no_endless_file_read(host: str, path: str) -> None:
    with pytest.raises(CannotFetch):
        await download_from([host], host + path)


async def test_nothing_of_a_photo_is_kept(
    engine: AsyncEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(engine, tmp_path, f"sqlite:///{tmp_path / 'conversations.db'}")
    picture = encoded(receipt(CODE))
    channel = house.desk.channel
    monkeypatch.setattr(channel, "fetch", Fetching(picture).fetch, raising=False)
    house.desk.photos = PhotoDesk({"fake": channel}, READER)
    await house.desk.inbox.put(photo({"id": "telegram-file-id", "size": 1, "type": "image/jpeg"}))
    async with house.desk.running():
        await house.settled()
    assert house.desk.assistant.asked == [f'/track_dossier{{"tracking_code": "{CODE}"}}']
    async with engine.connect() as connection:
        assert (await connection.execute(select(inbox.c.attachment))).scalar() is None
    assert "telegram-file-id" not in await house.everything()
    written = [it for it in tmp_path.rglob("*") if it.is_file()]
    assert not any(picture[100:200] in it.read_bytes() for it in written)


async def post(session: aiohttp.ClientSession, url: str, **fields: Any) -> int:
    form = aiohttp.FormData()
    for name, value in fields.items():
        if name == "photo":
            form.add_field(name, io.BytesIO(value), filename="x.jpg")
        else:
            form.add_field(name, value)
    async with session.post(f"{url}/api/photo", data=form) as response:
        return response.status


async def test_the_web_chat_takes_a_photo(gateway: Running) -> None:
    async with aiohttp.ClientSession() as session:
        someone: Person = person(session, gateway.url)
        await someone.says("xin chào")
        key = someone.asker._conversations[someone.conversation]
        for picture, expected in (
            (receipt(CODE, OTHER), {CODE, OTHER}),
            (receipt("https://evil.example"), set()),
        ):
            event = secrets.token_hex(16)
            fields = {"id": event, "conversation": key, "photo": encoded(picture)}
            assert await post(session, gateway.url, **fields) == 202
            turn = await someone.asker._answer(key, event)
            assert {it["code"] for it in turn.dossiers} == expected
        assert "không thấy mã hồ sơ" in turn.text


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "0" * 32, "conversation": "0" * 32},
        {"id": "0", "conversation": "0" * 32, "photo": b"x"},
        {"id": "0" * 32, "conversation": "../../x", "photo": b"x"},
        {"id": "0" * 32, "conversation": "0" * 32, "photo": b"x" * (LARGEST + 1)},
        {"id": "0" * 32, "conversation": "0" * 32, "other": "x", "photo": b"x"},
    ],
    ids=["no photo", "short id", "odd conversation", "large", "a field too many"],
)
async def test_odd_forms_are_refused(gateway: Running, fields: dict[str, Any]) -> None:
    async with aiohttp.ClientSession() as session:
        try:
            status = await post(session, gateway.url, **fields)
        except aiohttp.ClientError:  # refused before all of it was sent
            status = 413
    assert status in (400, 413)
