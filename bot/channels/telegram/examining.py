"""What `motcua doctor` asks Telegram: token, webhook or polling, clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from telegram.error import InvalidToken, TelegramError

from bot.channels.base import Finding, Parts
from bot.channels.clock import Skew
from bot.channels.telegram.api import Api, open_api
from bot.channels.telegram.errors import reason
from bot.channels.telegram.polling import conflict_name, lease_name
from bot.channels.telegram.webhook import missing_settings, webhook_url
from bot.settings import Settings

_ANSWER_S = 10.0
_MANY_WAIT = 100
_RECENT_S = 3600


async def examine(settings: Settings, parts: Parts) -> Sequence[Finding]:
    """Return what is in order and what is not; raises nothing."""
    skew = Skew()
    api = open_api(settings, answered=skew.read)
    try:
        findings = await _ask(api, settings, parts)
    except InvalidToken:
        mend = "take the token from @BotFather anew and set MOTCUA_TELEGRAM_TOKEN"
        findings = [Finding(False, "Telegram refuses the token", mend)]
    except TelegramError as error:
        mend = "check the network, the proxy and MOTCUA_TELEGRAM_API_URL"
        findings = [Finding(False, f"Telegram does not answer: {reason(error)}", mend)]
    except Exception as error:
        findings = [Finding(False, f"Telegram could not be examined: {type(error).__name__}")]
    finally:
        await api.close_connections()
    return [*findings, *skew.findings("Telegram")]


async def _ask(api: Api, settings: Settings, parts: Parts) -> list[Finding]:
    me = await api.call("getMe", answer_s=_ANSWER_S)
    about = await api.call("getWebhookInfo", answer_s=_ANSWER_S)
    found = [Finding(True, f"the token belongs to @{me.get('username', '?')}")]
    if settings.telegram_mode == "webhook":
        return [*found, *_about_webhook(settings, about)]
    return [*found, *await _about_polling(api, parts, about)]


def _about_webhook(settings: Settings, about: Mapping[str, Any]) -> list[Finding]:
    if missing := missing_settings(settings):
        what = f"the webhook needs {' and '.join(missing)}"
        return [Finding(False, what, "set it, or set MOTCUA_TELEGRAM_MODE to polling")]
    found = [_about_address(settings, str(about.get("url") or "")), _about_waiting(about)]
    if not webhook_url(settings).startswith("https://"):
        mend = "put a reverse proxy with TLS before the gateway"
        found.append(Finding(False, "MOTCUA_PUBLIC_URL is not https", mend))
    failed_at = about.get("last_error_date")
    if isinstance(failed_at, int):
        ago_s = datetime.now(UTC).timestamp() - failed_at
        words = str(about.get("last_error_message") or "?")
        what = f"Telegram could not call the webhook {ago_s / 60:.0f} minutes ago: {words}"
        mend = "check the reverse proxy, the certificate and the secret"
        found.append(Finding(ago_s > _RECENT_S, what, mend))
    return found


def _about_address(settings: Settings, url: str) -> Finding:
    if url == webhook_url(settings):
        return Finding(True, "the webhook points here")
    what = "the webhook points elsewhere" if url else "no webhook is registered"
    return Finding(False, what, "start the gateway: it registers the webhook by itself")


def _about_waiting(about: Mapping[str, Any]) -> Finding:
    waiting = int(about.get("pending_update_count") or 0)
    mend = "is the gateway running and reachable?"
    return Finding(waiting < _MANY_WAIT, f"{waiting} updates wait at Telegram", mend)


async def _about_polling(api: Api, parts: Parts, about: Mapping[str, Any]) -> list[Finding]:
    bot = api.token.partition(":")[0]
    found = [_about_waiting(about)]
    if about.get("url"):
        mend = "the gateway removes it when it polls; is another installation using this bot?"
        found.append(Finding(False, "a webhook is set although the mode is polling", mend))
    holder = await parts.leases.holder(lease_name(bot))
    if holder:
        found.append(Finding(True, f"{holder} polls"))
    else:
        found.append(Finding(False, "nobody polls", "start the gateway"))
    if await parts.leases.holder(conflict_name(bot)):
        mend = "stop the other program, or make a new token with @BotFather"
        found.append(Finding(False, "another program polled with the same token", mend))
    return found
