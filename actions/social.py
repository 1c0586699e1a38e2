"""Small talk: greetings, thanks, help. The texts are templates."""

from __future__ import annotations

from typing import Any

from actions.base import Answer, Button, Outcome
from actions.services import Services

SOCIAL = ("greet", "thank", "say_goodbye", "ask_help", "praise")
_OFFERS_HELP = ("greet", "ask_help", "cancel")


def social(services: Services, name: str, **remember: Any) -> Answer:
    """Return a text of small talk; a greeting and a call for help come with what can be done."""
    labels = services.templates.labels["buttons"]
    buttons = [
        Button.intent(labels["other"], "list_procedures"),
        Button.intent(labels["track_dossier"], "track_dossier"),
        Button.intent(labels["talk_to_person"], "talk_to_person"),
    ]
    return Answer(
        Outcome.SOCIAL,
        services.templates.render(f"social/{name}"),
        buttons=buttons if name in _OFFERS_HELP else (),
        remember=remember,
    )
