"""Look a dossier up on a provincial portal (cổng dịch vụ công) of the iGate kind.

Of an answer only code, procedure, status and dates are read; names of people are in it as well,
and are neither kept nor logged.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState
from pydantic import BaseModel, Field, ValidationError
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
)

from bot.dossiers.settings import DossierSettings
from knowledge.dossiers.dates import parse_day
from knowledge.dossiers.dossier import (
    Dossier,
    DossierFound,
    DossierNotFound,
    DossierUnavailable,
    LookUp,
)
from knowledge.dossiers.sources import utc_now
from knowledge.dossiers.status import parse_status
from knowledge.dossiers.tracking_code import parse_code

_log = logging.getLogger(__name__)
_LARGEST_ANSWER = 1024 * 1024
_MOST_KEPT = 5000
_NOT_FOUND_KEPT_S = 60.0
"""A dossier that is not there may have been filed a minute ago."""
_TOKEN_MARGIN_S = 30.0
_LONGEST_BACKOFF_S = 2.0


class PortalFault(Exception):  # noqa: N818 - names what it is about
    """The portal did not give a usable answer; the message holds nothing of what it sent."""


class PassingFault(PortalFault):
    """It may give one if it is asked again."""


class UnusableAnswer(PortalFault):
    """It answers, but this dossier's answer is of no use; others may be."""


class PortalRests(PortalFault):
    """It has kept failing and is left alone for a while."""


class _Translation(BaseModel):
    name: str


class _Procedure(BaseModel):
    translate: list[_Translation] = Field(min_length=1)


class _Item(BaseModel):
    code: str
    procedure: _Procedure
    status: str | int = Field(alias="statusCurrentTask")
    accepted: str | None = Field(default=None, alias="acceptedDate")
    due: str | None = Field(default=None, alias="appointmentDate")
    completed: str | None = Field(default=None, alias="completedDate")


class _Slice(BaseModel):
    """The parts of a slice of search results that are read, each for itself."""

    content: list[Any]


class _Token(BaseModel):
    access_token: str = Field(min_length=1)
    expires_in: float = 300


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: DossierFound | DossierNotFound
    at: float


