"""The staff's pages behind their door, and the endpoint for pushed dossiers, in the gateway."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from bot.console.door import Doorkeeper
from tests.support.console import PASSWORD, staff
from tests.support.processes import Running, free_port, start

TOKEN = "token-of-the-push-tests"


@pytest.fixture(scope="module")
async def console(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    folder, port = tmp_path_factory.mktemp("console"), free_port()
    running = start(
        [Path(sys.executable).with_name("motcua"), "serve"],
        log=folder / "gateway.log",
        url=f"http://127.0.0.1:{port}",
        env={
            "MOTCUA_PORT": str(port),
            "MOTCUA_VAR_DIR": str(folder / "var"),
            "MOTCUA_RASA_URL": "http://127.0.0.1:9",
            "MOTCUA_CONSOLE_PASSWORD": PASSWORD,
            "MOTCUA_DOSSIERS_PUSH_TOKEN": TOKEN,
        },
    )
    running.wait_for("/livez")
    yield running
    running.stop()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/console", "text/html"),
        ("/console/reports?from=2026-01-01&to=2026-06-30", "text/html"),
        ("/console/staff.css", "text/css"),
        ("/console/reports/report.csv", "text/csv"),
        ("/console/reports/report.pdf", "application/pdf"),
    ],
)
async def test_the_staff_see_their_pages_and_nobody_else_does(
    console: Running, session: aiohttp.ClientSession, path: str, content_type: str
) -> None:
    async with session.get(console.url + path, headers=staff()) as answer:
        assert (answer.status, answer.content_type) == (200, content_type)
    async with session.get(console.url + path) as answer:
        assert answer.status == 401
    async with session.get(console.url + path, headers=staff("wrong")) as answer:
        assert answer.status == 401


async def test_the_page_shows_its_charts(console: Running, session: aiohttp.ClientSession) -> None:
    dossier = {
        "service": "DongBoHoSoMC",
        "MaHoSo": "H05.20-260302-0001",
        "TenTTHC": "Thủ tục mẫu",
        "TrangThaiHoSo": 4,
        "NgayTiepNhan": "20260302081500",
    }
    token = {"Authorization": f"Bearer {TOKEN}"}
    async with session.post(f"{console.url}/dossiers/push", json=dossier, headers=token) as answer:
        assert answer.status == 200
    page_of_march = f"{console.url}/console/reports?from=2026-03-01&to=2026-03-31"
    async with session.get(page_of_march, headers=staff()) as answer:
        page = await answer.text()
    charts = re.findall(r"/console/reports/charts/[^\"?]+\.svg[^\"]*", page)
    assert charts
    for chart in charts:
        address = console.url + chart.replace("&amp;", "&")
        async with session.get(address, headers=staff()) as answer:
            assert (answer.status, answer.content_type) == (200, "image/svg+xml")


async def test_a_form_that_no_page_gave_out_is_refused(
    console: Running, session: aiohttp.ClientSession
) -> None:
    address = f"{console.url}/console/messages/replay"
    async with session.post(address, headers=staff()) as answer:
        assert answer.status == 403
    async with session.post(address) as answer:
        assert answer.status == 401


async def test_a_pushed_dossier_needs_the_token(
    console: Running, session: aiohttp.ClientSession
) -> None:
    async with session.post(f"{console.url}/dossiers/push", json={}) as answer:
        assert answer.status == 401


def test_after_many_wrong_passwords_the_door_stays_shut_for_a_while() -> None:
    now = [0.0]
    doorkeeper = Doorkeeper(PASSWORD, monotonic=lambda: now[0])

    def knock(password: str) -> int:
        request = make_mocked_request("GET", "/console", headers=staff(password))
        try:
            doorkeeper.check(request)
        except web.HTTPException as answer:
            return answer.status
        return 200

    assert [knock("wrong") for _ in range(10)] == [401] * 10
    assert knock(PASSWORD) == 429
    now[0] += 61
    assert knock(PASSWORD) == 200


def test_without_a_password_there_is_no_console() -> None:
    with pytest.raises(web.HTTPNotFound):
        Doorkeeper(None).check(make_mocked_request("GET", "/console"))
