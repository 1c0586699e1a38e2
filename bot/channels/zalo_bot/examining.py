"""What `motcua doctor` asks the Zalo Bot Platform: token, webhook or polling."""

from __future__ import annotations

from collections.abc import Sequence

from bot.channels.base import Finding, Parts
from bot.channels.zalo_bot.client import BotError, Client
from bot.channels.zalo_bot.polling import lease_name
from bot.channels.zalo_bot.webhook import missing_settings, registered_url, webhook_url
from bot.settings import Settings


async def examine(settings: Settings, parts: Parts, client: Client, bot: str) -> Sequence[Finding]:
    """Return what is in order and what is not; raises nothing."""
    try:
        await client.ask("getMe")
        found = [Finding(True, "the Zalo Bot Platform takes the token")]
        url = await registered_url(client)
        if settings.zalo_bot_mode == "webhook":
            return [*found, *_about_webhook(settings, url)]
        return [*found, *await _about_polling(parts, bot, url)]
    except BotError as error:
        mend = "take the token anew from Zalo Bot Creator and set MOTCUA_ZALO_BOT_TOKEN"
        return [Finding(False, f"the Zalo Bot Platform refuses the token ({error})", mend)]
    except Exception as error:
        mend = "check the network, the proxy and MOTCUA_ZALO_BOT_API_URL"
        what = f"the Zalo Bot Platform does not answer: {type(error).__name__}"
        return [Finding(False, what, mend)]


def _about_webhook(settings: Settings, url: str) -> list[Finding]:
    if missing := missing_settings(settings):
        what = f"the webhook needs {' and '.join(missing)}"
        return [Finding(False, what, "set it, or set MOTCUA_ZALO_BOT_MODE to polling")]
    if not webhook_url(settings).startswith("https://"):
        mend = "put a reverse proxy with TLS before the gateway"
        return [Finding(False, "MOTCUA_PUBLIC_URL is not https", mend)]
    if url == webhook_url(settings):
        return [Finding(True, "the webhook points here")]
    what = "the webhook points elsewhere" if url else "no webhook is registered"
    return [Finding(False, what, "start the gateway: it registers the webhook by itself")]


async def _about_polling(parts: Parts, bot: str, url: str) -> list[Finding]:
    found = []
    if url:
        mend = "the gateway removes it when it polls; is another installation using this bot?"
        found.append(Finding(False, "a webhook is set although the mode is polling", mend))
    holder = await parts.leases.holder(lease_name(bot))
    if holder is None:
        return [*found, Finding(False, "nobody polls", "start the gateway")]
    return [*found, Finding(True, f"{holder} polls")]
