"""Amounts, levels, trades and clauses tell siblings apart; numbers are compared as numbers."""

from __future__ import annotations

import math

import pytest

from knowledge.procedures.catalogue import Catalogue
from knowledge.procedures.particulars import Amount, Particulars
from knowledge.procedures.resolve import Ambiguous, Resolved, resolve
from knowledge.procedures.wording import Wording
from knowledge.settings import SHIPPED_DATA


@pytest.fixture(scope="module")
def wording() -> Wording:
    return Wording.load(SHIPPED_DATA / "wording.yaml")


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("công suất 2 triệu lít một năm", 2e6, 2e6),
        ("1,5 triệu lít/năm", 1.5e6, 1.5e6),
        ("500.000 lít", 5e5, 5e5),
        ("từ 3 triệu lít/năm trở lên", 3e6, math.inf),
        ("tu 3 trieu lit tro len", 3e6, math.inf),
        ("800 nghìn lít", 8e5, 8e5),
        ("không quá hai triệu lít", 0, 2e6),
        ("nghiệpdưới 3 triệulít", 0, 3e6),
    ],
)
def test_an_amount_is_read_in_any_spelling(
    wording: Wording, text: str, low: float, high: float
) -> None:
    rest, (amount,) = wording.particulars.take_amounts(text)
    assert amount.unit == "lít"
    assert (amount.low, amount.high) == pytest.approx((low, high), rel=1e-5)
    assert "lít" in rest
    assert not any(letter.isdigit() for letter in rest)


def test_what_is_below_a_limit_is_not_at_it() -> None:
    from_three = Particulars(amounts=(Amount("lít", 3.0, math.inf),))
    below_three = Particulars(amounts=(Amount("lít", 0.0, 2.999),))
    three = Particulars(amounts=(Amount("lít", 3.0, 3.0),))
    assert three.excludes(below_three)
    assert three.settles(from_three)
    assert not three.settles(Particulars(amounts=(Amount("độ", 3.0, 3.0),)))


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("nhà máy rượu công nghiệp 5 triệu lít một năm xin phép", "sct-ruou-cn-tu3tr-cap"),
        ("sản xuất rượu công nghiệp 2,5 triệu lít/năm cần gì", "sct-ruou-cn-duoi3tr-cap"),
        (
            "tăng diện tích cơ sở bán lẻ thứ nhất trong TTTM",
            "sct-tang-dt-csbl-ttm",
        ),
        ("lập cơ sở bán lẻ không phải làm ENT", "sct-csbl-thu-nhat"),
        ("lập cơ sở bán lẻ thuộc diện ENT", "sct-csbl-ent"),
        ("sản phẩm công nghiệp nông thôn tiêu biểu cấp xã", "sct-cnnt-cap-xa"),
        ("giấy phép kinh doanh vật liệu nổ công nghiệp", "sct-vlncn-kinh-doanh-cap"),
    ],
)
def test_the_particular_picks_the_sibling(catalogue: Catalogue, question: str, meant: str) -> None:
    found = resolve(catalogue.index, question)
    assert isinstance(found, Resolved)
    assert found.procedure.id == meant


@pytest.mark.parametrize("question", ["hóa chất", "giấy phép khoáng sản", "trạm nạp LPG"])
def test_what_the_names_of_several_families_share_is_asked_back(
    catalogue: Catalogue, question: str
) -> None:
    found = resolve(catalogue.index, question)
    assert isinstance(found, Ambiguous)
    assert len({item.family for item in found.choices}) > 1


