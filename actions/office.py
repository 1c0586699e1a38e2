"""The office: opening hours and contact."""

from __future__ import annotations

from actions.base import Answer, Message, MotcuaAction, Outcome
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
            office_text(self.services, f"office/{name}"),
            sources=[
                {"title": item.title, "document": None, "date": item.date}
                for item in self.services.office.facts.sources
            ],
        )


def office_text(services: Services, name: str, **values: object) -> str:
    """Render a template that may say whether the office is open now."""
    now = services.clock().astimezone(LOCAL_ZONE)
    opening = services.office.opening(now, services.calendar)
    return services.templates.render(
        name,
        office=services.office,
        open_until=opening.until if isinstance(opening, OpenNow) else None,
        closed=isinstance(opening, ClosedUntil),
        opens=opening.opens if isinstance(opening, ClosedUntil) else None,
        day_off=not services.calendar.is_working_day(now.date()),
        **values,
    )
