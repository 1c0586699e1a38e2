"""What followers are told: texts of a change, of a coming due date and of a deadline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from actions.base import Button as Payload
from actions.guarding import STOP
from actions.language import Language
from actions.services import Services
from actions.templates import Templates
from bot.messages import Button
from knowledge.dossiers.dossier import Dossier
from knowledge.dossiers.status import status_texts


class News:
    """Writes news in the language of the follower; nothing in them names a person."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def changed(self, dossier: Dossier, language: str, *, ends: bool) -> str:
        """Return the text of a new status; `ends` when it is the last one."""
        return self._templates(language).render(
            "following/changed",
            dossier=dossier,
            words=status_texts()[dossier.status],
            supplement=dossier.open_supplement,
            ends=ends,
        )

    def coming(self, dossier: Dossier, day: date, language: str, *, papers: bool) -> str:
        """Return the text of a day that comes: the due date, or that of further `papers`."""
        return self._templates(language).render(
            "following/coming",
            dossier=dossier,
            day=day,
            supplement=dossier.open_supplement if papers else None,
        )

    def stop_button(self, code: str, language: str) -> Sequence[Button]:
        """Return the button that ends the news of a dossier."""
        label = self._templates(language).labels["buttons"]["unfollow"]
        payload = Payload.intent(label, STOP, tracking_code=code)
        return [Button(payload.label, payload.payload)]

    def _templates(self, language: str) -> Templates:
        return self._services.templates.of(Language(language))
