"""Where a dossier stands: look-up by tracking code, and the small form that asks for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.aspects import ASPECT_OF_INTENT
from actions.base import Answer, Button, Message, MotcuaAction, Outcome
from actions.filing import asks_ahead
from actions.phrases import phrases
from actions.services import LOCAL_ZONE, Services, services_of_environment
from knowledge.dossiers.dossier import Dossier, DossierNotFound, DossierUnavailable, LookUp
from knowledge.dossiers.due import Deadline
from knowledge.dossiers.status import status_texts
from knowledge.dossiers.timeline import timeline
from knowledge.dossiers.tracking_code import FoundCode, MalformedCode, find_codes
from knowledge.office.calendar import Due, DueState
from knowledge.procedures.reading import NATIONAL_CODE
from knowledge.vietnamese import nfc

Codes = Sequence[FoundCode | MalformedCode]
FORM_SLOT = "tracking_code"
LEFT = "left"
"""Value of the form's slot when the person has moved on to something else."""
TRACKING = "track_dossier"
_MOST_CODES = 5
_MOST_TRIES = 2
_SURE = 0.5
"""Below this confidence a message may as well ask about a procedure: "hồ sơ thuốc lá thế nào"."""
_MAY_ASK = 0.25
"""The model's share for questions about procedures from which on it is read as one."""
_FEW_WORDS = 2
"""A message of no more words ("hồ sơ") may ask about papers as well as about a dossier."""
_CALLED_OFF = ("cancel", "deny")


class TrackDossier(MotcuaAction):
    """Tell where the dossiers of a message stand; the last step of the form."""

    action = "action_track_dossier"

    async def answer(self, message: Message) -> Answer:
        """Look the codes up, or answer what the person has asked instead of giving one."""
        # the form can end in any other answer, and a code can stand beside another question
        from actions.dialogue import ANSWERED_BESIDE, answer_instead, no_code
        from actions.procedures import codes_answer, procedure_answer
        from actions.told import told_words

        codes = known_codes(self.services, message.text)
        if codes and message.intent not in ANSWERED_BESIDE:
            return await codes_answer(self.services, message, codes)
        if asks_ahead(message.text, self.services.today) or _names_procedure(message):
            return await procedure_answer(self.services, message)
        if told_words().has_no_code(message.text):
            return no_code(self.services, message)
        return await answer_instead(self.services, message)


class AskTrackingCode(MotcuaAction):
    """Ask for a tracking code, or say what is wrong with the one that was given."""

    action = "action_ask_tracking_code"

    async def answer(self, message: Message) -> Answer:
        """Ask; after a wrong code say which part looks wrong."""
        codes = known_codes(self.services, message.text)
        labels = self.services.templates.labels["buttons"]
        wrong = [code for code in codes if isinstance(code, MalformedCode)][:_MOST_CODES]
        few_words = len(message.text.split()) <= _FEW_WORDS
        texts = (
            self.services.templates.render(
                "dossier/ask", wrong=wrong, again=again, few_words=few_words
            )
            for again in (False, True)
        )
        return Answer(
            Outcome.DOSSIER,
            next(text for text in texts if text != message.last_reply),
            buttons=[Button.intent(labels["cancel"], "cancel")],
            dossiers=[_state(code.typed, "malformed") for code in wrong],
            remember={"choices": None, "earlier": None},
        )


class ValidateDossierForm(Action):
    """Fill the form from any message: a code ends it, and so does anything else that is asked."""

    def __init__(self, services: Services | None = None) -> None:
        self._given = services

    def name(self) -> str:
        """Return the name that Rasa calls before the form asks."""
        return "validate_dossier_form"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Set the form's slot: the codes, `left`, or nothing so that the form asks."""
        services = self._given or services_of_environment()
        message = Message.of(tracker)
        tries = int(message.slots.get("tracking_tries") or 0)
        codes = known_codes(services, message.text)
        if any(isinstance(code, FoundCode) for code in codes):
            return _filled(message.text)
        ahead = asks_ahead(message.text, services.today)
        if ahead or _moved_on(message, codes) or tries > _MOST_TRIES:
            return _filled(LEFT)
        return [SlotSet(FORM_SLOT, None), SlotSet("tracking_tries", tries + 1)]


def another_code(services: Services) -> Answer:
    """Ask for another code after the dossier of one was not the one that was meant."""
    labels = services.templates.labels["buttons"]
    return Answer(
        Outcome.DOSSIER,
        services.templates.render("dossier/another"),
        buttons=[Button.intent(labels["cancel"], "cancel")],
        remember={"dossier": None, "choices": None, "earlier": None},
    )


def known_codes(services: Services, text: str) -> Codes:
    """Return the tracking codes of a message."""
    return find_codes(text, services.today)


