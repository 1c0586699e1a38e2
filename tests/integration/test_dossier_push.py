"""Pushed messages and dropped files: taken over once, refused by name."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.dossiers.dropped import DroppedFiles, dropped_files
from bot.dossiers.push import SOURCE, DossierPush
from bot.dossiers.settings import DossierSettings
from knowledge.database import open_engine
from knowledge.dossiers.dossier import Dossier, DossierFound, DossierNotFound, Supplement
from knowledge.dossiers.registry import DossierRegistry
from knowledge.dossiers.status import Status
from knowledge.settings import SHIPPED_DATA

CODE = "H05.20-261020-0001"
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
Client = TestClient[web.Request, web.Application]
SYNC: dict[str, Any] = {
    "MaHoSo": CODE,
    "MaTTHC": "2.000648.000.00.00.H05",
    "TenTTHC": "Thủ tục mẫu",
    "TenLinhVuc": "Lĩnh vực mẫu",
    "ChuHoSo": "Hộ kinh doanh mẫu 01",
    "SoDienThoai": "0900000123",
    "NgayTiepNhan": "20261020081500",
    "NgayHenTra": "20261103170000",
    "TrangThaiHoSo": "5",
    "NgayTra": "",
    "DonViXuLy": "Phòng mẫu",
    "DanhSachLePhi": [
        {"Gia": 1_200_000, "TrangThaiThanhToan": 0},
        {"Gia": "50000", "TrangThaiThanhToan": "1"},
    ],
    "DanhSachHoSoBoSung": [
        {
            "NoiDungBoSung": "Thiếu bản vẽ",
            "NgayBoSung": "20261026090000",
            "DanhSachGiayToBoSung": [{"TenGiayTo": "Bản vẽ"}],
            "NgayHenTraMoi": "20261110170000",
        }
    ],
}
STEP = {
    "MaHoSo": CODE,
    "NguoiXuLy": "Cán bộ mẫu 01",
    "ThoiDiemXuLy": "20261102100000",
    "PhongBanXuLy": "Phòng mẫu 2",
    "NoiDungXuLy": "x",
    "TrangThai": 9,
}


@pytest.fixture
async def registry(engine: AsyncEngine) -> DossierRegistry:
    return DossierRegistry(engine)


async def serving(registry: DossierRegistry, token: str | None) -> AsyncIterator[Client]:
    push = DossierPush(registry, DossierSettings(dossiers_push_token=token), clock=lambda: NOW)
    app = web.Application()
    app.router.add_post("/push", push.receive)
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.fixture
async def client(registry: DossierRegistry) -> AsyncIterator[Client]:
    async for client in serving(registry, "mật khẩu"):
        yield client


@pytest.fixture
async def closed(registry: DossierRegistry) -> AsyncIterator[Client]:
    async for client in serving(registry, None):
        yield client


async def send(client: Client, body: Any, token: str = "mật khẩu") -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {token}".encode().decode("utf-8", "surrogateescape")}
    answer = await client.post("/push", json=body, headers=headers)
    return answer.status, await answer.json()


async def found(registry: DossierRegistry) -> DossierFound:
    look_up = await registry.look_up(CODE)
    assert isinstance(look_up, DossierFound)
    return look_up


async def test_a_dossier_is_taken_over_and_again_changes_nothing(
    client: Client, registry: DossierRegistry
) -> None:
    body = {"service": "DongBoHoSoMC", "isUpdating": "false", "data": [SYNC]}
    assert await send(client, body) == (200, {"error_code": 0, "message": "", "count": 1})
    first = await found(registry)
    assert first.source == SOURCE
    assert first.dossier == Dossier(
        code=CODE,
        procedure_name="Thủ tục mẫu",
        status=Status.SUPPLEMENT_REQUESTED,
        procedure_id="2.000648",
        field="Lĩnh vực mẫu",
        applicant_name="Hộ kinh doanh mẫu 01",
        phone_last4="0123",
        received_on=date(2026, 10, 20),
        due_on=date(2026, 11, 10),
        desk="Phòng mẫu",
        fee_due_vnd=1_200_000,
        supplements=(Supplement("Thiếu bản vẽ", ("Bản vẽ",), date(2026, 10, 26)),),
    )
    await send(client, body)
    again = await found(registry)
    assert (again.dossier, again.steps) == (first.dossier, first.steps)


async def test_steps_move_a_dossier_on_and_again_change_nothing(
    client: Client, registry: DossierRegistry
) -> None:
    await send(client, {"service": "DongBoHoSoMC", **SYNC})
    body = {"service": "CapNhatTienDoHoSoMC", "data": STEP}
    for _ in range(2):
        assert (await send(client, body))[1]["error_code"] == 0
    now = await found(registry)
    assert (now.dossier.status, now.dossier.desk) == (Status.DONE, "Phòng mẫu 2")
    assert [it.happened_at for it in now.steps if it.happened_at] == [
        datetime(2026, 11, 2, 3, tzinfo=UTC)
    ]


async def test_a_step_of_an_unknown_dossier_is_said_to_be_one(client: Client) -> None:
    status, answer = await send(client, {"service": "CapNhatTienDoHoSoMC", "data": STEP})
    assert (status, answer["error_code"]) == (404, 3)
    assert answer["message"].startswith("data.0.MaHoSo")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"MaHoSo": "H05"}, "data.0.MaHoSo"),
        ({"MaHoSo": None}, "data.0.MaHoSo"),
        ({"TrangThaiHoSo": "11"}, "data.0.TrangThaiHoSo"),
        ({"NgayTiepNhan": "20261301000000"}, "data.0.NgayTiepNhan"),
        ({"TenTTHC": ""}, "data.0.TenTTHC"),
        ({"ChuHoSo": {"x": "mẫu 01"}}, "data.0.ChuHoSo"),
        ({"DanhSachLePhi": [{"Gia": "x"}]}, "data.0.DanhSachLePhi.0.Gia"),
        ({"DanhSachHoSoBoSung": [{"NgayBoSung": "hôm qua"}]}, "data.0.DanhSachHoSoBoSung.0.Ngay"),
    ],
)
async def test_a_bad_message_names_its_field_and_changes_nothing(
    client: Client, registry: DossierRegistry, change: dict[str, Any], field: str
) -> None:
    other = {**SYNC, "MaHoSo": "H05.20-261020-0002"}
    data = [{**SYNC, **change}, other]
    status, answer = await send(client, {"service": "DongBoHoSoMC", "data": data})
    assert (status, answer["error_code"]) == (400, 1)
    assert answer["message"].startswith(field)
    assert "mẫu 01" not in answer["message"]
    assert await registry.all() == []


@pytest.mark.parametrize("body", [[], "x", None, 7, {"service": "x"}, {"service": "DongBoHoSoMC"}])
async def test_a_body_that_is_no_message_is_refused(client: Client, body: Any) -> None:
    status, answer = await send(client, body)
    assert (status, answer["error_code"]) == (400, 1)


async def test_what_is_not_json_is_refused(client: Client) -> None:
    headers = {"Authorization": "Bearer mật khẩu".encode().decode("utf-8", "surrogateescape")}
    for body in (b"<xml/>", b"\xff\xfe", b"[" * 100_000):
        answer = await client.post("/push", data=body, headers=headers)
        assert answer.status == 400


@pytest.mark.parametrize("token", ["", "mat khau", "mật khẩu2"])
async def test_without_the_token_nothing_is_taken(
    client: Client, registry: DossierRegistry, token: str
) -> None:
    status, answer = await send(client, {"service": "DongBoHoSoMC", "data": SYNC}, token)
    assert (status, answer["error_code"]) == (401, 2)
    assert await registry.look_up(CODE) == DossierNotFound(CODE)


async def test_where_no_token_is_set_there_is_nothing_to_push_to(closed: Client) -> None:
    answer = await closed.post("/push", json={}, headers={"Authorization": "Bearer "})
    assert answer.status == 404


HEADER = "Mã hồ sơ,Tên TTHC,Trạng thái\n"
GOOD = f"{HEADER}{CODE},Thủ tục mẫu,4\n"


@pytest.fixture
def dropped(registry: DossierRegistry, tmp_path: Path) -> DroppedFiles:
    settings = DossierSettings(dossiers_inbox_dir=tmp_path / "inbox", dossiers_inbox_poll_s=0.01)
    made = dropped_files(settings, SHIPPED_DATA, registry, lambda: NOW)
    assert made is not None
    return made


def drop(tmp_path: Path, name: str, content: str) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def lying_in(tmp_path: Path, folder: str) -> list[str]:
    return sorted(path.name for path in (tmp_path / "inbox" / folder).iterdir() if path.is_file())


async def test_a_dropped_file_is_taken_up_once_it_is_complete(
    dropped: DroppedFiles, registry: DossierRegistry, tmp_path: Path
) -> None:
    path = drop(tmp_path, "hoso.csv", HEADER)
    assert await dropped.look() == 0
    path.write_text(GOOD, encoding="utf-8")  # still growing
    assert await dropped.look() == 0
    assert await dropped.look() == 1
    assert (await found(registry)).source == "hoso.csv"
    assert lying_in(tmp_path, "done") == ["hoso.csv", "hoso.csv.txt"]
    assert lying_in(tmp_path, ".") == []
    said = (tmp_path / "inbox" / "done" / "hoso.csv.txt").read_text(encoding="utf-8")
    assert "1 hồ sơ mới" in said


async def test_a_faulty_file_is_put_aside_with_the_reason(
    dropped: DroppedFiles, registry: DossierRegistry, tmp_path: Path
) -> None:
    drop(tmp_path, "hoso.csv", f"{GOOD}H05,Thủ tục mẫu,4\n")
    drop(tmp_path, "anh.jpg", "x")
    drop(tmp_path, "hoso.csv.part", GOOD)
    drop(tmp_path, "~$hoso.xlsx", "x")
    await dropped.look()
    assert await dropped.look() == 2
    assert await registry.all() == []
    names = ["anh.jpg", "anh.jpg.txt", "hoso.csv", "hoso.csv.txt"]
    assert lying_in(tmp_path, "refused") == names
    assert lying_in(tmp_path, ".") == ["hoso.csv.part", "~$hoso.xlsx"]
    said = (tmp_path / "inbox" / "refused" / "hoso.csv.txt").read_text(encoding="utf-8")
    assert said.startswith("hoso.csv, dòng 3, cột “Mã hồ sơ”, giá trị “H05”")


async def test_the_folder_is_watched_until_the_gateway_stops(
    dropped: DroppedFiles, tmp_path: Path
) -> None:
    drop(tmp_path, "hoso.csv", GOOD)
    watching = asyncio.create_task(dropped.run())
    done = tmp_path / "inbox" / "done" / "hoso.csv"
    while not done.exists():  # noqa: ASYNC110 - another task writes the file
        await asyncio.sleep(0.01)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching


def test_without_a_folder_nothing_is_watched(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")
    registry = DossierRegistry(engine)
    assert dropped_files(DossierSettings(), SHIPPED_DATA, registry, lambda: NOW) is None


async def test_files_of_the_same_name_stay_apart(dropped: DroppedFiles, tmp_path: Path) -> None:
    for _ in range(2):
        drop(tmp_path, "hoso.csv", GOOD)
        await dropped.look()
        assert await dropped.look() == 1
    assert len(lying_in(tmp_path, "done")) == 4


async def test_a_file_waits_while_the_database_is_away(
    dropped: DroppedFiles,
    engine: AsyncEngine,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    drop(tmp_path, "hoso.csv", GOOD)
    await dropped.look()
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE dossier_changes RENAME TO away"))
    with caplog.at_level(logging.ERROR):
        assert await dropped.look() == 0
    assert "cannot be stored yet" in caplog.text
    assert lying_in(tmp_path, ".") == ["hoso.csv"]
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE away RENAME TO dossier_changes"))
    assert await dropped.look() == 1
