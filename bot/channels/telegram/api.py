"""Calls of the Bot API through python-telegram-bot, with bounded time and raw answers.

Answers are left as plain data: a field that the library cannot read must not lose a whole batch
of updates, nor let a message that was sent pass for one that was not.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any

from telegram import Bot
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from bot.channels.http import ANSWER_S, CONNECT_S, keep_addresses_out_of_logs
from bot.settings import Settings

Hook = Callable[[Any], Awaitable[None]]
_CONNECTIONS = 64


class Api(Bot):
    """The Bot API of one bot."""

    __slots__ = ()

    async def call(self, method: str, *, answer_s: float = ANSWER_S, **parameters: Any) -> Any:
        """Call a method and return the `result` of its answer; raises `TelegramError`."""
        try:
            return await self._post(method, parameters, read_timeout=answer_s)
        except (KeyError, TypeError):  # answered with something that is no answer
            raise TelegramError("Invalid server response") from None

    async def open_connections(self) -> None:
        """Open what was closed."""
        for request in self._request:
            await request.initialize()

    async def close_connections(self) -> None:
        """Close what is open."""
        for request in self._request:
            await request.shutdown()


def open_api(
    settings: Settings, *, sending: Hook | None = None, answered: Hook | None = None
) -> Api:
    """Return the API of the configured bot; nothing connects yet.

    Args:
        settings: names the token and the address.
        sending: is called with each request before it goes out, but not with polls.
        answered: is called with each response.
    """
    if settings.telegram_token is None:
        raise ValueError("no token")
    keep_addresses_out_of_logs()
    keep_bodies_out_of_logs()
    os.environ.setdefault("PTB_TIMEDELTA", "1")  # the library warns of each 429 without it
    hooks = {"request": [sending] if sending else [], "response": [answered] if answered else []}
    return Api(
        settings.telegram_token.get_secret_value(),
        base_url=f"{settings.telegram_api_url.rstrip('/')}/bot",
        request=_request(_CONNECTIONS, hooks),
        get_updates_request=_request(2, {}),
    )


def keep_bodies_out_of_logs() -> None:
    """Silence the library's own log: it writes parameters and answers, so people's texts."""
    logging.getLogger("telegram").setLevel(logging.CRITICAL + 1)


def _request(connections: int, hooks: dict[str, list[Hook]]) -> HTTPXRequest:
    return HTTPXRequest(
        connection_pool_size=connections,
        read_timeout=ANSWER_S,
        write_timeout=ANSWER_S,
        connect_timeout=CONNECT_S,
        pool_timeout=CONNECT_S,
        httpx_kwargs={"trust_env": False, "event_hooks": hooks},
    )
