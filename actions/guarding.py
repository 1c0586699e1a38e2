"""Look-ups by code: limited and noticed, and offered to be followed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from actions.base import Answer, Button, Message, Outcome
from actions.dossiers import Codes, dossier_answer
from actions.services import LOCAL_ZONE, Services
from actions.told import ABOUT, SLOT
from knowledge.dossiers.tracking_code import FoundCode
from knowledge.privacy.callers import Caller

FOLLOW = "follow_dossier"
STOP = "stop_following"
LIST = "list_followed"
_MOST_BUTTONS = 3
_OUTCOMES_SEEN = ("found", "not_found")


async def guarded_answer(
    services: Services, message: Message, codes: Codes, *, brief: bool = False
) -> Answer:
    """Tell where dossiers stand, unless the caller has to wait; malformed codes cost nothing."""
    known = list(dict.fromkeys(code.code for code in codes if isinstance(code, FoundCode)))
    caller = await services.callers.find(message.conversation)
    refused = await refusal(services, message, caller, len(known)) if known else None
    if refused:
        return refused
    answer = await dossier_answer(services, codes, brief=brief)
    states = {it["code"]: it["state"] for it in answer.dossiers}
    looked_up = {
        code: states[code] == "found" for code in known if states.get(code) in _OUTCOMES_SEEN
    }
    if looked_up:
        await services.guard.note(caller, looked_up, services.clock())
    found = [code for code, is_there in looked_up.items() if is_there]
    return replace(
        answer,
        buttons=[*answer.buttons, *await _follow_buttons(services, caller, found)],
        remember={
            **answer.remember,
            SLOT: " ".join(found) or None,
            "pending": ABOUT if found else None,
        },
    )


async def refusal(
    services: Services, message: Message, caller: Caller, count: int
) -> Answer | None:
    """Return what is said to somebody who has to wait before the next look-up; None if not."""
    until = await services.guard.admit(caller, count, services.clock())
    if until is None:
        return None
    first, again = (
        services.templates.render(
            "following/too_many",
            until=until.astimezone(LOCAL_ZONE),
            again=it,
            ask_at=services.office.ask_at(),
        )
        for it in (False, True)
    )
    text = again if first == message.last_reply else first
    return Answer(Outcome.DOSSIER, text, remember=form_left())


def form_left() -> Mapping[str, object]:
    """Return what ends the form that asks for a code."""
    return {"tracking_code": None, "tracking_tries": 0}


async def _follow_buttons(
    services: Services, caller: Caller, found: Sequence[str]
) -> list[Button]:
    if caller.person is None:  # nothing can be sent to a terminal
        return []
    followed = {it.code for it in await services.subscriptions.of(caller.rasa_id)}
    running = await services.subscriptions.running(found)
    fresh = [code for code in found if code in running - followed]
    labels = services.templates.labels["buttons"]
    buttons = [
        Button.intent(
            labels[name] if len(found) == 1 else f"{labels[name]}: {code}",
            STOP if code in followed else FOLLOW,
            tracking_code=code,
        )
        for code in found
        if code in followed or code in fresh
        for name in ["unfollow" if code in followed else "follow"]
    ]
    if len(fresh) > 1:
        every = Button.intent(labels["follow_all"], FOLLOW, tracking_code=" ".join(fresh))
        return [every, *buttons[:_MOST_BUTTONS]]
    return buttons[:_MOST_BUTTONS]
