"""Settings of the sources of dossiers; `bot.settings.Settings` extends this class."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from knowledge.dossiers.sources import Order


class DossierSettings(BaseSettings):
    """Where dossiers come from; everything is off until it is set."""

    model_config = SettingsConfigDict(env_prefix="MOTCUA_", frozen=True, extra="ignore")

    dossiers_mapping: Path | None = None
    """A mapping of columns to try before the shipped ones."""

    dossiers_inbox_dir: Path | None = None
    """Folder whose files are imported; they are moved to `done/` or `refused/` in it."""

    dossiers_inbox_poll_s: float = Field(default=5, gt=0)
    """Seconds between two looks into that folder."""

    dossiers_push_token: SecretStr | None = None
    """Token that senders of sync messages show; unset: nothing can be pushed."""

    dossiers_order: Order = Order.REGISTRY_FIRST
    """Which source is asked first where a portal is set."""

    dossiers_fresh_for_s: float = Field(default=24 * 3600, ge=0)
    """Age from which on the other source is asked as well."""

    portal_url: str | None = None
    """Address of a portal's look-up service; unset: the registry alone is asked."""

    portal_name: str | None = None
    """What answers call the portal; unset: the host of its address."""

    portal_search_path: str = "/pa/dossier-search/dvc"
    """Path of the search below that address."""

    portal_token_url: str | None = None
    """Address that gives out tokens; unset: the search is asked without one."""

    portal_client_id: str = ""
    """Client name for the token."""

    portal_client_secret: SecretStr = SecretStr("")
    """Client secret for the token."""

    portal_timeout_s: float = Field(default=4, gt=0)
    """Seconds that one request may take."""

    portal_budget_s: float = Field(default=10, gt=0)
    """Seconds that a look-up may take in all."""

    portal_attempts: int = Field(default=3, ge=1, le=10)
    """How often a request is tried that failed for a passing reason."""

    portal_backoff_s: float = Field(default=0.3, ge=0)
    """Wait before the second attempt; it doubles with each further one."""

    portal_breaker_failures: int = Field(default=5, ge=1)
    """After so many failed look-ups in a row the portal is left alone."""

    portal_breaker_pause_s: float = Field(default=30, gt=0)
    """How long it is left alone."""

    portal_cache_s: float = Field(default=300, ge=0)
    """Seconds for which an answer of the portal is used again."""

    portal_stale_s: float = Field(default=24 * 3600, ge=0)
    """Age up to which an answer is told, with its age, while the portal is away."""
