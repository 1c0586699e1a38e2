"""What went onto the wire: evidence that survives a killed process.

A part is `sending` from before its request until the platform's answer is stored. If the process
is killed in between, the database cannot tell whether the request went out. So the moment the
body of a request is written to its socket, a line goes into a file, with one system call and
nothing awaited in between. What the file names was sent and is not repeated; what it does not
name was not, and is. (A killed process loses no bytes that it has written to a file or socket.)
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Set
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

_KEPT_S = 7 * 24 * 3600
_BODY_GOES_OUT = re.compile(r"http\d+\.send_request_body\.started")


@dataclass
class Carried:
    """A part on its way, and whether its request has gone out."""

    part: int
    attempt: int
    out: bool = False


_sending: ContextVar[Carried | None] = ContextVar("sending", default=None)


class Wire:
    """The file of one process, and those that killed processes have left."""

    def __init__(self, folder: Path, owner: str) -> None:
        self._folder = folder
        self._owner = owner
        self._file: int | None = None

    @contextmanager
    def carrying(self, part: int, attempt: int) -> Iterator[Carried]:
        """Make the requests of a block the delivery of a part: the first body tells."""
        carried = Carried(part, attempt)
        token = _sending.set(carried)
        try:
            yield carried
        finally:
            _sending.reset(token)

    async def watch(self, request: httpx.Request) -> None:
        """Event hook of an HTTP client: note when the body of this request goes out."""
        carried = _sending.get()
        if carried is None:
            return

        async def trace(event: str, _info: Any) -> None:
            if _BODY_GOES_OUT.fullmatch(event):
                os.write(self._open(), f"{carried.part}.{carried.attempt}\n".encode("ascii"))
                carried.out = True

        request.extensions["trace"] = trace

    def evidence(self, owner: str) -> Set[str] | None:
        """Return the `part.attempt`s a process has sent, None if its file is not here."""
        try:
            return set(self._path(owner).read_text(encoding="ascii").split())
        except FileNotFoundError:
            return None

    def open(self) -> None:
        """Make the file before anything is sent: no file means that nothing is known."""
        self._open()

    def close(self) -> None:
        """Close the file; it stays, for what may still be undecided."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def tidy(self) -> None:
        """Remove the files of processes that have sent nothing for a week."""
        for path in self._folder.glob("*.sent"):
            if time.time() - path.stat().st_mtime > _KEPT_S and path != self._path(self._owner):
                path.unlink(missing_ok=True)

    def _open(self) -> int:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            self._file = os.open(self._path(self._owner), flags, 0o600)
        return self._file

    def _path(self, owner: str) -> Path:
        return self._folder / f"{owner}.sent"
