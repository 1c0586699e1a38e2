"""The chat page and its static files."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.texts import Texts
from knowledge.office.offices import Office

_HERE = Path(__file__).parent
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'self'; base-uri 'none'; "
    "form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@web.middleware
async def security_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Add the headers that keep the page to itself."""
    response = await handler(request)
    if not response.prepared:
        response.headers.update(_HEADERS)
    return response


def add_page_routes(app: web.Application, texts: Texts, office: Office, *, samples: bool) -> None:
    """Add `/`, `/static/` and `/api/welcome`."""
    page = _render(office_name=office.name, samples_notice=samples, version=version("motcua"))

    async def index(_request: web.Request) -> web.Response:
        return web.Response(
            text=page, content_type="text/html", headers={"Cache-Control": "no-cache"}
        )

    async def welcome(_request: web.Request) -> web.Response:
        return web.json_response(
            {
                "greeting": texts("welcome", office=office.name),
                "suggestions": list(texts.suggestions),
                "office": office.name,
                "samples": samples,
            }
        )

    app.router.add_get("/", index)
    app.router.add_get("/api/welcome", welcome)
    app.router.add_static("/static/", _HERE / "static")


def _render(**values: object) -> str:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("chat.html").render(**values)
