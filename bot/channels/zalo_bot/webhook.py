"""The webhook of the Zalo bot: who calls, and keeping it registered."""

from __future__ import annotations

import asyncio
import hmac
import logging

import httpx
from aiohttp import web

from bot.channels.base import Parts
from bot.channels.incoming import object_in, read_body
from bot.channels.zalo_bot import WEBHOOK_PATH
from bot.channels.zalo_bot.client import BotError, Client
from bot.channels.zalo_bot.receiving import Receiver
from bot.channels.zalo_bot.updates import CHANNEL
from bot.delivery.backoff import pause_after
from bot.settings import Settings

SECRET_HEADER = "X-Bot-Api-Secret-Token"
_LOOK_AGAIN_S = 300.0
_log = logging.getLogger(__name__)


class Webhook:
    """Takes the platform's calls."""

    def __init__(self, settings: Settings, receiver: Receiver) -> None:
        secret = settings.zalo_bot_secret
        self._secret = secret.get_secret_value().encode() if secret else b""
        self._receiver = receiver

    async def receive(self, request: web.Request) -> web.Response:
        """Verify, store, acknowledge."""
        if not self._is_zalo(request):
            return self._refuse("unsigned", 403)
        raw = await read_body(request)
        if raw is None:
            return self._refuse("malformed", 413)
        body = object_in(raw)
        if body is None:
            return self._refuse("malformed", 400)
        try:
            await self._receiver.take(body)
        except Exception as error:
            # The text of the error may hold what a person wrote.
            _log.error("an update of the Zalo bot could not be stored: %s", type(error).__name__)
            return web.Response(status=503)
        return web.Response()

    def _is_zalo(self, request: web.Request) -> bool:
        """Whether the call repeats our secret; without a secret nothing is taken."""
        given = request.headers.get(SECRET_HEADER, "").encode("utf-8", "surrogateescape")
        return bool(self._secret) and hmac.compare_digest(given, self._secret)

    def _refuse(self, result: str, status: int) -> web.Response:
        self._receiver.count(result)
        return web.Response(status=status)


def missing_settings(settings: Settings) -> list[str]:
    """Return what a webhook needs and is not set."""
    needed = (
        ("MOTCUA_PUBLIC_URL", settings.public_url),
        ("MOTCUA_ZALO_BOT_SECRET", settings.zalo_bot_secret),
    )
    return [name for name, value in needed if not value]


def webhook_url(settings: Settings) -> str:
    """Return the address that the platform is to call."""
    return f"{(settings.public_url or '').rstrip('/')}{WEBHOOK_PATH}"


async def registered_url(client: Client) -> str:
    """Return where the platform calls; a bot without a webhook answers 404."""
    try:
        about = await client.ask("getWebhookInfo")
    except BotError as error:
        if error.code == 404:
            return ""
        raise
    return str(about.get("url") or "") if isinstance(about, dict) else ""


async def keep_registered(
    client: Client, settings: Settings, parts: Parts, receiver: Receiver
) -> None:
    """Register the webhook, and again whenever somebody has taken it away; until cancelled."""
    if missing := missing_settings(settings):
        _log.error("the Zalo bot's webhook needs %s; nothing is received", " and ".join(missing))
        await asyncio.Event().wait()
    failures = 0
    while True:
        try:
            await _register(client, settings)
            receiver.learn(await client.ask("getMe"))
            failures = 0
        except (BotError, httpx.HTTPError, TimeoutError) as error:
            failures += 1
            problem = str(error) if isinstance(error, BotError) else type(error).__name__
            _log.warning("the Zalo bot's webhook could not be set: %s", problem)
            if isinstance(error, BotError) and error.code in (401, 404):
                refused_token(parts)
        pause = pause_after(failures, 0).total_seconds() if failures else _LOOK_AGAIN_S
        await asyncio.sleep(pause)


async def _register(client: Client, settings: Settings) -> None:
    assert settings.zalo_bot_secret is not None
    url = webhook_url(settings)
    if await registered_url(client) != url:
        secret = settings.zalo_bot_secret.get_secret_value()
        await client.ask("setWebhook", url=url, secret_token=secret)
        _log.info("the Zalo bot's webhook is registered")


def refused_token(parts: Parts) -> None:
    """Count and tell that the platform does not know the token."""
    parts.metrics.trouble.labels(CHANNEL, "token").inc()
    _log.error("the Zalo Bot Platform refuses the token: check MOTCUA_ZALO_BOT_TOKEN")
