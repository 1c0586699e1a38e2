"""What is held of a person: shown as a list, and erased after one confirmation."""

from __future__ import annotations

from actions.base import Answer, Button, Message, MotcuaAction, Outcome
from actions.services import LOCAL_ZONE, Services
from knowledge.vietnamese import search_key

SHOW = "show_my_data"
ERASE = "erase_my_data"
ERASE_NOW = "erase"
"""What the gateway is asked to do once the turn has ended."""
_CONFIRMED = "yes"
_SURE = 0.5


class ShowMyData(MotcuaAction):
    """Show what is held of the person, in numbers and days."""

    action = "action_show_my_data"

    async def answer(self, message: Message) -> Answer:
        """List what is held by kind."""
        services = self.services
        if _doubtful(message):
            return await _unclear(services, message)
        if services.personal is None:
            return Answer(Outcome.ANSWERED, services.templates.render("privacy/not_here"))
        labels = services.templates.labels
        held = [
            {
                "kind": labels["held"][it.kind],
                "count": it.count,
                "since": it.since and it.since.astimezone(LOCAL_ZONE),
                "until": it.until and it.until.astimezone(LOCAL_ZONE),
            }
            for it in await services.personal.held(message.conversation)
            if it.count
        ]
        return Answer(
            Outcome.ANSWERED,
            services.templates.render("privacy/held", held=held, ask_at=services.office.ask_at()),
            buttons=[Button.intent(labels["buttons"]["erase"], ERASE)],
        )


class EraseMyData(MotcuaAction):
    """Ask once, then have everything of the person erased."""

    action = "action_erase_my_data"

    async def answer(self, message: Message) -> Answer:
        """Ask for the confirmation, or pass it on."""
        services = self.services
        if _doubtful(message):
            return await _unclear(services, message)
        if services.personal is None:
            return Answer(Outcome.ANSWERED, services.templates.render("privacy/not_here"))
        labels = services.templates.labels["buttons"]
        if _confirms(message, labels["erase_now"]):
            return erased_now(services)
        return Answer(
            Outcome.ANSWERED,
            services.templates.render("privacy/confirm"),
            buttons=[
                Button.intent(labels["erase_now"], ERASE, confirmed=_CONFIRMED),
                Button.intent(labels["cancel"], "cancel"),
            ],
            remember={"pending": ERASE},
        )


def erased_now(services: Services) -> Answer:
    """Have the gateway erase everything; it replaces the text by the receipt."""
    return Answer(Outcome.ANSWERED, services.templates.render("privacy/not_here"), then=ERASE_NOW)


def _confirms(message: Message, label: str) -> bool:
    """Whether the button was pressed, or its label typed where it was offered."""
    if message.is_button:
        return message.entities.get("confirmed") == _CONFIRMED
    offered = message.slots.get("pending") == ERASE
    return offered and search_key(message.text) == search_key(label)


def _doubtful(message: Message) -> bool:
    return message.confidence < _SURE and not message.is_button


async def _unclear(services: Services, message: Message) -> Answer:
    from actions.dialogue import ReplyUnclear  # it stands on the actions

    return await ReplyUnclear(services).answer(message)