def without_codes(text: str, codes: Codes) -> str:
    """Return what a message says beside its tracking codes."""
    text = nfc(text)
    for code in sorted(codes, key=lambda it: -it.start):
        text = f"{text[: code.start]} {text[code.end :]}"
    return text


async def dossier_answer(services: Services, codes: Codes, *, brief: bool = False) -> Answer:
    """Tell where each dossier stands; found, not found, malformed and unavailable differ.

    `brief`: without what was told a moment ago, the procedure and what has happened so far.
    """
    shown: list[Mapping[str, Any]] = []
    states = []
    for code in codes[:_MOST_CODES]:
        if isinstance(code, MalformedCode):
            shown.append({"kind": "malformed", "code": code})
            states.append(_state(code.typed, "malformed"))
            continue
        found = await services.dossier_source.look_up(code.code)
        shown.append(await _shown(services, found))
        states.append(_state(code.code, shown[-1]["kind"]))
    text = services.templates.render(
        "dossier/answer",
        items=shown,
        brief=brief,
        ask_at=services.office.ask_at(),
        left_out=max(len(codes) - _MOST_CODES, 0),
    )
    return Answer(
        Outcome.DOSSIER,
        text,
        dossiers=states,
        sources=[
            {
                "title": item["found"].source,
                "document": None,
                "date": item["found"].as_of.date().isoformat(),
            }
            for item in shown
            if item["kind"] == "found"
        ],
        remember={FORM_SLOT: None, "tracking_tries": 0, **_procedure(shown)},
    )


def _procedure(shown: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """Return what is remembered to be talked about: the procedure that all dossiers are of."""
    found = {it["dossier"].procedure_id for it in shown if it["kind"] == "found"} or {None}
    [procedure, *others] = found
    return {} if others or procedure is None else {"procedure": procedure}


async def _shown(services: Services, found: LookUp) -> Mapping[str, Any]:
    if isinstance(found, DossierNotFound):
        return {"kind": "not_found", "code": found.code}
    if isinstance(found, DossierUnavailable):
        return {"kind": "unavailable", "code": found.code}
    dossier = found.dossier
    asked = dossier.open_supplement
    return {
        "kind": "found",
        "found": found,
        "dossier": dossier,
        "status": status_texts()[dossier.status],
        "statuses": status_texts(),
        "due": _due(services, dossier, dossier.due_on),
        "deadlines": await _deadlines(services, dossier),
        "running": not dossier.status.closed,
        "supplement": asked,
        "supplement_due": services.calendar.due(
            asked.due_on if asked else None, None, services.today
        ),
        "events": timeline(found),
        "as_of": found.as_of.astimezone(LOCAL_ZONE),
        "age_hours": int((services.clock() - found.as_of).total_seconds() // 3600),
    }


async def _deadlines(services: Services, dossier: Dossier) -> Sequence[tuple[Deadline, Due]]:
    """Return due dates that no source gives, but the time limit of the procedure does."""
    if dossier.due_on or dossier.status.closed:
        return ()
    catalogue = await services.catalogue.get()
    procedure = catalogue.procedures.get(dossier.procedure_id or "")
    found = services.due_dates.of(dossier, procedure)
    return [(deadline, _due(services, dossier, deadline.on)) for deadline in found]


def _due(services: Services, dossier: Dossier, on: date | None) -> Due:
    """Compare with a due date; nothing is called late that waits for the applicant or ended."""
    due = services.calendar.due(on, dossier.done_on, services.today)
    waits = dossier.status.paused or (dossier.status.closed and not dossier.done_on)
    return Due(DueState.NO_DUE_DATE) if waits and due.state is DueState.OVERDUE else due


def _state(code: str, state: str) -> Mapping[str, str]:
    return {"code": code, "state": state}


def _moved_on(message: Message, codes: Codes) -> bool:
    from actions.steering import steers  # as above
    from actions.told import asked_of_told, refuses_told, told_words

    if asked_of_told(message) or refuses_told(message) or told_words().has_no_code(message.text):
        return True
    if message.intent in _CALLED_OFF or _names_procedure(message) or steers(message):
        return True
    if phrases().refuses(message.text):
        return True
    is_number = message.text.strip().isdigit()  # no code, but meant for one
    return message.intent != TRACKING and not codes and not is_number


def _names_procedure(message: Message) -> bool:
    """Whether a message without a tracking code rather asks about the papers of a procedure."""
    if NATIONAL_CODE.search(message.text):
        return True
    asking = sum(message.ranking.get(intent, 0.0) for intent in ASPECT_OF_INTENT)
    return message.intent == TRACKING and message.confidence < _SURE and asking >= _MAY_ASK


def _filled(value: str) -> list[EventType]:
    return [SlotSet(FORM_SLOT, value), SlotSet("tracking_tries", 0)]
