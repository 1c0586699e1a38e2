"""One gateway at a time on a SQLite database: the lock dies with its process."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AnotherGateway(RuntimeError):  # noqa: N818 - a state an operator can act on
    """Another process serves this folder; SQLite has room for one gateway."""


@contextmanager
def only_gateway(var_dir: Path) -> Iterator[None]:
    """Hold the folder for the length of a block; raises `AnotherGateway`."""
    var_dir.mkdir(parents=True, exist_ok=True)
    with (var_dir / "gateway.lock").open("w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AnotherGateway(
                f"another gateway is running on {var_dir}; stop it, or use PostgreSQL for several"
            ) from None
        yield
