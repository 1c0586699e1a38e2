"""Being told when a dossier moves: what a conversation follows, and what not any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from actions.base import Answer, Button, Message, MotcuaAction, Outcome
from actions.dossiers import Codes, known_codes
from actions.guarding import (
    FOLLOW,
    LIST,
    STOP,
    form_left,
    guarded_answer,
    refusal,
)
from actions.proving import PROVE, after_proofs, ask_proof, cancel_button, subscribed
from actions.services import LOCAL_ZONE, Services
from actions.told import told_codes
from knowledge.dossiers.status import status_texts
from knowledge.dossiers.tracking_code import FoundCode, MalformedCode
from knowledge.following.subscriptions import Subscription

WHICH = "follow"
"""As what is pending: the next message names the dossier to follow."""
FOLLOWING = (FOLLOW, STOP, LIST, PROVE)
_SURE = 0.5
_MOST_BUTTONS = 10


class FollowDossier(MotcuaAction):
    """Take the wish to be told; it counts after the second proof."""

    action = "action_follow_dossier"

    async def answer(self, message: Message) -> Answer:
        """Ask for the proof, or for the dossier that is meant."""
        services = self.services
        codes = known_codes(services, message.text)
        if (codes or not told_codes(message)) and _doubtful(message):
            return await _instead(services, message, codes)
        return await follow_named(services, message, codes)


class ProveDossier(MotcuaAction):
    """Go on after digits were compared; what they were is not known here."""

    action = "action_prove_dossier"

    async def answer(self, message: Message) -> Answer:
        """Follow the dossier, or say what is wrong."""
        proofs = await self.services.proofs.latest(message.conversation)
        if not proofs:
            return _which(self.services, ())
        return await after_proofs(self.services, message, proofs)


class ListFollowed(MotcuaAction):
    """List what is followed, each with a button that stops it."""

    action = "action_list_followed"

    async def answer(self, message: Message) -> Answer:
        """List the subscriptions of the conversation."""
        services = self.services
        if _doubtful(message):
            return await _instead(services, message, ())
        followed = await services.subscriptions.of(message.conversation)
        caller = await services.callers.find(message.conversation)
        if caller.person is None:
            return _not_here(services)
        return _listed(services, followed)


class StopFollowing(MotcuaAction):
    """Follow a dossier no longer."""

    action = "action_stop_following"

    async def answer(self, message: Message) -> Answer:
        """Stop what is named, or the only one; else ask which."""
        services = self.services
        codes = known_codes(services, message.text)
        if _doubtful(message):
            return await _instead(services, message, codes)
        followed = await services.subscriptions.of(message.conversation)
        named = _found(codes)
        wanted = named or [it.code for it in followed]
        if not named and len(followed) > 1:
            return _listed(services, followed)
        stopped = [it.code for it in followed if it.code in wanted]
        if stopped:
            await services.subscriptions.stop(message.conversation, *stopped)
        text = services.templates.render(
            "following/stopped", codes=stopped or wanted, was=bool(stopped)
        )
        return Answer(Outcome.DOSSIER, text, remember=form_left())


def _doubtful(message: Message) -> bool:
    return message.confidence < _SURE and not message.is_button


async def _instead(services: Services, message: Message, codes: Codes) -> Answer:
    """Answer what may not be a wish to be told, or not to be: by its codes, if it has any."""
    from actions.dialogue import ReplyUnclear  # they stand on the actions
    from actions.procedures import codes_answer

    if codes:
        return await codes_answer(services, message, codes)
    return await ReplyUnclear(services).answer(message)


async def follow_named(services: Services, message: Message, codes: Codes) -> Answer:
    """Follow the dossiers that a message names, else those that were told last."""
    named = _found(codes)
    if named and not message.is_button:
        told = await guarded_answer(services, message, codes)
        there = [it["code"] for it in told.dossiers if it["state"] == "found"]
        if not there:
            return told
        asked = await follow(services, message, there)
        return replace(
            asked,
            text=f"{told.text}\n\n{asked.text}",
            dossiers=told.dossiers,
            sources=told.sources,
            remember={**told.remember, **asked.remember},
        )
    named = named or _found(told_codes(message))
    return await follow(services, message, named) if named else _which(services, codes)


async def follow(services: Services, message: Message, codes: Sequence[str]) -> Answer:
    """Follow those that are proven to be the person's at once, and ask for proof of the others.

    What has ended, or is known to a portal alone, is said before anybody is asked for digits.
    """
    caller = await services.callers.find(message.conversation)
    if caller.person is None:
        return _not_here(services)
    running = await services.subscriptions.running(codes)
    known = [
        code
        for code in codes
        if code in running
        and await services.proofs.is_proven(caller.rasa_id, code, services.clock())
    ]
    strange = [code for code in codes if code in running and code not in known]
    refused = await refusal(services, message, caller, len(strange)) if strange else None
    if refused:
        return refused
    rest = [code for code in codes if code not in running]
    told = await subscribed(services, message, known, rest) if known or rest else None
    if not strange:
        return told or _which(services, ())
    asked = await ask_proof(services, message, strange)
    return replace(asked, text=f"{told.text}\n\n{asked.text}") if told else asked


def _not_here(services: Services) -> Answer:
    """Say that nobody can be written to here: in a terminal, in a batch."""
    return Answer(Outcome.DOSSIER, services.templates.render("following/not_here"))


def _which(services: Services, codes: Codes) -> Answer:
    wrong = [code for code in codes if isinstance(code, MalformedCode)]
    return Answer(
        Outcome.DOSSIER,
        services.templates.render("following/which", wrong=wrong),
        buttons=[cancel_button(services)],
        remember={**form_left(), "choices": None, "earlier": None, "pending": WHICH},
    )


def _listed(services: Services, followed: Sequence[Subscription]) -> Answer:
    labels = services.templates.labels["buttons"]
    items = [
        {
            "code": it.code,
            "procedure": it.procedure_name,
            "status": status_texts()[it.status],
            "since": it.since.astimezone(LOCAL_ZONE),
        }
        for it in followed
    ]
    buttons = [
        Button.intent(f"{labels['unfollow']}: {it.code}", STOP, tracking_code=it.code)
        for it in followed[:_MOST_BUTTONS]
    ]
    if len(followed) > 1:
        every = " ".join(it.code for it in followed)
        buttons.append(Button.intent(labels["unfollow_all"], STOP, tracking_code=every))
    return Answer(
        Outcome.DOSSIER,
        services.templates.render("following/list", items=items),
        buttons=buttons,
        remember=form_left(),
    )


def _found(codes: Codes) -> list[str]:
    """Return the well-formed codes, each once."""
    return list(dict.fromkeys(code.code for code in codes if isinstance(code, FoundCode)))
