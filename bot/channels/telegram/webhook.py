"""The webhook's side of receiving: who calls, what is sent, and keeping it registered."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging

from aiohttp import web
from telegram.error import InvalidToken, TelegramError

from bot.channels.base import Parts
from bot.channels.telegram import WEBHOOK_PATH
from bot.channels.telegram.api import Api
from bot.channels.telegram.errors import reason
from bot.channels.telegram.receiving import Receiver
from bot.channels.telegram.updates import KINDS, NAME, Malformed, NameUnknown
from bot.delivery.backoff import pause_after
from bot.settings import Settings

_log = logging.getLogger(__name__)
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
LARGEST_BODY = 256 * 1024
_LOOK_AGAIN_S = 300.0


class Webhook:
    """Takes Telegram's calls."""

    def __init__(self, settings: Settings, parts: Parts, receiver: Receiver) -> None:
        secret = settings.telegram_secret
        self._secret = secret.get_secret_value().encode() if secret else b""
        self._metrics = parts.metrics
        self._receiver = receiver

    async def receive(self, request: web.Request) -> web.Response:
        """Verify, store, acknowledge."""
        if not self._is_telegram(request):
            return self._refuse("unsigned", 403)
        if (request.content_length or 0) > LARGEST_BODY:
            return self._refuse("malformed", 413)
        try:
            update = json.loads(await _body(request))
        except web.HTTPRequestEntityTooLarge:
            return self._refuse("malformed", 413)
        except (ValueError, RecursionError, web.RequestPayloadError):
            return self._refuse("malformed", 400)
        try:
            await self._receiver.take(update)
        except Malformed:
            return web.Response(status=400)
        except NameUnknown:
            return web.Response(status=503)
        except Exception as error:
            # The text of the error may hold what a person wrote. Telegram will send it again.
            _log.error("an update could not be stored: %s", type(error).__name__)
            return web.Response(status=503)
        return web.Response()

    def _is_telegram(self, request: web.Request) -> bool:
        """Whether the call repeats our secret; without a secret nothing is taken."""
        given = request.headers.get(SECRET_HEADER, "").encode("utf-8", "surrogateescape")
        return bool(self._secret) and hmac.compare_digest(given, self._secret)

    def _refuse(self, result: str, status: int) -> web.Response:
        self._metrics.received.labels(NAME, result).inc()
        return web.Response(status=status)


async def _body(request: web.Request) -> bytes:
    body = bytearray()
    async for piece in request.content.iter_any():
        body += piece
        if len(body) > LARGEST_BODY:
            raise web.HTTPRequestEntityTooLarge(LARGEST_BODY, len(body))
    return bytes(body)


def missing_settings(settings: Settings) -> list[str]:
    """Return the settings that a webhook needs and that are not set."""
    return [
        name
        for name, value in (
            ("MOTCUA_PUBLIC_URL", settings.public_url),
            ("MOTCUA_TELEGRAM_SECRET", settings.telegram_secret),
        )
        if not value
    ]


def webhook_url(settings: Settings) -> str:
    """Return the address that Telegram is to call."""
    return f"{(settings.public_url or '').rstrip('/')}{WEBHOOK_PATH}"


async def keep_registered(api: Api, settings: Settings, parts: Parts) -> None:
    """Register the webhook, and again whenever somebody has taken it away; until cancelled."""
    if missing := missing_settings(settings):
        _log.error("the Telegram webhook needs %s; nothing is received", " and ".join(missing))
        await asyncio.Event().wait()
    registered = False
    failures = 0
    while True:
        try:
            if registered and not await _is_ours(api, settings):
                _log.warning("somebody has changed the Telegram webhook; it is set again")
                parts.metrics.trouble.labels(NAME, "webhook").inc()
                registered = False
            if not registered:
                await register(api, settings)
                registered = True
                _log.info("the Telegram webhook is registered")
            failures = 0
        except TelegramError as error:
            failures += 1
            _log.warning("the Telegram webhook could not be set: %s", reason(error))
            if isinstance(error, InvalidToken):
                refused_token(parts)
        pause = pause_after(failures, 0).total_seconds() if failures else _LOOK_AGAIN_S
        await asyncio.sleep(pause)


async def register(api: Api, settings: Settings) -> None:
    """Tell Telegram where to call, what to send and what to repeat; what waits is kept."""
    assert settings.telegram_secret is not None
    await api.call(
        "setWebhook",
        url=webhook_url(settings),
        secret_token=settings.telegram_secret.get_secret_value(),
        allowed_updates=list(KINDS),
        drop_pending_updates=False,
    )


def refused_token(parts: Parts) -> None:
    """Count and tell that Telegram does not know the token."""
    parts.metrics.trouble.labels(NAME, "token").inc()
    _log.error("Telegram refuses the token: check MOTCUA_TELEGRAM_TOKEN")


async def _is_ours(api: Api, settings: Settings) -> bool:
    about = await api.call("getWebhookInfo")
    return bool(about.get("url") == webhook_url(settings))
