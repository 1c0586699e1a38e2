"""The registry and its import, on SQLite and PostgreSQL."""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from openpyxl import Workbook
from sqlalchemy import Connection, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage.migrate import configuration
from knowledge.database import open_engine
from knowledge.dossiers.dossier import (
    Dossier,
    DossierFound,
    DossierNotFound,
    DossierUnavailable,
    Step,
    Supplement,
)
from knowledge.dossiers.import_words import ImportWords
from knowledge.dossiers.importer import ReadResult, read_dossiers, table_of
from knowledge.dossiers.presets import load_presets
from knowledge.dossiers.registry import DossierRegistry, ImportResult
from knowledge.dossiers.samples import sample_dossiers
from knowledge.dossiers.spreadsheet import write_rows
from knowledge.dossiers.status import Status, parse_status
from knowledge.dossiers.tables import dossier_changes
from knowledge.office.calendar import WorkingCalendar
from knowledge.procedures.catalogue import Catalogue
from knowledge.settings import SHIPPED_DATA
from knowledge.yaml_files import DataFileError
from tests.conftest import TODAY

PRESETS = load_presets(SHIPPED_DATA)
WORDS = ImportWords.load(SHIPPED_DATA)
HEADER = ["Mã hồ sơ", "Tên TTHC", "Trạng thái", "Ngày tiếp nhận", "Ngày hẹn trả", "Số điện thoại"]
GOOD = ["H05.20-261020-0001", "Thủ tục mẫu", "4", "20/10/2026", "27/10/2026", "0900 000 123"]


def csv_file(
    tmp_path: Path, *rows: Sequence[Any], header: Sequence[str] = HEADER, sep: str = ","
) -> Path:
    path = tmp_path / "hoso.csv"
    lines = [sep.join(map(str, row)) for row in [header, *rows]]
    path.write_text("\n".join(lines), encoding="utf-8-sig")
    return path


def xlsx_file(tmp_path: Path, *rows: Sequence[Any], title: str = "Danh sách") -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    path = tmp_path / "hoso.xlsx"
    book.save(path)
    return path


def read(path: Path) -> ReadResult:
    return read_dossiers(path, PRESETS, TODAY)


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        (5, Status.SUPPLEMENT_REQUESTED),
        ("5", Status.SUPPLEMENT_REQUESTED),
        (10.0, Status.RETURNED),
        ("Đang xử lý", Status.IN_PROGRESS),
        ("dang xu ly", Status.IN_PROGRESS),
        ("ĐÃ TRẢ KẾT QUẢ", Status.RETURNED),
        ("4 - Đang xử lý", Status.IN_PROGRESS),
        ("10. Đã trả kết quả", Status.RETURNED),
        ("4 - Đã trả kết quả", None),
        ("11", None),
        ("xong", None),
    ],
)
def test_statuses_are_read_as_exports_write_them(typed: object, status: Status | None) -> None:
    assert parse_status(typed) is status


@pytest.mark.parametrize("sep", [",", ";", "\t"])
def test_a_csv_file_is_read(tmp_path: Path, sep: str) -> None:
    found = read(csv_file(tmp_path, GOOD, sep=sep))
    assert found.faults == []
    [dossier] = found.dossiers
    assert dossier.code == "H05.20-261020-0001"
    assert dossier.due_on == date(2026, 10, 27)
    assert dossier.phone_last4 == "0123"


def test_an_xlsx_file_with_real_dates_is_read(tmp_path: Path) -> None:
    path = xlsx_file(
        tmp_path,
        ["MA HO SO", "Tên TTHC", "trang_thai", "Ngày\ntiếp nhận (dd/mm/yyyy)"],
        ["h05.20 261020 0001", "Thủ tục mẫu", 9, date(2026, 10, 20)],
    )
    found = read(path)
    assert found.faults == []
    assert found.dossiers[0].received_on == date(2026, 10, 20)
    assert found.dossiers[0].status is Status.DONE


def test_a_dash_in_a_cell_is_nothing(tmp_path: Path) -> None:
    found = read(csv_file(tmp_path, [*GOOD[:3], "-", "—", "–"]))
    assert found.faults == []
    assert (found.dossiers[0].received_on, found.dossiers[0].phone_last4) == (None, None)


