"""Digits of a proof, addresses behind proxies, and the night."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from bot.privacy.digits import proof_digits
from bot.privacy.front_desk import Networks, client_address
from bot.privacy.masking import mask
from bot.settings import Settings


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("1234", "1234"),
        (" 1 2 3 4 ", "1234"),
        ("4 số cuối là 1234 ạ", "1234"),
        ("so cuoi 0007", "0007"),
        ("0912 345 678", "5678"),
        ("sđt 0912.345.678", "5678"),
        ("căn cước 027088001234", "1234"),
        ("last four digits: 1234", "1234"),
        ("１２３４", "1234"),
        ("12345", None),
        ("123", None),
        ("1234 hoặc 5678", None),
        ("H05.20-261005-0004", None),
        ("năm 2026 thì phí cấp giấy phép bán lẻ rượu là bao nhiêu", None),
        ("2", None),
        ("không nhớ", None),
        ("một hai ba bốn", "1234"),
        ("bốn số cuối là không không tám năm ạ", "0085"),
        ("mot hai ba", None),
        ("một hai ba bốn hoặc năm sáu bảy tám", None),
        ("có ba bốn năm rồi", None),
    ],
)
def test_digits_are_told_from_other_messages(text: str, digits: str | None) -> None:
    assert proof_digits(text) == digits


@given(st.text(max_size=60))
def test_any_text_is_read_and_gives_four_digits_or_none(text: str) -> None:
    digits = proof_digits(text)
    assert digits is None or (len(digits) == 4 and digits.isascii() and digits.isdigit())


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("báo em hồ sơ này, 4 số cuối 1234", "báo em hồ sơ này, 4 số cuối ***"),
        ("bon so cuoi dien thoai la 1234 nhe", "bon so cuoi dien thoai la *** nhe"),
        ("the last four digits are 1234", "the last four digits are ***"),
        ("cuối năm 2026 có gì mới", "cuối năm 2026 có gì mới"),
    ],
)
def test_digits_that_nobody_asked_for_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


PROXIES: Networks = [ip_network("10.0.0.0/8"), ip_network("127.0.0.1")]


@pytest.mark.parametrize(
    ("remote", "forwarded", "trusted", "address"),
    [
        ("203.0.113.5", None, PROXIES, "203.0.113.5"),
        ("203.0.113.5", "198.51.100.1", PROXIES, "203.0.113.5"),
        ("127.0.0.1", "198.51.100.1", PROXIES, "198.51.100.1"),
        ("127.0.0.1", "9.9.9.9, 198.51.100.1, 10.1.2.3", PROXIES, "198.51.100.1"),
        ("127.0.0.1", "9.9.9.9, 198.51.100.1", [], "127.0.0.1"),
        ("127.0.0.1", "nonsense", PROXIES, "127.0.0.1"),
        ("127.0.0.1", None, PROXIES, "127.0.0.1"),
        ("127.0.0.1", "2001:db8::1", PROXIES, "2001:db8::1"),
    ],
)
def test_a_forwarded_address_is_believed_of_trusted_proxies_alone(
    remote: str, forwarded: str | None, trusted: Networks, address: str
) -> None:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = make_mocked_request("POST", "/api/chat", headers=headers).clone(remote=remote)
    assert client_address(request, trusted) == address


def test_trusted_proxies_are_networks() -> None:
    settings = Settings(trusted_proxies="127.0.0.1, 10.0.0.0/8")
    assert [str(it) for it in settings.proxies] == ["127.0.0.1/32", "10.0.0.0/8"]
    with pytest.raises(ValueError, match="trusted_proxies"):
        Settings(trusted_proxies="proxy.example")
