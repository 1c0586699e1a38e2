"""Records are checked on load, read against the clock, found by their names, told honestly."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from actions.templates import Templates
from knowledge.procedures.answers import answer
from knowledge.procedures.catalogue import Catalogue, Terms
from knowledge.procedures.files import scan
from knowledge.procedures.model import Aspect, Procedure, Reason, State
from knowledge.procedures.resolve import Ambiguous, NotMentioned, Resolved, Unknown, resolve
from knowledge.settings import SHIPPED_DATA

TODAY = date(2026, 11, 24)
ALCOHOL = "2.000620"
TOBACCO = "sct-thuoc-la-ban-le-cap"
REPLACED = "sct-hoa-chat-cu-bang-2-3"


def test_every_shipped_record_is_valid(catalogue: Catalogue) -> None:
    assert len(catalogue.procedures) >= 214
    assert not scan(SHIPPED_DATA).faults


def record(tmp_path: Path, old: str, new: str) -> Path:
    source = SHIPPED_DATA / "procedures" / "luu-thong-hang-hoa" / "2.000648.yaml"
    folder = tmp_path / "procedures"
    folder.mkdir(exist_ok=True)
    text = source.read_text(encoding="utf-8")
    assert old in text
    target = folder / source.name
    target.write_text(text.replace(old, new, 1), encoding="utf-8")
    return target


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("amount_vnd: 1200000", "amount_vnd: -5", "fees.0.amount_vnd"),
        ("variant: cap_moi", "variant: cap_them", "variant"),
        ("since: 2026-04-29", "since: 29/04/2026", "status.since"),
        ("sets: 1", "sets: 1\nphone: 123", "phone"),
        ("level: tỉnh", "level: huyện", "level"),
        ("      - documents\n", "      - paper\n", "sources.0"),
    ],
    ids=["negative fee", "unknown variant", "bad date", "unknown key", "bad level", "bad source"],
)
def test_a_fault_names_file_line_and_field(tmp_path: Path, old: str, new: str, field: str) -> None:
    path = record(tmp_path, old, new)
    faults = scan(tmp_path).faults
    fault = next(item for item in faults if item.field == field)
    assert fault.path == path
    line = path.read_text(encoding="utf-8").splitlines()[fault.line - 1]
    assert line.strip().lstrip("- ").startswith(field.rsplit(".", 1)[-1]) or field == "sources.0"


def test_a_broken_file_does_not_hide_the_others(tmp_path: Path) -> None:
    broken = record(tmp_path, "id: '2.000648'", "id: [")
    good = broken.with_name("2.000645.yaml")
    good.write_bytes((SHIPPED_DATA / "procedures/luu-thong-hang-hoa/2.000645.yaml").read_bytes())
    found = scan(tmp_path)
    assert list(found.procedures) == ["2.000645"]
    assert found.broken == {"2.000648"}


@pytest.mark.parametrize(
    ("day", "state", "reason"),
    [
        (date(2026, 6, 30), State.UNVERIFIED, Reason.NOT_YET),
        (date(2026, 7, 1), State.SUSPENDED, Reason.AS_RECORDED),
        (date(2027, 2, 28), State.SUSPENDED, Reason.AS_RECORDED),
        (date(2027, 3, 1), State.UNVERIFIED, Reason.PERIOD_OVER),
    ],
)
def test_a_suspension_is_read_against_the_clock(
    catalogue: Catalogue, day: date, state: State, reason: Reason
) -> None:
    standing = catalogue.procedures[ALCOHOL].standing_on(day)
    assert (standing.state, standing.reason) == (state, reason)


def test_from_its_review_date_nothing_is_asserted(catalogue: Catalogue) -> None:
    procedure = catalogue.procedures["2.000648"]
    review = procedure.status.review_by
    assert review is not None
    assert procedure.standing_on(TODAY).asserted
    assert procedure.standing_on(review).reason is Reason.REVIEW_DUE


TEMPLATES = Templates()


def told(catalogue: Catalogue, procedure: Procedure, *aspects: Aspect, day: date = TODAY) -> str:
    answers = [answer(catalogue, procedure, aspect, day) for aspect in aspects]
    sources = list(dict.fromkeys(source for item in answers for source in item.sources))
    return TEMPLATES.render(
        "procedure/answer", answers=answers, sources=sources, ask_at="Sở Công Thương"
    )


@pytest.mark.parametrize("aspect", [item for item in Aspect if item is not Aspect.LIST])
def test_every_aspect_of_every_record_can_be_told(catalogue: Catalogue, aspect: Aspect) -> None:
    for procedure in catalogue.procedures.values():
        text = told(catalogue, procedure, aspect)
        assert text.startswith(procedure.name)
        assert "Nguồn" in text.splitlines()[-1]


@pytest.mark.parametrize(
    ("identifier", "words"),
    [(ALCOHOL, "TẠM NGỪNG"), (TOBACCO, "BÃI BỎ"), (REPLACED, "THAY THẾ")],
)
def test_what_is_not_carried_out_is_said_before_anything_else(
    catalogue: Catalogue, identifier: str, words: str
) -> None:
    procedure = catalogue.procedures[identifier]
    for aspect in (Aspect.DOCUMENTS, Aspect.FEE):
        text = told(catalogue, procedure, aspect)
        assert words in text.splitlines()[2]
        assert procedure.status.basis[0] in text
        assert "chỉ để tra cứu" in text or "chưa có thông tin" in text


def test_after_the_suspension_the_answer_says_that_it_does_not_know(catalogue: Catalogue) -> None:
    text = told(catalogue, catalogue.procedures[ALCOHOL], Aspect.FEE, day=date(2027, 3, 1))
    assert "TẠM NGỪNG" not in text
    assert "CHƯA ĐƯỢC XÁC NHẬN" in text


def test_an_empty_list_of_fees_is_said_to_be_unknown_and_not_free(catalogue: Catalogue) -> None:
    procedure = next(item for item in catalogue.procedures.values() if not item.fees)
    text = told(catalogue, procedure, Aspect.FEE)
    assert "chưa có thông tin về phí" in text
    assert "không thu" not in text


def test_a_fee_of_zero_is_free(catalogue: Catalogue) -> None:
    assert "không thu (0 đồng)" in told(catalogue, catalogue.procedures["1.013004"], Aspect.FEE)


def test_a_fee_that_was_not_read_gives_no_amount(catalogue: Catalogue) -> None:
    text = told(catalogue, catalogue.procedures["2.000647"], Aspect.FEE)
    assert "mức cụ thể chưa có trong dữ liệu" in text


def test_facts_of_another_province_are_marked(catalogue: Catalogue) -> None:
    text = told(catalogue, catalogue.procedures["2.000591"], Aspect.FEE)
    assert "chưa có nguồn của Bắc Ninh" in text


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("mở cây xăng cần giấy tờ gì", "2.000648"),
        ("mo cay xang can giay to gi", "2.000648"),
        ("hs xin gp bán lẻ xăng dầu gồm j ạ", "2.000648"),
        ("phí bán lẻ rượu", "2.000620"),
        ("giấy an toàn thực phẩm", "2.000591"),
        ("bị mất giấy an toàn thực phẩm", "2.000535"),
        ("công ty tôi quay số trúng thưởng", "2.000004"),
        ("hàng đa cấp", "sct-dk-bhdc-dia-phuong"),
        ("gia hạn văn phòng đại diện thương nhân nước ngoài", "sct-gia-han-vpdd-thuong-nhan"),
        ("đổi tên giấy phép bán buôn rượu", "sct-ruou-ban-buon-sua-doi"),
        ("thủ tục 2.001474", "2.001474"),
        ("nhượng quyền thương mại", "sct-nhuong-quyen-tm"),
    ],
)
def test_everyday_words_find_the_procedure(
    catalogue: Catalogue, question: str, expected: str
) -> None:
    found = resolve(catalogue.index, question)
    assert isinstance(found, Resolved), found
    assert found.procedure.id == expected


@pytest.mark.parametrize("question", ["lệ phí bao nhiêu", "cấp lại ạ", "còn lệ phí?"])
def test_a_question_without_a_name_names_nothing(catalogue: Catalogue, question: str) -> None:
    assert isinstance(resolve(catalogue.index, question), NotMentioned)


def test_a_follow_up_keeps_the_procedure_and_takes_the_variant(catalogue: Catalogue) -> None:
    kept = resolve(catalogue.index, "còn lệ phí?", context="2.000648")
    other = resolve(catalogue.index, "thế cấp lại thì sao", context="2.000648")
    assert isinstance(kept, Resolved)
    assert kept.procedure.id == "2.000648"
    assert isinstance(other, Resolved)
    assert other.procedure.id == "2.000647"


def test_an_unknown_code_is_unknown(catalogue: Catalogue) -> None:
    assert isinstance(resolve(catalogue.index, "thủ tục 2.999999"), Unknown)


@pytest.mark.parametrize("question", ["đăng ký kết hôn", "làm căn cước công dân", "sổ đỏ"])
def test_what_is_not_ours_is_never_taken_for_ours(catalogue: Catalogue, question: str) -> None:
    assert not isinstance(resolve(catalogue.index, question), Resolved)


def test_a_family_of_equals_is_asked_back_with_at_most_three(catalogue: Catalogue) -> None:
    found = resolve(catalogue.index, "giấy phép kinh doanh cho doanh nghiệp FDI cấp mới")
    assert isinstance(found, Resolved | Ambiguous)
    if isinstance(found, Ambiguous):
        assert 2 <= len(found.choices) <= 3


def test_a_new_record_is_found_without_training(catalogue: Catalogue) -> None:
    template = catalogue.procedures["2.000648"]
    new = template.model_copy(
        update={
            "id": "sct-mau-xe-dien",
            "code": None,
            "name": "Cấp Giấy chứng nhận trạm sạc xe điện công cộng",
            "family": "tram-sac-xe-dien",
            "aliases": ("mở trạm sạc xe điện",),
        }
    )
    grown = Catalogue.build([*catalogue.procedures.values(), new], Terms.load(SHIPPED_DATA))
    found = resolve(grown.index, "mo tram sac xe dien can gi")
    assert isinstance(found, Resolved)
    assert found.procedure.id == "sct-mau-xe-dien"


def test_catalogue_snapshots_are_independent(catalogue: Catalogue) -> None:
    fewer = replace(catalogue, procedures={})
    assert fewer.of_field("hoa-chat") == []
    assert catalogue.of_field("hoa-chat")


@pytest.mark.parametrize(
    ("question", "aspects"),
    [
        (
            "cần giấy tờ gì, lệ phí bao nhiêu, mấy ngày có?",
            [Aspect.DOCUMENTS, Aspect.FEE, Aspect.PROCESSING_TIME],
        ),
        ("can giay to gi, le phi bao nhieu", [Aspect.DOCUMENTS, Aspect.FEE]),
        ("cơ sở pháp lý của đăng ký hội chợ", [Aspect.LEGAL_BASIS]),
        ("hợp đồng theo mẫu phải đăng ký ở đâu", [Aspect.WHERE_TO_FILE]),
        ("mở cửa hàng xăng dầu", []),
    ],
)
def test_the_words_of_a_question_tell_what_is_asked(
    catalogue: Catalogue, question: str, aspects: list[Aspect]
) -> None:
    assert list(catalogue.index.aspects_of(question)) == aspects


def test_several_aspects_are_told_in_one_answer(catalogue: Catalogue) -> None:
    text = told(catalogue, catalogue.procedures["2.000648"], Aspect.DOCUMENTS, Aspect.FEE)
    assert text.count("Cấp Giấy chứng nhận cửa hàng đủ điều kiện bán lẻ xăng dầu (mã") == 1
    assert "Thành phần hồ sơ" in text
    assert "1.200.000 đồng" in text
    assert text.count("Nguồn: ") == 1


@pytest.mark.parametrize("more", [0, 200])
def test_many_questions_that_are_not_ours_hide_no_family(catalogue: Catalogue, more: int) -> None:
    terms = Terms.load(SHIPPED_DATA)
    strange = tuple(f"văn phòng đại diện của đoàn thể số {number}" for number in range(more))
    asked = terms.asked.model_copy(update={"not_ours": terms.asked.not_ours + strange})
    procedures = catalogue.procedures.values()
    index = Catalogue.build(procedures, replace(terms, asked=asked)).index
    found = index.search("gia hạn văn phòng đại diện").families
    assert found[0].slug == "van-phong-dai-dien-thuong-nhan-nuoc-ngoai"
