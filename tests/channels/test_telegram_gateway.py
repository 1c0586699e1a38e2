"""Telegram through the whole gateway, against the stand-in; only the Rasa runtime is an echo."""

from pathlib import Path

import pytest

from bot.texts import Texts
from tests.emulators.gateway import ANSWER, open_gateway_for, until
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_rules import Fault

TEXTS = Texts.load()


def settings(telegram: FakeTelegram, mode: str) -> dict[str, str]:
    return {
        "telegram_token": telegram.token,
        "telegram_api_url": telegram.url,
        "telegram_mode": mode,
        "telegram_secret": "secret_of-tests",
    }


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_a_conversation_with_a_button_a_form_and_a_photo(
    telegram: FakeTelegram, tmp_path: Path, mode: str
) -> None:
    form = tmp_path / "mau.pdf"
    form.write_bytes(b"%PDF-1.4 mau")
    files = {"files": [{"name": "Mẫu số 01.pdf", "path": str(form)}]}
    async with open_gateway_for(tmp_path, report=files, **settings(telegram, mode)):
        if mode == "webhook":
            await until(lambda: telegram.hook.url)
        telegram.faults.append(Fault("flood", wait_s=1))
        await telegram.say(77, "mẫu đơn?")
        await until(lambda: len(telegram.sent) == 2)
        answer, document = telegram.sent
        assert answer.text == ANSWER.format(said="mẫu đơn?")
        assert document.file == ("Mẫu số 01.pdf", b"%PDF-1.4 mau")

        [(label, _)] = [*answer.buttons, *document.buttons]
        await telegram.press(77, label)
        await until(lambda: len(telegram.sent) == 4)
        assert telegram.sent[2].text == ANSWER.format(said="/ask_processing_time")
        assert telegram.called("sendDocument")[1]["document"] == "file-1"

        await telegram.message(77, photo=[{"file_id": "a", "width": 90}])
        await until(lambda: len(telegram.sent) == 5)
        assert telegram.sent[4].text == TEXTS("photo_not_fetched")
        await until(lambda: telegram.called("answerCallbackQuery"))
        assert telegram.called("sendChatAction")
        await telegram.all_taken()
    assert len(telegram.sent) == 5
