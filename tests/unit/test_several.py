"""Two procedures in one message, acts that are denied, words without marks, days of filing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from actions.dossiers import AskTrackingCode, TrackDossier
from actions.procedures import AnswerProcedure
from actions.services import LOCAL_ZONE, Services
from knowledge.procedures.answers import aspect_of_lead_time
from knowledge.procedures.catalogue import Catalogue
from knowledge.procedures.model import Aspect, Variant
from knowledge.procedures.resolve import Resolved, resolve
from knowledge.procedures.several import two_meant
from tests.support.services import opened_services
from tests.unit.test_actions import run, tracker

ALCOHOL, TOBACCO = "2.000620", "sct-thuoc-la-ban-le-cap"


@pytest.fixture(scope="module")
async def services(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Services]:
    now = datetime(2026, 11, 25, 9, 0, tzinfo=LOCAL_ZONE)
    async with opened_services(tmp_path_factory.mktemp("var"), now) as services:
        yield services


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("giấy phép bán lẻ rượu và giấy phép bán lẻ thuốc lá cần gì", [ALCOHOL, TOBACCO]),
        ("bán lẻ rượu và thuốc lá cần giấy tờ gì", [ALCOHOL, TOBACCO]),
        ("giay phep ban le thuoc la voi ban le ruou", [TOBACCO, ALCOHOL]),
        ("lệ phí cấp mới và cấp lại thẻ an toàn điện", ["2.000621", "2.000643"]),
        ("hồ sơ xin C/O và CFS", ["sct-cap-co", "1.001238"]),
    ],
)
def test_two_procedures_are_found(catalogue: Catalogue, text: str, ids: list[str]) -> None:
    found = two_meant(catalogue.index, text)
    assert found is not None
    assert [item.id for item in found] == ids


@pytest.mark.parametrize(
    "text",
    [
        "hồ sơ và lệ phí bán lẻ rượu",
        "xin cùng lúc giấy phép kinh doanh và giấy phép lập cơ sở bán lẻ",
        "giấy phép bán lẻ rượu nộp ở đâu và mất mấy ngày",
        "tổ chức hội chợ phải đăng ký với sở trước mấy ngày",
        "đám cưới và đăng ký kết hôn",
    ],
)
def test_one_procedure_is_not_taken_for_two(catalogue: Catalogue, text: str) -> None:
    assert two_meant(catalogue.index, text) is None


async def test_both_are_told_and_either_may_be_asked_on(services: Services) -> None:
    asked = tracker("phí bán lẻ rượu và bán lẻ thuốc lá", "ask_fee")
    message, report, slots = await run(AnswerProcedure(services), asked)
    catalogue = await services.catalogue.get()
    for each in (ALCOHOL, TOBACCO):
        assert catalogue.procedures[each].name in message["text"]
    assert report["outcome"] == "answered"
    assert report["candidates"] == [ALCOHOL, TOBACCO]
    assert report["aspects"] == ["fee"]
    assert len(message["buttons"]) == 2
    assert slots["choices"] == [ALCOHOL, TOBACCO]
    going_on = tracker("nộp ở đâu", "ask_where_to_file", choices=slots["choices"])
    _, report, _ = await run(AnswerProcedure(services), going_on)
    assert (report["outcome"], report["candidates"]) == ("clarify", [ALCOHOL, TOBACCO])


def test_an_act_that_is_denied_is_not_meant(catalogue: Catalogue) -> None:
    read = catalogue.index.read("không phải cấp lại giấy phép bán lẻ rượu, ý em là sửa đổi")
    assert read.variants == (Variant.SUA_DOI,)


def test_a_supplier_is_no_first_issue(catalogue: Catalogue) -> None:
    found = resolve(catalogue.index, "thêm nhà cung cấp mới vào giấy phép bán buôn rượu")
    assert isinstance(found, Resolved)
    assert found.procedure.variant is Variant.SUA_DOI


@pytest.mark.parametrize(
    ("text", "word"),
    [("vay vốn mở cửa hàng bán rượu", "vay"), ("phải nộp vậy thì bán lẻ rượu sao", None)],
)
def test_a_word_without_marks_is_no_word_that_lost_them(
    catalogue: Catalogue, text: str, word: str | None
) -> None:
    keys = [token.key for token in catalogue.index.read(text).content]
    assert ("vay" in keys) is (word is not None)


async def test_how_long_before_is_told_from_where_the_record_states_it(services: Services) -> None:
    catalogue = await services.catalogue.get()
    renewal = catalogue.procedures["sct-gia-han-vpdd-thuong-nhan"]
    assert aspect_of_lead_time(catalogue, renewal) is Aspect.CONDITIONS
    text = "gia hạn văn phòng đại diện thương nhân nước ngoài phải nộp trước bao nhiêu ngày"
    message, report, _ = await run(AnswerProcedure(services), tracker(text, "ask_processing_time"))
    assert (report["procedure"], report["aspects"]) == (renewal.id, ["conditions"])
    [stated] = [item for item in renewal.conditions if "trước khi" in item]
    assert stated in message["text"]


@pytest.mark.parametrize(
    ("text", "intent", "aspects"),
    [
        ("bán lẻ rượu có phải xin phép không", "ask_overview", ["conditions"]),
        ("bán lẻ rượu có phải xin phép không, lệ phí bao nhiêu", "ask_fee", ["conditions", "fee"]),
        (
            "gia hạn giấy phép lập cơ sở bán lẻ chậm nhất là khi nào",
            "ask_overview",
            ["conditions"],
        ),
        ("cấp lại giấy phép bán lẻ rượu thế nào, phí bao nhiêu", "ask_fee", ["overview", "fee"]),
        ("cấp lại giấy phép bán lẻ rượu thế nào, hồ sơ gồm gì", "ask_documents", ["documents"]),
    ],
)
async def test_duties_deadlines_and_ways_are_told(
    services: Services, text: str, intent: str, aspects: list[str]
) -> None:
    _, report, _ = await run(AnswerProcedure(services), tracker(text, intent))
    assert (report["outcome"], report["aspects"]) == ("answered", aspects)


async def test_a_duty_of_which_no_condition_is_known_is_told_in_general(
    services: Services,
) -> None:
    catalogue = await services.catalogue.get()
    bare = next(it for it in catalogue.procedures.values() if not it.conditions)
    asked = tracker(f"{bare.name} có phải đăng ký không", "ask_conditions", procedure=bare.id)
    _, report, _ = await run(AnswerProcedure(services), asked)
    assert (report["procedure"], report["aspects"]) == (bare.id, ["overview"])


def test_pieces_beside_the_point_do_not_hide_what_is_meant(catalogue: Catalogue) -> None:
    text = (
        "thương nhân nhật muốn mở văn phòng đại diện ở bắc ninh phải nộp những giấy tờ gì,"
        " có phải hợp pháp hóa lãnh sự không"
    )
    found = resolve(catalogue.index, text)
    assert isinstance(found, Resolved)
    assert found.procedure.id == "sct-cap-vpdd-thuong-nhan"


@pytest.mark.parametrize(
    ("text", "confidence", "ranking"),
    [
        ("hồ sơ của thủ tục mã số 2.000591 gồm gì", 0.97, {"ask_documents": 0.02}),
        ("hồ sơ an toàn thực phẩm thế nào", 0.41, {"ask_documents": 0.4}),
    ],
)
async def test_papers_of_a_procedure_are_no_dossier(
    services: Services, text: str, confidence: float, ranking: dict[str, float]
) -> None:
    asked: Any = tracker(text, "track_dossier", confidence=confidence)
    asked.latest_message["intent_ranking"] = [
        {"name": name, "confidence": value} for name, value in ranking.items()
    ]
    _, report, _ = await run(TrackDossier(services), asked)
    assert (report["procedure"], report["aspects"]) == ("2.000591", ["documents"])


async def test_a_bare_word_asks_which_of_the_two_is_meant(services: Services) -> None:
    ask = AskTrackingCode(services)
    bare, _, _ = await run(ask, tracker("hồ sơ", "track_dossier"))
    full, _, _ = await run(ask, tracker("cho tôi tra cứu hồ sơ", "track_dossier"))
    assert "giấy tờ cần nộp" in bare["text"]
    assert "giấy tờ cần nộp" not in full["text"]
