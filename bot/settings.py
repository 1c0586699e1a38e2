"""One settings object for the whole gateway; the only reader of the environment."""

from __future__ import annotations

import secrets
from datetime import time
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError, field_validator

from bot.channels.settings import ChannelSettings
from bot.dossiers.settings import DossierSettings


class SettingsError(ValueError):
    """A setting cannot be used; the message names it."""


class Settings(ChannelSettings, DossierSettings):
    """Everything an installation can set, as `MOTCUA_…` variables: see `docs/settings.md`."""

    host: str = "127.0.0.1"
    """Address the web server listens on."""

    port: int = Field(default=8080, ge=0, le=65535)
    """Port of the web chat; 0 takes a free one."""

    actions_port: int = Field(default=0, ge=0, le=65535)
    """Port of the action webhook on loopback; 0 takes a free one."""

    rasa_url: str | None = None
    """Address of a Rasa runtime that is run elsewhere; unset: the gateway starts its own."""

    rasa_project: Path = Path("nlu_data")
    """Folder of the Rasa project, with its environment in `.venv/`."""

    console_password: SecretStr | None = Field(default=None, min_length=12)
    """Password of the staff's pages under `/console`; unset: they are not there."""

    metrics_host: str = "127.0.0.1"
    """Address of the metrics page."""

    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Port of `/metrics` for Prometheus; unset: there is none, 0 takes a free one."""

    turn_deadline_s: float = Field(default=30, gt=0, le=50)
    """How long a turn may take before the person gets an apology."""

    samples: bool = True
    """Whether marked sample dossiers are put into an empty registry."""

    trusted_proxies: str = ""
    """Addresses or networks of reverse proxies whose `X-Forwarded-For` is believed, by comma."""

    night_begins: time = time(20)
    """From when on nobody is written to unasked, in Vietnam."""

    night_ends: time = time(7)
    """When news that waited for the morning are sent, in Vietnam."""

    keep_messages_days: int = Field(default=90, ge=1)
    """How long messages, answers and Rasa's memory are kept."""

    keep_tickets_days: int = Field(default=365, ge=1)
    """How long questions for the staff are kept."""

    keep_figures_days: int = Field(default=1095, ge=1)
    """How long figures of turns are kept, which name nobody."""

    keep_alarms_days: int = Field(default=365, ge=1)
    """How long alarms are kept."""

    log_level: str = "INFO"
    """Level of the gateway's log."""

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        _networks(value)
        return value

    @property
    def proxies(self) -> list[IPv4Network | IPv6Network]:
        """Return the networks of trusted proxies."""
        return _networks(self.trusted_proxies)

    @property
    def model_file(self) -> Path:
        """Return the trained model."""
        return self.rasa_project / "models" / "motcua.tar.gz"

    @property
    def tracker_store(self) -> str:
        """Return where the runtime keeps conversations: beside our own tables."""
        if self.database_url and not self.database_url.startswith("sqlite"):
            return self.database_url.replace("+asyncpg", "+psycopg2")
        return f"sqlite:///{(self.var_dir / 'conversations.db').resolve()}"

    def secret(self) -> bytes:
        """Return the installation's key, made at the first start and kept in `var_dir`."""
        file = self.var_dir / "secret.key"
        if not file.exists():
            self.var_dir.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
            file.write_text(secrets.token_hex(32), encoding="ascii")
        return file.read_bytes()


def _networks(text: str) -> list[IPv4Network | IPv6Network]:
    return [ip_network(it.strip(), strict=False) for it in text.split(",") if it.strip()]


def load_settings() -> Settings:
    """Read the environment once; raises `SettingsError` naming the setting that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(
            f"MOTCUA_{'_'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
            for item in error.errors()
        )
        raise SettingsError(f"{problems} (see docs/settings.md)") from None
