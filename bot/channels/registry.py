"""The platforms of an installation: those whose settings are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bot.channels.base import Parts, Platform
from bot.settings import Settings

_BUILDERS: Sequence[Callable[[Settings, Parts], Platform | None]] = ()


def build_platforms(settings: Settings, parts: Parts) -> Mapping[str, Platform]:
    """Return the platforms that are set up, by name."""
    built = (build(settings, parts) for build in _BUILDERS)
    return {platform.name: platform for platform in built if platform}
