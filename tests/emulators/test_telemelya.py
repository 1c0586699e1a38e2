"""The whole gateway against telemelya: commands with entities and buttons through a webhook."""

import asyncio
from pathlib import Path

from aiohttp import ClientSession, web

from bot.channels.telegram.webhook import SECRET_HEADER
from tests.emulators import install
from tests.emulators.gateway import PATIENCE_S, open_gateway_for, serve
from tests.support.processes import free_port, start

HERE = Path(__file__).parent
KEY = "key-of-tests"
TOKEN = "123456:AAtest-token"
SECRET = "secret_of-tests"


async def test_command_text_and_button_are_answered(tmp_path: Path) -> None:
    python = await asyncio.to_thread(install.telemelya)
    gateway_port, port = free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    emulator = start(
        [python, HERE / "telemelya_server.py"],
        log=tmp_path / "telemelya.log",
        url=url,
        env={"PORT": str(port), "AUTH_KEYS": KEY, "MOCK_SERVER_URL": url},
    )

    async def with_secret(request: web.Request) -> web.Response:
        """Add what telemelya leaves out: the secret of the webhook."""
        target = f"http://127.0.0.1:{gateway_port}{request.path}"
        headers = {SECRET_HEADER: SECRET}
        body = await request.read()
        async with (
            ClientSession() as session,
            session.post(target, data=body, headers=headers) as answer,
        ):
            return web.Response(status=answer.status)

    try:
        await asyncio.to_thread(emulator.wait_for, "/docs", timeout_s=PATIENCE_S)
        async with (
            serve(with_secret) as public,
            open_gateway_for(
                tmp_path,
                port=gateway_port,
                public_url=public,
                telegram_token=TOKEN,
                telegram_api_url=url,
                telegram_mode="webhook",
                telegram_secret=SECRET,
            ),
        ):
            await _until_registered(url)
            person = await asyncio.create_subprocess_exec(
                python, HERE / "telemelya_person.py", url, KEY, TOKEN, stderr=-1
            )
            _, problem = await person.communicate()
            assert person.returncode == 0, problem.decode()
    finally:
        await asyncio.to_thread(emulator.stop)


async def _until_registered(url: str) -> None:
    """Wait until the gateway has told telemelya where to call."""
    async with asyncio.timeout(PATIENCE_S), ClientSession() as session:
        while True:
            async with session.post(f"{url}/bot{TOKEN}/getWebhookInfo") as answer:
                told = await answer.json()
            if told["result"]["url"]:
                return
            await asyncio.sleep(0.05)
