"""What people are told of a dossier, and of the day a result is due that is filed on some day."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.base import REPORT_KEY
from actions.dossiers import AskTrackingCode, TrackDossier, ValidateDossierForm
from actions.filing import filing_day
from actions.following import FollowDossier
from actions.procedures import AnswerProcedure
from actions.services import LOCAL_ZONE, Services
from knowledge.dossiers.dossier import Dossier, DossierFound, Step, Supplement
from knowledge.dossiers.status import Status
from knowledge.dossiers.timeline import Event, EventKind, timeline
from knowledge.privacy.callers import Callers
from knowledge.privacy.rules import Rules
from tests.support.services import opened_services

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=LOCAL_ZONE)
TODAY = NOW.date()


class Said:
    """A source whose answers a test writes."""

    def __init__(self) -> None:
        self.found: dict[str, DossierFound] = {}

    def tell(self, dossier: Dossier, *steps: Step, hours_ago: int = 0) -> None:
        as_of = NOW - timedelta(hours=hours_ago)
        self.found[dossier.code] = DossierFound(dossier, "hoso.csv", as_of, steps)

    async def look_up(self, code: str) -> DossierFound:
        return self.found[code]


@pytest.fixture(scope="module")
async def opened(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Services]:
    async with opened_services(tmp_path_factory.mktemp("var"), NOW) as services:
        yield services


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def services(opened: Services, said: Said) -> Services:
    return dataclasses.replace(opened, source=said)


async def ask(
    action: Any,
    text: str,
    intent: str = "track_dossier",
    *,
    before: str = "",
    replied: str = "",
    who: str = "x",
    **slots: Any,
) -> tuple[str, dict[str, Any]]:
    dispatcher = CollectingDispatcher()
    entities = (
        [{"entity": "procedure_id", "value": slots.pop("named")}] if "named" in slots else []
    )
    latest = {"text": text, "intent": {"name": intent, "confidence": 0.9}, "entities": entities}
    events = [{"event": "user", "text": it} for it in (before, text) if it]
    events += [{"event": "bot", "text": replied}] if replied else []
    await action.run(
        dispatcher, Tracker(who, slots, latest, events, False, None, {}, "action_listen"), {}
    )
    [message] = dispatcher.messages
    return message["text"], message["custom"][REPORT_KEY]


CODE = "H05.20-261020-0001"
DOSSIER = Dossier(
    CODE,
    "Thủ tục mẫu",
    Status.IN_PROGRESS,
    procedure_id="2.000648",
    applicant_name="Hộ kinh doanh mẫu 01",
    phone_last4="0123",
    received_on=date(2026, 11, 2),
    due_on=date(2026, 12, 1),
    desk="Phòng mẫu",
)


async def test_the_answer_tells_status_desk_days_left_source_and_age(
    services: Services, said: Said
) -> None:
    said.tell(DOSSIER, hours_ago=50)
    text, _ = await ask(TrackDossier(services), CODE)
    assert text == (
        f"Hồ sơ {CODE}: ĐANG XỬ LÝ\n"
        "Phòng chuyên môn đang thẩm định hồ sơ.\n"
        "- Thủ tục: Thủ tục mẫu\n"
        "- Bộ phận: Phòng mẫu\n"
        "- Ngày hẹn trả: 01/12/2026 (còn 4 ngày làm việc)\n"
        "- Đã diễn ra:\n"
        "  • 02/11/2026: tiếp nhận hồ sơ\n"
        "Việc cần làm: Bạn chưa phải làm gì. Nếu cần thêm giấy tờ, cơ quan sẽ gửi phiếu yêu "
        "cầu.\n"
        "Nguồn: hoso.csv, cập nhật lúc 07:00 ngày 23/11/2026 (2 ngày trước; từ đó đến nay có "
        "thể đã thay đổi)."
    )


async def test_a_pause_that_goes_on_is_told_in_other_words(services: Services, said: Said) -> None:
    said.tell(DOSSIER)
    strict = dataclasses.replace(services, rules=Rules(lookups=1))
    texts = [""]
    for _ in range(3):
        text, _ = await ask(TrackDossier(strict), CODE, replied=texts[-1], who="paused")
        texts.append(text)
    _, found, paused, again = texts
    assert f"Hồ sơ {CODE}: ĐANG XỬ LÝ" in found
    assert "tạm dừng tra cứu" in paused
    assert "vẫn đang tạm dừng" in again


async def test_what_a_portal_alone_knows_is_not_offered_to_be_followed_and_why(
    services: Services, said: Said
) -> None:
    said.tell(DOSSIER)
    await Callers(services.engine).note("somebody", "fake:main:x", "p", NOW)
    dispatcher = CollectingDispatcher()
    latest = {"text": CODE, "intent": {"name": "track_dossier", "confidence": 0.9}}
    of = Tracker("somebody", {}, latest, [], False, None, {}, "action_listen")
    await TrackDossier(services).run(dispatcher, of, {})
    assert dispatcher.messages[0]["buttons"] == []
    text, report = await ask(
        FollowDossier(services),
        "báo cho tôi khi xong",
        "follow_dossier",
        who="somebody",
        dossier=CODE,
    )
    assert f"Hồ sơ {CODE} chưa có trong sổ hồ sơ" in text
    assert "4 số cuối" not in text
    assert report["dossiers"] == []


async def test_papers_are_named_with_their_deadline_and_nothing_is_called_late(
    services: Services, said: Said
) -> None:
    asked = Supplement(
        "Thiếu giấy tờ", ("Bản vẽ", "Tờ khai"), date(2026, 11, 10), date(2026, 11, 27)
    )
    said.tell(
        dataclasses.replace(
            DOSSIER,
            status=Status.SUPPLEMENT_REQUESTED,
            due_on=date(2026, 11, 20),
            supplements=(asked,),
            fee_due_vnd=1_200_000,
        )
    )
    text, _ = await ask(TrackDossier(services), CODE)
    assert (
        "- Cần bổ sung: Thiếu giấy tờ: Bản vẽ, Tờ khai, hạn 27/11/2026 (còn 2 ngày làm việc)"
        in text
    )
    assert "- Số tiền phải nộp: 1.200.000 đồng" in text
    assert "  • 10/11/2026: yêu cầu bổ sung" in text
    assert "quá hạn" not in text


async def test_a_due_date_that_no_source_gives_is_worked_out_with_its_rule(
    services: Services, said: Said
) -> None:
    said.tell(dataclasses.replace(DOSSIER, due_on=None))
    text, _ = await ask(TrackDossier(services), CODE)
    assert (
        "- Ngày hẹn trả (tự tính, nguồn không ghi): 23/11/2026 (đã quá hạn 1 ngày làm việc)\n"
        "  Cách tính: 15 ngày làm việc; không tính ngày nhận hồ sơ; chỉ tính ngày làm việc"
    ) in text


async def test_the_clock_stands_still_while_papers_are_awaited(
    services: Services, said: Said
) -> None:
    asked = Supplement("Bản vẽ", asked_on=date(2026, 11, 9))
    said.tell(
        dataclasses.replace(
            DOSSIER, due_on=None, status=Status.SUPPLEMENT_REQUESTED, supplements=(asked,)
        )
    )
    text, _ = await ask(TrackDossier(services), CODE)
    assert "tạm dừng từ 09/11/2026; còn 10 ngày làm việc kể từ khi bạn bổ sung xong" in text


async def test_in_english_the_same_is_told(services: Services, said: Said) -> None:
    said.tell(dataclasses.replace(DOSSIER, due_on=None), hours_ago=3)
    text, _ = await ask(TrackDossier(services), f"where is my dossier {CODE} please")
    assert "Result due on (worked out, the source does not say): 23 Nov 2026" in text
    assert "15 working days; the day of receipt is not counted" in text
    assert "(about 3 hours ago)" in text


async def test_several_codes_are_told_one_by_one_and_nobody_is_named(
    services: Services, said: Said
) -> None:
    other = dataclasses.replace(DOSSIER, code="H05.20-261020-0002", status=Status.RETURNED)
    said.tell(DOSSIER)
    said.tell(other)
    text, report = await ask(TrackDossier(services), f"{CODE}, H05.20-261020-0002 và H05.20-2610")
    assert [it["state"] for it in report["dossiers"]][:2] == ["found", "found"]
    assert text.index(CODE) < text.index(other.code)
    assert "mẫu 01" not in text
    assert "0123" not in text


async def test_codes_that_are_too_many_are_said_to_be_left_out(
    services: Services, said: Said
) -> None:
    codes = [f"H05.20-261020-000{n}" for n in range(1, 8)]
    for code in codes:
        said.tell(dataclasses.replace(DOSSIER, code=code))
    text, report = await ask(TrackDossier(services), ", ".join(codes))
    assert len(report["dossiers"]) == 5
    assert "còn 2 mã nữa" in text


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [
        ("H05.20-2610-0001", "H05.20-[năm tháng ngày]-0001"),
        ("H05.20-261020-12", "H05.20-261020-[số thứ tự]"),
        ("H05.20-261020", "H05.20-261020-[số thứ tự]"),
        ("261020-0001", "[mã cơ quan]-261020-0001"),
        ("000.00.20.H05-261320-0001", "000.00.20.H05-[năm tháng ngày]-0001"),
    ],
)
async def test_a_wrong_code_gets_the_nearest_format_and_no_dossier(
    services: Services, typed: str, nearest: str
) -> None:
    text, _ = await ask(AskTrackingCode(services), f"mã {typed}")
    assert f"Mã đúng có dạng: {nearest}." in text


def step(status: Status, day: int, *, told: bool = True, desk: str | None = None) -> Step:
    moment = datetime(2026, 11, day, 9, tzinfo=LOCAL_ZONE)
    return Step(status, moment, moment if told else None, desk)


def test_a_time_line_has_each_thing_once_and_the_oldest_first() -> None:
    answered = Supplement("x", (), date(2026, 11, 5), None, date(2026, 11, 9))
    done = dataclasses.replace(DOSSIER, supplements=(answered,), resolved_on=date(2026, 11, 20))
    steps = (
        step(Status.RECEIVED, 2),
        step(Status.IN_PROGRESS, 3, desk="Phòng mẫu"),
        step(Status.SUPPLEMENT_REQUESTED, 5),
        step(Status.IN_PROGRESS, 10, told=False),
        step(Status.PAYMENT_REQUESTED, 12, told=False),
        step(Status.DONE, 20),
    )
    assert timeline(DossierFound(done, "x", NOW, steps)) == (
        Event(date(2026, 11, 2), EventKind.RECEIVED),
        Event(date(2026, 11, 3), EventKind.STATUS, Status.IN_PROGRESS, "Phòng mẫu"),
        Event(date(2026, 11, 5), EventKind.SUPPLEMENT_ASKED),
        Event(date(2026, 11, 9), EventKind.SUPPLEMENT_ANSWERED),
        Event(date(2026, 11, 12), EventKind.STATUS, Status.PAYMENT_REQUESTED, noted=True),
        Event(date(2026, 11, 20), EventKind.RESOLVED),
    )


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Nếu nộp hôm nay thì bao giờ có?", date(2026, 11, 25)),
        ("neu nop ho so bay gio khi nao co ket qua", date(2026, 11, 25)),
        ("nộp ngày mai thì khi nào xong", date(2026, 11, 26)),
        ("nộp ngày 3/12 thì bao giờ có", date(2026, 12, 3)),
        ("nộp ngày 3 tháng 12 bao giờ có", date(2026, 12, 3)),
        ("em nộp hôm 20/11 thì bao giờ được", date(2026, 11, 20)),
        ("nộp ngày 5/1 thì bao lâu có", date(2027, 1, 5)),
        ("nộp ngày 05/01/2028 thì bao lâu có", date(2028, 1, 5)),
        ("thứ hai tuần sau nộp thì bao giờ có", date(2026, 11, 30)),
        ("thứ 6 nộp thì bao giờ có", date(2026, 11, 27)),
        ("if I file today, when will it be ready?", TODAY),
        ("when do I get it if I apply on 3 December", date(2026, 12, 3)),
        ("how long if I submit on Dec 3rd", date(2026, 12, 3)),
        ("Thời hạn giải quyết là bao lâu?", None),
        ("nộp hồ sơ khuyến mại bao lâu có", None),
        ("hôm nay nộp ở đâu", None),
        ("bao giờ thì hồ sơ tôi nộp hôm thứ hai có kết quả", None),
        ("em đã nộp ngày 3/12 thì bao giờ có", None),
        ("when is the dossier I filed today ready", None),
        ("nộp ngày 31/2 thì bao giờ có", None),
        ("khi nào được nộp theo Nghị định 87/2018/NĐ-CP", None),
    ],
)
def test_which_day_of_filing_is_meant(text: str, day: date | None) -> None:
    assert filing_day(text, TODAY) == day


async def test_if_filed_today_the_day_of_the_result_is_told_with_its_rule(
    services: Services,
) -> None:
    text, report = await ask(
        AnswerProcedure(services),
        "nếu nộp hôm nay thì bao giờ có giấy chứng nhận cửa hàng bán lẻ xăng dầu",
        "ask_processing_time",
        named="2.000648",
    )
    assert report["procedure"] == "2.000648"
    assert text.startswith(
        "Nếu nộp hôm nay, ngày 25/11/2026 và hồ sơ hợp lệ, không phải bổ sung, thì kết quả có "
        "chậm nhất ngày 16/12/2026.\nCách tính: 15 ngày làm việc; không tính ngày nhận hồ sơ"
    )
    assert "Nguồn" in text


@pytest.mark.parametrize(
    ("procedure", "expected"),
    [
        ("1.014256", "- trực tiếp: ngày 10/12/2026 (11 ngày làm việc)"),
        ("1.014257", "các bước nối tiếp nhau ngay"),
        ("2.002676", "Đây là thủ tục thông báo"),
    ],
)
async def test_cases_steps_and_notifications_are_told_apart(
    services: Services, procedure: str, expected: str
) -> None:
    text, _ = await ask(
        AnswerProcedure(services),
        "nộp hôm nay thì bao giờ có",
        "ask_processing_time",
        named=procedure,
    )
    assert expected in text


async def test_a_day_off_counts_as_the_next_working_day(services: Services) -> None:
    text, _ = await ask(
        AnswerProcedure(services),
        "nộp ngày 28/11 thì bao giờ có",
        "ask_processing_time",
        named="2.000648",
    )
    assert "Ngày 28/11/2026 là ngày nghỉ, nên tính như nhận ngày 30/11/2026." in text


async def test_of_a_suspended_procedure_no_day_is_told(services: Services) -> None:
    text, _ = await ask(
        AnswerProcedure(services),
        "nộp hôm nay thì bao giờ có",
        "ask_processing_time",
        named="2.000620",
    )
    assert "TẠM NGỪNG" in text
    assert "chậm nhất" not in text


async def test_what_was_asked_before_a_choice_is_answered_after_it(services: Services) -> None:
    text, _ = await ask(
        AnswerProcedure(services),
        "/ask_processing_time",
        "ask_processing_time",
        before="nếu nộp hôm nay thì bao giờ có",
        named="2.000648",
    )
    assert "chậm nhất ngày 16/12/2026" in text


async def test_a_question_about_filing_needs_no_tracking_code(services: Services) -> None:
    text = "nộp hồ sơ hôm nay bao giờ có kết quả"
    latest = {"text": text, "intent": {"name": "track_dossier"}, "entities": []}
    tracker = Tracker("x", {}, latest, [], False, None, {}, "action_listen")
    events = await ValidateDossierForm(services).run(CollectingDispatcher(), tracker, {})
    assert events[0]["value"] == "left"
    told, report = await ask(TrackDossier(services), text)
    assert report["outcome"] == "clarify"
    assert "thủ tục nào" in told
