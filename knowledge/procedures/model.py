"""A procedure (thủ tục hành chính) as the knowledge base records it, and its standing on a day.

Records are files under `knowledge/data/procedures/`; pydantic validates each on load. An empty
list means *unknown*, never *none*: `fees: []` is unknown, a fee of 0 is free.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
ProcedureId = Annotated[str, StringConstraints(pattern=r"^([12]\.\d{6}|[a-z0-9]+(-[a-z0-9]+)*)$")]
NationalCode = Annotated[str, StringConstraints(pattern=r"^[12]\.\d{6}$")]


class Aspect(StrEnum):
    """What of a procedure a question asks for."""

    OVERVIEW = "overview"
    DOCUMENTS = "documents"
    FORMS = "forms"
    FEE = "fee"
    PROCESSING_TIME = "processing_time"
    WHERE_TO_FILE = "where_to_file"
    ONLINE_FILING = "online_filing"
    CONDITIONS = "conditions"
    LEGAL_BASIS = "legal_basis"
    RESULT = "result"
    VALIDITY = "validity"
    LIST = "list"


class Variant(StrEnum):
    """Which of the acts of one licence: first issue, re-issue, amendment, extension, ending."""

    CAP_MOI = "cap_moi"
    CAP_LAI = "cap_lai"
    SUA_DOI = "sua_doi"
    GIA_HAN = "gia_han"
    CHAM_DUT = "cham_dut"
    THONG_BAO = "thong_bao"
    DANG_KY = "dang_ky"
    PHE_DUYET = "phe_duyet"
    KHAC = "khac"


class State(StrEnum):
    """Whether a procedure is carried out."""

    CURRENT = "current"
    UNVERIFIED = "unverified"
    SUSPENDED = "suspended"
    ABOLISHED = "abolished"
    REPLACED = "replaced"


class Unit(StrEnum):
    """Unit of a processing time."""

    WORKING_DAY = "working_day"
    DAY = "day"
    HOUR = "hour"


class Confidence(StrEnum):
    """How well the sources of a record agree with the law in force."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Record(BaseModel):
    """Base of all parts: unknown keys are faults, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Document(Record):
    """A paper of the dossier (thành phần hồ sơ)."""

    name: Text
    form: Text | None = None
    originals: int | None = Field(None, ge=0)
    copies: int | None = Field(None, ge=0)
    case: Text | None = None
    note: Text | None = None


class ProcessingTime(Record):
    """How long the authority takes (thời hạn giải quyết); for notifications the lead time."""

    text: Text
    value: float | None = Field(None, ge=0)
    unit: Unit | None = None
    case: Text | None = None


class Fee(Record):
    """A fee (phí, lệ phí). `amount_vnd` 0 is free; None means that the amount was not read."""

    kind: Text
    text: Text
    amount_vnd: int | None = Field(None, ge=0)
    per: Text | None = None
    case: Text | None = None
    basis: Text | None = None


class Source(Record):
    """Where facts were read; `fields` names the parts of the record that it supports."""

    fields: tuple[str, ...]
    title: Text
    url_or_document: Text
    date: Text | None = None
    province: Text | None = None

    @model_validator(mode="after")
    def _fields_exist(self) -> Self:
        unknown = set(self.fields) - set(Procedure.model_fields) - {"status_note", "sets"}
        if unknown:
            raise ValueError(f"fields names no part of a record: {', '.join(sorted(unknown))}")
        return self


class StatusRecord(Record):
    """The recorded state of a procedure and the period it holds for."""

    state: State
    since: date | None = None
    until: date | None = None
    review_by: date | None = None
    replaced_by: tuple[ProcedureId, ...] = ()
    basis: tuple[Text, ...] = ()
    note: Text | None = None

    @model_validator(mode="after")
    def _dates_in_order(self) -> Self:
        if self.since and self.until and self.until < self.since:
            raise ValueError("until lies before since")
        if self.state is State.REPLACED and not self.replaced_by:
            raise ValueError("a replaced procedure names what replaces it in replaced_by")
        return self


class Reason(StrEnum):
    """Why a record stands as it does on a day."""

    AS_RECORDED = "as_recorded"
    NOT_YET = "not_yet"
    PERIOD_OVER = "period_over"
    REVIEW_DUE = "review_due"


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a procedure on one day, and why."""

    state: State
    reason: Reason
    day: date

    @property
    def asserted(self) -> bool:
        """Whether the record may be told as the rule that applies."""
        return self.state is State.CURRENT


class Procedure(Record):
    """One procedure (thủ tục hành chính) with all that is known of it."""

    id: ProcedureId
    code: NationalCode | None = None
    name: Text
    field: Slug
    family: Slug
    variant: Variant
    level: Annotated[str, StringConstraints(pattern="^(tỉnh|xã|bộ)$")]
    agency: Text | None = None
    applicants: tuple[Text, ...] = ()
    aliases: tuple[Text, ...] = ()
    documents: tuple[Document, ...] = ()
    sets: int | None = Field(None, ge=1)
    processing: tuple[ProcessingTime, ...] = ()
    fees: tuple[Fee, ...] = ()
    methods: tuple[Text, ...] = ()
    where: Text | None = None
    result: Text | None = None
    validity: Text | None = None
    conditions: tuple[Text, ...] = ()
    legal_basis: tuple[Text, ...] = ()
    status: StatusRecord
    related: tuple[ProcedureId, ...] = ()
    confidence: Confidence
    sources: tuple[Source, ...] = Field(min_length=1)

    def standing_on(self, day: date) -> Standing:
        """Read the recorded status against a day.

        Outside the period that a source supports nothing is asserted any more: before it
        begins, after it ends, and from its review date on the state is *unverified*.
        """
        status = self.status
        if status.since and day < status.since:
            return Standing(State.UNVERIFIED, Reason.NOT_YET, day)
        if status.until:
            if day > status.until:
                return Standing(State.UNVERIFIED, Reason.PERIOD_OVER, day)
        elif status.review_by and day >= status.review_by:
            return Standing(State.UNVERIFIED, Reason.REVIEW_DUE, day)
        return Standing(status.state, Reason.AS_RECORDED, day)

    def phrases(self) -> Iterator[str]:
        """Yield everything the procedure is called: official name, then everyday wordings."""
        yield self.name
        yield from self.aliases
