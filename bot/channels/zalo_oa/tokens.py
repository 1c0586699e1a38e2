"""Access tokens that are there when needed: renewed by one process at a time, and in good time.

Zalo's refresh token works once and the renewal ends the old access token, so a token spent twice
or a lost answer means that a person has to consent anew. See `docs/adr/0008-zalo-tokens.md`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from bot.channels.base import NotDelivered
from bot.channels.shielded import to_its_end
from bot.channels.zalo_oa.events import CHANNEL
from bot.channels.zalo_oa.token_server import Declined, Doubt, NotAsked, TokenServer
from bot.channels.zalo_oa.token_store import Kept, Pair, TokenStore
from bot.metrics import Metrics
from bot.storage.leases import Leases

LEASE = timedelta(seconds=90)
"""Longer than a call of the token server and the storing of its answer."""
RENEW_AFTER = timedelta(hours=12)
"""Of 25: two renewals a day, and half a day left to mend one that fails."""
_TRY_AGAIN = timedelta(seconds=1)
"""Doubled with each failure: where nothing was answered, asking once more spends nothing more."""
_LONGEST_WAIT = timedelta(minutes=1)
_TRY_AGAIN_AFTER_NO = timedelta(minutes=30)
_JUST_NOW = timedelta(minutes=1)
_SAVE_ATTEMPTS = 20
_WAIT_FOR_THE_OTHER_S = 25.0
MEND = "run `motcua zalo connect` with a new consent; see docs/channels/zalo_oa.md"

_log = logging.getLogger(__name__)


class TokensLost(Exception):  # noqa: N818 - what happened
    """New tokens could not be stored, however often it was tried."""


class Tokens:
    """The tokens of one account, as one process uses them."""

    def __init__(
        self,
        store: TokenStore,
        server: TokenServer,
        leases: Leases,
        metrics: Metrics,
        *,
        oa_id: str,
        clock: Callable[[], datetime],
        first: str | None = None,
        pause_s: float = 1.0,
    ) -> None:
        self._store = store
        self.server = server
        self._leases = leases
        self._metrics = metrics
        self._lease = f"{CHANNEL}:{oa_id}:token"
        self._clock = clock
        self._first = first
        self._pause_s = pause_s
        self._one_at_a_time = asyncio.Lock()
        self._known: Kept | None = None
        self._not_before: datetime | None = None
        self._refused_at: datetime | None = None
        self._failures = 0

    async def kept(self) -> Kept | None:
        """Return what is stored."""
        return await self._store.read()

    async def access(self) -> str:
        """Return the access token; raises `NotDelivered` for everyone when there is none.

        A token that ought to have run out is returned all the same when it cannot be renewed:
        only Zalo knows for sure.
        """
        known = self._known or await self._look()
        if known is None or known.access_token is None or self._has_run_out(known):
            await self.renew(known.access_token if known else None)
            known = self._known
        if known is None or known.access_token is None:
            raise self._trouble("there is no access token")
        return known.access_token

    async def refused(self, access_token: str) -> NotDelivered:
        """Renew a token that Zalo has refused; returns what that means for the part.

        The part is not repeated here but by the outbox, as a new attempt with its own evidence.
        """
        if await self._is_replaced(access_token) or await self._renew_refused(access_token):
            return NotDelivered("token renewed", wait=timedelta(0))
        return self._trouble("the access token is refused and cannot be renewed")

    async def renew(self, unusable: str | None) -> bool:
        """See to it that there is another access token than `unusable`."""
        async with self._one_at_a_time:
            if await self._is_replaced(unusable):
                return True
            if self._not_before and self._clock() < self._not_before:
                return False
            async with self._leases.held(self._lease, LEASE) as ours:
                if ours and not await self._is_replaced(unusable):
                    await to_its_end(self._renew())
            if not ours:
                await self._wait_for_the_other(unusable)
            return await self._is_replaced(unusable)

    async def run(self) -> None:
        """Renew in good time, until cancelled."""
        while True:
            try:
                with suppress(NotDelivered):  # was told where it happened
                    await self._renew_if_due()
            except Exception as error:  # its text may hold what was to be stored
                _log.error("Zalo OA: the tokens could not be seen to: %s", type(error).__name__)
            await asyncio.sleep(self._until_next_try().total_seconds() * self._pause_s)

    async def _renew_if_due(self) -> None:
        kept = await self._look()
        if kept is None:
            raise self._trouble("there are no tokens")
        if kept.access_token is None or self._clock() >= due(kept):
            await self.renew(kept.access_token)

    async def _look(self) -> Kept | None:
        self._known = await self._store.read()
        if self._known is None and self._first:
            await self._store.seed(self._first)
            self._known = await self._store.read()
        return self._known

    async def _is_replaced(self, unusable: str | None) -> bool:
        kept = await self._look()
        return kept is not None and kept.access_token not in (None, unusable)

    def _has_run_out(self, kept: Kept) -> bool:
        return kept.expires_at is not None and self._clock() >= kept.expires_at

    async def _renew_refused(self, access_token: str) -> bool:
        """Renew because of a refusal; not again and again where Zalo refuses the new ones, too."""
        now = self._clock()
        if self._refused_at and now - self._refused_at < _JUST_NOW:
            return False
        if not await self.renew(access_token):
            return False
        self._refused_at = now
        return True

    async def _wait_for_the_other(self, unusable: str | None) -> None:
        end = time.monotonic() + _WAIT_FOR_THE_OTHER_S
        free = False
        while not await self._is_replaced(unusable) and not free and time.monotonic() < end:
            await asyncio.sleep(self._pause_s)
            free = await self._leases.holder(self._lease) is None

    async def _renew(self) -> None:
        kept = await self._look()
        if kept is None or not await self._store.begin(kept.refresh_token, length=LEASE):
            return
        spent = kept.refresh_token
        answer = await self.server.renew(spent)
        self._failures += 1
        wait = min(_TRY_AGAIN * 2**self._failures, _LONGEST_WAIT)
        match answer:
            case Pair():
                await self._save(spent, answer)
                self._failures, wait = 0, timedelta(0)
            case NotAsked() if kept.in_doubt_since is None:
                await self._store.not_asked(spent)
            case NotAsked() | Doubt():
                await self._store.in_doubt(spent)
            case Declined():
                await self._store.refused(spent, _why(answer, kept))
                wait = _TRY_AGAIN_AFTER_NO
        if not isinstance(answer, Pair):
            self._alarm(answer, kept)
        self._not_before = self._clock() + wait

    async def _save(self, spent: str, pair: Pair) -> None:
        """Store a pair that exists nowhere else: a busy database is asked again."""
        for attempt in range(1, _SAVE_ATTEMPTS + 1):
            try:
                if not await self._store.keep(spent, pair):
                    _log.warning("Zalo OA: the tokens were replaced during their renewal")
                else:
                    _log.info("Zalo OA: tokens renewed")
                return
            except Exception as error:  # its text would hold the tokens
                _log.error("Zalo OA: the new tokens are not stored: %s", type(error).__name__)
                if attempt == _SAVE_ATTEMPTS:
                    raise TokensLost from None
                await asyncio.sleep(self._pause_s)

    def _alarm(self, answer: NotAsked | Doubt | Declined, kept: Kept) -> None:
        self._metrics.trouble.labels(CHANNEL, "token").inc()
        if isinstance(answer, Declined):
            _log.error(
                "Zalo OA: the token server refuses to renew (%s): %s", _why(answer, kept), MEND
            )
        else:
            _log.warning("Zalo OA: tokens not renewed (%s); tried again", answer.problem)

    def _trouble(self, problem: str) -> NotDelivered:
        self._metrics.trouble.labels(CHANNEL, "token").inc()
        waiting = self._known is not None and self._known.problem is None
        _log.error("Zalo OA: %s: %s", problem, "it is tried again" if waiting else MEND)
        return NotDelivered("no usable token", wait=self._until_next_try(), everyone=True)

    def _until_next_try(self) -> timedelta:
        """Return for how long it makes no sense to try; a person may mend it at any time."""
        if self._failures == 0 or self._not_before is None:
            return _LONGEST_WAIT
        left = max(self._not_before - self._clock(), timedelta(0))
        return min(left + timedelta(milliseconds=100), _LONGEST_WAIT)


def due(kept: Kept) -> datetime:
    """Return when a pair should be renewed."""
    if kept.expires_at is None:
        return kept.obtained_at + RENEW_AFTER
    return kept.obtained_at + min(RENEW_AFTER, (kept.expires_at - kept.obtained_at) * 0.8)


def _why(answer: Declined, kept: Kept) -> str:
    if kept.in_doubt_since is None:
        return answer.problem
    lost = f"{kept.in_doubt_since:%Y-%m-%d %H:%M} UTC"
    return f"{answer.problem}; the answer to the attempt of {lost} was lost"
