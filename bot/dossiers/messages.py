"""The national sync messages (bản tin đồng bộ) `DongBoHoSoMC` and `CapNhatTienDoHoSoMC`.

Field names are those of the reference. Names of clerks, addresses and attachments are not read;
of phone and identity numbers the last four digits are.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from knowledge.dossiers.dates import parse_day, parse_moment
from knowledge.dossiers.dossier import Dossier, Step, Supplement
from knowledge.dossiers.importer import last4, procedure_id
from knowledge.dossiers.status import Status, parse_status
from knowledge.dossiers.tracking_code import parse_code
from knowledge.vietnamese import nfc

SYNC, PROGRESS = "DongBoHoSoMC", "CapNhatTienDoHoSoMC"
_UNPAID = "0"


def _reading(parse: Callable[[str], Any], problem: str) -> BeforeValidator:
    def read(value: Any) -> Any:
        text = "" if value is None else str(value).strip()
        if not text:
            return None
        found = parse(text)
        if found is None:
            raise ValueError(problem)
        return found

    return BeforeValidator(read)


def _text(value: Any) -> str | None:
    if isinstance(value, dict | list):
        raise ValueError("must be a text")
    return nfc(str(value)).strip() or None if value is not None else None


Text = Annotated[str | None, BeforeValidator(_text)]
Day = Annotated[date | None, _reading(parse_day, "must be a day, yyyyMMddHHmmss")]
Moment = Annotated[datetime, _reading(parse_moment, "must be a moment, yyyyMMddHHmmss")]
Code = Annotated[str, _reading(parse_code, "must be a tracking code")]
StatusNumber = Annotated[Status, _reading(parse_status, "must be one of the statuses 1-10")]


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Fee(_Message):
    amount: int | None = Field(default=None, alias="Gia", ge=0)
    paid: Text = Field(default=None, alias="TrangThaiThanhToan")


class _Paper(_Message):
    name: Text = Field(default=None, alias="TenGiayTo")


class _Supplement(_Message):
    request: Text = Field(default=None, alias="NoiDungBoSung")
    asked_on: Day = Field(default=None, alias="NgayBoSung")
    answered_on: Day = Field(default=None, alias="NgayTiepNhanBoSung")
    papers: tuple[_Paper, ...] = Field(default=(), alias="DanhSachGiayToBoSung")
    new_due_on: Day = Field(default=None, alias="NgayHenTraMoi")


class DossierMessage(_Message):
    """A dossier as `DongBoHoSoMC` tells it."""

    code: Code = Field(alias="MaHoSo")
    procedure_name: str = Field(alias="TenTTHC", min_length=1)
    status: StatusNumber = Field(alias="TrangThaiHoSo")
    procedure_id: Text = Field(default=None, alias="MaTTHC")
    field: Text = Field(default=None, alias="TenLinhVuc")
    applicant_name: Text = Field(default=None, alias="ChuHoSo")
    phone: Text = Field(default=None, alias="SoDienThoai")
    identity: Text = Field(default=None, alias="MaDoiTuong")
    received_on: Day = Field(default=None, alias="NgayTiepNhan")
    due_on: Day = Field(default=None, alias="NgayHenTra")
    resolved_on: Day = Field(default=None, alias="NgayKetThucXuLy")
    returned_on: Day = Field(default=None, alias="NgayTra")
    desk: Text = Field(default=None, alias="DonViXuLy")
    fees: tuple[_Fee, ...] = Field(default=(), alias="DanhSachLePhi")
    supplements: tuple[_Supplement, ...] = Field(default=(), alias="DanhSachHoSoBoSung")

    def dossier(self) -> Dossier:
        """Return what the registry keeps of it."""
        moved = [it.new_due_on for it in self.supplements if it.new_due_on]
        return Dossier(
            code=self.code,
            procedure_name=self.procedure_name,
            status=self.status,
            procedure_id=procedure_id(self.procedure_id),
            field=self.field,
            applicant_name=self.applicant_name,
            phone_last4=last4(self.phone),
            identity_last4=last4(self.identity),
            received_on=self.received_on,
            due_on=max(moved, default=self.due_on),
            resolved_on=self.resolved_on,
            returned_on=self.returned_on,
            desk=self.desk,
            fee_due_vnd=sum(it.amount or 0 for it in self.fees if it.paid == _UNPAID) or None,
            supplements=tuple(_supplement(it) for it in self.supplements),
        )

    def told(self) -> frozenset[str]:
        """Return the fields of a dossier that the message speaks of."""
        names = {"phone": "phone_last4", "identity": "identity_last4", "fees": "fee_due_vnd"}
        told = {names.get(name, name) for name in self.model_fields_set}
        moved = {"due_on"} if any(it.new_due_on for it in self.supplements) else set()
        return frozenset(told | moved | {"sample"})


class ProgressMessage(_Message):
    """A step of a dossier as `CapNhatTienDoHoSoMC` tells it."""

    code: Code = Field(alias="MaHoSo")
    happened_at: Moment = Field(alias="ThoiDiemXuLy")
    status: StatusNumber = Field(alias="TrangThai")
    desk: Text = Field(default=None, alias="PhongBanXuLy")

    def step(self, now: datetime) -> Step:
        """Return the step that the registry keeps of it."""
        return Step(self.status, now, self.happened_at, self.desk)


class DossierMessages(_Message):
    """The data of one `DongBoHoSoMC`."""

    data: tuple[DossierMessage, ...] = Field(min_length=1, max_length=1000)


class ProgressMessages(_Message):
    """The data of one `CapNhatTienDoHoSoMC`."""

    data: tuple[ProgressMessage, ...] = Field(min_length=1, max_length=1000)


def _supplement(item: _Supplement) -> Supplement:
    papers = tuple(paper.name for paper in item.papers if paper.name)
    return Supplement(item.request, papers, item.asked_on, None, item.answered_on)
