# ruff: noqa: T201 - it is run by hand
"""Try the channels offline: `make fake-channels`, or `python -m tests.fakes`.

Starts the assistant with stand-ins for Telegram, Zalo OA and the Zalo Bot Platform, all on
loopback. Then type as a person would:

    t mở cây xăng cần gì?     on Telegram
    z mở cây xăng cần gì?     on Zalo OA
    b mở cây xăng cần gì?     on the Zalo bot
    t> Lệ phí                 press a button (t and z)
    z! receipt.jpg            send a photo
    q                         end
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from tests.support.stage import stage

_PERSON = {"t": 77, "z": "1001", "b": "1002"}


async def main() -> None:
    """Start everything, read what is typed, print what people get."""
    print(__doc__)
    print("starting (the model takes half a minute) …")
    with tempfile.TemporaryDirectory() as folder:
        async with stage(Path(folder), echo=False, env={"MOTCUA_SAMPLES": "true"}) as it:
            fakes: dict[str, Any] = {"t": it.telegram, "z": it.zalo_oa, "b": it.zalo_bot}
            for letter, fake in fakes.items():
                fake.heard.append(lambda sent, letter=letter: _show(letter, sent))
            print(f"ready; the web chat is on {it.gateways[0].url}")
            while (line := await asyncio.to_thread(_read)) not in ("q", None):
                await _do(fakes, line or "")


async def _do(fakes: dict[str, Any], line: str) -> None:
    letter, text = line[:1], line[1:].strip()
    if letter not in fakes or not text:
        print("t, z or b, then what is written")
        return
    try:
        if text.startswith(">"):
            await fakes[letter].press(_PERSON[letter], text[1:].strip())
        elif text.startswith("!"):
            photo = await asyncio.to_thread(Path(text[1:].strip()).read_bytes)
            await fakes[letter].photograph(_PERSON[letter], photo)
        else:
            await fakes[letter].say(_PERSON[letter], text)
    except (AssertionError, AttributeError, OSError) as error:
        print(error)


def _read() -> str | None:
    try:
        return input()
    except EOFError:
        return None


def _show(letter: str, sent: Any) -> None:
    print(f"--- {letter}\n{sent.text}")
    if getattr(sent, "buttons", ()):
        print("   ".join(f"[{label}]" for label, _ in sent.buttons))


if __name__ == "__main__":
    asyncio.run(main())
