"""All actions, with the services they work with."""

from __future__ import annotations

from rasa_sdk import Action

from actions.base import MotcuaAction
from actions.dialogue import (
    Affirm,
    Cancel,
    DefaultFallback,
    Deny,
    Refuse,
    ReplySocial,
    ReplyUnclear,
)
from actions.dossiers import AskTrackingCode, TrackDossier, ValidateDossierForm
from actions.following import FollowDossier, ListFollowed, ProveDossier, StopFollowing
from actions.office import ReplyOffice
from actions.people import HandOver
from actions.personal_data import EraseMyData, ShowMyData
from actions.procedures import AnswerProcedure, ListProcedures
from actions.services import Services

_ACTIONS: tuple[type[MotcuaAction], ...] = (
    AnswerProcedure,
    ListProcedures,
    TrackDossier,
    AskTrackingCode,
    ReplyOffice,
    HandOver,
    ReplySocial,
    Refuse,
    ReplyUnclear,
    DefaultFallback,
    Affirm,
    Deny,
    Cancel,
    FollowDossier,
    ProveDossier,
    ListFollowed,
    StopFollowing,
    ShowMyData,
    EraseMyData,
)


def all_actions(services: Services) -> list[Action]:
    """Return one instance of each action, for a server that registers instances."""
    return [*(action(services) for action in _ACTIONS), ValidateDossierForm(services)]
