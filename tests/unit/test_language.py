"""The language of a message: told from its words, kept where a message tells nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from actions.language import FILE, Language, language_of, spoken
from bot.texts import FILE as TEXTS
from bot.texts import Texts
from knowledge.procedures.catalogue import Catalogue
from knowledge.vietnamese import is_syllable, strip_marks

QUESTIONS = Path(__file__).parents[1] / "understanding" / "calibration.jsonl"
WORDS: Mapping[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
ENGLISH = frozenset((*WORDS["english"]["frame"], *WORDS["english"]["content"]))
CLEAR = {
    Language.ENGLISH: [
        "what documents do we need for a retail alcohol licence",
        "how much is it",
        "Documents?",
        "what about C/O",
        "wholesale tobacco licence fee",
        "can we do it online",
        "fee for Cấp Giấy phép bán lẻ rượu",
        "conditions to open a petrol station in Bắc Ninh",
        "I don’t have the code",
    ],
    Language.VIETNAMESE: [
        "cần giấy tờ gì",
        "can giay to gi",
        "phi bao nhieu",
        "mở cây xăng cần những gì",
        "em can form dang ky",
        "the nao",
        "xin license ban ruou nhu the nao",
        "làm website bán hàng phải đăng ký thế nào",
        "cam on",
    ],
}
NOTHING = [
    *("C/O?", "FDI", "LPG", "online", "website", "ok", "2", "H05.20-261005-0004", "", "???"),
    *("certificate of origin", "form D", "email", "hotline", "no", "yes", "more", "cancel"),
    *("do i ban le", "to khai", "Samsung", "Bac Ninh", "thank you"),
    *("Cấp Giấy phép bán lẻ rượu", "An toàn thực phẩm"),
]


@pytest.mark.parametrize(
    ("text", "language"), [(text, language) for language in Language for text in CLEAR[language]]
)
def test_a_clear_message_shows_its_language(text: str, language: Language) -> None:
    assert language_of(text) is language


@pytest.mark.parametrize("text", NOTHING)
def test_codes_names_and_borrowed_words_show_none(text: str) -> None:
    assert language_of(text) is None


def test_the_name_of_a_procedure_or_field_switches_no_language(catalogue: Catalogue) -> None:
    names = [item.name for item in catalogue.procedures.values()]
    names += [item.name for item in catalogue.fields.fields]
    assert not [name for name in names if language_of(name)]
    assert not [name for name in names if language_of(strip_marks(name)) is Language.ENGLISH]


def questions(*, english: bool) -> Iterator[str]:
    for line in QUESTIONS.read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        if ("english" in question.get("tags", ())) is english:
            yield question["text"]


def test_questions_in_vietnamese_are_not_taken_for_english() -> None:
    asked = list(questions(english=False))
    typed = [*asked, *map(strip_marks, asked)]
    taken = [text for text in typed if language_of(text) is Language.ENGLISH]
    assert len(typed) > 500
    assert set(taken) <= {"drop table dossiers"}


def test_questions_in_english_are_taken_for_it() -> None:
    asked = list(questions(english=True))
    missed = [text for text in asked if language_of(text) is not Language.ENGLISH]
    assert len(asked) > 50
    assert [text for text in missed if len(text.split()) > 1] == []


def test_no_word_of_the_lists_is_in_two_of_them_nor_an_everyday_syllable() -> None:
    assert not ENGLISH & set(WORDS["either"])
    assert not set(WORDS["english"]["frame"]) & set(WORDS["english"]["content"])
    assert {word for word in ENGLISH if is_syllable(word)} <= {"get", "much", "pay"}


@given(st.text(max_size=60))
def test_any_text_may_come(text: str) -> None:
    assert spoken([text]) in Language


@pytest.mark.parametrize(
    ("said", "language"),
    [
        (["what is the fee", "C/O?", "/ask_fee", "2"], Language.ENGLISH),
        (["what is the fee", "phí bao nhiêu", "ok"], Language.VIETNAMESE),
        (["phí bao nhiêu", "what is the fee", "Cấp Giấy phép bán lẻ rượu"], Language.ENGLISH),
        (["hello", "C/O"], Language.VIETNAMESE),
        (["phí bao nhiêu", '/ask_fee{"procedure_id": "what-is-the-fee"}'], Language.VIETNAMESE),
        ([], Language.VIETNAMESE),
    ],
)
def test_what_shows_nothing_keeps_the_language_of_the_conversation(
    said: list[str], language: Language
) -> None:
    assert spoken(reversed(said)) is language


def test_the_gateway_has_the_same_sentences_in_both_languages() -> None:
    file = yaml.safe_load(TEXTS.read_text(encoding="utf-8"))
    assert set(file["vi"]) == set(file["en"])
    assert Texts(file).replying_to("what is the fee")("failed").startswith("Sorry")
    assert Texts(file).replying_to("phí bao nhiêu")("failed").startswith("Xin lỗi")