@pytest.mark.parametrize(
    ("message", "told", "meant"),
    [
        ("còn bán buôn?", "2.000620", "sct-ruou-ban-buon-cap"),
        ("bán buôn thì bao nhiêu", "sct-thuoc-la-ban-le-cap", "sct-thuoc-la-ban-buon-cap"),
        ("cấp xã?", "sct-cnnt-cap-tinh", "sct-cnnt-cap-xa"),
        ("thế 4 triệu lít thì sao", "sct-ruou-cn-duoi3tr-cap", "sct-ruou-cn-tu3tr-cap"),
        ("mẫu GSTP thì sao", "sct-co-giap-lung", "1.013642"),
        (
            "ở nước ngoài thì sao",
            "sct-dang-ky-hoi-cho-trong-nuoc",
            "sct-dang-ky-hoi-cho-nuoc-ngoai",
        ),
        ("thuốc lá thì sao", "2.000620", "sct-thuoc-la-ban-le-cap"),
        ("đổi tên công ty trên giấy phép thì sao", "sct-gp-phan-phoi-dien", "sct-sua-gp-dien"),
        ("xin C/O lệ phí bao nhiêu", "2.000648", "sct-cap-co"),
    ],
)
def test_a_part_that_is_named_is_read_beside_what_was_talked_about(
    catalogue: Catalogue, message: str, told: str, meant: str
) -> None:
    found = resolve(catalogue.index, message, context=told)
    assert isinstance(found, Resolved)
    assert found.procedure.id == meant


@pytest.mark.parametrize(
    ("message", "offered", "meant"),
    [
        ("bán lẻ", ("2.000620", "sct-ruou-ban-buon-cap", "sct-ruou-thu-cong-cap"), "2.000620"),
        ("tổng đại lý", ("2.000648", "2.000673", "2.000674"), "2.000674"),
        (
            "có điều kiện",
            ("sct-hoa-chat-co-dieu-kien-cap", "sct-hoa-chat-ton-tru-cap"),
            "sct-hoa-chat-co-dieu-kien-cap",
        ),
        (
            "khoảng 1 triệu lít thôi",
            ("sct-ruou-cn-duoi3tr-cap", "sct-ruou-cn-tu3tr-cap"),
            "sct-ruou-cn-duoi3tr-cap",
        ),
    ],
)
def test_a_part_that_is_named_chooses_among_what_was_offered(
    catalogue: Catalogue, message: str, offered: tuple[str, ...], meant: str
) -> None:
    found = resolve(catalogue.index, message, offered=offered)
    assert isinstance(found, Resolved)
    assert found.procedure.id == meant


@pytest.mark.parametrize(
    "question",
    [
        "giấy chứng nhận trạm nạp khí",
        "xin giấy chứng nhận đủ điều kiện kinh doanh khí",
        "giấy phép điện lực em hỏi chút",
    ],
)
def test_a_general_word_is_asked_back_for_its_kinds(catalogue: Catalogue, question: str) -> None:
    found = resolve(catalogue.index, question)
    assert isinstance(found, Ambiguous)
    assert len({choice.family for choice in found.choices}) > 1


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("trạm nạp khí CNG cho xe buýt", "sct-khi-nap-cng-phuong-tien-cap"),
        ("CNG filling station for buses", "sct-khi-nap-cng-phuong-tien-cap"),
        ("mở cửa hàng bán chai rượu vang", "2.000620"),
        ("giấy phép tư vấn điện lực", "sct-gp-tu-van-dien"),
    ],
)
def test_a_kind_that_is_named_is_taken(catalogue: Catalogue, question: str, meant: str) -> None:
    found = resolve(catalogue.index, question)
    assert isinstance(found, Resolved)
    assert found.procedure.id == meant


@pytest.mark.parametrize(
    ("question", "aspects"),
    [
        ("hồ sơ, phí, mấy ngày để xin giấy phép bán lẻ rượu", "documents fee processing_time"),
        ("giấy phép sử dụng vật liệu nổ cần gì, hiệu lực mấy năm", "documents validity"),
        ("hồ sơ lập cơ sở bán lẻ thứ nhất, lệ phí và thời gian", "documents fee processing_time"),
        ("đăng ký hồ sơ thương nhân làm C/O mất mấy ngày", "processing_time"),
    ],
)
def test_each_part_of_a_question_asks(catalogue: Catalogue, question: str, aspects: str) -> None:
    assert " ".join(catalogue.index.listed_aspects(question)) == aspects
