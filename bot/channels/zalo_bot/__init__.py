"""Zalo Bot Platform: a bot by webhook or polling; text only, no buttons, no files.

`updates` reads what comes in, `client` sends; `channel` puts them together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.channels.base import Parts, Platform
    from bot.settings import Settings

WEBHOOK_PATH = "/zalo/bot"


def build(settings: Settings, parts: Parts) -> Platform | None:
    """Return the channel, None where no token is set."""
    if settings.zalo_bot_token is None:
        return None
    from bot.channels.zalo_bot.channel import ZaloBot

    return ZaloBot(settings, parts)
