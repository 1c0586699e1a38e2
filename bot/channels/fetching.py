"""Fetch what a person sent, from where the platform keeps it: bounded, and from nowhere else."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

import httpx

from bot.channels.base import CannotFetch
from bot.channels.http import ANSWER_S, CONNECT_S, keep_addresses_out_of_logs
from bot.photos.bounds import LARGEST


async def download(url: str, *, largest: int = LARGEST) -> bytes:
    """Return what stands at an address; raises `CannotFetch`. No redirect is followed."""
    keep_addresses_out_of_logs()
    timeout = httpx.Timeout(ANSWER_S, connect=CONNECT_S)
    try:
        async with (
            httpx.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=False) as http,
            http.stream("GET", url) as answer,
        ):
            return await _body(answer, largest)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CannotFetch(type(error).__name__) from None


async def download_from(hosts: Collection[str], url: object) -> bytes:
    """Return what stands at an address that a platform named, if it is on one of the hosts."""
    if not isinstance(url, str) or not is_on(hosts, url):
        raise CannotFetch("the address is on no host of the list")
    return await download(url)


def is_on(hosts: Collection[str], url: str) -> bool:
    """Return whether an address is `https` on a host of a list, or below one.

    A host that is written with its scheme, `http://127.0.0.1:8123`, is compared as a whole: a
    stand-in for the platform.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    host = (parts.hostname or "").lower()
    if parts.username is not None or not host:
        return False
    if f"{parts.scheme}://{parts.netloc}" in hosts:
        return True
    listed = any(host == it or host.endswith(f".{it}") for it in hosts)
    return listed and parts.scheme == "https" and port in (None, 443)


async def _body(answer: httpx.Response, largest: int) -> bytes:
    if answer.status_code != httpx.codes.OK:
        raise CannotFetch(f"status {answer.status_code}")
    announced = answer.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > largest:
        raise CannotFetch("too large", too_large=True)
    content = bytearray()
    async for chunk in answer.aiter_bytes():
        content += chunk
        if len(content) > largest:
            raise CannotFetch("too large", too_large=True)
    return bytes(content)
