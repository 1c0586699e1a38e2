"""The report: its figures against independent counts, and every form it comes in."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from pypdf import PdfReader
from typer.testing import CliRunner

from actions.services import LOCAL_ZONE
from bot import cli
from bot.reports.charts import draw
from bot.reports.exports import to_csv, to_xlsx
from bot.reports.page import ReportPage
from bot.reports.pdf import pdf_bytes
from bot.reports.source import SAMPLE, ReportSource
from bot.reports.words import ReportWords
from bot.settings import Settings
from bot.storage.migrate import upgrade_database
from bot.web.security import security_headers
from knowledge.dossiers.dossier import Dossier
from knowledge.dossiers.due import DueDates
from knowledge.dossiers.importer import read_dossiers, table_of
from knowledge.dossiers.presets import load_presets
from knowledge.dossiers.registry import DossierRegistry
from knowledge.dossiers.report import Figures, Period, Report, build_report
from knowledge.dossiers.spreadsheet import write_rows
from knowledge.dossiers.status import Status
from knowledge.office.calendar import WorkingCalendar
from knowledge.procedures.catalogue import Catalogue
from knowledge.settings import SHIPPED_DATA
from tests.conftest import TODAY
from tests.support.services import services_for

HALF_YEAR = Period(date(2026, 1, 1), date(2026, 6, 30))
PRESETS = load_presets(SHIPPED_DATA)
DUE_DATES = DueDates.load(SHIPPED_DATA, WorkingCalendar.load(SHIPPED_DATA))
WORDS = ReportWords.load()
LINE = "Tiếp nhận 797 hồ sơ; đã giải quyết 782 hồ sơ: trước hạn 374, đúng hạn 408, quá hạn 0;"


def of_file(path: Path, period: Period, catalogue: Catalogue) -> Report:
    read = read_dossiers(path, PRESETS, TODAY)
    assert read.faults == []
    return build_report(
        read.dossiers, period, today=TODAY, due_dates=DUE_DATES, catalogue=catalogue
    )


@pytest.fixture(scope="module")
def sample(catalogue: Catalogue) -> Report:
    return of_file(SHIPPED_DATA / SAMPLE, HALF_YEAR, catalogue)


def test_the_sample_gives_the_line_of_the_department(sample: Report) -> None:
    total = sample.total
    assert (total.received, total.resolved) == (797, 782)
    assert (total.early, total.on_time, total.late) == (374, 408, 0)
    assert (total.carried_over, total.pending, total.overdue) == (0, 15, 0)
    assert sample.sample


def test_the_sample_says_the_same_to_a_plain_reader_of_the_file() -> None:
    with (SHIPPED_DATA / SAMPLE).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    pairs = [(day(row["Ngày kết thúc xử lý"]), day(row["Ngày hẹn trả"])) for row in rows]
    done = [(on, due) for on, due in pairs if on and due]
    assert len(rows) == len({row["Mã hồ sơ"] for row in rows}) == 797
    assert len(done) == 782
    assert sum(on < due for on, due in done) == 374
    assert sum(on == due for on, due in done) == 408
    assert {row["Hồ sơ mẫu"] for row in rows} == {"x"}
    assert all("mẫu" in row["Chủ hồ sơ"] for row in rows)


def day(text: str) -> date | None:
    if not text:
        return None
    year, month, of_month = (int(part) for part in reversed(text.split("/")))
    return date(year, month, of_month)


DAYS = st.dates(date(2025, 10, 1), date(2026, 9, 30))


@st.composite
def registries(draw: st.DrawFn) -> list[Dossier]:
    items = []
    for number in range(draw(st.integers(1, 25))):
        received = draw(st.none() | DAYS)
        later = st.none() | st.dates(received, received + 60 * STEP) if received else st.none()
        resolved = draw(later)
        items.append(
            Dossier(
                code=f"H05.20-260101-{number:04}",
                procedure_name=draw(st.sampled_from(["Thủ tục A", "Thủ tục B"])),
                status=draw(st.sampled_from(Status)),
                field=draw(st.sampled_from([None, "Lĩnh vực A", "Lĩnh vực B"])),
                received_on=received,
                due_on=draw(later),
                resolved_on=min(resolved, TODAY) if resolved else None,
                desk=draw(st.sampled_from([None, "Phòng A"])),
            )
        )
    return items


STEP = timedelta(days=1)


@st.composite
def periods(draw: st.DrawFn) -> Period:
    first = draw(DAYS)
    return Period(first, first + STEP * draw(st.integers(0, 200)))


def counted_plainly(rows: list[dict[str, str]], period: Period) -> Counter[str]:
    """Count straight from the cells, with nothing of the report's code."""
    counts: Counter[str] = Counter()
    for row in rows:
        received, due = day(row["Ngày tiếp nhận"]), day(row["Ngày hẹn trả"])
        done, status = day(row["Ngày kết thúc xử lý"]), int(row["Trạng thái"])
        if received is None or status in (1, 3) or received > period.last:
            continue
        new = received >= period.first
        over = status in (9, 10)
        if not new and (status == 7 or (over and (done is None or done < period.first))):
            continue
        counts["received" if new else "carried_over"] += 1
        if status == 7:
            counts["withdrawn"] += 1
        elif over and done is None:
            counts["undated"] += 1
        elif over and done is not None and done <= period.last:
            counts["resolved"] += 1
            if due:
                counts[{-1: "early", 0: "on_time", 1: "late"}[(done > due) - (done < due)]] += 1
        else:
            counts["pending"] += 1
            if status not in (5, 6, 8) and due and due < min(period.last, TODAY):
                counts["overdue"] += 1
    return counts


