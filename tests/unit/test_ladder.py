"""The ladder when unsure, on its own: what follows a refusal, a miss, a choice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.base import REPORT_KEY
from actions.dialogue import Affirm, Deny, ReplyUnclear
from actions.dossiers import AskTrackingCode, ValidateDossierForm
from actions.lists import MOST_BUTTONS
from actions.people import HandOver
from actions.procedures import AnswerProcedure, ListProcedures
from actions.services import LOCAL_ZONE, Services
from knowledge.database import open_engine
from knowledge.procedures.catalogue import Catalogue
from knowledge.questions.tickets import Tickets
from tests.support.services import opened_services

TOBACCO = ["sct-thuoc-la-ban-le-cap", "sct-thuoc-la-ban-buon-cap"]
ACTIONS: dict[str, Any] = {
    "deny": Deny,
    "affirm": Affirm,
    "list_procedures": ListProcedures,
    "talk_to_person": HandOver,
    "complain": HandOver,
    "nlu_fallback": ReplyUnclear,
}


@pytest.fixture(scope="module")
async def services(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Services]:
    now = datetime(2026, 11, 25, 9, 0, tzinfo=LOCAL_ZONE)
    async with opened_services(tmp_path_factory.mktemp("var"), now) as services:
        yield services


@dataclass
class Talk:
    """A conversation that remembers as Rasa does."""

    services: Services
    name: str
    slots: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    buttons: list[Mapping[str, str]] = field(default_factory=list)
    report: Mapping[str, Any] = field(default_factory=dict)

    async def says(
        self, text: str, intent: str, *, entities: Mapping[str, str] | None = None
    ) -> str:
        parsed = {
            "text": text,
            "intent": {"name": intent, "confidence": 0.9},
            "entities": [
                {"entity": name, "value": value} for name, value in (entities or {}).items()
            ],
        }
        self.events.append({"event": "user", "text": text, "parse_data": parsed})
        action = ACTIONS.get(intent, AnswerProcedure)(self.services)
        of = Tracker(self.name, self.slots, parsed, self.events, False, None, {}, "x")
        dispatcher = CollectingDispatcher()
        for event in await action.run(dispatcher, of, {}):
            self.slots[event["name"]] = event["value"]
        [message] = dispatcher.messages
        self.events.append({"event": "bot", "text": message["text"]})
        self.buttons, self.report = message["buttons"], message["custom"][REPORT_KEY]
        return str(message["text"])

    async def presses(self, label: str) -> str:
        [payload] = [item["payload"] for item in self.buttons if item["title"] == label]
        intent, _, inner = payload[1:].partition("{")
        entities = dict(
            part.strip(' "}').split('": "') for part in inner.split(", ") if '": "' in part
        )
        return await self.says(payload, intent, entities=entities)


@pytest.fixture
def talk(services: Services, request: pytest.FixtureRequest) -> Iterator[Talk]:
    yield Talk(services, f"web:{request.node.name}"[:200])


async def test_refusals_lead_from_candidates_to_fields_to_a_ticket_and_never_repeat(
    talk: Talk,
) -> None:
    texts = [await talk.says("giấy phép thuốc lá cần gì", "ask_documents")]
    outcomes, candidates = [talk.report["outcome"]], [*talk.report["candidates"]]
    while talk.report["outcome"] == "clarify":
        texts.append(await talk.says("không phải", "deny"))
        outcomes.append(talk.report["outcome"])
        candidates += talk.report["candidates"]
    assert len(texts) <= 5
    assert outcomes[-1] == "handoff"
    assert "lĩnh vực" in texts[-2]
    assert "giấy phép thuốc lá cần gì" in texts[-1]
    assert len(set(texts)) == len(texts)
    assert len(set(candidates)) == len(candidates)


async def test_the_aspect_that_was_asked_is_kept_down_the_ladder(talk: Talk) -> None:
    await talk.says("lệ phí bao nhiêu", "ask_fee")
    await talk.says("lệ phí bao nhiêu", "ask_fee")
    await talk.says("An toàn thực phẩm", "name_procedure")
    await talk.says("số 1", "name_procedure")
    assert list(talk.report["aspects"]) == ["fee"]


@pytest.mark.parametrize("wording", ["cái kia", "cái còn lại", "không phải, cái kia cơ"])
async def test_after_one_of_two_the_other_one_is_meant(talk: Talk, wording: str) -> None:
    talk.slots |= {"choices": TOBACCO, "aspect": "fee"}
    await talk.says("cái thứ hai", "name_procedure")
    assert talk.report["procedure"] == TOBACCO[1]
    await talk.says(wording, "deny")
    assert (talk.report["procedure"], list(talk.report["aspects"])) == (TOBACCO[0], ["fee"])


@pytest.mark.parametrize("intent", ["deny", "affirm", "list_procedures", "nlu_fallback"])
async def test_a_place_in_the_list_counts_whatever_the_model_takes_it_for(
    talk: Talk, intent: str
) -> None:
    talk.slots["choices"] = TOBACCO
    await talk.says("cái cuối", intent)
    assert talk.report["procedure"] == TOBACCO[1]


async def test_a_number_that_was_not_offered_is_said_to_be_none(talk: Talk) -> None:
    talk.slots["choices"] = TOBACCO
    assert "Không có số 7" in await talk.says("7", "name_procedure")
    assert len(talk.buttons) == 3
    assert await talk.says("7", "name_procedure") != talk.events[-3]["text"]
    await talk.says("2", "name_procedure")
    assert talk.report["procedure"] == TOBACCO[1]


async def test_yes_to_several_asks_which(talk: Talk) -> None:
    talk.slots["choices"] = TOBACCO
    assert "từ 1 đến 2" in await talk.says("vâng", "affirm")
    assert talk.slots["choices"] == TOBACCO


async def test_every_procedure_is_reached_by_buttons(
    services: Services, catalogue: Catalogue
) -> None:
    start = '/list_procedures{"choice": "fields::1"}'
    waiting, seen = [start], {start}
    reached, fields = set(), set()
    while waiting:
        talk = Talk(services, "web:robot")
        talk.buttons = [{"title": "x", "payload": waiting.pop()}]
        await talk.presses("x")
        assert len(talk.buttons) <= MOST_BUTTONS
        assert len({item["title"] for item in talk.buttons}) == len(talk.buttons)
        if talk.report["procedure"]:
            reached.add(talk.report["procedure"])
            continue
        for item in talk.buttons:
            fields |= {item["payload"].split(":")[2]} if ': "field:' in item["payload"] else set()
            if "choice" in item["payload"] and item["payload"] not in seen:
                seen.add(item["payload"])
                waiting.append(item["payload"])
    assert fields == {item.slug for item in catalogue.fields.fields}
    assert reached == set(catalogue.procedures)


async def test_a_ticket_is_made_of_the_question_not_of_the_wish(talk: Talk) -> None:
    await talk.says("giấy phép karaoke cần gì", "ask_documents")
    offered = await talk.says("gặp cán bộ", "talk_to_person")
    assert "giấy phép karaoke cần gì" in offered
    left = await talk.presses("Để lại câu hỏi này")
    assert "Số phiếu: BN-2611-" in left
    assert "giấy phép karaoke cần gì" in left
    again = await talk.says("để lại câu hỏi", "cancel")
    assert left.split("\n")[1] == again.split("\n")[1]
    [ticket] = [it for it in await talk.services.tickets.all() if it.conversation == talk.name]
    assert (ticket.channel, ticket.question) == ("web", "giấy phép karaoke cần gì")


async def test_without_a_question_the_next_message_is_the_question(talk: Talk) -> None:
    await talk.says("gặp cán bộ", "talk_to_person")
    await talk.says("vâng", "affirm")
    left = await talk.says("xin hỏi bao giờ có hướng dẫn mới về rượu", "out_of_scope")
    assert "Số phiếu: BN-" in left
    assert talk.slots["pending"] is None


@pytest.mark.parametrize(
    ("text", "intent"), [("thôi", "cancel"), ("không", "deny"), ("cảm ơn", "thank")]
)
async def test_waiting_for_a_question_can_be_given_up(talk: Talk, text: str, intent: str) -> None:
    await talk.says("để lại câu hỏi", "talk_to_person")
    assert talk.slots["pending"] == "question"
    await talk.says(text, intent)
    assert talk.slots["pending"] is None
    assert not [it for it in await talk.services.tickets.all() if it.conversation == talk.name]


async def test_no_to_the_offer_of_a_ticket_leaves_nothing(talk: Talk) -> None:
    await talk.says("giấy phép karaoke", "ask_overview")
    await talk.says("bot ngu quá", "complain")
    await talk.says("không", "deny")
    assert talk.report["outcome"] == "social"
    assert not [it for it in await talk.services.tickets.all() if it.conversation == talk.name]


async def test_a_question_that_cannot_be_stored_gets_no_number(
    talk: Talk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    away = Tickets(open_engine(f"sqlite+aiosqlite:///{tmp_path / 'no' / 'file.db'}"))
    talk.services = replace(talk.services, tickets=away)
    text = await talk.says("để lại câu hỏi: nhà ở cụm công nghiệp thì sao", "talk_to_person")
    assert "BN-" not in text
    assert talk.report["outcome"] == "failed"
    assert "cụm công nghiệp" not in caplog.text


@pytest.mark.parametrize("text", ["không phải", "cái khác", "không phải cái đó"])
async def test_the_form_is_left_by_a_refusal_whatever_its_intent(
    services: Services, text: str
) -> None:
    latest = {"text": text, "intent": {"name": "track_dossier"}, "entities": []}
    of = Tracker("x", {"tracking_tries": 1}, latest, [], False, None, {}, "x")
    events = await ValidateDossierForm(services).run(CollectingDispatcher(), of, {})
    assert {"tracking_code": "left"}.items() <= {e["name"]: e["value"] for e in events}.items()


async def test_the_form_asks_a_second_time_in_other_words(services: Services) -> None:
    events: list[dict[str, Any]] = []
    texts = []
    for _ in range(2):
        latest = {"text": "tra cứu", "intent": {"name": "track_dossier"}, "entities": []}
        dispatcher = CollectingDispatcher()
        of = Tracker("x", {}, latest, events, False, None, {}, "x")
        await AskTrackingCode(services).run(dispatcher, of, {})
        texts.append(dispatcher.messages[0]["text"])
        events.append({"event": "bot", "text": texts[-1]})
    assert texts[0] != texts[1]
