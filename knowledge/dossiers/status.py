"""The ten national statuses of a dossier (trạng thái hồ sơ), with what they mean for people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import IntEnum
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from knowledge.settings import SHIPPED_DATA
from knowledge.vietnamese import search_key
from knowledge.yaml_files import load_yaml

_NUMBERED = re.compile(r"(\d{1,2})\s*[-–.:)]\s*(\D.*)")
"""A number and its name, "4 - Đang xử lý": read only where the two agree."""


class Status(IntEnum):
    """The statuses by their national numbers."""

    REGISTERED = 1
    RECEIVED = 2
    REFUSED = 3
    IN_PROGRESS = 4
    SUPPLEMENT_REQUESTED = 5
    PAYMENT_REQUESTED = 6
    WITHDRAWN = 7
    STOPPED = 8
    DONE = 9
    RETURNED = 10

    @property
    def closed(self) -> bool:
        """Whether nothing more happens to the dossier."""
        return self in (
            Status.REFUSED,
            Status.WITHDRAWN,
            Status.STOPPED,
            Status.DONE,
            Status.RETURNED,
        )

    @property
    def paused(self) -> bool:
        """Whether the authority waits for the applicant."""
        return self in (Status.SUPPLEMENT_REQUESTED, Status.PAYMENT_REQUESTED)


class StatusText(BaseModel):
    """What is said of a status."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Status
    name: str
    plain: str
    todo: str
    words: tuple[str, ...] = ()
    """Further words for it in exports and on portals."""


class StatusFile(BaseModel):
    """Shape of `statuses.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    statuses: tuple[StatusText, ...]


@lru_cache(maxsize=4)
def status_texts(data_dir: Path = SHIPPED_DATA) -> Mapping[Status, StatusText]:
    """Return the texts of all statuses; raises `DataFileError`."""
    file = load_yaml(data_dir / "dossiers" / "statuses.yaml", StatusFile)
    return {item.code: item for item in file.statuses}


def parse_status(value: object) -> Status | None:
    """Read a status as sources write it: its number, its official name or another word for it."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip()
    if text.isdigit():
        return Status(int(text)) if 1 <= int(text) <= len(Status) else None
    numbered = _NUMBERED.fullmatch(text)
    if numbered:
        status = _statuses_by_word().get(search_key(numbered[2]))
        return status if status == int(numbered[1]) else None
    return _statuses_by_word().get(search_key(text))


@lru_cache(maxsize=1)
def _statuses_by_word() -> Mapping[str, Status]:
    return {
        search_key(word): code
        for code, item in status_texts().items()
        for word in (item.name, *item.words)
    }
