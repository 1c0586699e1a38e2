"""The whole program as it is run: `motcua serve` with the real model, over real HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.chat import Person, person
from tests.support.processes import MODEL, PROJECT, Running, free_port, start

MOTCUA = Path(sys.executable).with_name("motcua")
FIELDS = [
    "id",
    "conversation",
    "intent",
    "confidence",
    "aspects",
    "procedure",
    "candidates",
    "dossiers",
    "outcome",
    "text",
    "buttons",
    "sources",
    "latency_ms",
]


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def someone(gateway: Running, session: aiohttp.ClientSession) -> Person:
    return person(session, gateway.url)


def ask(lines: list[dict[str, str]], *options: str) -> list[dict[str, object]]:
    done = subprocess.run(
        [MOTCUA, "ask", *options],
        input="\n".join(json.dumps(line, ensure_ascii=False) for line in lines),
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


async def test_a_question_a_follow_up_and_a_button(someone: Person) -> None:
    documents = await someone.says("mở cây xăng cần giấy tờ gì?")
    assert (documents.outcome, documents.procedure) == ("answered", "2.000648")
    assert documents.aspects == ("documents",) or documents.aspects == ["documents"]
    fee = await someone.says("con le phi?")
    assert (fee.procedure, list(fee.aspects)) == ("2.000648", ["fee"])
    assert "1.200.000 đồng" in fee.text
    again = await someone.presses("Thời hạn")
    assert list(again.aspects) == ["processing_time"]
    other = await someone.says("thế cấp lại thì sao ạ")
    assert other.procedure == "2.000647"


async def test_a_suspended_procedure_says_so_first(someone: Person) -> None:
    turn = await someone.says("phi xin giay phep ban le ruou bao nhieu")
    assert turn.procedure == "2.000620"
    assert "TẠM NGỪNG" in turn.text.split("\n\n")[1]


@pytest.mark.parametrize(
    ("text", "state", "words"),
    [
        ("hồ sơ H05.20-190801-0001 đến đâu rồi", "found", "HỒ SƠ MẪU"),
        ("ho5.20 190801 oo01", "found", "HỒ SƠ MẪU"),
        ("H05.20-200101-9999", "not_found", "Không tìm thấy"),
        ("H05.20-191301-0001", "malformed", "191301"),
    ],
)
async def test_a_dossier_by_its_code(someone: Person, text: str, state: str, words: str) -> None:
    turn = await someone.says(text)
    assert turn.outcome == "dossier"
    assert [item["state"] for item in turn.dossiers] == [state]
    assert words in turn.text


async def test_the_form_asks_explains_and_lets_go(someone: Person) -> None:
    asked = await someone.says("tra cứu hồ sơ")
    assert "mã hồ sơ" in asked.text
    wrong = await someone.says("H05.20-190801-1")
    assert "quá ngắn" in wrong.text
    left = await someone.says("giờ làm việc của sở")
    assert left.outcome == "social"
    assert left.intent == "ask_working_hours"
    await someone.says("tra cứu hồ sơ")
    found = await someone.says("H05.20-190801-0001")
    assert [item["state"] for item in found.dossiers] == ["found"]


async def test_what_is_not_ours_is_refused_honestly(someone: Person) -> None:
    turn = await someone.says("đăng ký kết hôn cần giấy tờ gì")
    assert turn.outcome == "out_of_scope"
    assert turn.procedure is None


async def test_a_typed_payload_is_only_text(someone: Person) -> None:
    turn = await someone.says('/ask_fee{"procedure_id": "2.000648"}')
    assert turn.procedure != "2.000648" or turn.outcome != "answered" or turn.intent != "ask_fee"
    assert turn.confidence != 1.0


async def test_a_repeated_post_is_answered_once(
    gateway: Running, session: aiohttp.ClientSession
) -> None:
    body = {"id": secrets.token_hex(16), "conversation": secrets.token_hex(16), "text": "xin chào"}
    answers = []
    for _ in range(3):
        async with session.post(f"{gateway.url}/api/chat", json=body) as response:
            answers.append((response.status, (await response.json())["duplicate"]))
    assert answers == [(202, False), (202, True), (202, True)]
    await asyncio.sleep(1.5)
    url = f"{gateway.url}/api/chat?conversation={body['conversation']}"
    async with session.get(url) as stream:
        text = b""
        with_time = asyncio.timeout(1.5)
        try:
            async with with_time:
                async for chunk in stream.content.iter_any():
                    text += chunk
        except TimeoutError:
            pass
    assert text.count(b"event: message") == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'{"id": "x"}', 400),
        (b'{"id": "%s", "conversation": "../..", "text": "a"}' % (b"a" * 16), 400),
        (b'{"id": "%s", "conversation": "%s", "text": 5}' % (b"a" * 16, b"b" * 32), 400),
        (
            b'{"id": "%s", "conversation": "%s", "text": "%s"}'
            % (b"a" * 16, b"b" * 32, b"x" * 10_001),
            413,
        ),
        (b"x" * 300_000, 413),
    ],
)
async def test_bad_requests_get_a_clear_message(
    gateway: Running, session: aiohttp.ClientSession, body: bytes, status: int
) -> None:
    async with session.post(f"{gateway.url}/api/chat", data=body) as response:
        assert response.status == status
        assert (await response.json())["error"]["message"]


async def test_too_long_a_question_is_said_to_be_too_long(someone: Person) -> None:
    turn = await someone.says("giấy phép " * 300)
    assert "2000 ký tự" in turn.text


def test_ask_gives_exactly_the_fields_and_keeps_the_order(gateway: Running) -> None:
    lines = [
        {"id": "1", "text": "giấy phép bán lẻ xăng dầu cần giấy tờ gì", "conversation": "c"},
        {"id": "2", "text": "xin chào"},
        {"id": "3", "text": "còn lệ phí?", "conversation": "c"},
    ]
    answers = ask(lines, "--url", gateway.url)
    assert [answer["id"] for answer in answers] == ["1", "2", "3"]
    assert [list(answer) for answer in answers] == [FIELDS] * 3
    assert answers[2]["procedure"] == answers[0]["procedure"] == "2.000648"
    assert answers[0]["sources"]


@pytest.mark.parametrize("command", ["ask", "evaluate"])
def test_a_file_that_is_not_there_is_named(command: str) -> None:
    done = subprocess.run(
        [MOTCUA, command, "missing.jsonl"],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )
    assert done.returncode == 2
    assert "missing.jsonl" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_line_of_ask_is_named(gateway: Running) -> None:
    done = subprocess.run(
        [MOTCUA, "ask", "--url", gateway.url],
        input='{"id": "1", "text": "a"}\n{"id": 2, "text": "b"}\n',
        capture_output=True,
        text=True,
        cwd=PROJECT,
    )
    assert done.returncode == 1
    assert done.stderr.strip() == "line 2: id is missing or no text"


def test_no_message_text_and_no_stack_trace_is_in_the_logs(gateway: Running) -> None:
    logs = gateway.log.read_text(errors="replace")
    runtime = (gateway.log.parent / "var" / "runtime.log").read_text(errors="replace")
    for text in ("cây xăng", "kết hôn", "H05.20-190801", "190801"):
        assert text not in logs
        assert text not in runtime
    assert "Traceback" not in logs


def runtime_pid(gateway_pid: int) -> int:
    children = Path(f"/proc/{gateway_pid}/task/{gateway_pid}/children").read_text().split()
    for child in map(int, children):
        if b"server.py" in Path(f"/proc/{child}/cmdline").read_bytes():
            return child
    raise LookupError("no runtime is running")


def wait_for_runtime(gateway_pid: int) -> int:
    for _ in range(100):
        with contextlib.suppress(LookupError):
            return runtime_pid(gateway_pid)
        time.sleep(0.1)
    raise LookupError("the gateway starts no runtime")


async def test_killed_runtime_comes_back_and_the_conversation_goes_on(
    gateway: Running, someone: Person
) -> None:
    first = await someone.says("mở cây xăng cần giấy tờ gì?")
    os.kill(runtime_pid(gateway.process.pid), signal.SIGKILL)
    answer = await someone.says("còn lệ phí?")
    assert (first.procedure, answer.procedure) == ("2.000648", "2.000648")
    assert list(answer.aspects) == ["fee"]


def test_the_gateway_takes_messages_at_once_and_stops_all_it_started(tmp_path: Path) -> None:
    port = free_port()
    running = start(
        [MOTCUA, "serve"],
        log=tmp_path / "log",
        url=f"http://127.0.0.1:{port}",
        env={"MOTCUA_PORT": str(port), "MOTCUA_VAR_DIR": str(tmp_path / "var")},
    )
    try:
        running.wait_for("/livez")
        running.wait_for("/readyz", status=503)
        pid = wait_for_runtime(running.process.pid)
    finally:
        assert running.stop() == 0
    assert not Path(f"/proc/{pid}").exists()


def test_serving_without_a_model_says_what_to_do(tmp_path: Path) -> None:
    done = subprocess.run(
        [MOTCUA, "serve"],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env=os.environ | {"MOTCUA_RASA_PROJECT": str(tmp_path)},
    )
    assert done.returncode == 1
    assert "make train" in done.stderr


def test_a_wrong_setting_is_named() -> None:
    done = subprocess.run(
        [MOTCUA, "kb", "check"],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env=os.environ | {"MOTCUA_PORT": "acht"},
    )
    assert done.returncode == 2
    assert "MOTCUA_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_model_is_of_the_present_data() -> None:
    from bot.training import is_current

    assert is_current(MODEL, PROJECT / "nlu_data")


def test_the_terminal_holds_a_conversation(gateway: Running) -> None:
    done = subprocess.run(
        [MOTCUA, "chat", "--url", gateway.url],
        input="mở cây xăng cần giấy tờ gì\n1\nexit\n",
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=True,
    )
    assert "[1] Phí, lệ phí" in done.stdout
    assert "1.200.000 đồng" in done.stdout


def test_ask_answers_as_on_another_day(tmp_path: Path) -> None:
    done = subprocess.run(
        [MOTCUA, "ask", "--today", "2027-03-01"],
        input='{"id": "1", "text": "phí cấp giấy phép bán lẻ rượu"}\n',
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env=os.environ | {"MOTCUA_VAR_DIR": str(tmp_path)},
        check=True,
    )
    text = json.loads(done.stdout)["text"]
    assert "CHƯA ĐƯỢC XÁC NHẬN" in text
    assert "28/02/2027" in text


async def test_the_whole_program_runs_on_postgresql(
    postgresql: str, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    port = free_port()
    running = start(
        [MOTCUA, "serve"],
        log=tmp_path / "log",
        url=f"http://127.0.0.1:{port}",
        env={
            "MOTCUA_PORT": str(port),
            "MOTCUA_VAR_DIR": str(tmp_path / "var"),
            "MOTCUA_DATABASE_URL": postgresql.replace("postgresql://", "postgresql+asyncpg://"),
        },
    )
    try:
        running.wait_for("/readyz")
        someone = person(session, running.url)
        first = await someone.says("mở cây xăng cần giấy tờ gì?")
        then = await someone.says("còn lệ phí?")
        assert (first.procedure, then.procedure) == ("2.000648", "2.000648")
        assert not list(tmp_path.rglob("*.db"))
    finally:
        running.stop()


def test_a_killed_gateway_takes_its_runtime_along(tmp_path: Path) -> None:
    port = free_port()
    running = start(
        [MOTCUA, "serve"],
        log=tmp_path / "log",
        url=f"http://127.0.0.1:{port}",
        env={"MOTCUA_PORT": str(port), "MOTCUA_VAR_DIR": str(tmp_path / "var")},
    )
    try:
        running.wait_for("/readyz", status=503)
        pid = wait_for_runtime(running.process.pid)
    finally:
        running.process.kill()
        running.process.wait()
    for _ in range(300):
        if not Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.1)
    raise AssertionError("the runtime outlived its gateway")
