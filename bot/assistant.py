"""Client of the Rasa runtime: one message in, one reply out, over Rasa's REST channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.messages import Button, Reply

REPORT_KEY = "motcua"


class RuntimeUnavailable(Exception):  # noqa: N818 - a state, not a programming error
    """The runtime cannot be reached, or died during the turn; asking again is safe."""

    def __init__(self, problem: str, *, began: bool = True) -> None:
        super().__init__(problem)
        self.began = began
        """Whether the turn may have begun: only then can the message be at fault."""


@dataclass(frozen=True, slots=True)
class TurnFailed:
    """The runtime was reached and gave no usable reply."""

    reason: str


class Assistant:
    """Asks the Rasa runtime. Stock `rasa run` answers the same calls."""

    def __init__(
        self, session: aiohttp.ClientSession, url: str, *, deadline_s: float = 30
    ) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=deadline_s, connect=2)

    async def is_ready(self) -> bool:
        """Return whether the runtime answers and has a model loaded."""
        timeout = aiohttp.ClientTimeout(total=2)
        try:
            async with self._session.get(f"{self._url}/status", timeout=timeout) as response:
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def ask(self, sender: str, text: str) -> Reply | TurnFailed:
        """Send a message; raises `RuntimeUnavailable` when the runtime is not there."""
        body = {"sender": sender, "message": text}
        address = f"{self._url}/webhooks/rest/webhook"
        try:
            async with self._session.post(address, json=body, timeout=self._timeout) as response:
                if response.status != 200:
                    return TurnFailed(f"status {response.status}")
                parts = await response.json()
        except TimeoutError:
            return TurnFailed("deadline passed")
        except aiohttp.ClientConnectorError as error:
            raise RuntimeUnavailable(type(error).__name__, began=False) from None
        except (aiohttp.ClientError, ValueError) as error:
            raise RuntimeUnavailable(type(error).__name__) from None
        return _reply(parts) if parts else TurnFailed("no reply")


def _reply(parts: Sequence[Mapping[str, Any]]) -> Reply:
    """Join the parts of a turn: stock Rasa splits texts at blank lines."""
    texts: list[str] = []
    buttons: list[Button] = []
    report: dict[str, Any] = {}
    for part in parts:
        if part.get("text"):
            texts.append(part["text"])
        for button in part.get("buttons") or ():
            buttons.append(Button(button["title"], button["payload"]))
        report.update((part.get("custom") or {}).get(REPORT_KEY) or {})
    return Reply("\n\n".join(texts), tuple(buttons), report)
