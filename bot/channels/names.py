"""What the staff's pages and reports call the channels."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from pydantic import RootModel

from knowledge.yaml_files import load_yaml


class _Names(RootModel[dict[str, str]]):
    """Shape of `names.yaml`: key and name of each channel."""


@lru_cache(maxsize=1)
def channel_names() -> Mapping[str, str]:
    """Return the names by key; raises `DataFileError`."""
    return load_yaml(Path(__file__).with_name("names.yaml"), _Names).root
