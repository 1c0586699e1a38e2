"""Telegram without a public address: one poller, nothing lost, nothing twice."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.telegram import polling
from bot.channels.telegram.polling import LEASE, POLL_S, WATCHDOG_S, conflict_name, lease_name
from bot.channels.telegram.receiving import Receiver
from tests.channels.telegram_desk import open_desk
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_rules import Fault

BOT = "123456789"


def polls(telegram: FakeTelegram) -> dict[str, Any]:
    return {
        "telegram_token": telegram.token,
        "telegram_api_url": telegram.url,
        "telegram_mode": "polling",
    }


async def until(is_so: Callable[[], bool] | Callable[[], Awaitable[bool]]) -> None:
    """Wait for something; the time-out of the test suite ends what never comes."""
    while True:
        found = is_so()
        if await found if isinstance(found, Awaitable) else found:
            return
        await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "_SOMEBODY_ELSE_S", 0.05)
    monkeypatch.setattr(polling, "_LONGEST_PAUSE_S", 0.05)


async def test_what_people_write_is_stored_in_order_and_confirmed(
    sqlite: AsyncEngine, telegram: FakeTelegram, tmp_path: Path
) -> None:
    for text in ("một", "hai"):
        await telegram.say(77, text)
    async with open_desk(sqlite, tmp_path, run=True, **polls(telegram)) as desk:
        await desk.stored(2)
        await telegram.say(77, "ba")
        rows = await desk.stored(3)
        assert [row["text"] for row in rows] == ["một", "hai", "ba"]
        await telegram.all_taken()
        assert desk.counted("motcua_last_poll_timestamp_seconds", channel="telegram") > 0
    kinds = telegram.called("getUpdates")[0]["allowed_updates"]
    assert set(kinds) == {"message", "edited_message", "callback_query", "my_chat_member"}


async def test_a_batch_is_confirmed_only_after_all_of_it_is_stored(
    sqlite: AsyncEngine,
    telegram: FakeTelegram,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    take, failed = Receiver.take, False

    async def fail_once(self: Receiver, update: Any) -> None:
        nonlocal failed
        if update["message"]["text"] == "hai" and not failed:
            failed = True
            raise OSError("disk full")
        await take(self, update)

    monkeypatch.setattr(Receiver, "take", fail_once)
    for text in ("một", "hai", "ba"):
        await telegram.say(77, text)
    async with open_desk(sqlite, tmp_path, run=True, **polls(telegram)) as desk:
        rows = await desk.stored(3)
        assert [row["text"] for row in rows] == ["một", "hai", "ba"]
        assert desk.received("repeated") == 1
    assert failed


async def test_an_update_that_cannot_be_read_does_not_stop_the_others(
    sqlite: AsyncEngine, telegram: FakeTelegram, tmp_path: Path
) -> None:
    await telegram.push(message={"text": "no chat"})
    await telegram.say(77, "chào")
    async with open_desk(sqlite, tmp_path, run=True, **polls(telegram)) as desk:
        [row] = await desk.stored()
        assert row["text"] == "chào"
        assert desk.received("malformed") == 1


async def test_only_the_holder_of_the_lease_polls(
    sqlite: AsyncEngine, telegram: FakeTelegram, tmp_path: Path
) -> None:
    async with open_desk(sqlite, tmp_path, run=True, owner="one", **polls(telegram)) as one:
        await until(lambda: bool(telegram.called("getUpdates")))
        async with open_desk(sqlite, tmp_path, run=True, owner="two", **polls(telegram)) as two:
            await telegram.say(77, "chào")
            await one.stored()
            assert await two.parts.leases.holder(lease_name(BOT)) == "one"
            assert two.counted("motcua_last_poll_timestamp_seconds", channel="telegram") == 0
            assert one.trouble("poller_conflict") == two.trouble("poller_conflict") == 0


async def test_the_lease_is_given_up_at_the_end_so_that_another_takes_over(
    sqlite: AsyncEngine, telegram: FakeTelegram, tmp_path: Path
) -> None:
    async with open_desk(sqlite, tmp_path, run=True, owner="one", **polls(telegram)):
        await until(lambda: bool(telegram.called("getUpdates")))
    async with open_desk(sqlite, tmp_path, run=True, owner="two", **polls(telegram)) as two:
        await telegram.say(77, "chào")
        await two.stored()


def test_the_lease_outlasts_the_longest_poll() -> None:
    assert LEASE.total_seconds() > WATCHDOG_S > POLL_S


async def test_another_poller_is_counted_told_once_and_remembered_for_the_doctor(
    sqlite: AsyncEngine,
    telegram: FakeTelegram,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with open_desk(sqlite, tmp_path, run=True, **polls(telegram)) as desk:
        for count in range(1, 4):
            await until(lambda: telegram.is_polled)
            await telegram.another_poll()
            await until(lambda count=count: desk.trouble("poller_conflict") == count)  # type: ignore[misc]
        await telegram.say(77, "chào")
        await desk.stored()
        assert await desk.parts.leases.holder(conflict_name(BOT)) == "test"
        findings = await desk.channel.examine()
        assert "another program polled with the same token" in [
            finding.what for finding in findings if not finding.ok
        ]
    told = [it for it in caplog.records if "another program polls" in it.message]
    assert told
    assert telegram.called("deleteWebhook") == []


async def test_a_webhook_that_is_set_is_removed_and_nothing_is_dropped(
    sqlite: AsyncEngine,
    telegram: FakeTelegram,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    telegram.hook.url = "http://127.0.0.1:9/nobody"
    await telegram.say(77, "chào")
    async with open_desk(sqlite, tmp_path, run=True, **polls(telegram)) as desk:
        [row] = await desk.stored()
        assert row["text"] == "chào"
        assert desk.trouble("poller_conflict") == 0
    [values] = telegram.called("deleteWebhook")
    assert values == {"drop_pending_updates": False}
    assert "MOTCUA_TELEGRAM_MODE" in caplog.text


@pytest.mark.parametrize("kind", ["server_error", "bad_gateway", "garbage", "lost_answer"])
async def test_polling_goes_on_after_an_error(
    sqlite: AsyncEngine, telegram: FakeTelegram, tmp_path: Path, kind: Any
) -> None:
    telegram.faults.extend([Fault(kind, method="getUpdates"), Fault(kind, method="getMe")])
    await telegram.say(77, "chào")
    async with open_desk(sqlite, tmp_path, run=True, **polls(telegram)) as desk:
        await desk.stored()


async def test_a_poll_that_hangs_is_given_up(
    sqlite: AsyncEngine,
    telegram: FakeTelegram,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(polling, "WATCHDOG_S", POLL_S - 9.5)
    telegram.faults.append(Fault("no_answer", method="getUpdates"))
    async with open_desk(sqlite, tmp_path, run=True, **polls(telegram)) as desk:
        await until(lambda: bool(telegram.called("getUpdates")))
        await telegram.say(77, "chào")
        await desk.stored()


async def test_a_refused_token_is_said_by_the_name_of_its_setting(
    sqlite: AsyncEngine,
    telegram: FakeTelegram,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = polls(telegram) | {"telegram_token": "123456789:another"}
    async with open_desk(sqlite, tmp_path, run=True, **settings) as desk:
        await until(lambda: desk.trouble("token") > 0)
    assert "MOTCUA_TELEGRAM_TOKEN" in caplog.text
    assert "123456789:another" not in caplog.text


async def test_an_emulator_that_ignores_offsets_is_not_called_in_a_hot_loop(
    sqlite: AsyncEngine, telegram: FakeTelegram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def same_again(_values: object) -> list[object]:
        return [{"update_id": 5, "message": telegram.a_message(77, text="chào")}]

    monkeypatch.setattr(telegram, "_do_get_updates", same_again)
    async with open_desk(sqlite, tmp_path, run=True, **polls(telegram)) as desk:
        await desk.stored()
        await until(lambda: desk.received("repeated") >= 2)
        assert len(await desk.inbox()) == 1


async def test_the_doctor_is_content_with_what_is_in_order(
    sqlite: AsyncEngine, telegram: FakeTelegram, tmp_path: Path
) -> None:
    async with open_desk(sqlite, tmp_path, run=True, **polls(telegram)) as desk:
        await until(lambda: bool(telegram.called("getUpdates")))
        findings = await desk.channel.examine()
    assert [finding.what for finding in findings if not finding.ok] == []
    assert f"the token belongs to @{telegram.username}" in [it.what for it in findings]
    assert any("clock" in it.what for it in findings)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"telegram_token": "123456789:another"}, "Telegram refuses the token"),
        ({"telegram_api_url": "http://127.0.0.1:9"}, "Telegram does not answer"),
        ({}, "nobody polls"),
        ({"telegram_mode": "webhook"}, "no webhook is registered"),
        ({"telegram_mode": "webhook", "telegram_secret": None}, "MOTCUA_TELEGRAM_SECRET"),
        ({"telegram_mode": "webhook", "public_url": None}, "MOTCUA_PUBLIC_URL"),
    ],
    ids=["token", "network", "nobody polls", "no webhook", "no secret", "no address"],
)
async def test_the_doctor_says_what_is_wrong(
    sqlite: AsyncEngine,
    telegram: FakeTelegram,
    tmp_path: Path,
    change: dict[str, Any],
    what: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with open_desk(sqlite, tmp_path, **polls(telegram) | change) as desk:
        findings = await desk.channel.examine()
    wrong = [finding for finding in findings if not finding.ok]
    assert any(what in finding.what for finding in wrong), findings
    assert all(finding.mend for finding in wrong)
    assert ":another" not in caplog.text + "".join(it.what for it in findings)


async def test_the_doctor_sees_a_webhook_that_stands_against_polling(
    sqlite: AsyncEngine, telegram: FakeTelegram, tmp_path: Path
) -> None:
    telegram.hook.url = "https://elsewhere.example/hook"
    async with open_desk(sqlite, tmp_path, **polls(telegram)) as desk:
        findings = await desk.channel.examine()
    assert "a webhook is set although the mode is polling" in [it.what for it in findings]


async def test_a_webhook_that_somebody_took_away_is_set_again(
    sqlite: AsyncEngine,
    telegram: FakeTelegram,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from bot.channels.telegram import webhook

    monkeypatch.setattr(webhook, "_LOOK_AGAIN_S", 0.05)
    settings = polls(telegram) | {"telegram_mode": "webhook"}
    async with open_desk(sqlite, tmp_path, run=True, **settings) as desk:
        await until(lambda: telegram.hook.url == desk.webhook)
        telegram.hook.url = "https://elsewhere.example/hook"
        await until(lambda: telegram.hook.url == desk.webhook)
        assert desk.trouble("webhook") == 1
