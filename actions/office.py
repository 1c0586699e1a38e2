"""The office: opening hours, contact, and a person to talk to."""

from __future__ import annotations

from actions.base import Answer, Button, Message, MotcuaAction, Outcome
from actions.services import LOCAL_ZONE, Services
from knowledge.office.offices import ClosedUntil, OpenNow


class ReplyOffice(MotcuaAction):
    """Tell opening hours or contact; what the installation has not said is said to be unknown."""

    action = "action_reply_office"

    async def answer(self, message: Message) -> Answer:
        """Answer hours or contact, as asked."""
        name = "hours" if message.intent == "ask_working_hours" else "contact"
        return Answer(
            Outcome.SOCIAL,
            _render(self.services, name),
            sources=[
                {"title": item.title, "document": None, "date": item.date}
                for item in self.services.office.facts.sources
            ],
        )


class HandOver(MotcuaAction):
    """Say how to reach a person; for complaints as well."""

    action = "action_hand_over"

    async def answer(self, message: Message) -> Answer:
        """Tell where a person is, and when."""
        return hand_over(self.services, complaint=message.intent == "complain")


def hand_over(services: Services, *, complaint: bool = False) -> Answer:
    """Return where to find a person."""
    return Answer(
        Outcome.HANDOFF,
        _render(services, "hand_over", complaint=complaint),
        buttons=[
            Button.intent(services.templates.labels["buttons"]["track_dossier"], "track_dossier")
        ],
    )


def _render(services: Services, name: str, **values: object) -> str:
    now = services.clock().astimezone(LOCAL_ZONE)
    opening = services.office.opening(now, services.calendar)
    return services.templates.render(
        f"office/{name}",
        office=services.office,
        open_until=opening.until if isinstance(opening, OpenNow) else None,
        closed=isinstance(opening, ClosedUntil),
        opens=opening.opens if isinstance(opening, ClosedUntil) else None,
        day_off=not services.calendar.is_working_day(now.date()),
        **values,
    )
