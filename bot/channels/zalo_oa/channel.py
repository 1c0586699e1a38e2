"""The channel: what the gateway sees of a Zalo Official Account."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from aiohttp import web
from pydantic import SecretStr

from bot.channels.base import (
    Capabilities,
    Finding,
    NotDelivered,
    Parts,
    Receipt,
    Refused,
    Unreachable,
)
from bot.channels.clock import Skew
from bot.channels.fetching import download_from
from bot.channels.http import open_client
from bot.channels.incoming import id_of
from bot.channels.zalo_oa.client import Client
from bot.channels.zalo_oa.errors import ZaloError
from bot.channels.zalo_oa.events import CHANNEL
from bot.channels.zalo_oa.examining import examine
from bot.channels.zalo_oa.notices import Notices
from bot.channels.zalo_oa.outgoing import MAX_BUTTONS, MAX_CHARS, file_message, text_message
from bot.channels.zalo_oa.token_server import TokenServer
from bot.channels.zalo_oa.token_store import TokenStore
from bot.channels.zalo_oa.tokens import Tokens
from bot.channels.zalo_oa.uploads import Uploads
from bot.channels.zalo_oa.webhook import Webhook
from bot.channels.zalo_oa.window import Window, window
from bot.delivery.outbox import Outbound
from bot.messages import Kind
from bot.settings import Settings

_SEND = "/v3.0/oa/message/cs"
_PER_SECOND = 60
"""Zalo allows an app 4,000 calls a minute."""


class ZaloOA:
    """One account."""

    name = CHANNEL
    capabilities = Capabilities(
        max_chars=MAX_CHARS, buttons=MAX_BUTTONS, files=True, per_second=_PER_SECOND
    )

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self.bot = settings.zalo_oa_id or ""
        self._settings = settings
        self._parts = parts
        self._http = open_client(parts.wire)
        self._aside = open_client(None)
        self.tokens = open_tokens(settings, parts, self._aside)
        self._client = self._open_client(self._http, self._aside)
        self._uploads = Uploads(parts.engine, self._client, self.bot, parts.clock)
        self.notices = _notices(settings, self._client)
        self._webhook = Webhook(
            parts,
            oa_id=self.bot,
            app_id=settings.zalo_oa_app_id or "",
            key=_secret(settings.zalo_oa_secret_key),
            staff_pause=timedelta(minutes=settings.zalo_oa_staff_pause_min),
            media_hosts=settings.zalo_hosts,
        )

    async def receive(self, request: web.Request) -> web.Response:
        """Take a call of the webhook: verify, store, acknowledge."""
        return await self._webhook.receive(request)

    async def send(self, part: Outbound) -> Receipt:
        """Deliver one part; raises a `NotSent` when Zalo did not take it for sure."""
        state = window(
            await self._parts.contacts.last_seen(part.conversation), self._parts.clock()
        )
        if part.kind is Kind.PUSH and state is not Window.FREE:
            return await self._notify(part)
        if state is Window.CLOSED:
            raise Unreachable("the person was last seen more than seven days ago")
        if part.kind is Kind.FILE and part.file:
            return await self._send_file(part, part.file["name"], Path(part.file["path"]))
        return await self._send_text(part)

    async def fetch(self, attachment: Mapping[str, Any]) -> bytes:
        """Return a photo that a person sent; raises `CannotFetch`."""
        return await download_from(self._settings.zalo_hosts, attachment.get("url"))

    async def show_typing(self, conversation: str, in_reply_to: str) -> None:
        """Zalo offers an account no such sign."""

    async def run(self) -> None:
        """Renew the tokens in good time, until cancelled."""
        try:
            await self.tokens.run()
        finally:
            await self.close()

    async def examine(self) -> Sequence[Finding]:
        """Ask Zalo whether everything is set up; raises nothing."""
        skew = Skew()
        async with open_client(None) as http:
            http.event_hooks = {"response": [skew.read]}
            client = self._open_client(http, http)
            notices = _notices(self._settings, client)
            found = await examine(self._settings, self._parts, self.tokens, client, notices)
        return [*found, *skew.findings("Zalo")]

    async def close(self) -> None:
        """Close the connections."""
        await self._webhook.close()
        await asyncio.gather(self._http.aclose(), self._aside.aclose())

    def _open_client(self, http: httpx.AsyncClient, aside: httpx.AsyncClient) -> Client:
        return Client(
            http,
            aside,
            self.tokens,
            self._parts.metrics,
            base=self._settings.zalo_oa_api_url,
            clock=self._parts.clock,
        )

    async def _notify(self, part: Outbound) -> Receipt:
        """Outside the free window only an approved template may say that there is news."""
        if self.notices is None:
            raise Unreachable("outside the free window, and no template is set")
        return await self.notices.to_user(part.recipient, self._parts.clock())

    async def _send_text(self, part: Outbound, text: str | None = None) -> Receipt:
        body = text_message(part.recipient, text or part.text, part.buttons)
        try:
            data = await self._client.send(_SEND, body)
        except ZaloError as error:
            raise Refused(str(error)) from None
        return Receipt(id_of(data.get("message_id")))

    async def _send_file(self, part: Outbound, name: str, path: Path) -> Receipt:
        found = await self._uploads.token(name, path)
        if found is None:  # not a kind that Zalo takes: at least its name is said
            return await self._send_text(part, part.text or name)
        token, is_new = found
        try:
            data = await self._client.send(_SEND, file_message(part.recipient, token))
        except ZaloError as error:  # Zalo has forgotten the upload
            await self._uploads.forget(token)
            if is_new:
                raise Refused(str(error)) from None
            raise NotDelivered("the upload ran out", wait=timedelta(0)) from None
        return Receipt(id_of(data.get("message_id")))


def open_tokens(settings: Settings, parts: Parts, http: httpx.AsyncClient) -> Tokens:
    """Return the tokens of the account that the settings name."""
    oa_id = settings.zalo_oa_id or ""
    return Tokens(
        TokenStore(parts.engine, oa_id, parts.clock),
        TokenServer(
            http,
            settings.zalo_oa_oauth_url,
            app_id=settings.zalo_oa_app_id or "",
            app_secret=_secret(settings.zalo_oa_app_secret),
        ),
        parts.leases,
        parts.metrics,
        oa_id=oa_id,
        clock=parts.clock,
        first=_secret(settings.zalo_oa_refresh_token) or None,
    )


def _notices(settings: Settings, client: Client) -> Notices | None:
    template = settings.zalo_oa_notice_template
    if not template:
        return None
    return Notices(client, template, business_url=settings.zalo_oa_business_url)


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value else ""