@given(registries(), periods())
@hypothesis_settings(max_examples=40)
def test_figures_agree_with_counting_the_cells_of_the_export(
    tmp_path_factory: pytest.TempPathFactory,
    catalogue: Catalogue,
    dossiers: list[Dossier],
    period: Period,
) -> None:
    path = tmp_path_factory.mktemp("report") / "hoso.csv"
    write_rows(path, table_of(dossiers, PRESETS[0]))
    report = of_file(path, period, catalogue)
    with path.open(encoding="utf-8-sig", newline="") as file:
        expected = counted_plainly(list(csv.DictReader(file)), period)
    names = [
        *("carried_over", "received", "resolved", "early", "on_time", "late"),
        *("withdrawn", "undated", "pending", "overdue"),
    ]
    total = report.total
    assert {name: getattr(total, name) for name in names} == {it: expected[it] for it in names}
    ended = total.resolved + total.withdrawn + total.undated + total.pending
    assert total.carried_over + total.received == ended
    for lines in (report.by_field, report.by_procedure, report.by_desk):
        for name in names:
            assert sum(getattr(it.figures, name) for it in lines) == getattr(total, name)
    for name in ("received", "early", "on_time", "late", "withdrawn"):
        assert sum(getattr(it.figures, name) for it in report.by_month) == getattr(total, name)


def test_months_of_a_period_are_cut_to_it() -> None:
    months = list(Period(date(2026, 1, 15), date(2026, 3, 2)).months())
    assert months == [
        Period(date(2026, 1, 15), date(2026, 1, 31)),
        Period(date(2026, 2, 1), date(2026, 2, 28)),
        Period(date(2026, 3, 1), date(2026, 3, 2)),
    ]


def test_samples_do_not_count_beside_real_dossiers(catalogue: Catalogue) -> None:
    read = read_dossiers(SHIPPED_DATA / SAMPLE, PRESETS, TODAY)
    real = Dossier("H05.20-260105-9999", "x", Status.IN_PROGRESS, received_on=date(2026, 1, 5))
    report = build_report(
        [*read.dossiers, real], HALF_YEAR, today=TODAY, due_dates=DUE_DATES, catalogue=catalogue
    )
    assert report.total == Figures(received=1, open_without_due=1)
    assert not report.sample


def test_the_pdf_is_vietnamese_text_with_its_letters(sample: Report) -> None:
    pages = PdfReader(io.BytesIO(pdf_bytes(sample, WORDS))).pages
    text = " ".join(" ".join(page.extract_text().split()) for page in pages)
    assert WORDS.title in text
    assert LINE in text
    assert WORDS.sample in text
    for line in sample.by_field:
        assert line.name in text
    fonts = {str(it.get_object()["/BaseFont"]) for page in pages for it in fonts_of(page)}
    assert all("BeVietnamPro" in font for font in fonts)


def test_the_pdf_has_the_charts_as_drawings_with_their_words(
    sample: Report, caplog: pytest.LogCaptureFixture
) -> None:
    pages = PdfReader(io.BytesIO(pdf_bytes(sample, WORDS))).pages
    charts = " ".join(" ".join(page.extract_text().split()) for page in pages[:2])
    for title in WORDS.charts.values():
        assert title in charts
    for line in sample.by_desk:
        assert f"{line.name}" in charts
    assert all(not page.images for page in pages)
    assert "unsupported" not in caplog.text


def test_an_empty_report_has_no_charts(catalogue: Catalogue) -> None:
    empty = build_report([], HALF_YEAR, today=TODAY, due_dates=DUE_DATES, catalogue=catalogue)
    text = PdfReader(io.BytesIO(pdf_bytes(empty, WORDS))).pages[0].extract_text()
    assert WORDS.none in text
    assert WORDS.charts["months"] not in text
    assert [it.title for it in WORDS.tables_of(empty)] == ["Toàn bộ", "Theo tháng"]


def fonts_of(page: object) -> list[object]:
    return list(page["/Resources"]["/Font"].values())  # type: ignore[index]


