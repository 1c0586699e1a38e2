"""A Rasa runtime on loopback that answers at once with what it was asked.

`python -m tests.fakes.runtime --port 5005 [--takes 0.02]`: it speaks the REST channel of Rasa, so
that delivery can be tested and measured apart from understanding.
"""

from __future__ import annotations

import argparse
import asyncio

from aiohttp import web


def build_app(takes_s: float) -> web.Application:
    """Return the application."""

    async def status(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def converse(request: web.Request) -> web.Response:
        said = await request.json()
        await asyncio.sleep(takes_s)
        reply = {"recipient_id": said["sender"], "text": f"re: {said['message']}"}
        return web.json_response([reply])

    app = web.Application()
    app.router.add_get("/status", status)
    app.router.add_post("/webhooks/rest/webhook", converse)
    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=5005)
    parser.add_argument("--takes", type=float, default=0.02, help="seconds an answer takes")
    options = parser.parse_args()
    app = build_app(options.takes)
    web.run_app(app, host="127.0.0.1", port=options.port, print=None, access_log=None)


if __name__ == "__main__":
    main()
