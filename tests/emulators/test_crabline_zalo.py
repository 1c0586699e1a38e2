"""The whole gateway against crabline's Zalo Bot: what somebody else takes for the platform."""

import json
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from tests.emulators.crabline import Crabline, open_crabline
from tests.emulators.gateway import ANSWER, open_gateway_for, until

TOKEN = "12345689:abc-xyz"
SECRET = "secret-of-tests"


def settings(crabline: Crabline, mode: str) -> dict[str, Any]:
    return {
        "zalo_bot_token": crabline.token,
        "zalo_bot_api_url": crabline.url,
        "zalo_bot_mode": mode,
        "zalo_bot_secret": SECRET,
    }


def person(name: str) -> dict[str, str]:
    return {"chatId": name, "senderId": name, "senderName": "Hộ kinh doanh mẫu 01"}


def calls(crabline: Crabline, method: str) -> list[dict[str, Any]]:
    """Return the bodies of the calls of a method; for Zalo not all are marked as accepted."""
    if not crabline.recorder.exists():
        return []
    lines = crabline.recorder.read_text(encoding="utf-8").splitlines(keepends=True)
    events = [json.loads(line) for line in lines if line.endswith("\n")]
    path = f"/bot<redacted>/{method}"
    return [event.get("body", {}) for event in events if event["path"] == path]


def answers(crabline: Crabline, chat: str) -> list[str]:
    return [it["text"] for it in calls(crabline, "sendMessage") if it["chat_id"] == chat]


def menu(said: str) -> str:
    return f"{ANSWER.format(said=said)}\n\n1. Thời hạn"


async def test_a_dialogue_by_polling_with_a_numbered_menu(tmp_path: Path) -> None:
    async with open_crabline("zalo", tmp_path, token=TOKEN) as crabline:
        await crabline.say(**person("u1"), text="phí bao nhiêu?")
        async with open_gateway_for(tmp_path, **settings(crabline, "polling")):
            await until(lambda: answers(crabline, "u1"))
            await crabline.say(**person("u1"), text="1")
            await until(lambda: len(answers(crabline, "u1")) == 2)
            await until(lambda: calls(crabline, "sendChatAction"))
    assert answers(crabline, "u1") == [menu("phí bao nhiêu?"), menu("/ask_processing_time")]


async def test_a_dialogue_by_webhook_with_its_secret(tmp_path: Path) -> None:
    async with (
        open_crabline("zalo", tmp_path, token=TOKEN) as crabline,
        open_gateway_for(tmp_path, **settings(crabline, "webhook")),
    ):
        await until(lambda: calls(crabline, "getMe"))  # asked once the webhook is set
        assert len(calls(crabline, "setWebhook")) == 1
        await crabline.say(**person("u1"), text="phí bao nhiêu?")
        await crabline.say(**person("u2"), text="thời hạn?")
        await until(lambda: answers(crabline, "u1") and answers(crabline, "u2"))
    assert answers(crabline, "u1") == [menu("phí bao nhiêu?")]
    assert answers(crabline, "u2") == [menu("thời hạn?")]


async def test_a_webhook_that_is_set_gives_way_to_polling(tmp_path: Path) -> None:
    async with open_crabline("zalo", tmp_path, token=TOKEN) as crabline:
        hook = {"url": "http://127.0.0.1:9/x", "secret_token": SECRET}
        async with (
            ClientSession() as session,
            session.post(f"{crabline.url}/bot{TOKEN}/setWebhook", json=hook) as answer,
        ):
            assert answer.status == 200
        async with open_gateway_for(tmp_path, **settings(crabline, "polling")):
            await until(lambda: calls(crabline, "deleteWebhook"))
            await until(lambda: calls(crabline, "getUpdates"))  # the webhook is really gone
            await crabline.say(**person("u1"), text="phí bao nhiêu?")
            await until(lambda: answers(crabline, "u1"))
    assert answers(crabline, "u1") == [menu("phí bao nhiêu?")]