def test_a_chart_counts_in_whole_dossiers(catalogue: Catalogue) -> None:
    one = Dossier(
        "H05.20-260105-0001",
        "Thủ tục A",
        Status.DONE,
        received_on=date(2026, 1, 5),
        due_on=date(2026, 1, 9),
        resolved_on=date(2026, 1, 8),
    )
    report = build_report([one], HALF_YEAR, today=TODAY, due_dates=DUE_DATES, catalogue=catalogue)
    chart = ElementTree.fromstring(draw("months", report, WORDS))
    numbers = {it.text for it in chart.iter("{http://www.w3.org/2000/svg}text") if it.text}
    assert {"0", "1"} <= numbers
    assert not [it for it in numbers if it.startswith("0.")]


def test_the_workbook_has_a_sheet_for_each_table(sample: Report) -> None:
    book = load_workbook(io.BytesIO(to_xlsx(sample, WORDS)))
    assert book.sheetnames == list(WORDS.tables.values())
    header, first, *rows = book["Theo tháng"].iter_rows(values_only=True)
    assert header[2] == "Tiếp nhận"
    assert first[0] == "01/2026"
    assert sum(row[2] for row in (first, *rows)) == 797


def test_the_csv_opens_in_the_right_encoding(sample: Report) -> None:
    content = to_csv(sample, WORDS)
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert rows[0] == [WORDS.title]
    assert ["", *WORDS.columns.values()] in rows
    total = next(row for row in rows if row and row[0] == WORDS.tables["total"] and len(row) > 1)
    assert total[2:6] == ["797", "782", "374", "408"]


@pytest.fixture
async def staff(tmp_path: Path) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    """The page in a web application with the headers of ours; its registry has the sample."""
    settings = Settings(var_dir=tmp_path)
    await upgrade_database(settings)
    services = services_for(settings, clock=lambda: datetime(2026, 11, 24, 9, tzinfo=LOCAL_ZONE))
    registry = DossierRegistry(services.engine)
    read = read_dossiers(SHIPPED_DATA / SAMPLE, PRESETS, TODAY)
    await registry.import_all(read.dossiers, source=SAMPLE.name)
    page = ReportPage(ReportSource(services, registry, settings.data_dir))
    app = web.Application(middlewares=[security_headers])
    app.router.add_get("/console/reports", page.index)
    app.router.add_get("/console/reports/charts/{name}.svg", page.chart)
    app.router.add_get("/console/reports/report.{kind}", page.download)
    async with TestClient(TestServer(app)) as client:
        yield client
    await services.close()


QUERY = "?from=2026-01-01&to=2026-06-30"


async def test_staff_see_figures_charts_and_downloads(
    staff: TestClient[web.Request, web.Application],
) -> None:
    page = await (await staff.get(f"/console/reports{QUERY}")).text()
    assert LINE in page
    assert WORDS.sample in page
    for name in WORDS.charts:
        chart = await staff.get(f"/console/reports/charts/{name}.svg{QUERY}")
        assert f"charts/{name}.svg" in page
        assert ElementTree.fromstring(await chart.read()).tag.endswith("svg")
        assert "unsafe-inline" in chart.headers["Content-Security-Policy"]
    for kind, magic in (("pdf", b"%PDF"), ("xlsx", b"PK"), ("csv", b"\xef\xbb\xbf")):
        file = await staff.get(f"/console/reports/report.{kind}{QUERY}")
        assert (await file.read()).startswith(magic)
        assert "20260101-20260630" in file.headers["Content-Disposition"]


@pytest.mark.parametrize("query", ["?from=2026-07-01&to=2026-06-30", "?from=%3Cb%3E", "?to=0"])
async def test_a_wrong_period_is_explained(
    staff: TestClient[web.Request, web.Application], query: str
) -> None:
    page = await staff.get(f"/console/reports{query}")
    assert page.status == 400
    assert WORDS.bad_period in await page.text()
    assert (await staff.get(f"/console/reports/report.csv{query}")).status == 400


@pytest.mark.parametrize("path", ["charts/none.svg", "report.exe"])
async def test_other_charts_and_files_are_not_there(
    staff: TestClient[web.Request, web.Application], path: str
) -> None:
    assert (await staff.get(f"/console/reports/{path}")).status == 404


def test_the_command_prints_the_line_and_writes_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTCUA_VAR_DIR", str(tmp_path / "var"))
    cli._add_groups(["report"])
    period = ["--from", "2026-01-01", "--to", "2026-06-30"]
    run = CliRunner().invoke(
        cli.app, ["report", "--sample", *period, "-o", str(tmp_path / "r.pdf")]
    )
    assert LINE in run.output
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")
    wrong = CliRunner().invoke(cli.app, ["report", "-o", "r.doc"])
    assert wrong.exit_code == 2