IGATE = [
    "STT", "Số hồ sơ", "Thủ tục hành chính", "Lĩnh vực", "Chủ hồ sơ", "Ngày tiếp nhận",
    "Ngày hẹn trả", "Đơn vị đang xử lý", "Trạng thái hồ sơ", "Lệ phí chưa nộp",
]  # fmt: skip
IGATE_ROW = [
    1, "H05.20-20261020-0000001", "Cấp phép mẫu", "Lĩnh vực mẫu", "Hộ kinh doanh mẫu 01",
    "20/10/2026 08:15", "27/10/2026 17:00:00", "Phòng mẫu", "Đang thụ lý", "1.200.000 đ",
]  # fmt: skip


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_list_with_other_columns_a_title_and_a_sum_is_read(tmp_path: Path, form: Any) -> None:
    path = xlsx_file(
        tmp_path,
        ["DANH SÁCH HỒ SƠ"],
        [],
        [unicodedata.normalize(form, heading) for heading in IGATE],
        [unicodedata.normalize(form, it) if isinstance(it, str) else it for it in IGATE_ROW],
        ["Tổng cộng: 1 hồ sơ"],
        [None] * 8 + ["Người lập biểu"],
    )
    found = read(path)
    assert (found.faults, found.preset) == ([], PRESETS[2].title)
    assert found.dossiers == [
        Dossier(
            code="H05.20-20261020-0000001",
            procedure_name="Cấp phép mẫu",
            status=Status.IN_PROGRESS,
            field="Lĩnh vực mẫu",
            applicant_name="Hộ kinh doanh mẫu 01",
            received_on=date(2026, 10, 20),
            due_on=date(2026, 10, 27),
            desk="Phòng mẫu",
            fee_due_vnd=1_200_000,
        )
    ]


def test_the_sheet_that_has_the_headings_is_the_one_that_is_read(tmp_path: Path) -> None:
    book = Workbook()
    book.create_sheet("Hướng dẫn", 0).append(["Tệp này có hai trang"])
    sheet = book["Sheet"]
    sheet.append(HEADER)
    sheet.append(GOOD)
    sheet.append([*GOOD[:3], "hôm qua"])
    path = tmp_path / "hai trang.xlsx"
    book.save(path)
    found = read(path)
    assert [WORDS.fault(fault) for fault in found.faults] == [
        "hai trang.xlsx, trang “Sheet”, dòng 3, cột “Ngày tiếp nhận”, giá trị “hôm qua”: "
        "không phải ngày (viết dd/mm/yyyy hoặc yyyy-mm-dd)",
        "hai trang.xlsx, trang “Sheet”, dòng 3, cột “Mã hồ sơ”, giá trị “H05.20-261020-0001”: "
        "mã đã có ở dòng 2 của tệp này",
    ]


def test_the_field_names_of_the_sync_message_are_known(tmp_path: Path) -> None:
    header = ["MaHoSo", "MaTTHC", "TenTTHC", "TrangThaiHoSo", "NgayTiepNhan", "NgayHenTra"]
    row = [
        "000.00.20.H05-261020-0001", "2.000648.000.00.00.H05", "Thủ tục mẫu", "5",
        "20261020081500", "20261027170000",
    ]  # fmt: skip
    found = read(csv_file(tmp_path, row, header=header))
    assert (found.faults, found.preset) == ([], PRESETS[1].title)
    [dossier] = found.dossiers
    assert dossier.procedure_id == "2.000648"
    assert (dossier.received_on, dossier.due_on) == (date(2026, 10, 20), date(2026, 10, 27))


def test_an_installation_brings_its_own_mapping(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "title: riêng\n"
        "columns: {code: [Ký hiệu], procedure_name: [Việc], status: [Đến đâu], desk: [Ai giữ]}\n"
        "required: [code, procedure_name, status]\n"
        "statuses: {đang ngâm: 4}\n",
        encoding="utf-8",
    )
    path = csv_file(
        tmp_path,
        ["H05.20-261020-0001", "Thủ tục mẫu", "Đang ngâm", "Phòng mẫu"],
        header=["Ký hiệu", "Việc", "Đến đâu", "Ai giữ"],
    )
    found = read_dossiers(path, load_presets(SHIPPED_DATA, own), TODAY)
    assert (found.faults, found.preset) == ([], "riêng")
    assert found.dossiers[0].status is Status.IN_PROGRESS


