"""Quick replies as an inline keyboard; what a button stands for never leaves the gateway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

LONGEST_KEY_BYTES = 64
_LONGEST_OF_THREE = 10
_LONGEST_OF_TWO = 18


class KeyTooLong(ValueError):  # noqa: N818 - says what it is
    """A key does not fit into a button of Telegram."""


def keyboard(buttons: Sequence[Mapping[str, str]]) -> InlineKeyboardMarkup | None:
    """Return the keyboard of a message, None without buttons; raises `KeyTooLong`."""
    if not buttons:
        return None
    return InlineKeyboardMarkup([[_button(item) for item in row] for row in rows(buttons)])


def rows(buttons: Sequence[Mapping[str, str]]) -> list[list[Mapping[str, str]]]:
    """Lay buttons out in order: three short ones a row, two middling ones, or a long one."""
    laid: list[list[Mapping[str, str]]] = []
    rest = list(buttons)
    while rest:
        count = _fitting(rest)
        laid.append(rest[:count])
        rest = rest[count:]
    return laid


def _fitting(buttons: Sequence[Mapping[str, str]]) -> int:
    for count, longest in ((3, _LONGEST_OF_THREE), (2, _LONGEST_OF_TWO)):
        row = buttons[:count]
        if len(row) == count and all(len(item["label"]) <= longest for item in row):
            return count
    return 1


def _button(item: Mapping[str, str]) -> InlineKeyboardButton:
    size = len(item["key"].encode())
    if not 1 <= size <= LONGEST_KEY_BYTES:
        raise KeyTooLong(f"a button's key has {size} bytes; Telegram takes 1 to 64")
    return InlineKeyboardButton(item["label"], callback_data=item["key"])
