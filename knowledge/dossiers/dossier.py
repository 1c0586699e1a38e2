"""A dossier as a source reports it, what has happened to it, and what a look-up can find."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields, replace
from datetime import date, datetime

from knowledge.dossiers.status import Status


@dataclass(frozen=True, slots=True)
class Supplement:
    """A request for further papers (yêu cầu bổ sung); `answered_on` None: not yet, or not told."""

    request: str | None = None
    papers: tuple[str, ...] = ()
    asked_on: date | None = None
    due_on: date | None = None
    answered_on: date | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A status that a dossier has had; `happened_at` only where the source says when."""

    status: Status
    noted_at: datetime
    happened_at: datetime | None = None
    desk: str | None = None


@dataclass(frozen=True, slots=True)
class Dossier:
    """One dossier (hồ sơ thủ tục hành chính) as a source reports it."""

    code: str
    procedure_name: str
    status: Status
    procedure_id: str | None = None
    field: str | None = None
    applicant_name: str | None = None
    phone_last4: str | None = None
    identity_last4: str | None = None
    received_on: date | None = None
    due_on: date | None = None
    resolved_on: date | None = None
    returned_on: date | None = None
    desk: str | None = None
    fee_due_vnd: int | None = None
    supplements: tuple[Supplement, ...] = ()
    sample: bool = False

    @property
    def done_on(self) -> date | None:
        """Return the day of the result, as far as a source tells it."""
        return self.resolved_on or self.returned_on

    @property
    def open_supplement(self) -> Supplement | None:
        """Return the request the applicant has to answer now."""
        if self.status is not Status.SUPPLEMENT_REQUESTED:
            return None
        return next((it for it in reversed(self.supplements) if it.answered_on is None), None)


FIELDS = frozenset(item.name for item in fields(Dossier))
PERSONAL = frozenset({"applicant_name", "phone_last4", "identity_last4"})
"""Fields whose values are shown and written nowhere but to the applicant."""


@dataclass(frozen=True, slots=True)
class DossierFound:
    """A source has the dossier; `as_of` is when it last confirmed it."""

    dossier: Dossier
    source: str
    as_of: datetime
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class DossierNotFound:
    """The source answers, and has no dossier of this code."""

    code: str


@dataclass(frozen=True, slots=True)
class DossierUnavailable:
    """The source cannot be asked now; nothing is known of the dossier."""

    code: str


LookUp = DossierFound | DossierNotFound | DossierUnavailable


def merged(known: Dossier | None, item: Dossier, told: Collection[str]) -> Dossier:
    """Return what is known after a source has told some fields; the others stay as they were."""
    if known is None:
        return item
    values = {name: getattr(item, name) for name in told}
    if "supplements" in told:
        values["supplements"] = _with_earlier(known.supplements, item.supplements)
    return replace(known, **values)


def _with_earlier(
    known: Iterable[Supplement], told: Iterable[Supplement]
) -> tuple[Supplement, ...]:
    """Return all requests: exports name the last one only, earlier ones are kept."""
    by_day = {(it.asked_on, it.asked_on or it.request): it for it in (*known, *told)}
    return tuple(sorted(by_day.values(), key=lambda it: it.asked_on or date.min))
