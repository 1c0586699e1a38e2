"""Being told when a dossier moves: the second proof, and what a conversation follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from actions.base import Answer, Button, Message, MotcuaAction, Outcome
from actions.dossiers import Codes, known_codes
from actions.guarding import (
    DOSSIER_SLOT,
    FOLLOW,
    LIST,
    STOP,
    form_left,
    guarded_answer,
    refusal,
)
from actions.services import LOCAL_ZONE, Services
from knowledge.dossiers.status import status_texts
from knowledge.dossiers.tracking_code import FoundCode, MalformedCode
from knowledge.following.proofs import Proof, State
from knowledge.following.subscriptions import Followed, Subscription

PROVE = "prove_dossier"
"""Said by the gateway alone, in place of digits that a person has typed."""
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
        told = message.slots.get(DOSSIER_SLOT)
        if not (codes or message.is_button or told) and message.confidence < _SURE:
            from actions.dialogue import ReplyUnclear  # it stands on the actions

            return await ReplyUnclear(services).answer(message)
        return await follow_named(services, message, codes)


class ProveDossier(MotcuaAction):
    """Go on after digits were compared; what they were is not known here."""

    action = "action_prove_dossier"

    async def answer(self, message: Message) -> Answer:
        """Follow the dossier, or say what is wrong."""
        proof = await self.services.proofs.latest(message.conversation)
        if proof is None:
            return _which(self.services, ())
        return await _after_proof(self.services, message, proof)


class ListFollowed(MotcuaAction):
    """List what is followed, each with a button that stops it."""

    action = "action_list_followed"

    async def answer(self, message: Message) -> Answer:
        """List the subscriptions of the conversation."""
        followed = await self.services.subscriptions.of(message.conversation)
        return _listed(self.services, followed)


class StopFollowing(MotcuaAction):
    """Follow a dossier no longer."""

    action = "action_stop_following"

    async def answer(self, message: Message) -> Answer:
        """Stop what is named, or the only one; else ask which."""
        services = self.services
        followed = await services.subscriptions.of(message.conversation)
        named = _first_code(known_codes(services, message.text))
        only = followed[0].code if len(followed) == 1 else None
        code = named or only
        if code is None:
            return _listed(services, followed)
        stopped = await services.subscriptions.stop(message.conversation, code)
        text = services.templates.render("following/stopped", code=code, was=bool(stopped))
        return Answer(Outcome.DOSSIER, text, remember=form_left())


async def follow_named(services: Services, message: Message, codes: Codes) -> Answer:
    """Follow the dossier that a message names, else the one that was told last."""
    code = _first_code(codes)
    if code and not message.is_button:
        told = await guarded_answer(services, message, codes)
        if not any(it["state"] == "found" and it["code"] == code for it in told.dossiers):
            return told
        asked = await follow(services, message, code)
        return replace(
            asked,
            text=f"{told.text}\n\n{asked.text}",
            dossiers=told.dossiers,
            sources=told.sources,
            remember={**told.remember, **asked.remember},
        )
    code = code or message.slots.get(DOSSIER_SLOT)
    return await follow(services, message, code) if code else _which(services, codes)


async def follow(services: Services, message: Message, code: str) -> Answer:
    """Follow a dossier at once if it is proven to be the person's, else ask for the proof."""
    caller = await services.callers.find(message.conversation)
    if caller.person is None:
        return Answer(Outcome.DOSSIER, services.templates.render("following/not_here"))
    if await services.proofs.is_proven(caller.rasa_id, code, services.clock()):
        return await _subscribed(services, message, code)
    refused = await refusal(services, caller, 1)
    if refused:
        return refused
    return await _ask_proof(services, message, code)


async def _ask_proof(
    services: Services, message: Message, code: str, *, late: bool = False
) -> Answer:
    await services.proofs.ask(message.conversation, code, services.clock())
    labels = services.templates.labels["buttons"]
    return Answer(
        Outcome.DOSSIER,
        services.templates.render("following/ask_proof", code=code, late=late),
        buttons=[Button.intent(labels["cancel"], "cancel")],
        dossiers=[{"code": code, "state": "needs_proof"}],
        remember={**form_left(), "choices": None, "earlier": None},
    )


async def _after_proof(services: Services, message: Message, proof: Proof) -> Answer:
    if proof.state is State.PROVEN:
        return await _subscribed(services, message, proof.code)
    if proof.state is State.LATE:
        return await _ask_proof(services, message, proof.code, late=True)
    text = services.templates.render(
        "following/not_proven",
        code=proof.code,
        paused=proof.state is State.PAUSED,
        until=proof.until.astimezone(LOCAL_ZONE),
        ask_at=services.office.ask_at(),
    )
    labels = services.templates.labels["buttons"]
    return Answer(
        Outcome.DOSSIER,
        text,
        buttons=[Button.intent(labels["cancel"], "cancel")],
        dossiers=[{"code": proof.code, "state": "needs_proof"}],
    )


async def _subscribed(services: Services, message: Message, code: str) -> Answer:
    result = await services.subscriptions.follow(
        message.conversation, code, language=message.language, now=services.clock()
    )
    labels = services.templates.labels["buttons"]
    buttons = [Button.intent(labels["followed"], LIST)]
    if result in (Followed.NEW, Followed.BEFORE):
        buttons = [Button.intent(labels["unfollow"], STOP, tracking_code=code), *buttons]
    return Answer(
        Outcome.DOSSIER,
        services.templates.render(
            "following/followed", code=code, result=result, ask_at=services.office.ask_at()
        ),
        buttons=buttons,
        remember=form_left(),
    )


def _which(services: Services, codes: Codes) -> Answer:
    wrong = [code for code in codes if isinstance(code, MalformedCode)]
    labels = services.templates.labels["buttons"]
    return Answer(
        Outcome.DOSSIER,
        services.templates.render("following/which", wrong=wrong),
        buttons=[Button.intent(labels["cancel"], "cancel")],
        remember={**form_left(), "choices": None, "earlier": None, "pending": WHICH},
    )


def _listed(services: Services, followed: Sequence[Subscription]) -> Answer:
    label = services.templates.labels["buttons"]["unfollow"]
    items = [
        {
            "code": it.code,
            "procedure": it.procedure_name,
            "status": status_texts()[it.status],
            "since": it.since.astimezone(LOCAL_ZONE),
        }
        for it in followed
    ]
    return Answer(
        Outcome.DOSSIER,
        services.templates.render("following/list", items=items),
        buttons=[
            Button.intent(f"{label}: {it.code}", STOP, tracking_code=it.code)
            for it in followed[:_MOST_BUTTONS]
        ],
        remember=form_left(),
    )


def _first_code(codes: Codes) -> str | None:
    return next((code.code for code in codes if isinstance(code, FoundCode)), None)
