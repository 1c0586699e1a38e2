"""One settings object for the whole gateway; the only reader of the environment."""

from __future__ import annotations

from knowledge.settings import KnowledgeSettings


class Settings(KnowledgeSettings):
    """Everything an installation can set, as `MOTCUA_…` variables; `docs/settings.md` explains each."""

    host: str = "127.0.0.1"
    """Address the web server listens on."""

    port: int = 8080
    """Port of the web chat."""


def load_settings() -> Settings:
    """Read the environment once."""
    return Settings()
