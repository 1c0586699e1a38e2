"""Calls of the Zalo OpenAPI: the token in a header, one bounded time, errors by class."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import httpx

from bot.channels.base import NotDelivered, NotSent, Unknown
from bot.channels.http import lost
from bot.channels.zalo_oa.errors import (
    ACCOUNT,
    EXPIRED_ATTACHMENT,
    TOKEN,
    ZaloError,
    data_of,
    meaning,
)
from bot.channels.zalo_oa.events import CHANNEL
from bot.channels.zalo_oa.tokens import Tokens
from bot.metrics import Metrics

DEADLINE_S = 30.0
_log = logging.getLogger(__name__)


class Client:
    """Talks to Zalo for one account.

    Two HTTP clients: the requests of `http` are watched, they are the delivery of a part; those
    of `aside` (uploads, questions) deliver nothing and must leave no evidence that one went out.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        aside: httpx.AsyncClient,
        tokens: Tokens,
        metrics: Metrics,
        *,
        base: str,
        clock: Callable[[], datetime],
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._http = http
        self._aside = aside
        self._tokens = tokens
        self._metrics = metrics
        self._base = base.rstrip("/")
        self._clock = clock
        self._deadline_s = deadline_s

    async def send(
        self, path: str, body: Mapping[str, Any], *, base: str | None = None
    ) -> Mapping[str, Any]:
        """Deliver a message; raises a `NotSent`, or `ZaloError` for an upload that ran out."""
        token = await self._tokens.access()
        address = f"{(base or self._base).rstrip('/')}{path}"
        try:
            async with asyncio.timeout(self._deadline_s):
                response = await self._http.post(
                    address, json=body, headers={"access_token": token}
                )
        except httpx.HTTPError as error:
            raise lost(error) from None
        except TimeoutError:
            raise Unknown("TimeoutError") from None
        except RuntimeError:
            raise NotDelivered("the channel is being closed") from None
        return await self._read(response, token)

    async def upload(self, path: str, name: str, content: bytes, kind: str) -> Mapping[str, Any]:
        """Hand a file over; nobody was sent anything yet, so every failure can be repeated."""
        token = await self._tokens.access()
        try:
            async with asyncio.timeout(self._deadline_s):
                response = await self._aside.post(
                    f"{self._base}{path}",
                    files={"file": (name, content, kind)},
                    headers={"access_token": token},
                )
            return await self._read(response, token)
        except (httpx.HTTPError, TimeoutError, RuntimeError, Unknown) as error:
            raise NotDelivered(f"upload: {type(error).__name__}") from None

    async def ask(
        self,
        path: str,
        data: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        base: str | None = None,
    ) -> Mapping[str, Any]:
        """Read something; raises `ZaloError`, `NotSent` or an error of the network.

        It is asked by `motcua doctor`, with the token as it is: nothing is renewed for it.
        """
        kept = await self._tokens.kept()
        token = (kept and kept.access_token) or ""
        params = {"data": json.dumps(data)} if data is not None else dict(query or {})
        async with asyncio.timeout(self._deadline_s):
            response = await self._aside.get(
                f"{(base or self._base).rstrip('/')}{path}",
                params=params,
                headers={"access_token": token},
            )
        return data_of(response)

    async def _read(self, response: httpx.Response, token: str) -> Mapping[str, Any]:
        try:
            return data_of(response)
        except ZaloError as error:
            raise await self._sorted(error, token) from None

    async def _sorted(self, error: ZaloError, token: str) -> NotSent | ZaloError:
        if error.code in TOKEN:
            return await self._tokens.refused(token)
        if error.code == EXPIRED_ATTACHMENT:
            return error
        if error.code in ACCOUNT:
            self._metrics.trouble.labels(CHANNEL, "account").inc()
            _log.error(
                "Zalo OA: the account cannot send (error %d): see the table of errors in "
                "docs/channels/zalo_oa.md; everything waits",
                error.code,
            )
        return meaning(error.code, self._clock())
