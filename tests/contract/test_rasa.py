"""Rasa's protocols on both sides: stock Rasa and a stock action server can stand in."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest

from bot.settings import Settings
from bot.storage.migrate import upgrade
from tests.support.chat import person
from tests.support.processes import MODEL, PROJECT, RASA, Running, free_port, start

NLU = PROJECT / "nlu_data"
QUESTIONS = [
    "mở cây xăng cần giấy tờ gì",
    "còn lệ phí?",
    "tra cứu hồ sơ",
    "H05.20-190801-0001",
    "đăng ký kết hôn ở đâu",
    "cảm ơn",
]


class Sides(NamedTuple):
    """Stock Rasa and our own runtime, with the same model and the same action server."""

    stock: Running
    ours: Running


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    """All three processes; they load beside each other."""
    actions = start_stock_actions(tmp_path_factory.mktemp("actions"))
    webhook = f"{actions.url}/webhook"
    stock = start_stock_rasa(tmp_path_factory.mktemp("rasa"), webhook)
    ours = start_our_runtime(tmp_path_factory.mktemp("runtime"), webhook)
    try:
        actions.wait_for("/health")
        stock.wait_for("/status")
        ours.wait_for("/status")
        yield Sides(stock, ours)
    finally:
        for running in (ours, stock, actions):
            running.stop()


@pytest.fixture(scope="module")
def stock_rasa(sides: Sides) -> Running:
    return sides.stock


@pytest.fixture(scope="module")
def our_runtime(sides: Sides) -> Running:
    return sides.ours


def start_stock_actions(folder: Path) -> Running:
    """`python -m rasa_sdk --actions actions`, as a Rasa developer runs it."""
    upgrade(Settings(var_dir=folder))
    port = free_port()
    return start(
        [sys.executable, "-m", "rasa_sdk", "--actions", "actions", "--port", str(port)],
        log=folder / "actions.log",
        url=f"http://127.0.0.1:{port}",
        env={"MOTCUA_VAR_DIR": str(folder), "ACTION_SERVER_SANIC_HOST": "127.0.0.1"},
    )


def start_stock_rasa(folder: Path, webhook: str) -> Running:
    """`rasa run` with the trained model."""
    endpoints = folder / "endpoints.yml"
    endpoints.write_text(f"action_endpoint:\n  url: {webhook}\n", encoding="utf-8")
    port = free_port()
    return start(
        [
            RASA / "rasa",
            "run",
            "--enable-api",
            *("--interface", "127.0.0.1", "--port", str(port)),
            *("--model", MODEL, "--endpoints", endpoints),
        ],
        log=folder / "rasa.log",
        url=f"http://127.0.0.1:{port}",
        cwd=NLU,
    )


def start_our_runtime(folder: Path, webhook: str) -> Running:
    port = free_port()
    return start(
        [
            RASA / "python",
            "server.py",
            *("--port", str(port), "--model", MODEL),
            *("--actions-url", webhook),
            *("--tracker-store", f"sqlite:///{folder / 'conversations.db'}"),
        ],
        log=folder / "runtime.log",
        url=f"http://127.0.0.1:{port}",
        cwd=NLU,
    )


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def converse(session: aiohttp.ClientSession, url: str) -> list[Any]:
    replies = []
    for question in QUESTIONS:
        body = {"sender": "same", "message": question}
        async with session.post(f"{url}/webhooks/rest/webhook", json=body) as response:
            assert response.status == 200
            replies.append(await response.json())
    return replies


async def test_our_runtime_answers_exactly_as_stock_rasa_does(
    session: aiohttp.ClientSession, stock_rasa: Running, our_runtime: Running
) -> None:
    stock = await converse(session, stock_rasa.url)
    ours = await converse(session, our_runtime.url)
    assert ours == stock
    assert all(stock)


async def test_our_runtime_parses_exactly_as_stock_rasa_does(
    session: aiohttp.ClientSession, stock_rasa: Running, our_runtime: Running
) -> None:
    for question in QUESTIONS:
        parsed = []
        for url in (stock_rasa.url, our_runtime.url):
            async with session.post(f"{url}/model/parse", json={"text": question}) as response:
                parsed.append(await response.json())
        assert parsed[0] == parsed[1]


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"sender": 1}', b'{"sender": "a"}'])
async def test_our_runtime_refuses_what_is_no_message(
    session: aiohttp.ClientSession, our_runtime: Running, body: bytes
) -> None:
    async with session.post(f"{our_runtime.url}/webhooks/rest/webhook", data=body) as response:
        assert response.status == 400


async def test_the_gateway_runs_against_stock_rasa(
    session: aiohttp.ClientSession, stock_rasa: Running, tmp_path: Path
) -> None:
    port = free_port()
    running = start(
        [Path(sys.executable).with_name("motcua"), "serve"],
        log=tmp_path / "log",
        url=f"http://127.0.0.1:{port}",
        env={
            "MOTCUA_PORT": str(port),
            "MOTCUA_VAR_DIR": str(tmp_path / "var"),
            "MOTCUA_RASA_URL": stock_rasa.url,
        },
    )
    try:
        running.wait_for("/readyz")
        turn = await person(session, running.url).says("mở cây xăng cần giấy tờ gì?")
        assert (turn.outcome, turn.procedure) == ("answered", "2.000648")
        assert turn.text.count("\n\n") >= 2
    finally:
        running.stop()


Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Future[Done]]]:
    """Rasa's own checks of the data and of the stories, beside each other."""
    figures = tmp_path_factory.mktemp("stories")
    commands = {
        "data": ("data", "validate", "--domain", "domain", "--data", "data", "--fail-on-warnings"),
        "stories": (
            *("test", "core", "--model", str(MODEL), "--stories", "tests"),
            *("--out", str(figures), "--fail-on-prediction-errors", "--no-plot"),
        ),
    }
    with ThreadPoolExecutor() as pool:
        yield {name: pool.submit(rasa, *command) for name, command in commands.items()}


def rasa(*arguments: str) -> Done:
    return subprocess.run(
        [RASA / "rasa", *arguments], cwd=NLU, capture_output=True, text=True, timeout=350
    )


def test_the_data_are_valid_for_rasa(checked: Mapping[str, Future[Done]]) -> None:
    done = checked["data"].result()
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]


def test_the_conversation_stories_pass(checked: Mapping[str, Future[Done]]) -> None:
    done = checked["stories"].result()
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]


def test_nothing_of_ours_but_the_text_functions_is_imported_by_rasa_side() -> None:
    for file in [*NLU.glob("*.py"), *NLU.glob("components/*.py")]:
        text = file.read_text(encoding="utf-8")
        assert "import bot" not in text
        assert "import actions" not in text
        imports = [line for line in text.splitlines() if "knowledge" in line and "import" in line]
        assert all("knowledge.vietnamese" in line for line in imports if not line.startswith(" "))
