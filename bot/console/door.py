"""The door of the staff's pages: one password, few wrong tries a minute."""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
import time
from collections import deque
from collections.abc import Callable

from aiohttp import web

_log = logging.getLogger(__name__)
_ASK = {"WWW-Authenticate": 'Basic realm="motcua", charset="UTF-8"'}
_MOST_WRONG = 10
_WITHIN_S = 60.0


class Doorkeeper:
    """Lets in who knows the password of the console; without one the console is not there."""

    def __init__(
        self, password: str | None, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._password = (password or "").encode()
        self._monotonic = monotonic
        self._wrong: deque[float] = deque(maxlen=_MOST_WRONG)

    def check(self, request: web.Request) -> None:
        """Raise the HTTP answer for who may not enter."""
        if not self._password:
            raise web.HTTPNotFound
        now = self._monotonic()
        if len(self._wrong) == _MOST_WRONG and now - self._wrong[0] < _WITHIN_S:
            raise web.HTTPTooManyRequests(headers={"Retry-After": str(round(_WITHIN_S))})
        given = _password_in(request)
        if given is None:
            raise web.HTTPUnauthorized(headers=_ASK)
        if not hmac.compare_digest(given, self._password):
            self._wrong.append(now)
            _log.warning("a wrong password for the console")
            raise web.HTTPUnauthorized(headers=_ASK)


def _password_in(request: web.Request) -> bytes | None:
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        return base64.b64decode(value, validate=True).partition(b":")[2]
    except binascii.Error:
        return None
