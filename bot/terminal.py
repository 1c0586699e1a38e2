"""`motcua chat`: a conversation in the terminal; a number chooses an offered answer."""

from __future__ import annotations

import asyncio
import sys
from datetime import date

from bot.asking import open_asker
from bot.messages import Button
from bot.settings import Settings

_CONVERSATION = "terminal"
_END = ("exit", "quit", "/exit", "/quit")


async def chat(settings: Settings, *, url: str | None, today: date | None) -> None:
    """Read lines until the end of input; print each answer with its choices numbered."""
    _print("motcua: starting … (exit or Ctrl-D ends)")
    async with open_asker(settings, url=url, today=today) as asker:
        offered: tuple[Button, ...] = ()
        while (line := await asyncio.to_thread(_read)) is not None:
            text = line.strip()
            if text in _END:
                return
            if not text:
                continue
            turn = await asker.ask(_CONVERSATION, text, _pressed(text, offered))
            offered = turn.buttons
            _print(f"\n{turn.text}\n")
            for number, button in enumerate(offered, start=1):
                _print(f"  [{number}] {button.label}")


def _pressed(text: str, offered: tuple[Button, ...]) -> Button | None:
    if text.isdigit() and 1 <= int(text) <= len(offered):
        return offered[int(text) - 1]
    return None


def _read() -> str | None:
    sys.stdout.write("> ")
    sys.stdout.flush()
    line = sys.stdin.readline()
    return line if line else None


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
