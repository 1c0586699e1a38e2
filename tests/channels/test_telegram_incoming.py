"""What people can send on Telegram, and what of it is meant for the bot."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.channels.telegram.updates import (
    LARGEST_PHOTO,
    Left,
    Malformed,
    Me,
    NameUnknown,
    chat_of,
    quoted,
    read,
)
from bot.messages import Content, Inbound, recipient_of
from tests.fakes.telegram import FakeTelegram

ME = Me("123456789", "motcua_test_bot")
NOW = datetime(2026, 11, 25, tzinfo=UTC)
GROUP = -1001234
FAKE = FakeTelegram()


def take(kind: str = "message", **fields: Any) -> Inbound | None:
    found = read({"update_id": 7, kind: fields}, ME, NOW)
    assert not isinstance(found, Left)
    return found


def message(chat: int = 77, **fields: Any) -> Inbound | None:
    return take(**FAKE.a_message(chat, **fields))


def taken(chat: int = 77, **fields: Any) -> Inbound:
    found = message(chat, **fields)
    assert found is not None
    return found


def test_text_in_a_private_chat() -> None:
    assert taken(text="phí bao nhiêu?") == Inbound(
        "telegram", "123456789", "7", "77", "phí bao nhiêu?", NOW
    )


@pytest.mark.parametrize(
    ("fields", "content", "text"),
    [
        ({"photo": [{"file_id": "a", "width": 90}], "caption": "hỏi"}, Content.PHOTO, "hỏi"),
        ({"document": {"file_id": "d"}, "caption": "đơn"}, Content.DOCUMENT, "đơn"),
        ({"voice": {"file_id": "v"}}, Content.VOICE, ""),
        ({"audio": {"file_id": "v"}}, Content.VOICE, ""),
        ({"video": {"file_id": "v"}}, Content.VIDEO, ""),
        ({"video_note": {"file_id": "v"}}, Content.VIDEO, ""),
        ({"animation": {"file_id": "v"}, "document": {"file_id": "v"}}, Content.VIDEO, ""),
        ({"sticker": {"file_id": "s", "emoji": "👍"}}, Content.STICKER, ""),
        ({"location": {"latitude": 21.1, "longitude": 106.0}}, Content.LOCATION, ""),
        ({"venue": {"title": "x"}, "location": {"latitude": 1}}, Content.LOCATION, ""),
        ({"contact": {"phone_number": "0900000000"}}, Content.CONTACT, ""),
        ({"poll": {"id": "1"}}, Content.OTHER, ""),
        ({"dice": {"value": 3}}, Content.OTHER, ""),
    ],
    ids=lambda it: it.value if isinstance(it, Content) else None,
)
def test_each_kind_of_content_is_told_apart(
    fields: dict[str, Any], content: Content, text: str
) -> None:
    found = taken(**fields)
    assert (found.content, found.text) == (content, text)


@pytest.mark.parametrize(
    "fields",
    [
        {"new_chat_members": [{"id": 1}]},
        {"left_chat_member": {"id": 1}},
        {"pinned_message": {"message_id": 1}},
        {"something_of_2030": {"a": 1}},
        {},
    ],
)
def test_notices_of_the_platform_are_no_messages(fields: dict[str, Any]) -> None:
    assert message(**fields) is None


def test_the_largest_photo_that_may_be_fetched_is_named() -> None:
    sizes = [
        {"file_id": "small", "width": 90, "file_size": 1000},
        {"file_id": "large", "width": 1280, "file_size": LARGEST_PHOTO},
        {"file_id": "huge", "width": 2560, "file_size": LARGEST_PHOTO + 1},
    ]
    assert taken(photo=sizes).attachment == {
        "id": "large",
        "size": LARGEST_PHOTO,
        "type": "image/jpeg",
    }
    assert taken(photo=sizes[2:]).attachment is None


def test_a_document_is_named_with_its_type() -> None:
    document = {"file_id": "d", "file_size": 9, "mime_type": "application/pdf"}
    assert taken(document=document).attachment == {
        "id": "d",
        "size": 9,
        "type": "application/pdf",
    }


def test_the_pictures_of_an_album_get_one_reply() -> None:
    first, second = (taken(photo=[{"file_id": name}], media_group_id="88") for name in ("a", "b"))
    assert first.event_id == second.event_id == "album-88"


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        ("/start", ""),
        ("/start p-2_000648", "p-2_000648"),
        ("/START   x ", "x"),
        ("/start@motcua_test_bot x", "x"),
    ],
)
def test_start_opens_the_conversation_with_its_payload(text: str, payload: str) -> None:
    found = taken(text=text)
    assert (found.content, found.text) == (Content.START, payload)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/tracuu@motcua_test_bot H05", "/tracuu H05"),
        ("/startle me", "/startle me"),
        ("tôi /start", "tôi /start"),
    ],
)
def test_other_commands_stay_text(text: str, told: str) -> None:
    found = taken(text=text)
    assert (found.content, found.text) == (Content.TEXT, told)


# -- edited messages ---------------------------------------------------------------------------


def edited(ago_s: int, **fields: Any) -> Inbound | None:
    sent = FAKE.a_message(77, **fields)
    return take("edited_message", **sent | {"edit_date": sent["date"] + ago_s})


def test_a_message_changed_just_now_is_an_edit() -> None:
    found = edited(30, text="phí mới")
    assert found is not None
    assert (found.content, found.text) == (Content.EDITED, "phí mới")


def test_old_messages_and_moving_locations_may_change_unnoticed() -> None:
    assert edited(24 * 3600, text="phí mới") is None
    assert edited(30, location={"latitude": 1}) is None


# -- buttons -----------------------------------------------------------------------------------


def pressed(under: dict[str, Any] | None, **more: Any) -> Inbound | None:
    query = {"id": "1", "data": "key-1", "from": {"id": 77}, "message": under}
    return take("callback_query", **query | more)


def test_a_pressed_button_says_its_label() -> None:
    keyboard = [
        [{"text": "Phí", "callback_data": "k"}],
        [{"text": "Nơi nộp", "callback_data": "key-1"}],
    ]
    found = pressed(
        {"chat": {"id": 77, "type": "private"}, "reply_markup": {"inline_keyboard": keyboard}}
    )
    assert found is not None
    assert (found.event_id, found.sender) == ("7", "77")
    assert (found.button, found.text) == ("key-1", "Nơi nộp")


def test_a_button_of_a_message_that_is_not_shown_any_more() -> None:
    found = pressed({"chat": {"id": 77}, "message_id": 1, "date": 0})
    assert found is not None
    assert (found.button, found.text) == ("key-1", "")


def test_what_is_no_button_of_ours_is_left() -> None:
    assert pressed(None, inline_message_id="1") is None
    assert pressed({"chat": {"id": 77}}, data=None, game_short_name="x") is None


# -- groups ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"text": "@motcua_test_bot phí?"}, "phí?"),
        ({"text": "phí? @MOTCUA_test_bot"}, "phí?"),
        ({"text": "/tracuu"}, "/tracuu"),
        ({"text": "/tracuu@motcua_test_bot"}, "/tracuu"),
        ({"text": "phí?", "reply_to_message": {"from": {"id": 123456789}}}, "phí?"),
        (
            {
                "text": "ê bot phí?",
                "entities": [{"type": "text_mention", "user": {"id": 123456789}}],
            },
            "ê bot phí?",
        ),
        ({"photo": [{"file_id": "a"}], "caption": "@motcua_test_bot xem giúp"}, "xem giúp"),
    ],
)
def test_in_a_group_the_bot_listens_where_it_is_addressed(
    fields: dict[str, Any], text: str
) -> None:
    found = taken(GROUP, user=77, **fields)
    assert found.text == text
    assert found.sender == "-1001234.77"


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "phí?"},
        {"text": "@another_bot phí?"},
        {"text": "@motcua_test_bot2 phí?"},
        {"text": "/tracuu@another_bot"},
        {"text": "phí?", "reply_to_message": {"from": {"id": 5}}},
        {"photo": [{"file_id": "a"}]},
    ],
)
def test_in_a_group_all_else_is_none_of_its_business(fields: dict[str, Any]) -> None:
    assert message(GROUP, user=77, **fields) is None


def test_in_a_group_the_answer_finds_chat_and_question_again() -> None:
    found = taken(GROUP, user=77, text="/tracuu", message_id=345)
    assert chat_of(recipient_of(found.conversation)) == GROUP
    assert quoted(found.event_id) == 345
    assert quoted(taken(text="chào").event_id) is None


def test_without_its_name_the_bot_asks_for_it_first() -> None:
    group = {"update_id": 1, "message": FAKE.a_message(GROUP, user=77, text="@some_bot chào")}
    with pytest.raises(NameUnknown):
        read(group, Me("123456789"), NOW)


# -- others ------------------------------------------------------------------------------------


def test_bots_and_channels_are_left() -> None:
    assert message(text="chào", **{"from": {"id": 5, "is_bot": True}}) is None
    post = FAKE.a_message(-5, text="chào") | {"chat": {"id": -5, "type": "channel"}}
    assert take(**post) is None
    assert take("channel_post", chat={"id": -5, "type": "channel"}, text="tin") is None


def test_who_blocks_the_bot_cannot_be_written_to() -> None:
    change = {
        "chat": {"id": 77, "type": "private"},
        "new_chat_member": {"status": "kicked"},
    }
    assert read({"update_id": 1, "my_chat_member": change}, ME, NOW) == Left(
        "telegram:123456789:77"
    )
    change["new_chat_member"] = {"status": "member"}
    assert read({"update_id": 1, "my_chat_member": change}, ME, NOW) is None


def test_text_is_cleaned_of_what_no_database_takes() -> None:
    assert taken(text="phí\x00 \ud83d bao").text == "phí \ufffd bao"


@pytest.mark.parametrize("update", [None, 1, "x", [], {}, {"update_id": None}, {"update_id": 1.5}])
def test_what_is_no_update_is_malformed(update: Any) -> None:
    with pytest.raises(Malformed):
        read(update, ME, NOW)
