"""Zalo's token server: one call, and every way in which its answer can be no pair of tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from bot.channels.http import SURELY_NOT_SENT
from bot.channels.incoming import object_in
from bot.channels.zalo_oa.token_store import Pair

DEADLINE_S = 30.0
"""For one call as a whole, however slowly the answer drips."""
_USUAL_LIFE = timedelta(hours=25)
_LONGEST_LIFE = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class NotAsked:
    """The call surely did not reach the server: nothing was spent."""

    problem: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """The call may have reached the server: the token may be spent."""

    problem: str


@dataclass(frozen=True, slots=True)
class Declined:
    """The server said no."""

    problem: str


Answer = Pair | NotAsked | Doubt | Declined


class TokenServer:
    """The only place that knows the app's secret."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        base: str,
        *,
        app_id: str,
        app_secret: str,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._http = http
        self._address = f"{base.rstrip('/')}/v4/oa/access_token"
        self._app_id = app_id
        self._app_secret = app_secret
        self._deadline_s = deadline_s

    async def renew(self, refresh_token: str) -> Answer:
        """Spend a refresh token."""
        return await self._ask(grant_type="refresh_token", refresh_token=refresh_token)

    async def exchange(self, code: str, verifier: str) -> Answer:
        """Spend the code of a consent."""
        return await self._ask(grant_type="authorization_code", code=code, code_verifier=verifier)

    async def _ask(self, **form: str) -> Answer:
        try:
            async with asyncio.timeout(self._deadline_s):
                response = await self._http.post(
                    self._address,
                    data={"app_id": self._app_id, **form},
                    headers={"secret_key": self._app_secret},
                )
        except SURELY_NOT_SENT as error:
            return NotAsked(type(error).__name__)
        except (httpx.HTTPError, TimeoutError) as error:
            return Doubt(type(error).__name__)
        return read_answer(response.status_code, response.content)


def read_answer(status: int, body: bytes) -> Answer:
    """Return what an answer is; a body without both tokens is never taken for a pair."""
    found = object_in(body)
    if status == 429:
        return NotAsked("status 429")
    if found is None:
        return Doubt(f"status {status}, no JSON")
    access, refresh = found.get("access_token"), found.get("refresh_token")
    if _is_token(access) and _is_token(refresh) and status < 400:
        return Pair(str(access), str(refresh), _life(found.get("expires_in")))
    code = _error(found)
    if code is None:
        return Doubt(f"status {status}, neither tokens nor an error")
    if status >= 500:
        return Doubt(f"status {status}, error {code}")
    return Declined(f"error {code}")


def _is_token(value: object) -> bool:
    return isinstance(value, str) and bool(value) and value.isascii() and value.isprintable()


def _life(value: object) -> timedelta:
    """Return how long an access token lives; a pair is too precious to be lost over this."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not text.isdecimal() or len(text) > 9 or int(text) == 0:
        return _USUAL_LIFE
    return min(timedelta(seconds=int(text)), _LONGEST_LIFE)


def _error(found: Mapping[str, Any]) -> str | None:
    """Return the code of an error; its texts are not logged, they might repeat what was sent."""
    for name in ("error", "error_code"):
        value = found.get(name)
        if isinstance(value, int) and value != 0:
            return str(value)
        if isinstance(value, str) and value not in ("", "0"):
            return value if value.lstrip("-").isdecimal() and len(value) < 9 else "without a code"
    named = any(isinstance(found.get(name), str) for name in ("error_name", "error_reason"))
    return "without a code" if named else None
