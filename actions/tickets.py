"""Leaving a question for the staff: offering it, asking for it, and the number it gets."""

from __future__ import annotations

from collections.abc import Sequence

from actions.base import Answer, Button, Message, Outcome, Said
from actions.lists import FIELDS, Key
from actions.office import office_text
from actions.phrases import phrases
from actions.services import LOCAL_ZONE, Services
from knowledge.questions.tickets import Left, Question

TICKET = "ticket"
"""Choice: leave the question that was asked."""
OTHER_QUESTION = "question"
"""Choice: leave another question; as what is pending: the next message is that question."""
TALK = "talk_to_person"
COMPLAIN = "complain"
_TRACKING = "track_dossier"
_SMALL = ("greet", "thank", "say_goodbye", "praise", "affirm", "cancel", TALK)
_NO_QUESTION = frozenset(
    {*_SMALL, "deny", "ask_help", "ask_contact", "list_procedures", COMPLAIN, ""}
)
_FEW_WORDS = 4
"""A message of no more words that greets, thanks or asks for a person holds no question."""


def question_of(message: Message) -> str | None:
    """Return the last thing that was really asked; a complaint only if there is nothing else."""
    said = [*message.said_before, Said(message.text, message.intent)]
    asked = [item.text for item in said if asks(item)]
    complaints = [item.text for item in said if item.intent == COMPLAIN and _is_long(item.text)]
    found = asked or complaints
    return found[-1] if found else None


def asks(said: Said) -> bool:
    """Whether a message asks something, rather than steers or makes small talk."""
    if said.text.startswith("/") or said.intent in _NO_QUESTION:
        return False
    if said.intent == _TRACKING and not _is_long(said.text):
        return False
    return not phrases().steers(said.text)


def is_the_question(message: Message) -> bool:
    """Whether a message is the question that the assistant waits for."""
    if message.slots.get("pending") != OTHER_QUESTION or message.is_button:
        return False
    words = phrases()
    if words.refuses(message.text) or words.leaves_question(message.text):
        return False
    return message.intent not in _SMALL or _is_long(message.text)


async def leave(services: Services, message: Message, question: str | None) -> Answer:
    """Store a question and tell its number; without a question, ask for it."""
    if question is None:
        return ask_question(services)
    channel, _, _ = message.conversation.partition(":")
    left = await services.tickets.leave(
        Question(
            question,
            channel=channel,
            conversation=message.conversation,
            asked_at=services.clock().astimezone(LOCAL_ZONE),
            procedure=message.slots.get("procedure"),
        )
    )
    if not isinstance(left, Left):
        text = services.templates.render("ticket/not_stored", ask_at=services.office.ask_at())
        return Answer(Outcome.FAILED, text, buttons=[_retry(services)])
    return Answer(
        Outcome.HANDOFF,
        office_text(services, "ticket/left", ticket=left.ticket, new=left.new),
        buttons=[_other_question(services), _fields(services)],
        remember={"choices": None, "refused": None, "misses": 0},
    )


def ask_question(services: Services) -> Answer:
    """Ask for the question; the next message is taken for it."""
    labels = services.templates.labels["buttons"]
    return Answer(
        Outcome.HANDOFF,
        services.templates.render("ticket/ask_question"),
        buttons=[Button.intent(labels["cancel"], "cancel")],
        remember={"choices": None, "pending": OTHER_QUESTION},
    )


def offer_ticket(services: Services, message: Message, *, lost: bool = False) -> Answer:
    """Offer to leave the question that was asked; `lost` when nothing else helped."""
    question = question_of(message)
    return Answer(
        Outcome.HANDOFF,
        office_text(services, "ticket/offer", question=question, lost=lost),
        buttons=[*ticket_buttons(services, question), _fields(services), _contact(services)],
        remember={"choices": ticket_choices(question)},
    )


def ticket_buttons(services: Services, question: str | None) -> Sequence[Button]:
    """Return the buttons that leave this question, or another one."""
    labels = services.templates.labels["buttons"]
    if question is None:
        return [Button.intent(labels["leave_a_question"], TALK, choice=OTHER_QUESTION)]
    this = Button.intent(labels["leave_question"], TALK, choice=TICKET)
    return [this, _other_question(services)]


def ticket_choices(question: str | None) -> list[str]:
    """Return what these buttons stand for."""
    return [TICKET, OTHER_QUESTION] if question else [OTHER_QUESTION]


def _other_question(services: Services) -> Button:
    label = services.templates.labels["buttons"]["other_question"]
    return Button.intent(label, TALK, choice=OTHER_QUESTION)


def _fields(services: Services) -> Button:
    label = services.templates.labels["buttons"]["by_field"]
    return Button.intent(label, "list_procedures", choice=str(Key(FIELDS)))


def _contact(services: Services) -> Button:
    return Button.intent(services.templates.labels["buttons"]["contact"], "ask_contact")


def _retry(services: Services) -> Button:
    return Button.intent(services.templates.labels["buttons"]["retry"], TALK, choice=TICKET)


def _is_long(text: str) -> bool:
    return len(text.split()) > _FEW_WORDS
