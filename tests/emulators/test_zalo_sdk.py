"""Our stand-in for Zalo OA, checked by a client that others have written."""

import asyncio
import subprocess
from pathlib import Path

from tests.emulators import install
from tests.fakes.zalo_oa import FakeZaloOA

CLIENT = Path(__file__).with_name("zalo_sdk_client.py")


async def test_another_client_sends_uploads_and_is_refused_like_ours() -> None:
    python = await asyncio.to_thread(install.zalo_sdk)
    async with FakeZaloOA() as zalo:
        zalo.access_token = "token-of-tests"
        command = [python, CLIENT, zalo.url, zalo.access_token]
        ended = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, timeout=60
        )
    assert ended.returncode == 0, ended.stderr
    assert zalo.texts("1001") == ["Xin chào", "Chọn"]
    assert zalo.sent[1].buttons[0] == ("Hồ sơ", "#hs")
    assert [name for name, _ in zalo.uploads.values()] == ["mau.pdf"]