def test_a_mapping_with_an_unknown_column_is_refused_by_name(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("title: x\ncolumns: {colour: [Màu]}\nrequired: [code]\n", encoding="utf-8")
    with pytest.raises(DataFileError, match="colour"):
        load_presets(SHIPPED_DATA, own)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("20/10/2026", date(2026, 10, 20)),
        ("3/9/2026", date(2026, 9, 3)),
        ("20-10-2026", date(2026, 10, 20)),
        ("20.10.2026", date(2026, 10, 20)),
        ("20/10/2026 08:15", date(2026, 10, 20)),
        ("08:15:30 20/10/2026", date(2026, 10, 20)),
        ("2026-10-20", date(2026, 10, 20)),
        ("2026-10-20T20:00:00Z", date(2026, 10, 21)),
        ("2026-10-20 08:15:00", date(2026, 10, 20)),
        ("20261020", date(2026, 10, 20)),
        ("20261020081500", date(2026, 10, 20)),
        ("46315", date(2026, 10, 20)),
        (46315.34, date(2026, 10, 20)),
        (datetime(2026, 10, 20, 8, 15), date(2026, 10, 20)),
    ],
)
def test_dates_are_read_however_they_are_written(
    tmp_path: Path, written: object, day: date
) -> None:
    found = read(xlsx_file(tmp_path, HEADER[:4], [*GOOD[:3], written]))
    assert found.faults == []
    assert found.dossiers[0].received_on == day


@pytest.mark.parametrize("written", ["20/10/26", "10/20/2026", "31/9/2026", "hôm qua", "0", "1e5"])
def test_what_is_no_date_is_not_guessed(tmp_path: Path, written: str) -> None:
    [fault] = read(csv_file(tmp_path, [*GOOD[:3], written, "", ""])).faults
    assert (fault.problem, fault.value) == ("bad_date", written)


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
    fault = read(csv_file(tmp_path, other, row)).faults[0]
    assert (fault.row, fault.problem) == (3, problem)
    assert WORDS.fault(fault).startswith(f"hoso.csv, dòng 3, cột “{column}”")


def test_the_same_code_twice_names_both_rows(tmp_path: Path) -> None:
    [fault] = read(csv_file(tmp_path, GOOD, GOOD)).faults
    assert (fault.row, fault.detail) == (3, "2")


def test_personal_values_are_in_no_fault(tmp_path: Path) -> None:
    header = [*HEADER, "Chủ hồ sơ"]
    row = [*bad(code="x", status="y", received="z"), "Hộ kinh doanh mẫu 01"]
    said = WORDS.refusal("hoso.csv", read(csv_file(tmp_path, row, header=header)).faults)
    assert said.count("hoso.csv") == 4
    assert "0900" not in said
    assert "mẫu 01" not in said


TCVN3 = bytes([0x4D, 0xB7, 0x20, 0x68, 0xE5, 0x20, 0x73, 0xAC, 0x2C, 0x0A])


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv", "Mã hồ sơ,Tên TTHC,Trạng thái\n".encode(), "empty"),
        ("a.csv", "một,hai,ba\n1,2,3".encode(), "no_heading"),
        ("a.xlsx", b"no zip", "no_file"),
        ("a.pdf", b"%PDF", "file_type"),
        ("missing.csv", None, "no_file"),
        ("a.csv", "Mã hồ sơ\nH05.20-261020-0001".encode("utf-16"), "encoding"),
        ("a.csv", TCVN3, "encoding"),
    ],
)
def test_a_file_that_is_no_table_is_refused(
    tmp_path: Path, name: str, content: bytes | None, problem: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    faults = read(path).faults
    assert [fault.problem for fault in faults] == [problem]
    assert WORDS.fault(faults[0]).startswith(name)


def test_missing_columns_are_named_beside_the_headings_that_are_there(tmp_path: Path) -> None:
    path = csv_file(tmp_path, ["H05.20-261020-0001", "x"], header=["Mã hồ sơ", "Màu"])
    faults = read(path).faults
    assert [fault.column for fault in faults] == ["Tên TTHC", "Trạng thái"]
    assert "Mã hồ sơ, Màu" in WORDS.fault(faults[0])


DOSSIER = Dossier("H05.20-261020-0001", "Thủ tục mẫu", Status.RECEIVED)


async def changes(engine: AsyncEngine) -> list[tuple[str, int | None, int]]:
    query = select(dossier_changes).order_by(dossier_changes.c.id)
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).mappings()
        return [(row["code"], row["from_status"], row["to_status"]) for row in rows]


