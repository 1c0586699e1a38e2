"""Receive national sync messages: the one-stop software pushes dossiers and their steps.

A request names its service in the body and carries one message or a list of them in `data`;
the answer has `error_code` 0 on success, as on the national side. The same message may come any
number of times.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Callable
from datetime import datetime
from enum import IntEnum
from itertools import groupby
from typing import Any

from aiohttp import web
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from bot.dossiers.messages import (
    PROGRESS,
    SYNC,
    DossierMessage,
    DossierMessages,
    ProgressMessages,
)
from bot.dossiers.settings import DossierSettings
from knowledge.dossiers.registry import DossierRegistry
from knowledge.dossiers.sources import utc_now

_log = logging.getLogger(__name__)
SOURCE = "DongBoHoSoMC"
"""What answers name as the source of pushed dossiers."""


class ErrorCode(IntEnum):
    """Values of `error_code` in an answer."""

    OK = 0
    BAD_MESSAGE = 1
    NO_ACCESS = 2
    UNKNOWN_DOSSIER = 3
    TRY_AGAIN = 4


class DossierPush:
    """The endpoint that takes pushed messages; without a token in the settings it is not there."""

    def __init__(
        self,
        registry: DossierRegistry,
        settings: DossierSettings,
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._registry = registry
        token = settings.dossiers_push_token
        self._token = token.get_secret_value().encode() if token else b""
        self._clock = clock

    async def receive(self, request: web.Request) -> web.Response:
        """Take a message over and say so, or say which field is wrong."""
        if not self._token:
            raise web.HTTPNotFound
        if not self._may(request):
            return _answer(401, ErrorCode.NO_ACCESS, "the token is missing or wrong")
        try:
            body = json.loads(await request.read())
        except (ValueError, RecursionError):
            return _answer(400, ErrorCode.BAD_MESSAGE, "the body is not JSON")
        if not isinstance(body, dict):
            return _answer(400, ErrorCode.BAD_MESSAGE, "the body is not an object")
        try:
            return await self._take(body)
        except ValidationError as error:
            return _answer(400, ErrorCode.BAD_MESSAGE, _problems(error))
        except (SQLAlchemyError, OSError) as error:
            _log.error("a pushed message cannot be stored: %s", type(error).__name__)
            return _answer(503, ErrorCode.TRY_AGAIN, "try again later")

    def _may(self, request: web.Request) -> bool:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        given = token.strip().encode("utf-8", "surrogateescape")
        return hmac.compare_digest(given, self._token) and scheme.lower() == "bearer"

    async def _take(self, body: dict[str, Any]) -> web.Response:
        service = body.get("service")
        data = body.get("data", body)
        items = {"data": data if isinstance(data, list) else [data]}
        if service == SYNC:
            return await self._sync(DossierMessages.model_validate(items))
        if service == PROGRESS:
            return await self._progress(ProgressMessages.model_validate(items))
        return _answer(400, ErrorCode.BAD_MESSAGE, f"service: must be {SYNC} or {PROGRESS}")

    async def _sync(self, messages: DossierMessages) -> web.Response:
        # Messages in a row that speak of the same fields are taken over together.
        for told, group in groupby(messages.data, key=DossierMessage.told):
            last = {message.code: message.dossier() for message in group}
            await self._registry.import_all(last.values(), source=SOURCE, told=told)
        return _answer(200, ErrorCode.OK, "", count=len(messages.data))

    async def _progress(self, messages: ProgressMessages) -> web.Response:
        now = self._clock()
        for number, message in enumerate(messages.data):
            known = await self._registry.add_steps(
                message.code, [message.step(now)], source=SOURCE
            )
            if not known:
                problem = f"data.{number}.MaHoSo: no such dossier; send {SYNC} first"
                return _answer(404, ErrorCode.UNKNOWN_DOSSIER, problem)
        return _answer(200, ErrorCode.OK, "", count=len(messages.data))


def _problems(error: ValidationError) -> str:
    """Return each wrong field and what it must be; values are not repeated."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(
        f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in found[:20]
    )


def _answer(status: int, code: ErrorCode, message: str, **more: int) -> web.Response:
    return web.json_response({"error_code": int(code), "message": message, **more}, status=status)
