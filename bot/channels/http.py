"""The HTTP client of the channels: bounded time, evidence of what went out, no token in a log."""

from __future__ import annotations

import logging
from datetime import timedelta

import httpx

from bot.channels.base import NotDelivered, NotSent, Unknown
from bot.delivery.wire import Wire

CONNECT_S = 5.0
ANSWER_S = 20.0
SURELY_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def open_client(wire: Wire | None, *, answer_s: float = ANSWER_S) -> httpx.AsyncClient:
    """Return a client for one platform; close it with `aclose`.

    Without a wire its requests deliver no part and leave no evidence that one went out.
    """
    keep_addresses_out_of_logs()
    return httpx.AsyncClient(
        timeout=httpx.Timeout(answer_s, connect=CONNECT_S),
        limits=httpx.Limits(max_connections=64, max_keepalive_connections=32),
        event_hooks={"request": [wire.watch]} if wire else {},
        follow_redirects=False,
        trust_env=False,
    )


def keep_addresses_out_of_logs() -> None:
    """Silence the request log of httpx: addresses of bot interfaces hold the token."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def lost(error: httpx.HTTPError) -> NotSent:
    """Tell what a failed request means for the part that it carried."""
    problem = type(error).__name__  # the text of the error may hold the address
    if isinstance(error, SURELY_NOT_SENT):
        return NotDelivered(problem)
    return Unknown(problem)


def refused_for_now(status: int, retry_after: str | None) -> NotDelivered:
    """Tell what 429 or 5xx means: the platform has not taken the part."""
    wait = None
    if retry_after and retry_after.isdigit():
        wait = timedelta(seconds=int(retry_after))
    return NotDelivered(f"status {status}", wait=wait, everyone=status == 429)
