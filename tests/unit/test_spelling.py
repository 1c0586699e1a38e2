"""Words are mended by slips of the finger, by marks and by their neighbours."""

from __future__ import annotations

import pytest

from knowledge.procedures.catalogue import Catalogue
from knowledge.procedures.phrases import tokens
from knowledge.slips import is_slip, is_slip_with_marks


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("gaiy", "giay"), ("quet", "quyet"), ("chhat", "chat"), ("gisi", "giai"), ("ruu", "ruou")],
)
def test_one_slip_explains_a_word(typed: str, meant: str) -> None:
    assert is_slip(typed, meant)


@pytest.mark.parametrize(
    ("typed", "meant"), [("giay", "giay"), ("dep", "dam"), ("khong", "khoanh"), ("lam", "tam")]
)
def test_other_words_are_no_slips(typed: str, meant: str) -> None:
    assert not is_slip(typed, meant)


@pytest.mark.parametrize(
    ("typed", "meant", "may_be"),
    [
        ("quết", "quyết", True),
        ("rưu", "rượu", True),
        ("phi", "phải", True),
        ("chảo", "chai", False),
        ("dẻo", "đẹp", False),
    ],
)
def test_marks_that_were_typed_are_meant(typed: str, meant: str, may_be: bool) -> None:
    ((one,), (other,)) = tokens(typed), tokens(meant)
    assert is_slip_with_marks(one.form, other.form) is may_be


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("mất gấiy phép thì sao", "mat giay phep thi sao"),
        ("tiền chhất thuốc nổ", "tien chat thuoc no"),
        ("ai giải quết", "ai giai quyet"),
        ("lệ phi bao nhiêu vậy ạ", "le phi bao nhieu vay a"),
        ("xinC/O giấytờ gì", "xin c o giay to gi"),
        ("doanh nghiệp bán nồi chảo", "doanh nghiep ban noi chao"),
    ],
)
def test_a_question_is_read_as_it_was_meant(catalogue: Catalogue, typed: str, read: str) -> None:
    words = catalogue.index.read(typed).tokens
    assert " ".join(token.key for token in words) == read
