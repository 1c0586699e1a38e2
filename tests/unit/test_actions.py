"""Actions on their own: no tracker server, no model."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.base import REPORT_KEY, Answer, Message, MotcuaAction
from actions.dialogue import Affirm, Deny, Refuse, ReplyUnclear
from actions.dossiers import TrackDossier, ValidateDossierForm
from actions.following import FollowDossier, ListFollowed
from actions.office import ReplyOffice
from actions.people import HandOver
from actions.procedures import AnswerProcedure, ListProcedures
from actions.services import LOCAL_ZONE, Services
from knowledge.database import open_engine
from knowledge.dossiers.registry import Dossier, DossierRegistry
from knowledge.dossiers.status import Status
from knowledge.settings import SHIPPED_DATA
from tests.support.services import opened_services


@pytest.fixture(scope="module")
async def services(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Services]:
    now = datetime(2026, 11, 25, 9, 0, tzinfo=LOCAL_ZONE)
    async with opened_services(tmp_path_factory.mktemp("var"), now) as services:
        yield services


def tracker(text: str, intent: str, *, confidence: float = 0.9, **slots: Any) -> Tracker:
    latest = {
        "text": text,
        "intent": {"name": intent, "confidence": confidence},
        "entities": [
            {"entity": name, "value": value} for name, value in slots.pop("entities", {}).items()
        ],
    }
    return Tracker("someone", slots, latest, [], False, None, {}, "action_listen")


async def run(action: Any, of: Tracker) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    dispatcher = CollectingDispatcher()
    events = await action.run(dispatcher, of, {})
    [message] = dispatcher.messages
    slots = {event["name"]: event["value"] for event in events}
    return message, message["custom"][REPORT_KEY], slots


class Broken(MotcuaAction):
    action = "action_broken"

    async def answer(self, message: Message) -> Answer:
        raise ValueError(message.text)


async def test_an_action_that_fails_apologises_and_logs_no_personal_data(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    message, report, _ = await run(Broken(services), tracker("số em 0912345678", "greet"))
    assert "Xin lỗi" in message["text"]
    assert report["outcome"] == "failed"
    assert "action_broken failed: ValueError" in caplog.text
    assert "0912345678" not in caplog.text


async def test_the_apology_is_in_the_language_of_the_question(services: Services) -> None:
    message, _, _ = await run(Broken(services), tracker("what is the fee", "ask_fee"))
    assert message["text"].startswith("Sorry")


async def test_an_english_question_is_answered_in_english_and_reported_alike(
    services: Services,
) -> None:
    given = {"entities": {"procedure_id": "2.000648"}}
    english = tracker("what documents do we need", "ask_documents", **given)
    vietnamese = tracker("cần giấy tờ gì", "ask_documents", entities=given["entities"].copy())
    message, report, _ = await run(AnswerProcedure(services), english)
    _, reported, _ = await run(AnswerProcedure(services), vietnamese)
    assert "Required documents" in message["text"]
    assert "Facts are quoted in Vietnamese" in message["text"]
    assert message["buttons"][0]["title"] == "Fees"
    assert report == reported


@pytest.mark.parametrize("typed", ["2.000591", "/ask_fee", "C/O", "ok"])
async def test_a_message_that_shows_no_language_is_answered_in_that_of_the_conversation(
    services: Services, typed: str
) -> None:
    of = tracker(typed, "ask_fee", entities={"procedure_id": "2.000591"})
    of.events = [{"event": "user", "text": text} for text in ("what is the fee", "2", typed)]
    message, _, _ = await run(AnswerProcedure(services), of)
    assert "VND" in message["text"]


async def test_a_follow_up_is_remembered(services: Services) -> None:
    _, report, slots = await run(
        AnswerProcedure(services), tracker("mở cây xăng cần giấy tờ gì", "ask_documents")
    )
    assert (report["procedure"], report["aspects"]) == ("2.000648", ["documents"])
    assert slots["procedure"] == "2.000648"


async def test_a_name_after_a_question_asks_the_same_of_another(services: Services) -> None:
    of = tracker("thế cấp lại thì sao", "name_procedure", procedure="2.000648", aspect="fee")
    _, report, _ = await run(AnswerProcedure(services), of)
    assert (report["procedure"], report["aspects"]) == ("2.000647", ["fee"])


async def test_a_button_carries_procedure_and_aspect(services: Services) -> None:
    of = tracker("/ask_fee", "ask_fee", entities={"procedure_id": "2.000591"})
    _, report, _ = await run(AnswerProcedure(services), of)
    assert (report["procedure"], report["outcome"]) == ("2.000591", "answered")


async def test_a_number_chooses_among_what_was_offered(services: Services) -> None:
    of = tracker("2", "name_procedure", choices=["2.000648", "2.000591"], aspect="fee")
    _, report, _ = await run(AnswerProcedure(services), of)
    assert (report["procedure"], report["aspects"]) == ("2.000591", ["fee"])


async def test_an_unclear_name_is_asked_back_with_three_buttons_at_most(
    services: Services,
) -> None:
    message, report, slots = await run(
        AnswerProcedure(services), tracker("giay phep thuoc la can gi", "ask_documents")
    )
    assert report["outcome"] == "clarify"
    assert 2 <= len(report["candidates"]) <= 3
    assert [item["payload"] for item in message["buttons"]][-1] == "/deny"
    assert len(message["buttons"]) == len(report["candidates"]) + 1
    assert slots["choices"] == report["candidates"]
    assert slots["aspect"] == "documents"


async def test_without_any_name_the_procedure_is_asked_for(services: Services) -> None:
    _, report, _ = await run(AnswerProcedure(services), tracker("lệ phí bao nhiêu", "ask_fee"))
    assert (report["outcome"], report["procedure"]) == ("clarify", None)


async def test_yes_takes_the_one_that_was_offered(services: Services) -> None:
    of = tracker("đúng rồi", "affirm", choices=["2.000591"], aspect="fee")
    _, report, _ = await run(Affirm(services), of)
    assert (report["procedure"], report["aspects"]) == ("2.000591", ["fee"])


async def test_no_and_another_name_takes_the_other(services: Services) -> None:
    of = tracker("không, tôi hỏi cây xăng cơ", "deny", choices=["2.000591"], aspect="fee")
    _, report, _ = await run(Deny(services), of)
    assert (report["procedure"], report["aspects"]) == ("2.000648", ["fee"])


async def test_what_the_base_knows_is_not_refused_but_asked_back(services: Services) -> None:
    of = tracker("tôi muốn có giấy phép thuốc lá", "out_of_scope", confidence=0.5)
    _, report, _ = await run(Refuse(services), of)
    assert report["outcome"] in ("clarify", "out_of_scope")
    assert report["procedure"] is None


async def test_after_misses_a_person_is_offered(services: Services) -> None:
    outcomes = []
    for misses in range(3):
        of = tracker("qwe rty", "nlu_fallback", confidence=0.2, misses=misses)
        _, report, _ = await run(ReplyUnclear(services), of)
        outcomes.append(report["outcome"])
    assert outcomes == ["out_of_scope", "out_of_scope", "handoff"]


async def test_the_list_of_a_field(services: Services) -> None:
    message, report, _ = await run(
        ListProcedures(services), tracker("thủ tục lĩnh vực an toàn thực phẩm", "list_procedures")
    )
    assert set(report["candidates"]) >= {"2.000591", "2.000535"}
    assert "2.000591" in message["text"]


@pytest.mark.parametrize("action", [ReplyOffice, HandOver])
async def test_what_the_installation_has_not_said_is_not_invented(
    services: Services, action: type[MotcuaAction]
) -> None:
    for intent in ("ask_working_hours", "ask_contact", "talk_to_person"):
        message, _, _ = await run(action(services), tracker("x", intent))
        assert "chưa được khai báo" in message["text"]


async def test_telephone_and_hours_come_from_the_installation(
    services: Services, tmp_path: Path
) -> None:
    file = tmp_path / "office.yaml"
    file.write_text(
        'hotline: "0000 111 222"\nopening_hours:\n  wednesday: ["07:30-11:30"]\n', encoding="utf-8"
    )
    office = type(services.office).load(SHIPPED_DATA, file)
    told = dataclasses.replace(services, office=office)
    hours, _, _ = await run(ReplyOffice(told), tracker("x", "ask_working_hours"))
    contact, _, _ = await run(ReplyOffice(told), tracker("x", "ask_contact"))
    assert "Thứ Tư: 07:30-11:30" in hours["text"]
    assert "đến 11:30" in hours["text"]
    assert "0000 111 222" in contact["text"]


async def test_where_nobody_can_be_written_to_nothing_is_offered_to_be_followed(
    services: Services,
) -> None:
    for action in (ListFollowed(services), FollowDossier(services)):
        of = tracker("/theodoi", "list_followed", dossier="H05.20-261005-0004")
        message, _, _ = await run(action, of)
        assert "không nhắn trước cho bạn được" in message["text"]


async def test_a_number_where_nothing_was_offered_is_no_name(services: Services) -> None:
    _, report, _ = await run(AnswerProcedure(services), tracker("1", "name_procedure"))
    assert (report["outcome"], report["candidates"]) == ("social", [])


async def test_a_registry_that_is_away_is_said_to_be_away(
    services: Services, tmp_path: Path
) -> None:
    away = DossierRegistry(open_engine(f"sqlite+aiosqlite:///{tmp_path / 'no' / 'file.db'}"))
    broken = dataclasses.replace(services, dossiers=away)
    message, report, _ = await run(
        TrackDossier(broken), tracker("H05.20-190801-0001", "track_dossier")
    )
    assert report["dossiers"] == [{"code": "H05.20-190801-0001", "state": "unavailable"}]
    assert "không truy cập được" in message["text"]


@pytest.mark.parametrize("status", list(Status))
async def test_every_status_says_what_to_do_and_no_name(
    services: Services, status: Status
) -> None:
    code = f"H05.20-200101-{int(status):04d}"
    dossier = Dossier(code, "Thủ tục mẫu", status, applicant_name="Công ty mẫu 99")
    await services.dossiers.import_all([dossier], source="mau.csv")
    message, report, _ = await run(TrackDossier(services), tracker(code, "track_dossier"))
    assert report["dossiers"] == [{"code": code, "state": "found"}]
    assert "Việc cần làm: " in message["text"]
    assert "mau.csv" in message["text"]
    assert "mẫu 99" not in message["text"]


@pytest.mark.parametrize(
    ("text", "intent", "tries", "filled"),
    [
        ("tra cứu hồ sơ", "track_dossier", 0, False),
        ("H05.20-1913", "track_dossier", 1, False),
        ("mã H05.20-190801-0001", "track_dossier", 0, True),
        ("giờ làm việc", "ask_working_hours", 1, True),
        ("thôi", "cancel", 1, True),
        ("tra cứu", "track_dossier", 3, True),
    ],
)
async def test_the_form_is_filled_by_a_code_and_left_by_anything_else(
    services: Services, text: str, intent: str, tries: int, filled: bool
) -> None:
    events = await ValidateDossierForm(services).run(
        CollectingDispatcher(), tracker(text, intent, tracking_tries=tries), {}
    )
    slots = {event["name"]: event["value"] for event in events}
    assert (slots["tracking_code"] is not None) is filled
