"""Zalo Official Account: webhook, sending, tokens, notices by template.

`signature` and `events` read what comes in, `outgoing`, `window` and `errors` say what may go
out; `tokens` keeps the right to send; `channel` puts them together.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.channels.base import Parts, Platform
    from bot.settings import Settings

WEBHOOK_PATH = "/zalo/oa"


def build(settings: Settings, parts: Parts) -> Platform | None:
    """Return the channel, None where no account is set."""
    if settings.zalo_oa_id is None:
        return None
    from bot.channels.zalo_oa.channel import ZaloOA
    from bot.channels.zalo_oa.examining import missing_settings

    if missing := missing_settings(settings):
        logging.getLogger(__name__).error("Zalo OA needs %s", " and ".join(missing))
    return ZaloOA(settings, parts)
