"""Tracking codes are found however they are typed, and nothing else is taken for one."""

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.dossiers.tracking_code import (
    FoundCode,
    MalformedCode,
    Part,
    Problem,
    find_codes,
    parse_code,
)

TODAY = date(2026, 11, 24)
SAMPLE = "H05.20-190801-0001"


@pytest.mark.parametrize(
    "typed",
    [
        "H05.20-190801-0001",
        "hồ sơ H05.20-190801-0001 đến đâu rồi",
        "h05 20 190801 0001",
        "HO5.20–19O801–OOO1",
        "H05.2O-I9O8O1-000l",
        "H05201908010001",
        "mã:H05.20_190801_0001.",
        "H05.20 - 190801 - 0001 ạ",
        "Ｈ05.20-190801-0001",
        "xem hồ sơH05.20-190801-0001 nhé",
        unicodedata.normalize("NFD", "hồ sơ H05.20−190801−0001 đã duyệt chưa"),
    ],
)
def test_a_code_is_found_in_any_disguise(typed: str) -> None:
    assert [code.code for code in find_codes(typed, TODAY) if isinstance(code, FoundCode)] == [
        SAMPLE
    ]


@pytest.mark.parametrize(
    "code", ["000.00.00.H05-260818-0001", "G09.20-20260609-0092637", "H05-260818-1234567"]
)
def test_other_formats_are_codes_too(code: str) -> None:
    assert parse_code(code) == code


@pytest.mark.parametrize(
    "text",
    [
        "thủ tục 2.000648",
        "2.002604.H36",
        "2.000648.000.00.00.H50",
        "hỏi 0912345678",
        "hoi 0912 345 678",
        "nộp 15.000.000 đồng ngày 20/11/2026",
        "Nghị định 83/2014/NĐ-CP",
        "công ty H20",
        "phòng G01 tầng 2",
    ],
)
def test_other_numbers_are_no_codes(text: str) -> None:
    assert find_codes(text, TODAY) == ()


@pytest.mark.parametrize(
    ("typed", "part", "problem", "piece"),
    [
        ("H05.20-191301-0001", Part.DATE, Problem.NOT_A_DATE, "191301"),
        ("H05.20-19081-0001", Part.DATE, Problem.TOO_SHORT, "19081"),
        ("H05.20-271224-0001", Part.DATE, Problem.IN_THE_FUTURE, "271224"),
        ("H05.20-190801-01", Part.NUMBER, Problem.TOO_SHORT, "01"),
        ("H05.20-190801-123456789", Part.NUMBER, Problem.TOO_LONG, "123456789"),
        ("H05.20-190801", Part.NUMBER, Problem.MISSING, ""),
        ("190801-0001", Part.OFFICE, Problem.MISSING, ""),
    ],
)
def test_a_malformed_code_names_the_part(
    typed: str, part: Part, problem: Problem, piece: str
) -> None:
    [code] = find_codes(f"mã {typed} nhé", TODAY)
    assert isinstance(code, MalformedCode)
    assert (code.part, code.problem, code.piece) == (part, problem, piece)


def test_what_sticks_to_a_word_is_no_malformed_code() -> None:
    assert not find_codes("linh kiện ABH05.20-191301-0001", TODAY)


def test_two_codes_in_a_message_are_both_found() -> None:
    found = find_codes("H05.20-190801-0001 và H05.20-190801-0002", TODAY)
    assert [code.code for code in found if isinstance(code, FoundCode)] == [
        "H05.20-190801-0001",
        "H05.20-190801-0002",
    ]


valid_codes = st.builds(
    lambda unit, day, number: f"H05.{unit:02d}-{day:%y%m%d}-{number}",
    st.integers(0, 99),
    st.dates(date(2010, 1, 1), TODAY),
    st.text("0123456789", min_size=4, max_size=7),
)
disguises = st.sampled_from(
    [
        str.lower,
        lambda code: code.replace("-", "–"),
        lambda code: code.replace("-", " - "),
        lambda code: code.replace("0", "O"),
        lambda code: code.replace(".", " ").replace("-", " "),
        lambda code: code.replace("-", "_"),
        lambda code: code.replace("1", "l"),
    ]
)


@given(valid_codes, disguises)
def test_a_disguised_code_comes_back_canonical(code: str, disguise) -> None:
    found = find_codes(f"cho hỏi hồ sơ {disguise(code)} ạ", TODAY)
    assert [item.code for item in found if isinstance(item, FoundCode)] == [code]


@given(st.text(max_size=80))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    for code in find_codes(text, TODAY):
        assert 0 <= code.start < code.end <= len(unicodedata.normalize("NFC", text))


@given(valid_codes, valid_codes, st.sampled_from([" ", ", ", "\n", "; "]))
def test_codes_one_after_the_other_lend_each_other_nothing(
    first: str, second: str, between: str
) -> None:
    found = find_codes(f"{first}{between}{second}", TODAY)
    assert [item.code for item in found if isinstance(item, FoundCode)] == [first, second]
