"""What an error of the Bot API means for the part that was to be sent.

TelegramError
├── NetworkError   no answer (its cause is the HTTP client's error), or 5xx
│   ├── BadRequest 400
│   └── TimedOut   no answer in time
├── ChatMigrated   the group has another id now
├── Conflict       409
├── Forbidden      403
├── InvalidToken   401, 404
└── RetryAfter     429
"""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from bot.channels.base import NotDelivered, NotSent, Refused, Unknown, Unreachable
from bot.channels.http import lost

TOKEN_WAIT = timedelta(seconds=60)
_NOBODY = ("chat not found", "user not found", "peer_id_invalid", "user is deactivated")
_CANNOT_PARSE = "can't parse entities"
_REASON = re.compile(r"(?:[A-Za-z ]+: )?([A-Za-z_' ]{1,60})")


def meaning(error: TelegramError, *, everyone: bool = True) -> NotSent:
    """Tell what an error means; `everyone`: a flood limit holds for the whole bot."""
    if isinstance(error, RetryAfter):
        return NotDelivered("status 429", wait=wait_of(error), everyone=everyone)
    if isinstance(error, InvalidToken):
        return NotDelivered("status 401", wait=TOKEN_WAIT, everyone=True)
    if isinstance(error, Forbidden):
        return Unreachable("status 403")
    if isinstance(error, Conflict):
        return NotDelivered("status 409")
    if isinstance(error, ChatMigrated):
        return Refused("the group has moved twice")
    if isinstance(error, BadRequest):
        return _bad_request(error)
    if isinstance(error, NetworkError):
        return _network(error)
    return Unknown("an answer that cannot be read")


def cannot_parse(error: TelegramError) -> bool:
    """Whether Telegram did not understand the markup of a text."""
    return isinstance(error, BadRequest) and _CANNOT_PARSE in error.message.lower()


def wait_of(error: RetryAfter) -> timedelta:
    """Return how long Telegram asks to wait; the library gives seconds or a duration."""
    wait = error.retry_after
    return wait if isinstance(wait, timedelta) else timedelta(seconds=wait)


def reason(error: TelegramError) -> str:
    """Return Telegram's own words without what it quotes: that may be a person's text."""
    if isinstance(error.__cause__, httpx.HTTPError):
        return type(error.__cause__).__name__
    found = _REASON.match(error.message)
    return found[1].strip().lower() if found else type(error).__name__


def _bad_request(error: BadRequest) -> NotSent:
    words = error.message.lower()
    if any(nobody in words for nobody in _NOBODY):
        return Unreachable("status 400: chat not found")
    return Refused(f"status 400: {reason(error)}")


def _network(error: NetworkError) -> NotSent:
    cause = error.__cause__
    if isinstance(cause, httpx.HTTPError):
        return lost(cause)
    if isinstance(cause, RuntimeError):  # the client is closed: the gateway is stopping
        return NotDelivered("not connected")
    if cause is not None and not isinstance(cause, TelegramError):
        return Unknown(type(cause).__name__)
    if "too large" in error.message.lower():
        return Refused("status 413")
    return NotDelivered("status 5xx")