async def look_up(registry: DossierRegistry, code: str = DOSSIER.code) -> DossierFound:
    found = await registry.look_up(code)
    assert isinstance(found, DossierFound)
    return found


async def test_an_import_is_idempotent_and_keeps_the_history(engine: AsyncEngine) -> None:
    registry = DossierRegistry(engine)
    moved = replace(DOSSIER, status=Status.DONE)
    assert await registry.import_all([DOSSIER], source="a.csv") == ImportResult(added=1)
    assert await registry.import_all([DOSSIER], source="a.csv") == ImportResult(unchanged=1)
    assert await registry.import_all([moved], source="b.csv") == ImportResult(changed=1)
    found = await look_up(registry)
    assert found.dossier == moved
    assert found.source == "b.csv"
    assert [step.status for step in found.steps] == [Status.RECEIVED, Status.DONE]
    assert await changes(engine) == [(DOSSIER.code, None, 2), (DOSSIER.code, 2, 9)]


async def test_what_a_source_does_not_speak_of_is_kept(engine: AsyncEngine) -> None:
    registry = DossierRegistry(engine)
    full = replace(DOSSIER, due_on=date(2026, 11, 2), desk="Phòng mẫu")
    await registry.import_all([full], source="a.csv")
    await registry.import_all(
        [replace(DOSSIER, status=Status.IN_PROGRESS)], source="b.csv", told={"status", "desk"}
    )
    expected = replace(full, status=Status.IN_PROGRESS, desk=None)
    assert (await look_up(registry)).dossier == expected


async def test_earlier_requests_for_papers_are_kept(engine: AsyncEngine) -> None:
    registry = DossierRegistry(engine)
    first, second = (
        Supplement(f"Giấy {n}", ("Bản vẽ",), date(2026, 10, n), date(2026, 11, n)) for n in (1, 9)
    )
    answered = replace(first, answered_on=date(2026, 10, 5))
    for request in (first, answered, second):
        item = replace(DOSSIER, status=Status.SUPPLEMENT_REQUESTED, supplements=(request,))
        await registry.import_all([item], source="a.csv")
    found = (await look_up(registry)).dossier
    assert found.supplements == (answered, second)
    assert found.open_supplement == second


