"""The chat page and what it greets with."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bot.channels.zalo_oa.verification import meta_tag, verifier_file
from bot.texts import Texts
from knowledge.office.offices import Office

_TEMPLATES = Path(__file__).with_name("templates")


class ChatPage:
    """Serves the page, rendered once."""

    def __init__(
        self, texts: Texts, office: Office, *, samples: bool, zalo_verifier: str | None = None
    ) -> None:
        self._zalo_verifier = zalo_verifier
        self._page = _render(
            office_name=office.name,
            samples_notice=samples,
            version=version("motcua"),
            zalo_tag=Markup(meta_tag(zalo_verifier)),
        )
        self._welcome = {
            "greeting": texts.welcome(office=office.name),
            "suggestions": list(texts.suggestions),
            "office": office.name,
            "samples": samples,
        }

    async def index(self, _request: web.Request) -> web.Response:
        """Return the page."""
        headers = {"Cache-Control": "no-cache"}
        return web.Response(text=self._page, content_type="text/html", headers=headers)

    async def welcome(self, _request: web.Request) -> web.Response:
        """Return greeting and suggestions."""
        return web.json_response(self._welcome)

    async def zalo_verifier(self, request: web.Request) -> web.Response:
        """Return the file by which Zalo sees that the domain is ours."""
        page = verifier_file(self._zalo_verifier, request.match_info["code"])
        if page is None:
            raise web.HTTPNotFound
        return web.Response(text=page, content_type="text/html")


def _render(**values: object) -> str:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("chat.html").render(**values)
