"""What Zalo's error codes mean for a part, by class; failures come with HTTP 200."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from bot.channels.base import NotDelivered, NotSent, Refused, Unknown, Unreachable
from bot.channels.http import refused_for_now
from bot.channels.incoming import object_in

TOKEN = {-216, -220, -124}
EXPIRED_ATTACHMENT = -100
ACCOUNT = {-204, -205, -209, -212, -219, -221, -223, -224, -235, -242, -320, -321}
_RATE = {-32}
_RECIPIENT = {-213, -217, -218, -227, -230, -232, -244, -305, -311}
_QUOTA = {-211, -144}
_NIGHT = {-133}
_LATER = timedelta(minutes=10)
_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_MORNING = 6


class ZaloError(Exception):
    """Zalo answered with an error: the message was not taken."""

    def __init__(self, code: int) -> None:
        super().__init__(f"error {code}")
        self.code = code


def data_of(response: httpx.Response) -> Mapping[str, Any]:
    """Return the data of an answer; raises `ZaloError` or, without a clear answer, `NotSent`."""
    status = response.status_code
    body = object_in(response.content)
    code = _code(body) if body else None
    if code:
        raise ZaloError(code)
    if status == 504:  # the part was passed on, and no answer came back
        raise Unknown("status 504")
    if status == 429 or status >= 500:
        raise refused_for_now(status, response.headers.get("Retry-After"))
    if status in (401, 403):
        raise NotDelivered(f"status {status}", wait=_LATER, everyone=True)
    if status >= 300:
        raise Refused(f"status {status}")
    if body is None or code is None:
        raise Unknown("the answer could not be read")
    data = body.get("data")
    return data if isinstance(data, dict) else {}


def meaning(code: int, now: datetime) -> NotSent:
    """Return what an error means for the part it answers; token and upload errors apart."""
    problem = f"error {code}"
    if code in _RATE:
        return NotDelivered(problem, wait=timedelta(seconds=61 - now.second), everyone=True)
    if code in _RECIPIENT:
        return Unreachable(problem)
    if code in ACCOUNT or code in _QUOTA or code in TOKEN:
        return NotDelivered(problem, wait=_LATER, everyone=True)
    if code in _NIGHT:
        return NotDelivered(problem, wait=_until_morning(now))
    return Refused(problem)


def _code(body: Mapping[str, Any]) -> int | None:
    """Return the error of an answer, 0 for success, None when it does not say."""
    value = body.get("error")
    if isinstance(value, str) and value.lstrip("-").isdecimal() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _until_morning(now: datetime) -> timedelta:
    here = now.astimezone(_VIETNAM)
    morning = here.replace(hour=_MORNING, minute=1, second=0, microsecond=0)
    return morning - here if morning > here else morning + timedelta(days=1) - here
