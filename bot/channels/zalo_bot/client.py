"""Calls of the Zalo Bot API: the token stands in the address, so no address is ever logged."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx

from bot.channels.base import NotDelivered, NotSent, Refused, Unknown, Unreachable
from bot.channels.http import lost, refused_for_now
from bot.channels.incoming import object_in

ANSWER_S = 20.0
HELD_UP = timedelta(minutes=10)


class BotError(Exception):
    """The platform said no; `code` is 0 where it answered without sense."""

    def __init__(self, code: int) -> None:
        super().__init__(f"error {code}" if code else "an answer without sense")
        self.code = code


class Client:
    """One bot. `http` is watched: what it sends is the delivery of a part."""

    def __init__(
        self, http: httpx.AsyncClient, aside: httpx.AsyncClient, base: str, token: str
    ) -> None:
        self._http = http
        self._aside = aside
        self._address = f"{base.rstrip('/')}/bot{token}"
        self.answer_s = ANSWER_S

    async def ask(self, method: str, *, answer_s: float | None = None, **values: Any) -> Any:
        """Call a method that delivers nothing; raises `BotError` or an error of the network."""
        limit = answer_s or self.answer_s
        async with asyncio.timeout(limit):
            response = await self._aside.post(
                f"{self._address}/{method}", json=values, timeout=limit
            )
        return result_of(response)

    async def send(self, chat: str, text: str) -> Mapping[str, Any]:
        """Deliver a text; raises a `NotSent`."""
        try:
            async with asyncio.timeout(self.answer_s):
                response = await self._http.post(
                    f"{self._address}/sendMessage", json={"chat_id": chat, "text": text}
                )
        except httpx.HTTPError as error:
            raise lost(error) from None
        except TimeoutError:
            raise Unknown("TimeoutError") from None
        except RuntimeError:
            raise NotDelivered("the channel is being closed") from None
        try:
            result = result_of(response)
        except BotError as error:
            raise await self._meaning(error.code, response) from None
        return result if isinstance(result, dict) else {}

    async def _meaning(self, code: int, response: httpx.Response) -> NotSent:
        problem = f"error {code}"
        if (code == 0 and response.status_code < 400) or code in (408, 504):
            return Unknown(problem)
        if code == 429:  # the month's messages are used up
            return NotDelivered(problem, wait=HELD_UP, everyone=True)
        if code >= 500:
            return refused_for_now(code, response.headers.get("Retry-After"))
        if code == 401 or (code == 404 and not await self.is_known()):
            return NotDelivered(problem, wait=HELD_UP, everyone=True)
        return Unreachable(problem) if code in (403, 404) else Refused(problem)

    async def is_known(self) -> bool:
        """Return whether the platform takes our token; what cannot be found out counts as yes."""
        try:
            await self.ask("getMe")
        except BotError as error:
            return error.code not in (401, 404)
        except (httpx.HTTPError, TimeoutError):
            return True
        return True


def result_of(response: httpx.Response) -> Any:
    """Return the result of an answer; raises `BotError` with the code that it names."""
    body = object_in(response.content)
    if body is None:
        raise BotError(response.status_code if response.status_code >= 400 else 0)
    if body.get("ok") is True and response.status_code < 400:
        return body.get("result")
    code = body.get("error_code")
    if isinstance(code, int) and not isinstance(code, bool) and code > 0:
        raise BotError(code)
    raise BotError(response.status_code if response.status_code >= 400 else 0)
