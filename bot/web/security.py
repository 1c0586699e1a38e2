"""Headers that keep the page to itself."""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'self'; base-uri 'none'; "
    "form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@web.middleware
async def security_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Add the headers to every answer that has not begun yet; a page may have its own."""
    try:
        response = await handler(request)
    except web.HTTPException as answer:
        _add(answer)
        raise
    if not response.prepared:
        _add(response)
    return response


def _add(answer: web.StreamResponse | web.HTTPException) -> None:
    for name, value in _HEADERS.items():
        answer.headers.setdefault(name, value)
