"""The registry and its import, on SQLite and PostgreSQL."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.database import open_engine
from knowledge.dossiers.importer import Columns, read_dossiers, table_of
from knowledge.dossiers.registry import (
    Dossier,
    DossierFound,
    DossierNotFound,
    DossierRegistry,
    DossierUnavailable,
    ImportResult,
)
from knowledge.dossiers.samples import sample_dossiers
from knowledge.dossiers.spreadsheet import write_rows
from knowledge.dossiers.status import Status, parse_status
from knowledge.office.calendar import WorkingCalendar
from knowledge.procedures.catalogue import Catalogue
from knowledge.settings import SHIPPED_DATA
from tests.conftest import TODAY

COLUMNS = Columns.load(SHIPPED_DATA)
HEADER = ["Mã hồ sơ", "Tên TTHC", "Trạng thái", "Ngày tiếp nhận", "Ngày hẹn trả", "Số điện thoại"]
GOOD = ["H05.20-261020-0001", "Thủ tục mẫu", "4", "20/10/2026", "27/10/2026", "0900 000 123"]


def csv_file(tmp_path: Path, *rows: list[Any], header: list[str] = HEADER, sep: str = ",") -> Path:
    path = tmp_path / "hoso.csv"
    lines = [sep.join(map(str, row)) for row in [header, *rows]]
    path.write_text("\n".join(lines), encoding="utf-8-sig")
    return path


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        (5, Status.SUPPLEMENT_REQUESTED),
        ("5", Status.SUPPLEMENT_REQUESTED),
        (10.0, Status.RETURNED),
        ("Đang xử lý", Status.IN_PROGRESS),
        ("dang xu ly", Status.IN_PROGRESS),
        ("ĐÃ TRẢ KẾT QUẢ", Status.RETURNED),
        ("11", None),
        ("xong", None),
    ],
)
def test_statuses_are_read_as_exports_write_them(typed: object, status: Status | None) -> None:
    assert parse_status(typed) is status


@pytest.mark.parametrize("sep", [",", ";", "\t"])
def test_a_csv_file_is_read(tmp_path: Path, sep: str) -> None:
    read = read_dossiers(csv_file(tmp_path, GOOD, sep=sep), COLUMNS, TODAY)
    assert read.faults == []
    [dossier] = read.dossiers
    assert dossier.code == "H05.20-261020-0001"
    assert dossier.due_on == date(2026, 10, 27)
    assert dossier.phone_last4 == "0123"


def test_an_xlsx_file_with_real_dates_is_read(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["MA HO SO", "TenTTHC", "TrangThaiHoSo", "NgayTiepNhan"])
    sheet.append(["h05.20 261020 0001", "Thủ tục mẫu", 9, date(2026, 10, 20)])
    path = tmp_path / "hoso.xlsx"
    book.save(path)
    read = read_dossiers(path, COLUMNS, TODAY)
    assert read.faults == []
    assert read.dossiers[0].received_on == date(2026, 10, 20)
    assert read.dossiers[0].status is Status.DONE


def bad(**changes: str) -> list[str]:
    names = ["code", "name", "status", "received", "due", "phone"]
    return [changes.get(name, value) for name, value in zip(names, GOOD, strict=True)]


@pytest.mark.parametrize(
    ("row", "column", "problem"),
    [
        (bad(code="ABC"), "Mã hồ sơ", "bad_code"),
        (bad(code=""), "Mã hồ sơ", "missing_value"),
        (bad(status="xong"), "Trạng thái", "bad_status"),
        (bad(received="32/10/2026"), "Ngày tiếp nhận", "bad_date"),
        (bad(received="20/10/2027"), "Ngày tiếp nhận", "future_date"),
        (bad(due="19/10/2026"), "Ngày hẹn trả", "due_before_received"),
    ],
)
def test_a_bad_row_names_its_row_and_column(
    tmp_path: Path, row: list[str], column: str, problem: str
) -> None:
    other = ["H05.20-261020-0002", *GOOD[1:]]
    read = read_dossiers(csv_file(tmp_path, other, row), COLUMNS, TODAY)
    [fault] = read.faults
    assert (fault.row, fault.problem) == (3, problem)
    assert fault.text(COLUMNS).startswith(f"hoso.csv, dòng 3, cột “{column}”")


def test_the_same_code_twice_names_both_rows(tmp_path: Path) -> None:
    [fault] = read_dossiers(csv_file(tmp_path, GOOD, GOOD), COLUMNS, TODAY).faults
    assert (fault.row, fault.detail) == (3, "2")


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.csv", b"", "empty"),
        ("a.xlsx", b"no zip", "no_file"),
        ("a.pdf", b"%PDF", "file_type"),
        ("missing.csv", None, "no_file"),
        ("a.csv", "Mã hồ sơ\nH05.20-261020-0001".encode("utf-16"), "no_file"),
    ],
)
def test_a_file_that_is_no_table_is_refused(
    tmp_path: Path, name: str, content: bytes | None, problem: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    read = read_dossiers(path, COLUMNS, TODAY)
    assert [fault.problem for fault in read.faults] == [problem]


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = csv_file(tmp_path, ["H05.20-261020-0001"], header=["Mã hồ sơ"])
    faults = read_dossiers(path, COLUMNS, TODAY).faults
    assert [fault.column for fault in faults] == ["procedure_name", "status"]


DOSSIER = Dossier("H05.20-261020-0001", "Thủ tục mẫu", Status.RECEIVED)


async def test_an_import_is_idempotent_and_keeps_the_history(engine: AsyncEngine) -> None:
    registry = DossierRegistry(engine)
    moved = replace(DOSSIER, status=Status.DONE)
    assert await registry.import_all([DOSSIER], source="a.csv") == ImportResult(added=1)
    assert await registry.import_all([DOSSIER], source="a.csv") == ImportResult(unchanged=1)
    assert await registry.import_all([moved], source="b.csv") == ImportResult(changed=1)
    found = await registry.look_up(DOSSIER.code)
    assert isinstance(found, DossierFound)
    assert found.dossier == moved
    assert found.source == "b.csv"
    steps = [status for status, _at in await registry.history(DOSSIER.code)]
    assert steps == [Status.RECEIVED, Status.DONE]


async def test_an_import_that_fails_half_way_changes_nothing(engine: AsyncEngine) -> None:
    registry = DossierRegistry(engine)
    broken = replace(DOSSIER, code="H05.20-261020-0002", procedure_name=None)  # type: ignore[arg-type]
    with pytest.raises(Exception, match=r"procedure_name|null"):
        await registry.import_all([DOSSIER, broken], source="a.csv")
    assert await registry.look_up(DOSSIER.code) == DossierNotFound(DOSSIER.code)


async def test_a_database_that_is_away_is_not_the_same_as_not_found(tmp_path: Path) -> None:
    away = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}")
    assert await DossierRegistry(away).look_up("x") == DossierUnavailable("x")
    await away.dispose()


async def test_samples_never_come_beside_real_dossiers(
    engine: AsyncEngine, catalogue: Catalogue
) -> None:
    registry = DossierRegistry(engine)
    calendar = WorkingCalendar()
    samples = list(sample_dossiers(SHIPPED_DATA, catalogue, calendar, TODAY))
    assert {item.status for item in samples} == set(Status)
    assert await registry.add_samples(samples) == len(samples)
    assert await registry.add_samples(samples) == 0
    assert all(item.sample for item in await registry.all())
    await registry.import_all([DOSSIER], source="a.csv")
    assert await registry.add_samples([replace(DOSSIER, code="H05.20-261020-0009")]) == 0


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_an_export_can_be_imported_again_and_names_nobody(
    engine: AsyncEngine, tmp_path: Path, kind: str
) -> None:
    registry = DossierRegistry(engine)
    named = replace(
        DOSSIER,
        applicant_name="Công ty mẫu 01",
        due_on=date(2026, 12, 1),
        desk="=HYPERLINK()",
        fee_due_vnd=1_200_000,
    )
    await registry.import_all([named], source="a.csv")
    path = tmp_path / f"out.{kind}"
    write_rows(path, table_of(await registry.all(), COLUMNS))
    read = read_dossiers(path, COLUMNS, TODAY)
    assert read.faults == []
    [again] = read.dossiers
    assert again == replace(named, applicant_name=None, desk="'=HYPERLINK()")