class Portal:
    """A portal as a source of dossiers: patient, but never for long."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        settings: DossierSettings,
        *,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if settings.portal_url is None:
            raise ValueError("no portal is set")
        self._session = session
        self._settings = settings
        self._search_url = settings.portal_url.rstrip("/") + settings.portal_search_path
        self.name = settings.portal_name or urlsplit(settings.portal_url).hostname or "portal"
        self._clock = clock
        self._monotonic = monotonic
        self._timeout = aiohttp.ClientTimeout(total=settings.portal_timeout_s)
        self._breakers = AsyncCircuitBreakerFactory(
            default_threshold=settings.portal_breaker_failures,
            default_ttl=settings.portal_breaker_pause_s,
            exclude=[asyncio.CancelledError, UnusableAnswer],
        )
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._token: tuple[str, float] | None = None
        self._token_lock = asyncio.Lock()

    async def look_up(self, code: str) -> LookUp:
        """Return what the portal says; while it is away, what it said last, with that date."""
        kept = self._kept.get(code)
        if kept and self._age(kept) <= self._kept_for(kept):
            return kept.answer
        try:
            answer = await self.ask(code)
        except PortalRests:
            return self._instead(code, kept)
        except PortalFault as fault:
            _log.warning("%s cannot be asked: %s", self.name, fault)
            return self._instead(code, kept)
        self._keep(code, answer)
        return answer

    async def ask(self, code: str) -> DossierFound | DossierNotFound:
        """Return what the portal says now; raises `PortalFault`, `PortalRests` among them."""
        try:
            async with await self._breakers.get_breaker(self.name):
                return await self._ask_in_time(code)
        except OpenedState:
            raise PortalRests("it is left alone for a while") from None
        except TimeoutError:
            raise PassingFault("no answer in time") from None

    @property
    def pause_s(self) -> float:
        """Return for how many seconds it is left alone when it keeps failing."""
        return self._settings.portal_breaker_pause_s

    def _instead(self, code: str, kept: _Kept | None) -> LookUp:
        if kept is None or isinstance(kept.answer, DossierNotFound):
            return DossierUnavailable(code)
        told = self._age(kept) <= self._settings.portal_stale_s
        return kept.answer if told else DossierUnavailable(code)

    def _age(self, kept: _Kept) -> float:
        return self._monotonic() - kept.at

    def _kept_for(self, kept: _Kept) -> float:
        most = self._settings.portal_cache_s
        found = isinstance(kept.answer, DossierFound)
        return most if found else min(most, _NOT_FOUND_KEPT_S)

    def _keep(self, code: str, answer: DossierFound | DossierNotFound) -> None:
        self._kept[code] = _Kept(answer, self._monotonic())
        self._kept.move_to_end(code)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)

    async def _ask_in_time(self, code: str) -> DossierFound | DossierNotFound:
        async with asyncio.timeout(self._settings.portal_budget_s):
            # A search changes nothing, so that it may be repeated.
            async for attempt in AsyncRetrying(
                stop=stop_after_attempt(self._settings.portal_attempts),
                wait=wait_exponential(
                    multiplier=self._settings.portal_backoff_s, max=_LONGEST_BACKOFF_S
                ),
                retry=retry_if_exception_type(PassingFault),
                reraise=True,
            ):
                with attempt:
                    return self._read(code, await self._search(code))
        raise PortalFault("no attempt was made")

    async def _search(self, code: str) -> bytes:
        query = {"page": "0", "size": "10", "spec": "slice", "code": code}
        for last in (False, True):
            token = await self._valid_token()
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            status, body = await self._request(
                "GET", self._search_url, params=query, headers=headers
            )
            if status != 401 or last or token is None:
                break
            await self._forget(token)
        if status != 200:
            raise _fault(status)
        return body

    async def _valid_token(self) -> str | None:
        url = self._settings.portal_token_url
        if url is None:
            return None
        async with self._token_lock:
            if self._token and self._monotonic() < self._token[1]:
                return self._token[0]
            status, body = await self._request("POST", url, data=self._credentials())
            if status != 200:
                raise _fault(status)
            try:
                token = _Token.model_validate_json(body)
            except ValidationError:
                raise PortalFault("the answer holds no token") from None
            until = self._monotonic() + max(token.expires_in - _TOKEN_MARGIN_S, 1)
            self._token = (token.access_token, until)
            return token.access_token

    async def _forget(self, token: str) -> None:
        """Drop a token that was refused, unless there is a newer one already."""
        async with self._token_lock:
            if self._token and self._token[0] == token:
                self._token = None

    def _credentials(self) -> dict[str, str]:
        return {
            "grant_type": "client_credentials",
            "client_id": self._settings.portal_client_id,
            "client_secret": self._settings.portal_client_secret.get_secret_value(),
        }

    async def _request(
        self,
        method: str,
        url: str,
        *,
        params: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        data: dict[str, str] | None = None,
    ) -> tuple[int, bytes]:
        try:
            async with self._session.request(
                method,
                url,
                params=params,
                headers=headers,
                data=data,
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                return response.status, await _body(response)
        except TimeoutError:
            raise PassingFault("no answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            raise PassingFault(type(error).__name__) from None

    def _read(self, code: str, body: bytes) -> DossierFound | DossierNotFound:
        try:
            found = _Slice.model_validate_json(body).content
        except ValidationError:
            raise PortalFault("the answer has another shape") from None
        if not found:
            return DossierNotFound(code)
        items = [it for it in map(_item, found) if it]
        if not items:
            raise UnusableAnswer("the answer has another shape")
        item = next((it for it in items if parse_code(it.code) == code), None)
        if item is None:
            # Somebody else's dossier; that ours is not there has not been said.
            raise UnusableAnswer("the answer is about another dossier")
        return DossierFound(_dossier(code, item), self.name, self._clock())


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _LARGEST_ANSWER:
            raise PortalFault("the answer is too large")
    return bytes(body)


def _fault(status: int) -> PortalFault:
    kind = PassingFault if status >= 500 or status == 429 else PortalFault
    return kind(f"HTTP {status}")


def _item(found: object) -> _Item | None:
    try:
        return _Item.model_validate(found)
    except ValidationError:
        return None


def _dossier(code: str, item: _Item) -> Dossier:
    status = parse_status(item.status)
    if status is None:
        raise UnusableAnswer("the answer has an unknown status")
    return Dossier(
        code=code,
        procedure_name=item.procedure.translate[0].name,
        status=status,
        received_on=parse_day(item.accepted) if item.accepted else None,
        due_on=parse_day(item.due) if item.due else None,
        resolved_on=parse_day(item.completed) if item.completed else None,
    )
