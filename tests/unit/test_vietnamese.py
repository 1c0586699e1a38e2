"""Text as people type it: every way of writing gives one search key."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.vietnamese import nfc, search_key, strip_marks, words

VIETNAMESE = st.text(
    alphabet="aăâbcdđeêghiklmnoôơpqrstuưvxyàáảãạèéòóùúìíýỳ ĐÂÊÔƠƯ.,-0123456789", max_size=60
)


@pytest.mark.parametrize(
    "typed",
    [
        "Đăng ký giấy phép",
        "dang ky giay phep",
        "ĐĂNG KÝ GIẤY PHÉP",
        unicodedata.normalize("NFD", "Đăng ký giấy phép"),
        "đăng  ký,giấy phép!",
        "Ðăng ký gp",
        "dky gp",
    ],
)
def test_every_way_of_typing_gives_one_key(typed: str) -> None:
    assert search_key(typed) == "dang ky giay phep"


def test_both_tone_placements_are_one() -> None:
    assert search_key("hoà thuỷ") == search_key("hòa thủy")


@pytest.mark.parametrize(
    ("typed", "usual"), [("đại lí", "đại lý"), ("kĩ thuật", "kỹ thuật"), ("quí I", "quý I")]
)
def test_i_and_y_at_the_end_are_one(typed: str, usual: str) -> None:
    found, wanted = words(typed), words(usual)
    assert [(it.key, it.form) for it in found] == [(it.key, it.form) for it in wanted]
    assert words("thi")[0].key == "thi"


def test_a_marked_word_is_not_taken_for_shorthand() -> None:
    assert search_key("kỳ") == "ky"
    assert search_key("cô") == "co"


@given(VIETNAMESE)
def test_stripping_marks_is_idempotent(text: str) -> None:
    assert strip_marks(strip_marks(text)) == strip_marks(text)


@given(VIETNAMESE)
def test_nfd_and_nfc_have_the_same_key(text: str) -> None:
    assert search_key(unicodedata.normalize("NFD", text)) == search_key(text)


@given(VIETNAMESE)
def test_words_stand_where_they_say(text: str) -> None:
    for word in words(text):
        assert nfc(text)[word.start : word.end].strip()
