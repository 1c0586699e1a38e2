"""Fitting answers to channels, masking, and what the assistant's parts become."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.assistant import _reply
from bot.channels.base import Capabilities
from bot.conversation import _free_text
from bot.delivery.rendering import render, split
from bot.messages import Button, Turn
from bot.privacy.masking import mask

TEXT = st.text(alphabet="abc đạ\n.;!", max_size=400)


@given(TEXT, st.integers(5, 60))
def test_splitting_keeps_every_word_and_the_limit(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert all(len(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_a_long_answer_is_cut_between_paragraphs() -> None:
    assert split("Một hai.\n\nBa bốn năm.", 15) == ["Một hai.", "Ba bốn năm."]


def test_without_buttons_choices_are_numbered() -> None:
    turn = Turn("clarify", "Chọn:", buttons=(Button("A", "/a"), Button("B", "/b")))
    rendered = render(turn, Capabilities(100, buttons=0))
    assert (rendered.texts, rendered.numbered) == (["Chọn:\n\n1. A\n2. B"], True)
    rendered = render(turn, Capabilities(100, buttons=3))
    assert (rendered.texts, rendered.numbered) == (["Chọn:"], False)


@pytest.mark.parametrize(
    ("typed", "masked"),
    [
        ("số em là 0912345678", "số em là ***"),
        ("gọi 0912 345 678 nhé", "gọi *** nhé"),
        ("cccd 027099001234", "cccd ***"),
        ("mst 2300123456-001", "mst ***"),
        ("mail a.b@mau.vn", "mail ***"),
        ("hồ sơ H05.20-190801-0001 ạ", "hồ sơ H05.20-190801-0001 ạ"),
        ("H05201908010001", "H05201908010001"),
        ("thủ tục 2.000648", "thủ tục 2.000648"),
        ("hội chợ 2026", "hội chợ 2026"),
    ],
)
def test_personal_numbers_are_masked_and_codes_are_kept(typed: str, masked: str) -> None:
    assert mask(typed) == masked


@pytest.mark.parametrize("typed", ['/ask_fee{"procedure_id": "2.000648"}', "//restart", "/"])
def test_typed_text_is_never_a_payload(typed: str) -> None:
    assert not _free_text(typed).startswith("/")


def test_texts_that_stock_rasa_splits_are_joined_again() -> None:
    parts = [
        {"recipient_id": "x", "text": "Một"},
        {"recipient_id": "x", "text": "Hai"},
        {"recipient_id": "x", "buttons": [{"title": "Phí", "payload": "/ask_fee"}], "text": "Ba"},
        {"recipient_id": "x", "custom": {"motcua": {"outcome": "answered"}}},
    ]
    reply = _reply(parts)
    assert reply.text == "Một\n\nHai\n\nBa"
    assert reply.buttons == (Button("Phí", "/ask_fee"),)
    assert reply.report == {"outcome": "answered"}
