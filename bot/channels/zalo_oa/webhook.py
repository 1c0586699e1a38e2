"""Zalo's webhook: verify the bytes, store, say 200; within two seconds, so nothing else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from bot.channels.base import Parts
from bot.channels.incoming import object_in, read_body
from bot.channels.zalo_oa.events import (
    CHANNEL,
    Alarm,
    Echo,
    Ignored,
    Left,
    Malformed,
    Opened,
    Said,
    Withdrawn,
    read_event,
    timestamp_of,
)
from bot.channels.zalo_oa.signature import HEADER, is_signed

ECHO_GRACE_S = 15.0
"""For the answer to our own call to be stored: the echo can be faster."""
_TELL_EVERY = timedelta(minutes=10)
_log = logging.getLogger(__name__)


class Webhook:
    """Takes the events of one account."""

    def __init__(
        self,
        parts: Parts,
        *,
        oa_id: str,
        app_id: str,
        key: str,
        staff_pause: timedelta,
        media_hosts: Collection[str],
        echo_grace_s: float = ECHO_GRACE_S,
    ) -> None:
        self._parts = parts
        self._oa_id = oa_id
        self._app_id = app_id
        self._key = key
        self._staff_pause = staff_pause
        self._media_hosts = media_hosts
        self._echo_grace_s = echo_grace_s
        self._told_at: datetime | None = None
        self._doubtful: set[asyncio.Task[None]] = set()

    async def receive(self, request: web.Request) -> web.Response:
        """Take a call. What is not signed is dropped with 200: the console probes like that."""
        raw = await read_body(request)
        if raw is None:
            self._count("malformed")
            return web.Response(status=413)
        body = object_in(raw)
        if body is None:
            self._count("malformed")
        elif not self._is_from_zalo(request, raw, body):
            self._count("unsigned")
            self._tell_wrong_key(request)
        else:
            if "num_retry" in request.headers:
                self._parts.metrics.trouble.labels(CHANNEL, "redelivered").inc()
            return await self._taken(body)
        return web.Response()

    def _tell_wrong_key(self, request: web.Request) -> None:
        """A wrong key would silence the account for good: say so, but not with each event."""
        if not request.headers.get(HEADER):
            return  # the console's probe, or anybody
        self._parts.metrics.trouble.labels(CHANNEL, "signature").inc()
        now = self._parts.clock()
        if self._told_at is None or now - self._told_at > _TELL_EVERY:
            self._told_at = now
            _log.warning(
                "an event with a wrong signature was dropped; if nothing else arrives, compare "
                "MOTCUA_ZALO_OA_SECRET_KEY and MOTCUA_ZALO_OA_APP_ID with Zalo's console"
            )

    async def _taken(self, body: Mapping[str, Any]) -> web.Response:
        try:
            await self._take(body)
        except Exception as error:
            # The text of the error may hold what a person wrote. Zalo may send it again.
            _log.error("an event of Zalo OA could not be stored: %s", type(error).__name__)
            return web.Response(status=503)
        return web.Response()

    async def close(self) -> None:
        """Give up what was still to be decided."""
        for task in self._doubtful:
            task.cancel()
        await asyncio.gather(*self._doubtful, return_exceptions=True)

    def _is_from_zalo(self, request: web.Request, raw: bytes, body: Mapping[str, Any]) -> bool:
        signed = is_signed(
            request.headers.get(HEADER),
            app_id=self._app_id,
            body=raw,
            timestamp=timestamp_of(body),
            key=self._key,
        )
        return signed and str(body.get("app_id")) == self._app_id

    async def _take(self, body: Mapping[str, Any]) -> None:
        parts = self._parts
        now = parts.clock()
        event = read_event(body, oa_id=self._oa_id, now=now, media_hosts=self._media_hosts)
        match event:
            case Said(inbound):
                new = await parts.inbox.put(inbound)
                self._count("stored" if new else "repeated")
                parts.arrived()
                return
            case Opened(conversation):
                await parts.contacts.seen(conversation, now)
            case Left(conversation):
                await parts.contacts.unreachable(conversation, "unfollowed")
            case Withdrawn(conversation):
                await parts.erase(conversation)
            case Echo() as echo:
                await self._heard(echo)
            case Alarm(name):
                parts.metrics.trouble.labels(CHANNEL, name).inc()
                _log.warning("Zalo OA: Zalo reports %s; look into its console", name)
            case Malformed():
                self._count("malformed")
                return
            case Ignored():
                pass
        self._count("ignored")

    async def _heard(self, echo: Echo) -> None:
        """Tell our own messages from what the staff write in Zalo's console."""
        if await self._is_ours(echo):
            return
        if echo.by_staff and echo.text:
            await self._pause(echo)
            return
        task = asyncio.create_task(self._decide_later(echo))
        self._doubtful.add(task)
        task.add_done_callback(self._doubtful.discard)

    async def _decide_later(self, echo: Echo) -> None:
        await asyncio.sleep(self._echo_grace_s)
        try:
            if not await self._is_ours(echo):
                await self._pause(echo)
        except Exception as error:
            _log.error("an echo of Zalo OA could not be judged: %s", type(error).__name__)

    async def _is_ours(self, echo: Echo) -> bool:
        outbox = self._parts.outbox
        if await outbox.by_message_id(CHANNEL, echo.message_id):
            return True
        return bool(echo.text) and await outbox.confirm(
            CHANNEL, echo.conversation, echo.text, echo.message_id
        )

    async def _pause(self, echo: Echo) -> None:
        await self._parts.pauses.pause(echo.conversation, self._staff_pause)
        _log.info("Zalo OA: the staff write in a conversation; the assistant keeps silent in it")

    def _count(self, result: str) -> None:
        self._parts.metrics.received.labels(CHANNEL, result).inc()
