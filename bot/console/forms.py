"""Forms of the staff's pages: only what one of our own pages asked for is done.

The browser shows the password to us whoever sends a form, so that a foreign page could send one.
It cannot read the token that stands in ours.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta

from aiohttp import web

FIELD = "token"
_PERIOD_S = timedelta(hours=12).total_seconds()


class FormTokens:
    """Gives out tokens, one for each action; they are good for twelve to twenty-four hours."""

    def __init__(self, secret: bytes, *, clock: Callable[[], datetime]) -> None:
        self._secret = secret
        self._clock = clock

    def of(self, action: str) -> str:
        """Return the token of the form whose action is this path."""
        return self._sign(action, self._period())

    async def admit(self, request: web.Request) -> bool:
        """Return whether a form was sent by one of our own pages."""
        if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            return False
        given = (await request.post()).get(FIELD, "")
        if not isinstance(given, str):
            return False
        now = self._period()
        good = [self._sign(request.path, period) for period in (now, now - 1)]
        return any(hmac.compare_digest(given.encode(), token.encode()) for token in good)

    def _period(self) -> int:
        return int(self._clock().timestamp() // _PERIOD_S)

    def _sign(self, action: str, period: int) -> str:
        message = f"console form:{period}:{action}".encode()
        return hmac.new(self._secret, message, hashlib.sha256).hexdigest()
