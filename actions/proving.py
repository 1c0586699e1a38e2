"""The second proof in a conversation: asked for, gone on from, and what is followed then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from actions.base import Answer, Button, Message, Outcome
from actions.guarding import LIST, STOP, form_left
from actions.services import LOCAL_ZONE, Services
from actions.told import ABOUT, told_words
from knowledge.dossiers.dossier import DossierFound
from knowledge.following.proofs import Proof, State
from knowledge.following.subscriptions import ENDING, Followed

PROVE = "prove_dossier"
"""Said by the gateway alone, in place of digits that a person has typed."""
PROOF = "proof"
"""As what is pending: the next message should bring digits."""
_FEW_BUTTONS = 3
_HEARD = (Followed.NEW, Followed.BEFORE)


async def about_proof(services: Services, message: Message) -> Answer | None:
    """Answer a message that should have brought digits, and says that there are none."""
    if message.slots.get("pending") != PROOF or message.is_button:
        return None
    if told_words().has_no_digits(message.text):
        # They are still waited for: whoever finds them meanwhile just sends them.
        text = services.templates.render("following/no_digits", ask_at=services.office.ask_at())
        return Answer(Outcome.DOSSIER, text, remember={**form_left(), "pending": ABOUT})
    if not message.text.strip().isdigit():
        return None
    return Answer(
        Outcome.DOSSIER,
        services.templates.render("following/waiting"),
        buttons=[cancel_button(services)],
        remember={**form_left(), "pending": PROOF},
    )


async def ask_proof(
    services: Services, message: Message, codes: Sequence[str], *, late: bool = False
) -> Answer:
    """Ask for the digits of these dossiers; `late` ones were sent too late to be compared."""
    await services.proofs.ask(message.conversation, codes, services.clock())
    return Answer(
        Outcome.DOSSIER,
        services.templates.render("following/ask_proof", codes=codes, late=late),
        buttons=[cancel_button(services)],
        dossiers=_unproven(codes),
        remember={**form_left(), "choices": None, "earlier": None, "pending": PROOF},
    )


async def after_proofs(services: Services, message: Message, proofs: Sequence[Proof]) -> Answer:
    """Follow those that the digits fit; of the others say what can be done."""
    late = [it.code for it in proofs if it.state is State.LATE]
    if late:
        return await ask_proof(services, message, late, late=True)
    right = [it.code for it in proofs if it.state is State.PROVEN]
    wrong = [it for it in proofs if it.state is not State.PROVEN]
    if not wrong:
        return await subscribed(services, message, right)
    said = _not_proven(services, message, wrong, fits=bool(right))
    if not right:
        return said
    told = await subscribed(services, message, right)
    return replace(said, text=f"{told.text}\n\n{said.text}")


def _not_proven(
    services: Services, message: Message, proofs: Sequence[Proof], *, fits: bool
) -> Answer:
    paused = all(it.state is State.PAUSED for it in proofs)
    first, again = (
        services.templates.render(
            "following/not_proven",
            codes=[it.code for it in proofs if paused or it.state is not State.PAUSED],
            paused=paused,
            until=max(it.until for it in proofs).astimezone(LOCAL_ZONE),
            fits=fits,
            again=again,
            ask_at=services.office.ask_at(),
        )
        for again in (False, True)
    )
    return Answer(
        Outcome.DOSSIER,
        again if first == message.last_reply else first,
        buttons=[cancel_button(services)],
        dossiers=_unproven([it.code for it in proofs]),
        remember={"pending": PROOF},
    )


async def subscribed(
    services: Services, message: Message, codes: Sequence[str], unproven: Sequence[str] = ()
) -> Answer:
    """Follow dossiers; of the `unproven` only say why they cannot be followed."""
    results: dict[Followed, list[str]] = {}
    for code in codes:
        result = await services.subscriptions.follow(
            message.conversation, code, language=message.language, now=services.clock()
        )
        results.setdefault(result, []).append(code)
    for code in unproven:
        results.setdefault(await _why_not(services, code), []).append(code)
    heard = [code for result in _HEARD for code in results.get(result, ())]
    labels = services.templates.labels["buttons"]
    buttons = [
        Button.intent(_label(services, "unfollow", code, heard), STOP, tracking_code=code)
        for code in heard[:_FEW_BUTTONS]
    ]
    if heard or Followed.TOO_MANY in results:
        buttons.append(Button.intent(labels["followed"], LIST))
    groups = [{"result": result, "codes": those} for result, those in results.items()]
    return Answer(
        Outcome.DOSSIER,
        services.templates.render(
            "following/followed", groups=groups, ask_at=services.office.ask_at()
        ),
        buttons=buttons,
        remember={**form_left(), "pending": ABOUT},
    )


async def _why_not(services: Services, code: str) -> Followed:
    found = await services.dossiers.look_up(code)
    ended = isinstance(found, DossierFound) and found.dossier.status in ENDING
    return Followed.ENDED if ended else Followed.UNKNOWN


def _label(services: Services, name: str, code: str, among: Sequence[str]) -> str:
    label: str = services.templates.labels["buttons"][name]
    return f"{label}: {code}" if len(among) > 1 else label


def cancel_button(services: Services) -> Button:
    """Return the button that calls off what is asked."""
    return Button.intent(services.templates.labels["buttons"]["cancel"], "cancel")


def _unproven(codes: Sequence[str]) -> list[dict[str, str]]:
    return [{"code": code, "state": "needs_proof"} for code in codes]
