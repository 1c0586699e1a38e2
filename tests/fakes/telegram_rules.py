"""What the stand-in for Telegram refuses, how it breaks, and how it reads calls and HTML."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from typing import Any, Literal

from aiohttp import web

_TAGS = {"b", "strong", "i", "em", "u", "s", "code", "pre", "a", "blockquote", "tg-spoiler"}
Json = dict[str, Any]
FaultKind = Literal[
    "flood",  # 429 with retry_after
    "forbidden",  # 403, the person has blocked the bot
    "no_chat",  # 400, chat not found
    "cannot_parse",  # 400, can't parse entities
    "file_gone",  # 400, the file id is not known any more
    "moved",  # 400 with migrate_to_chat_id
    "unauthorized",  # 401
    "server_error",  # 500
    "bad_gateway",  # 502 with a page of HTML
    "lost_answer",  # the message is taken, then the connection breaks
    "no_answer",  # the message is taken, and no answer comes until the caller gives up
    "slow",  # the answer takes `wait_s`
    "garbage",  # 200 with something that is no JSON
]


@dataclass
class Fault:
    """What goes wrong with the next call of a method that sends; or of `method`."""

    kind: FaultKind
    wait_s: float = 1
    method: str | None = None
    chat: int | None = None
    """Whom it concerns; None for whoever comes next, or with `method`."""


class Refuse(Exception):  # noqa: N818
    """A call is refused."""

    def __init__(self, status: int, words: str, **parameters: Any) -> None:
        super().__init__(words)
        self.status = status
        self.parameters = parameters


def refuse_by(fault: Fault) -> None:
    """Raise what a fault refuses with; faults of the answer come after the message is taken."""
    refusals: Mapping[str, Refuse] = {
        "flood": Refuse(
            429, f"Too Many Requests: retry after {fault.wait_s}", retry_after=fault.wait_s
        ),
        "forbidden": Refuse(403, "Forbidden: bot was blocked by the user"),
        "no_chat": Refuse(400, "Bad Request: chat not found"),
        "cannot_parse": Refuse(400, "Bad Request: can't parse entities: Unexpected end tag"),
        "file_gone": Refuse(400, "Bad Request: wrong file identifier/HTTP URL specified"),
        "moved": Refuse(
            400,
            "Bad Request: group chat was upgraded to a supergroup chat",
            migrate_to_chat_id=-100999,
        ),
        "unauthorized": Refuse(401, "Unauthorized"),
        "server_error": Refuse(500, "Internal Server Error"),
        "bad_gateway": Refuse(502, ""),
    }
    if fault.kind in refusals:
        raise refusals[fault.kind]


async def spoiled(request: web.Request, fault: Fault | None) -> web.StreamResponse | None:
    """Return an answer that the caller cannot use, or none in time."""
    if fault is None:
        return None
    if fault.kind in ("slow", "no_answer"):
        await asyncio.sleep(fault.wait_s if fault.kind == "slow" else 3600)
        return None
    if fault.kind == "lost_answer":
        assert request.transport is not None
        request.transport.abort()
        return web.Response()
    return web.Response(text="no JSON at all")


def refusal(refused: Refuse) -> web.Response:
    if refused.status == 502:
        return web.Response(status=502, text="<html>Bad Gateway</html>")
    body: Json = {"ok": False, "error_code": refused.status, "description": str(refused)}
    if refused.parameters:
        body["parameters"] = refused.parameters
    return web.json_response(body, status=refused.status)


def conflict(by: str) -> Refuse:
    return Refuse(409, f"Conflict: terminated by {by}")


async def values_of(request: web.Request) -> Json:
    """Return the parameters of a call, however they were sent."""
    values: Json = dict(request.query)
    if request.content_type == "application/json":
        values |= await request.json()
    else:
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                values[name] = (value.filename, value.file.read())
            else:
                values[name] = value
    return {name: _value(name, value) for name, value in values.items()}


def _value(name: str, value: Any) -> Any:
    if not isinstance(value, str) or name in ("text", "caption", "document", "url"):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


class _Html(HTMLParser):
    """Reads Telegram's HTML as strictly as Telegram does."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.text = ""
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in _TAGS:
            raise _cannot_parse(f'Unsupported start tag "{tag}"')
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            raise _cannot_parse(f'Unmatched end tag "{tag}"')

    def handle_data(self, data: str) -> None:
        if "<" in data:
            raise _cannot_parse("Unclosed start tag")
        self.text += data

    def handle_entityref(self, name: str) -> None:
        self.text += unescape(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.text += unescape(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        raise _cannot_parse("Unsupported start tag")

    def handle_decl(self, decl: str) -> None:
        raise _cannot_parse("Unsupported start tag")

    def unknown_decl(self, data: str) -> None:
        raise _cannot_parse("Unsupported start tag")

    def handle_pi(self, data: str) -> None:
        raise _cannot_parse("Unsupported start tag")

    def finish(self) -> str:
        self.close()
        if self._open:
            raise _cannot_parse(
                f'Can\'t find end tag corresponding to start tag "{self._open[-1]}"'
            )
        return self.text


def read_html(raw: str) -> str:
    reader = _Html()
    reader.feed(raw)
    return reader.finish()


def _cannot_parse(why: str) -> Refuse:
    return Refuse(400, f"Bad Request: can't parse entities: {why}")
