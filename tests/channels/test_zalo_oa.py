"""Zalo OA: what comes in by the webhook, and what goes out with every refusal Zalo knows."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import NotDelivered, Platform, Refused, Unknown, Unreachable
from bot.channels.zalo_oa import WEBHOOK_PATH, build
from bot.channels.zalo_oa.channel import ZaloOA
from bot.channels.zalo_oa.errors import meaning
from bot.channels.zalo_oa.events import Ignored, read_event
from bot.channels.zalo_oa.signature import is_signed, signature
from bot.channels.zalo_oa.verification import meta_tag, verifier_file
from bot.messages import Content, Kind
from bot.settings import Settings
from bot.storage.tables import outbox, sent_files
from tests.channels.zalo_support import Desk, part, serving
from tests.fakes.zalo_common import Fault
from tests.fakes.zalo_oa import (
    APP_ID,
    OA_ID,
    SECRET_KEY,
    FakeZaloOA,
    as_body,
    echo_event,
    now_ms,
    signed,
    user_event,
)

AN = "246845883529197922"
CONVERSATION = f"zalo_oa:{OA_ID}:{AN}"
EXAMPLE = (
    '{"app_id":"360846524940903967","sender":{"id":"246845883529197922"},'
    '"user_id_by_app":"552177279717587730","recipient":{"id":"388613280878808645"},'
    '"event_name":"user_send_text","message":{"text":"Xin chào","msg_id":"96d3cdf3af150460909"},'
    '"timestamp":"1540363714987"}'
).encode()
EXAMPLE_MAC = "23f777109320d0431b9d01354b6170e24969bc1fd5f21462b65ec84ff6383aa7"


class Account:
    """The channel, the fake behind it, and the door in front of it."""

    def __init__(self, zalo: FakeZaloOA, desk: Desk, channel: ZaloOA, door: str) -> None:
        self.zalo = zalo
        self.desk = desk
        self.channel = channel
        self.door = door

    async def post(self, body: bytes, headers: dict[str, str] | None = None) -> int:
        async with httpx.AsyncClient(trust_env=False) as client:
            raw = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
            return (await client.post(self.door, content=body, headers=raw)).status_code

    async def seen(self, ago: timedelta = timedelta(0)) -> None:
        await self.desk.parts.contacts.seen(CONVERSATION, datetime.now(UTC) - ago)


@asynccontextmanager
async def opened(engine: AsyncEngine, folder: Path, **settings: Any) -> AsyncIterator[Account]:
    desk = Desk(engine, folder)
    async with FakeZaloOA() as zalo:
        hosts = {"zalo_media_hosts": "zdn.vn,zadn.vn"}
        made = Settings(**{**zalo.settings, **hosts, "var_dir": folder, **settings})
        channel = build(made, desk.parts)
        assert isinstance(channel, ZaloOA)
        channel._webhook._echo_grace_s = 0.05
        try:
            async with serving(WEBHOOK_PATH, channel.receive) as door:
                zalo.webhook = door
                yield Account(zalo, desk, channel, door)
        finally:
            await channel.close()


@pytest.fixture
async def account(sqlite: AsyncEngine, tmp_path: Path) -> AsyncIterator[Account]:
    async with opened(sqlite, tmp_path) as account:
        yield account


@pytest.fixture
async def on_each(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Account]:
    """The account on each database."""
    async with opened(engine, tmp_path) as account:
        yield account


# -- signature ---------------------------------------------------------------------------------


def test_the_signature_is_the_one_of_the_documented_example() -> None:
    assert signature(APP_ID, EXAMPLE, "1540363714987", SECRET_KEY) == EXAMPLE_MAC


@pytest.mark.parametrize(
    "header",
    [
        f"mac={EXAMPLE_MAC}",
        EXAMPLE_MAC,
        f"MAC={EXAMPLE_MAC.upper()}",
        f"mac = {EXAMPLE_MAC}",
    ],
    ids=["prefix", "bare", "upper case", "spaces"],
)
async def test_each_spelling_of_the_signature_is_taken(account: Account, header: str) -> None:
    assert await account.post(EXAMPLE, {"X-ZEvent-Signature": header}) == 200
    [row] = await account.desk.stored()
    assert (row["text"], row["sender"], row["bot"]) == ("Xin chào", AN, OA_ID)
    assert row["event_id"] == "96d3cdf3af150460909"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "mac=",
        f"mac={'0' * 64}",
        f"mac={EXAMPLE_MAC[:-1]}",
        f"mac={EXAMPLE_MAC}0",
        "mac=é",
    ],
    ids=["none", "empty", "no value", "wrong", "short", "long", "not hex"],
)
async def test_what_is_not_signed_is_dropped_with_200(
    account: Account, header: str | None
) -> None:
    headers = {} if header is None else {"X-ZEvent-Signature": header}
    assert await account.post(EXAMPLE, headers) == 200
    assert await account.desk.stored() == []
    assert account.desk.counted("received", "zalo_oa", "unsigned") == 1


async def test_without_a_key_nothing_is_taken(sqlite: AsyncEngine, tmp_path: Path) -> None:
    unsigned_mac = signature(APP_ID, EXAMPLE, "1540363714987", "")
    async with opened(sqlite, tmp_path, zalo_oa_secret_key=None) as account:
        await account.post(EXAMPLE, {"X-ZEvent-Signature": f"mac={unsigned_mac}"})
        await account.post(EXAMPLE, {"X-ZEvent-Signature": f"mac={EXAMPLE_MAC}"})
        assert await account.desk.stored() == []


async def test_a_wrong_key_is_told_once_in_a_while(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        await account.post(EXAMPLE, {"X-ZEvent-Signature": f"mac={'0' * 64}"})
    assert caplog.text.count("wrong signature") == 1
    assert account.desk.counted("trouble", "zalo_oa", "signature") == 3


async def test_the_bytes_count_and_not_what_they_mean(account: Account) -> None:
    spaced = json.dumps(json.loads(EXAMPLE), ensure_ascii=False).encode()
    await account.post(spaced, {"X-ZEvent-Signature": f"mac={EXAMPLE_MAC}"})
    assert await account.desk.stored() == []


async def test_an_event_of_another_app_is_dropped(account: Account) -> None:
    event = {**json.loads(EXAMPLE), "app_id": "1"}
    body = as_body(event)
    await account.post(body, signed(body, event))
    assert await account.desk.stored() == []
    assert account.desk.counted("received", "zalo_oa", "unsigned") == 1


async def test_an_event_for_another_account_is_not_stored(account: Account) -> None:
    event = user_event(AN, "user_send_text", {"text": "x", "msg_id": "m1"})
    await account.zalo.push({**event, "recipient": {"id": "999"}})
    assert await account.desk.stored() == []


def test_a_number_as_timestamp_is_signed_as_it_is_spelled() -> None:
    event = {**user_event(AN, "user_send_text", {}), "timestamp": 1540363714987}
    body = as_body(event)
    header = signed(body, event)["X-ZEvent-Signature"]
    assert is_signed(header, app_id=APP_ID, body=body, timestamp="1540363714987", key=SECRET_KEY)


BAD_BODIES = {
    "empty": b"",
    "no json": b"hello",
    "half": EXAMPLE[:50],
    "list": b"[]",
    "number": b"7",
    "deep": b"[" * 100_000,
    "not utf-8": b'{"text":"\xff\xfe"}',
    "long number": b'{"timestamp":' + b"9" * 5000 + b"}",
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES)
async def test_a_malformed_body_is_dropped(account: Account, body: bytes) -> None:
    assert await account.post(body, {"X-ZEvent-Signature": f"mac={EXAMPLE_MAC}"}) == 200
    assert await account.desk.stored() == []
    assert account.desk.counted("received", "zalo_oa", "malformed") == 1


async def test_an_oversize_body_is_refused(account: Account) -> None:
    assert await account.post(b" " * 300_000, {}) == 413
    assert account.desk.counted("received", "zalo_oa", "malformed") == 1


ODD_EVENTS: dict[str, dict[str, Any]] = {
    "no sender": {"sender": None},
    "sender is a list": {"sender": []},
    "sender without id": {"sender": {}},
    "sender with a colon": {"sender": {"id": "a:b"}},
    "event name is a number": {"event_name": 5},
    "no event name": {"event_name": None},
}


@pytest.mark.parametrize("change", ODD_EVENTS.values(), ids=ODD_EVENTS)
async def test_a_signed_event_without_what_belongs_to_it_is_counted(
    account: Account, change: dict[str, Any]
) -> None:
    event = user_event(AN, "user_send_text", {"text": "x", "msg_id": "m1"})
    assert await account.zalo.push({**event, **change}) == 200
    assert await account.desk.stored() == []
    assert account.desk.counted("received", "zalo_oa", "malformed") == 1


async def test_texts_that_databases_do_not_keep_are_cleaned(on_each: Account) -> None:
    event = user_event(AN, "user_send_text", {"text": "a\0b\ud800c", "msg_id": "m1"})
    body = json.dumps(event).encode()
    assert await on_each.post(body, signed(body, event)) == 200
    assert [row["text"] for row in await on_each.desk.stored()] == ["abc"]


async def test_while_the_database_is_away_zalo_is_asked_to_come_again(
    account: Account, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(message: object) -> bool:
        raise OSError(f"cannot store {message}")

    monkeypatch.setattr(account.desk.parts.inbox, "put", broken)
    assert await account.post(EXAMPLE, {"X-ZEvent-Signature": EXAMPLE_MAC}) == 503
    assert "Xin chào" not in caplog.text


# -- events ------------------------------------------------------------------------------------


async def test_a_text_is_stored_once_however_often_it_comes(on_each: Account) -> None:
    for _ in range(3):
        await on_each.zalo.say(AN, "phí bao nhiêu?", event_id="m1")
    assert [row["text"] for row in await on_each.desk.stored()] == ["phí bao nhiêu?"]
    assert on_each.desk.counted("received", "zalo_oa", "stored") == 1
    assert on_each.desk.counted("received", "zalo_oa", "repeated") == 2
    assert on_each.desk.arrivals == 3


async def test_what_came_while_the_gateway_was_down_comes_again_and_is_kept_once(
    account: Account,
) -> None:
    account.zalo.webhook, door = "http://127.0.0.1:9/", account.door
    account.zalo.ladder = (0.01, 0.05)
    await account.zalo.say(AN, "phí bao nhiêu?")
    account.zalo.webhook = door
    await account.zalo.all_taken()
    assert len(await account.desk.stored()) == 1
    assert account.desk.counted("trouble", "zalo_oa", "redelivered") == 1


async def test_the_name_of_a_button_is_its_key(account: Account) -> None:
    await account.zalo.say(AN, "#Ab3_-xyzAb3x")
    await account.zalo.say(AN, "#hashtag")
    await account.zalo.say(AN, "mẫu số # 12")
    rows = await account.desk.stored()
    assert [(row["button"], row["text"]) for row in rows] == [
        ("Ab3_-xyzAb3x", ""),
        (None, "#hashtag"),
        (None, "mẫu số # 12"),
    ]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("image", Content.PHOTO),
        ("gif", Content.PHOTO),
        ("sticker", Content.STICKER),
        ("location", Content.LOCATION),
        ("audio", Content.VOICE),
        ("video", Content.VIDEO),
        ("file", Content.DOCUMENT),
        ("link", Content.OTHER),
        ("business_card", Content.CONTACT),
    ],
)
async def test_what_is_not_text_is_stored_as_what_it_is(
    account: Account, kind: str, content: Content
) -> None:
    await account.zalo.attach(AN, kind, {})
    [row] = await account.desk.stored()
    assert row["content"] == content.value
    assert row["attachment"] is None


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://f20-zpg.zdn.vn/1/photo.jpg", True),
        ("https://b.f1.zadn.vn/photo.jpg", True),
        ("http://f20-zpg.zdn.vn/photo.jpg", False),
        ("https://zdn.vn.example.org/photo.jpg", False),
        ("https://evilzdn.vn/photo.jpg", False),
        ("https://user@f20.zdn.vn/photo.jpg", False),
        ("https://f20.zdn.vn:8443/photo.jpg", False),
        ("https://[::1", False),
        ("https://169.254.169.254/", False),
        (7, False),
    ],
)
async def test_only_files_on_zalos_hosts_are_kept(
    account: Account, url: object, taken: bool
) -> None:
    await account.zalo.attach(AN, "file", {"url": url, "size": "1024", "type": "pdf"})
    [row] = await account.desk.stored()
    assert row["attachment"] == ({"url": url, "size": 1024, "type": "pdf"} if taken else None)


async def test_a_new_follower_is_greeted_once(account: Account) -> None:
    await account.zalo.follow(AN)
    [row] = await account.desk.stored()
    assert (row["content"], row["text"], row["sender"]) == ("start", "", AN)
    assert await account.desk.parts.contacts.is_reachable(CONVERSATION)


async def test_who_unfollows_cannot_be_written_to_until_they_come_back(on_each: Account) -> None:
    contacts = on_each.desk.parts.contacts
    await on_each.zalo.follow(AN)
    await on_each.zalo.follow(AN, name="unfollow")
    assert not await contacts.is_reachable(CONVERSATION)
    await on_each.zalo.say(AN, "chào")
    assert await contacts.is_reachable(CONVERSATION)


async def test_opening_the_chat_opens_the_window_and_says_nothing(account: Account) -> None:
    await account.zalo.about(AN, "user_click_chatnow")
    assert await account.desk.parts.contacts.last_seen(CONVERSATION) is not None
    assert await account.desk.stored() == []


async def test_who_withdraws_is_erased(account: Account) -> None:
    await account.zalo.about(AN, "user_withdraw")
    assert account.desk.erased == [CONVERSATION]


async def test_a_withdrawal_that_could_not_be_carried_out_comes_again(account: Account) -> None:
    account.desk.erase_faults.append(OSError())
    assert await account.zalo.about(AN, "user_withdraw") == 503
    await account.zalo.all_taken()
    assert account.desk.erased == [CONVERSATION]


async def test_personal_data_that_people_submit_are_not_stored(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="bot")
    await account.zalo.about(AN, "user_submit_info", info={"phone": "84912345678"})
    assert await account.desk.stored() == []
    assert account.desk.counted("received", "zalo_oa", "ignored") == 1
    assert "84912345678" not in caplog.text


@pytest.mark.parametrize(
    "name",
    [
        "user_received_message",
        "user_seen_message",
        "user_reacted_message",
        "add_user_to_tag",
        "anonymous_send_text",
        "user_send_group_text",
        "something_new",
    ],
)
async def test_other_events_are_acknowledged_and_counted(account: Account, name: str) -> None:
    event = user_event(AN, name, {"text": "x", "msg_id": "m1"})
    assert await account.zalo.push(event) == 200
    assert await account.desk.stored() == []
    assert account.desk.counted("received", "zalo_oa", "ignored") == 1


async def test_what_zalo_changes_is_told_to_the_operator(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    await account.zalo.about(AN, "change_oa_daily_quota", quota="private")
    assert "change_oa_daily_quota" in caplog.text
    assert "private" not in caplog.text


@pytest.mark.parametrize("name", ["user_send_text", "follow", "oa_send_text", "user_withdraw"])
def test_no_event_raises_whatever_is_in_it(name: str) -> None:
    junk: list[Any] = [None, 7, True, "x" * 300, [], {}, {"id": {}}, {"id": "ü"}, [[]]]
    fields = ("sender", "recipient", "message", "follower", "oa_id", "user_id", "timestamp")
    for value in junk:
        for field in fields:
            body = {**user_event(AN, name, {"text": "x"}), "event_name": name, field: value}
            read_event(body, oa_id=OA_ID, now=now(), media_hosts=[])
        attached = {"event_name": name, "message": {"attachments": value}}
        read_event(attached, oa_id="1", now=now(), media_hosts=[])
    assert read_event({"event_name": "x"}, oa_id="1", now=now(), media_hosts=[]) == Ignored()


def now() -> datetime:
    return datetime.now(UTC)


# -- echoes ------------------------------------------------------------------------------------


async def put_part(engine: AsyncEngine, text: str, *, state: str, message_id: str | None) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            insert(outbox).values(
                channel="zalo_oa",
                conversation=CONVERSATION,
                kind="answer",
                text=text,
                buttons=[],
                last=True,
                state=state,
                attempts=1,
                message_id=message_id,
                created_at=now(),
            )
        )


async def test_an_echo_of_a_sent_part_is_not_the_staff(account: Account) -> None:
    await put_part(account.desk.engine, "Phí là …", state="sent", message_id="out1")
    await account.zalo.push(echo_event(AN, "Phí là …", "out1"))
    await account.zalo.push(echo_event(AN, "Phí là …", "out1", admin_id="4711"))
    assert not await account.desk.parts.pauses.paused(CONVERSATION)
    assert await account.desk.stored() == []


async def test_an_echo_confirms_a_part_whose_answer_was_lost(on_each: Account) -> None:
    await put_part(on_each.desk.engine, "Phí là …", state="unknown", message_id=None)
    await on_each.zalo.push(echo_event(AN, "Phí là …", "out1"))
    async with on_each.desk.engine.connect() as connection:
        row = (await connection.execute(select(outbox))).mappings().one()
    assert (row["state"], row["message_id"]) == ("sent", "out1")
    assert not await on_each.desk.parts.pauses.paused(CONVERSATION)


async def test_the_assistant_is_silent_while_the_staff_write(on_each: Account) -> None:
    await on_each.zalo.staff_writes(AN, "Chị gửi thêm ảnh giúp em")
    assert await on_each.desk.parts.pauses.paused(CONVERSATION)
    assert await on_each.desk.stored() == []


async def test_an_echo_that_nobody_knows_after_a_while_is_the_staffs(account: Account) -> None:
    await account.zalo.push(echo_event(AN, "từ bảng điều khiển", "other"))
    assert not await account.desk.parts.pauses.paused(CONVERSATION)
    await settled(account)
    assert await account.desk.parts.pauses.paused(CONVERSATION)


async def test_an_echo_that_is_faster_than_the_answer_is_recognised_later(
    account: Account,
) -> None:
    account.channel._webhook._echo_grace_s = 0.3
    await account.zalo.push(echo_event(AN, "", "out1"))
    await put_part(account.desk.engine, "Mẫu đơn", state="sent", message_id="out1")
    await settled(account)
    assert not await account.desk.parts.pauses.paused(CONVERSATION)


async def settled(account: Account) -> None:
    for task in list(account.channel._webhook._doubtful):
        await task


# -- sending -----------------------------------------------------------------------------------


async def test_a_text_goes_out_with_its_buttons(account: Account) -> None:
    await account.seen()
    keys = [{"label": "Phí" * 60, "key": "k" * 12}, {"label": "Thời hạn", "key": "h" * 12}]
    receipt = await account.channel.send(part(CONVERSATION, "Chào <b>&_*", buttons=keys))
    sent = account.zalo.last(AN)
    assert sent.text == "Chào <b>&_*"
    assert [payload for _, payload in sent.buttons] == ["#" + "k" * 12, "#" + "h" * 12]
    assert len(sent.buttons[0][0]) == 100
    assert receipt.message_id == sent.message_id
    [body] = account.zalo.messages
    types = {it["type"] for it in body["message"]["attachment"]["payload"]["buttons"]}
    assert types == {"oa.query.hide"}


async def test_a_tap_on_a_button_comes_back_as_its_key(account: Account) -> None:
    await account.channel.send(part(CONVERSATION, buttons=[{"label": "Phí", "key": "k" * 12}]))
    await account.zalo.press(AN, "Phí")
    [row] = await account.desk.stored()
    assert row["button"] == "k" * 12


async def test_a_text_at_the_limit_fits_however_it_is_composed(account: Account) -> None:
    await account.channel.send(part(CONVERSATION, "e\u0323\u0302" * 2000))
    assert account.zalo.texts(AN) == ["ệ" * 2000]


async def test_what_zalo_would_refuse_is_not_sent(account: Account) -> None:
    with pytest.raises(Refused):
        await account.channel.send(part(CONVERSATION, "x" * 2001))
    with pytest.raises(Refused):
        await account.channel.send(part(CONVERSATION, buttons=[{"label": "a", "key": "b"}] * 6))
    assert account.zalo.sent == []


CODES: dict[int, type[Exception]] = {
    -32: NotDelivered,
    -211: NotDelivered,
    -213: Unreachable,
    -217: Unreachable,
    -218: Unreachable,
    -227: Unreachable,
    -230: Unreachable,
    -232: Unreachable,
    -244: Unreachable,
    -201: Refused,
    -210: Refused,
    -233: Refused,
    -248: Refused,
    -204: NotDelivered,
    -221: NotDelivered,
    -224: NotDelivered,
    -320: NotDelivered,
    -240: Refused,
    -99999: Refused,
}


@pytest.mark.parametrize(("code", "kind"), CODES.items())
async def test_each_code_of_zalo_is_told_by_its_class(
    account: Account, code: int, kind: type[Exception]
) -> None:
    account.zalo.faults.append(Fault("error", code=code))
    with pytest.raises(kind, match=str(code)):
        await account.channel.send(part(CONVERSATION))
    assert account.zalo.sent == []


def test_too_many_calls_wait_until_the_next_minute() -> None:
    problem = meaning(-32, datetime(2026, 11, 25, 9, 30, 20, tzinfo=UTC))
    assert isinstance(problem, NotDelivered)
    assert (problem.wait, problem.everyone) == (timedelta(seconds=41), True)


def test_at_night_a_template_waits_until_morning() -> None:
    problem = meaning(-133, datetime(2026, 11, 25, 16, 0, tzinfo=UTC))  # 23:00 in Viet Nam
    assert isinstance(problem, NotDelivered)
    assert problem.wait == timedelta(hours=7, minutes=1)


async def test_an_account_that_cannot_send_is_told_to_the_operator(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    account.zalo.faults.append(Fault("error", code=-224))
    with pytest.raises(NotDelivered) as caught:
        await account.channel.send(part(CONVERSATION))
    assert caught.value.everyone
    assert account.desk.counted("trouble", "zalo_oa", "account") == 1
    assert "docs/channels/zalo_oa.md" in caplog.text


NETWORK: dict[str, tuple[Fault, type[Exception], int]] = {
    "500": (Fault("server_error"), NotDelivered, 0),
    "502": (Fault("bad_gateway"), NotDelivered, 0),
    "lost answer": (Fault("lost_answer"), Unknown, 1),
    "no answer": (Fault("no_answer"), Unknown, 1),
    "garbage": (Fault("garbage"), Unknown, 1),
}


@pytest.mark.parametrize(("fault", "kind", "taken"), NETWORK.values(), ids=NETWORK)
async def test_what_the_network_does_is_told_for_what_it_is(
    account: Account, fault: Fault, kind: type[Exception], taken: int
) -> None:
    account.channel._client._deadline_s = 0.5
    await account.channel.tokens.access()
    account.zalo.faults.append(fault)
    with pytest.raises(kind):
        await account.channel.send(part(CONVERSATION))
    assert len(account.zalo.sent) == taken


async def test_a_slow_answer_is_waited_for(account: Account) -> None:
    account.zalo.faults.append(Fault("slow", wait_s=0.2))
    assert (await account.channel.send(part(CONVERSATION))).message_id


async def test_while_zalo_cannot_be_reached_the_part_waits(account: Account) -> None:
    await account.channel.tokens.access()
    await account.zalo.stop()
    with pytest.raises(NotDelivered):
        await account.channel.send(part(CONVERSATION))


async def test_only_the_message_itself_is_evidence_that_it_went_out(
    account: Account, tmp_path: Path
) -> None:
    form = tmp_path / "mau.pdf"
    form.write_bytes(b"%PDF")
    file = {"name": "Mẫu số 01.pdf", "path": str(form)}
    wire = account.desk.wire
    account.zalo.faults.append(Fault("not_taken"))
    with wire.carrying(7, 0) as carried:
        await account.channel.tokens.access()  # a renewal is a request, too
        await account.channel._uploads.token(file["name"], form)
        assert not carried.out
        with pytest.raises(Unknown):
            await account.channel.send(part(CONVERSATION, "", kind=Kind.FILE, file=file))
        assert carried.out
    wire.close()


# -- window ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ago", "kind", "sent"),
    [
        (timedelta(hours=47), Kind.ANSWER, True),
        (timedelta(days=6), Kind.ANSWER, True),
        (timedelta(days=8), Kind.ANSWER, False),
        (timedelta(hours=47), Kind.PUSH, True),
        (timedelta(days=6), Kind.PUSH, False),
        (timedelta(days=8), Kind.PUSH, False),
    ],
)
async def test_the_window_is_known_before_sending(
    account: Account, ago: timedelta, kind: Kind, sent: bool
) -> None:
    await account.seen(ago)
    if sent:
        await account.channel.send(part(CONVERSATION, kind=kind))
    else:
        with pytest.raises(Unreachable):
            await account.channel.send(part(CONVERSATION, kind=kind))
    assert len(account.zalo.sent) == sent


async def test_outside_the_window_news_go_by_template_and_tell_only_the_day(
    sqlite: AsyncEngine, tmp_path: Path
) -> None:
    async with opened(sqlite, tmp_path, zalo_oa_notice_template="12345") as account:
        await account.seen(timedelta(days=30))
        push = part(CONVERSATION, "Hồ sơ H05.20-190801-0001 …", kind=Kind.PUSH)
        receipt = await account.channel.send(push)
        [notice] = account.zalo.notices
        assert set(notice) == {"user_id", "template_id", "template_data"}
        assert set(notice["template_data"]) == {"date"}
        assert receipt.message_id == account.zalo.last(AN).message_id


async def test_a_notice_by_telephone_number(
    sqlite: AsyncEngine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with opened(sqlite, tmp_path, zalo_oa_notice_template="12345") as account:
        notices = account.channel.notices
        assert notices is not None
        await notices.to_phone("84912345678", now(), tracking_id="t1")
        assert account.zalo.notices[0]["phone"] == "84912345678"
        with pytest.raises(Refused):
            await notices.to_phone("0912345678", now(), tracking_id="t1")
    assert "84912345678" not in caplog.text


# -- files -------------------------------------------------------------------------------------


def form_part(path: Path, name: str = "Mẫu số 01.pdf") -> Any:
    file = {"name": name, "path": str(path)}
    return part(CONVERSATION, f"Mẫu đơn: {name}", kind=Kind.FILE, file=file)


async def test_a_form_is_uploaded_once_and_sent_as_a_file(
    on_each: Account, tmp_path: Path
) -> None:
    form = tmp_path / "mau.pdf"
    form.write_bytes(b"%PDF-1.7")
    await on_each.channel.send(form_part(form))
    await on_each.channel.send(form_part(form))
    assert [sent.file for sent in on_each.zalo.sent] == [("Mẫu số 01.pdf", b"%PDF-1.7")] * 2
    assert len(on_each.zalo.uploads) == 1


async def test_an_upload_is_renewed_before_it_runs_out(on_each: Account, tmp_path: Path) -> None:
    form = tmp_path / "mau.pdf"
    form.write_bytes(b"%PDF-1.7")
    await on_each.channel.send(form_part(form))
    on_each.desk.clock.ahead = timedelta(days=6, hours=1)
    await on_each.zalo.say(AN, "chào")
    await on_each.channel.send(form_part(form))
    assert len(on_each.zalo.uploads) == 2


async def test_an_upload_that_zalo_has_forgotten_is_made_again(
    on_each: Account, tmp_path: Path
) -> None:
    form = tmp_path / "mau.pdf"
    form.write_bytes(b"%PDF-1.7")
    await on_each.channel.send(form_part(form))
    on_each.zalo.uploads.clear()
    with pytest.raises(NotDelivered) as caught:
        await on_each.channel.send(form_part(form))
    assert caught.value.wait == timedelta(0)
    await on_each.channel.send(form_part(form))
    assert on_each.zalo.last(AN).file is not None


@pytest.mark.parametrize(
    ("name", "size"),
    [("mau.xlsx", 10), ("mau.pdf", 5 * 1024 * 1024 + 1), ("missing.pdf", 0)],
)
async def test_a_form_that_zalo_does_not_take_is_named(
    account: Account, tmp_path: Path, name: str, size: int
) -> None:
    form = tmp_path / name
    if size:
        form.write_bytes(b"x" * size)
    await account.channel.send(form_part(form, name))
    assert account.zalo.texts(AN) == [f"Mẫu đơn: {name}"]


async def test_an_upload_that_fails_is_repeated_and_leaves_nothing(
    account: Account, tmp_path: Path
) -> None:
    form = tmp_path / "mau.pdf"
    form.write_bytes(b"%PDF")
    await account.channel.tokens.access()
    account.zalo.down = True
    with pytest.raises(NotDelivered):
        await account.channel.send(form_part(form))
    async with account.desk.engine.connect() as connection:
        assert (await connection.execute(select(sent_files))).first() is None


# -- the rest ----------------------------------------------------------------------------------


def test_without_an_account_the_channel_is_off(tmp_path: Path) -> None:
    assert build(Settings(), None) is None  # type: ignore[arg-type]


async def test_the_channel_is_a_platform(account: Account) -> None:
    assert isinstance(account.channel, Platform)


def test_the_domain_is_verified_by_file_and_by_tag() -> None:
    assert "abc-DEF_1" in (verifier_file("abc-DEF_1", "abc-DEF_1") or "")
    assert verifier_file("abc", "abd") is None
    assert verifier_file(None, "") is None
    assert meta_tag(None) == ""
    tag = '<meta name="zalo-platform-site-verification" content="abc">'
    assert meta_tag("abc") == tag
    assert tag in (verifier_file("abc", "abc") or "")


async def test_doctor_says_what_is_missing_and_what_is_well(account: Account) -> None:
    findings = {it.what: it for it in await account.channel.examine()}
    assert not findings["the account was never connected"].ok
    assert not findings["no event has ever arrived"].ok
    await account.channel.tokens.access()
    await account.zalo.say(AN, "chào")
    found = await account.channel.examine()
    assert "Zalo knows the account and takes the token" in [it.what for it in found if it.ok]
    assert [it.what for it in found if not it.ok] == ["MOTCUA_PUBLIC_URL is not an https address"]
    assert account.zalo.spent == [account.zalo.settings["zalo_oa_refresh_token"]]


async def test_doctor_looks_at_the_template(sqlite: AsyncEngine, tmp_path: Path) -> None:
    async with opened(sqlite, tmp_path, zalo_oa_notice_template="12345") as account:
        await account.channel.tokens.access()
        found = await account.channel.examine()
    assert "the template for news is in order" in [it.what for it in found if it.ok]


def test_the_moment_of_an_event_is_given_in_milliseconds() -> None:
    assert len(now_ms()) == 13
