# ruff: noqa: T201
"""Try a channel of Zalo offline: type as a person would, read what the person gets."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from typing import Any

from tests.fakes.zalo_common import Sent

_ME = "1001"


async def talk(fake: Any, webhook: str | None) -> None:
    """Read what a person types; a line `> label` presses a button."""
    fake.webhook = webhook
    async with fake:
        for name, value in fake.settings.items():
            print(f"MOTCUA_{name.upper()}={value}")
        print(f'or: curl {fake.url}/fake/say -d \'{{"chat": "{_ME}", "text": "xin chào"}}\'')
        fake.heard.append(show)
        while line := await asyncio.to_thread(sys.stdin.readline):
            text = line.strip()
            try:
                if text.startswith(">"):
                    await fake.press(_ME, text[1:].strip())
                elif text:
                    await fake.say(_ME, text)
            except (AssertionError, AttributeError) as error:
                print(error)
        await asyncio.Event().wait()  # the input is closed: go on serving


def show(sent: Sent) -> None:
    print(f"--- {sent.chat}\n{sent.text}")
    if sent.file:
        print(f"[{sent.file[0]}: {len(sent.file[1])} bytes]")
    if sent.buttons:
        print("   ".join(f"[{label}]" for label, _ in sent.buttons))


def main(kind: Any, *, port: int, webhook: str | None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=port)
    parser.add_argument("--webhook", default=webhook, help="where the gateway takes events")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(talk(kind(options.port), options.webhook))
