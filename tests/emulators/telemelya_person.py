"""A person on telemelya, by telemelya's own client; runs in telemelya's own environment.

`telemelya_person.py URL KEY TOKEN` writes a command and a text, presses a button, and checks with
the client's own assertions that the bot answers each.
"""

import sys
import time

from telemelya.client import ResponseCollector, TelegramTestClient

CHAT = 77
PATIENCE_S = 30


def main() -> None:
    url, key, token = sys.argv[1:]
    with TelegramTestClient(url, api_key=key, bot_token=token) as person:
        seen = ResponseCollector(person)
        person.send_command(CHAT, "/start")
        next_message(seen, count=1)
        person.send_message(CHAT, "phí bao nhiêu?")
        answer = next_message(seen, count=2)
        assert "&lt;200.000 &amp; 300.000&gt;" in answer["text"], answer
        [[button]] = answer["reply_markup"]["inline_keyboard"]
        assert button["text"] == "Thời hạn", button
        person.send_callback_query(CHAT, button["callback_data"], answer["message_id"])
        pressed = next_message(seen, count=3)
        assert "/ask_processing_time" in pressed["text"], pressed
        wait_until(lambda: answered_queries(seen))
        seen.assert_callback_answered()


def next_message(seen: ResponseCollector, *, count: int) -> dict:
    """Return the message with this number, once the bot has sent it."""

    def messages() -> list[dict]:
        return [it for it in seen.get_all_responses() if it.get("method") == "sendMessage"]

    wait_until(lambda: len(messages()) >= count)
    return messages()[count - 1]


def answered_queries(seen: ResponseCollector) -> list[dict]:
    return [it for it in seen.get_all_responses() if it.get("method") == "answerCallbackQuery"]


def wait_until(is_so) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < ends, "the bot did not answer"
        time.sleep(0.05)


if __name__ == "__main__":
    main()