async def test_a_preview_says_in_words_what_would_change_and_changes_nothing(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    registry = DossierRegistry(engine)
    known = read(csv_file(tmp_path, GOOD))
    await registry.import_all(known.dossiers, source="a.csv", told=known.told)
    new = ["H05.20-261020-0002", *GOOD[1:]]
    later = read(csv_file(tmp_path, bad(status="9", due="28/10/2026", phone="0900 000 999"), new))
    before = await registry.all()
    said = list(
        WORDS.preview("hoso.csv", later, await registry.compare(later.dossiers, later.told))
    )
    assert said == [
        f"hoso.csv: sẽ thêm 1 hồ sơ, thay đổi 1, giữ nguyên 0 (đọc theo: {PRESETS[0].title})",
        "H05.20-261020-0001: trạng thái từ “Đang xử lý” thành “Đã xử lý xong”; số điện thoại "
        "thay đổi; ngày hẹn trả từ 27/10/2026 thành 28/10/2026",
        "H05.20-261020-0002: hồ sơ mới, trạng thái Đang xử lý",
    ]
    assert await registry.all() == before


async def test_thousands_of_changes_are_taken_over_at_once(engine: AsyncEngine) -> None:
    registry = DossierRegistry(engine)
    storm = [replace(DOSSIER, code=f"H05.20-261020-{n:05}") for n in range(1200)]
    moved = [replace(it, status=Status.DONE) for it in storm]
    assert await registry.import_all(storm, source="a.csv") == ImportResult(added=1200)
    assert await registry.import_all(moved, source="a.csv") == ImportResult(changed=1200)
    assert await registry.import_all(moved, source="a.csv") == ImportResult(unchanged=1200)
    assert len(await changes(engine)) == 2400


async def test_an_import_that_fails_half_way_changes_nothing(engine: AsyncEngine) -> None:
    registry = DossierRegistry(engine)
    broken = replace(DOSSIER, code="H05.20-261020-0002", procedure_name=None)  # type: ignore[arg-type]
    with pytest.raises(Exception, match=r"procedure_name|null"):
        await registry.import_all([DOSSIER, broken], source="a.csv")
    assert await registry.look_up(DOSSIER.code) == DossierNotFound(DOSSIER.code)
    assert await changes(engine) == []


def step(status: Status, hour: int, desk: str | None = None) -> Step:
    at = datetime(2026, 10, 20, hour, tzinfo=UTC)
    return Step(status, datetime.now(UTC), at, desk)


async def test_dated_steps_come_in_any_order_and_more_than_once(engine: AsyncEngine) -> None:
    registry = DossierRegistry(engine)
    await registry.import_all([DOSSIER], source="a.csv")
    late = step(Status.SUPPLEMENT_REQUESTED, 9, "Phòng mẫu")
    early = step(Status.IN_PROGRESS, 8)
    for steps in ([late], [early], [late, early]):
        assert await registry.add_steps(DOSSIER.code, steps, source="đồng bộ")
    found = await look_up(registry)
    assert (found.dossier.status, found.dossier.desk) == (late.status, "Phòng mẫu")
    dated = [it.status for it in found.steps if it.happened_at]
    assert dated == [Status.IN_PROGRESS, Status.SUPPLEMENT_REQUESTED]
    assert await changes(engine) == [(DOSSIER.code, None, 2), (DOSSIER.code, 2, 5)]


async def test_a_late_step_does_not_open_a_closed_dossier(engine: AsyncEngine) -> None:
    registry = DossierRegistry(engine)
    await registry.import_all([replace(DOSSIER, status=Status.RETURNED)], source="a.csv")
    await registry.add_steps(DOSSIER.code, [step(Status.IN_PROGRESS, 8)], source="b")
    assert (await look_up(registry)).dossier.status is Status.RETURNED


async def test_steps_of_an_unknown_dossier_are_not_taken(engine: AsyncEngine) -> None:
    steps = [step(Status.DONE, 8)]
    assert not await DossierRegistry(engine).add_steps(DOSSIER.code, steps, source="b")


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
        supplements=(Supplement("Giấy tờ", ("Bản vẽ", "Tờ khai"), date(2026, 11, 2)),),
        sample=True,
    )
    await registry.import_all([named], source="a.csv")
    path = tmp_path / f"out.{kind}"
    write_rows(path, table_of(await registry.all(), PRESETS[0]))
    found = read(path)
    assert found.faults == []
    assert found.dossiers == [replace(named, applicant_name=None, desk="'=HYPERLINK()")]


async def test_requests_for_papers_survive_the_upgrade_of_an_older_database(
    database_url: str,
) -> None:
    engine = open_engine(database_url)

    def to(revision: str) -> Any:
        return lambda connection: command.upgrade(configuration(connection), revision)

    def back_to(revision: str) -> Any:
        return lambda connection: command.downgrade(configuration(connection), revision)

    def fill(connection: Connection) -> None:
        connection.execute(
            text(
                "INSERT INTO dossiers (code, procedure_name, status, supplement_request, "
                "supplement_due_on, sample, source, imported_at, checked_at, digest) VALUES "
                "('H05.20-261020-0001', 'x', 5, 'Bản vẽ', '2026-12-01', false, 'a', "
                "'2026-11-01 00:00:00+00:00', '2026-11-01 00:00:00+00:00', '')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO dossier_steps (code, position, status, noted_at) VALUES "
                "('H05.20-261020-0001', 1, 5, '2026-11-01 00:00:00+00:00')"
            )
        )

    for work in (back_to("base"), to("0003"), fill, to("head")):
        async with engine.begin() as connection:
            await connection.run_sync(work)
    found = await look_up(DossierRegistry(engine))
    assert found.dossier.supplements == (Supplement("Bản vẽ", due_on=date(2026, 12, 1)),)
    assert [it.status for it in found.steps] == [Status.SUPPLEMENT_REQUESTED]
    async with engine.begin() as connection:
        await connection.run_sync(back_to("0003"))
    await engine.dispose()
