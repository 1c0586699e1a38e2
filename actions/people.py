"""A person is wanted: where one is, when, and how to leave a question meanwhile."""

from __future__ import annotations

from actions.base import Answer, Button, Message, MotcuaAction, Outcome
from actions.office import office_text
from actions.services import Services
from actions.tickets import (
    COMPLAIN,
    ask_question,
    offer_ticket,
    question_of,
    ticket_buttons,
    ticket_choices,
)


class HandOver(MotcuaAction):
    """Say how to reach a person and offer to leave the question; for complaints as well."""

    action = "action_hand_over"

    async def answer(self, message: Message) -> Answer:
        """Tell where a person is; asked once more, ask for the question."""
        answer = hand_over(self.services, message)
        if answer.text != message.last_reply:
            return answer
        if question_of(message):
            return offer_ticket(self.services, message)
        return ask_question(self.services)


def hand_over(services: Services, message: Message) -> Answer:
    """Return where to find a person, with the offer to leave the question."""
    question = question_of(message)
    labels = services.templates.labels["buttons"]
    complaint = message.intent == COMPLAIN
    return Answer(
        Outcome.HANDOFF,
        office_text(services, "office/hand_over", complaint=complaint, question=question),
        buttons=[
            *ticket_buttons(services, question),
            Button.intent(labels["track_dossier"], "track_dossier"),
        ],
        remember={"choices": ticket_choices(question)},
    )
