"""Our clock against that of a platform: signatures, windows and tokens depend on it."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from bot.channels.base import Finding

_MOST_S = 30


class Skew:
    """Reads a platform's clock from the headers of its answers; a hook of an HTTP client."""

    def __init__(self) -> None:
        self.seconds: float | None = None

    async def read(self, response: httpx.Response) -> None:
        """Compare with an answer; an answer without a date says nothing."""
        try:
            there = parsedate_to_datetime(response.headers["Date"])
            self.seconds = (datetime.now(UTC) - there).total_seconds()
        except (KeyError, ValueError, TypeError):
            return

    def findings(self, platform: str) -> list[Finding]:
        """Return what is to be said of it."""
        if self.seconds is None:
            return []
        what = f"the clock differs from {platform}'s by {abs(self.seconds):.0f} s"
        return [Finding(abs(self.seconds) <= _MOST_S, what, "switch on time synchronisation")]
