"""The knowledge base in the database: revisions, live changes, broken files."""

import asyncio
import shutil
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.database import open_engine
from knowledge.procedures import repository
from knowledge.procedures.files import scan
from knowledge.procedures.repository import LiveCatalogue, ProcedureRepository
from knowledge.settings import SHIPPED_DATA

FIELD = "luu-thong-hang-hoa"
PETROL = f"procedures/{FIELD}/2.000648.yaml"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """The records of one field, without questions of others: indexed anew within a moment."""
    folder = tmp_path / "data"
    folder.mkdir()
    for file in SHIPPED_DATA.glob("*.yaml"):
        shutil.copy(file, folder)
    shutil.copytree(SHIPPED_DATA / "procedures" / FIELD, folder / "procedures" / FIELD)
    (folder / "asked_questions.yaml").write_text("questions: {}\n", encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def look_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "_CHECK_EVERY_S", 0.0)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


async def test_a_changed_file_is_live_and_keeps_the_old_revision(
    engine: AsyncEngine, data_dir: Path
) -> None:
    live = LiveCatalogue(engine, data_dir)
    before = (await live.get()).procedures["2.000648"]
    edit(data_dir / PETROL, "sets: 1", "sets: 2")
    after = (await live.get()).procedures["2.000648"]
    assert (before.sets, after.sets) == (1, 2)
    history = await ProcedureRepository(engine).history("2.000648")
    assert [(item.revision, item.procedure.sets) for item in history] == [(1, 1), (2, 2)]


async def test_a_new_file_is_answered_from_at_once(engine: AsyncEngine, data_dir: Path) -> None:
    live = LiveCatalogue(engine, data_dir)
    await live.get()
    text = (data_dir / PETROL).read_text(encoding="utf-8")
    new = data_dir / "procedures" / "sct-moi.yaml"
    new.write_text(
        text.replace("'2.000648'", "sct-moi", 1)
        .replace("code: '2.000648'\n", "", 1)
        .split("aliases:")[0]
        + "aliases: [mở trạm sạc xe điện]\n"
        + "status:"
        + text.split("status:", 1)[1],
        encoding="utf-8",
    )
    catalogue = await live.get()
    assert "sct-moi" in catalogue.procedures
    [first, *_] = catalogue.index.search("tram sac xe dien").families
    assert first.matches[0].procedure.id == "sct-moi"


async def test_a_broken_file_keeps_the_last_good_record(
    engine: AsyncEngine, data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    live = LiveCatalogue(engine, data_dir)
    await live.get()
    edit(data_dir / PETROL, "amount_vnd: 1200000", "amount_vnd: miễn phí")
    procedure = (await live.get()).procedures["2.000648"]
    assert procedure.fees[0].amount_vnd == 1_200_000
    assert "2.000648.yaml" in caplog.text
    assert "fees.0.amount_vnd" in caplog.text


async def test_a_removed_file_withdraws_its_record_and_can_come_back(
    engine: AsyncEngine, data_dir: Path
) -> None:
    repo = ProcedureRepository(engine)
    await repo.sync(scan(data_dir))
    kept = (data_dir / PETROL).read_bytes()
    (data_dir / PETROL).unlink()
    assert (await repo.sync(scan(data_dir))).withdrawn == ("2.000648",)
    assert (await repo.latest())["2.000648"].withdrawn
    (data_dir / PETROL).write_bytes(kept)
    assert (await repo.sync(scan(data_dir))).changed == ("2.000648",)


async def test_synchronising_twice_records_nothing_new(engine: AsyncEngine) -> None:
    repo = ProcedureRepository(engine)
    first = await repo.sync(scan(SHIPPED_DATA))
    second = await repo.sync(scan(SHIPPED_DATA))
    assert len(first.added) >= 214
    assert second == repository.SyncResult()


async def test_gateways_that_start_together_record_the_files_once(
    database_url: str, data_dir: Path
) -> None:
    found = scan(data_dir)
    engines = [open_engine(database_url) for _ in range(4)]
    results = await asyncio.gather(*(ProcedureRepository(it).sync(found) for it in engines))
    assert sorted(len(it.added) for it in results) == [0, 0, 0, len(found.procedures)]
    for engine in engines:
        await engine.dispose()
