"""Telegram: the Bot API over a webhook or by polling, with python-telegram-bot.

`markup` and `keyboard` shape what goes out, `updates` reads what comes in, `errors` says what a
refusal means; `channel` puts them together. The library is loaded only where a token is set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.channels.base import Parts, Platform
    from bot.settings import Settings

WEBHOOK_PATH = "/telegram/webhook"


def build(settings: Settings, parts: Parts) -> Platform | None:
    """Return the channel, None where no token is set."""
    if settings.telegram_token is None:
        return None
    from bot.channels.telegram.channel import Telegram

    return Telegram(settings, parts)
