"""Settings of the knowledge side: where the data are and what this installation says of itself.

`bot.settings.Settings` extends this class; together they are the only readers of the environment.
"""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

SHIPPED_DATA = Path(__file__).parent / "data"


class KnowledgeSettings(BaseSettings):
    """What the actions need; a stock action server reads no more than this."""

    model_config = SettingsConfigDict(env_prefix="MOTCUA_", frozen=True, extra="ignore")

    data_dir: Path = SHIPPED_DATA
    """Folder of the knowledge base files (`procedures/`, `offices.yaml`, …)."""

    var_dir: Path = Path("var")
    """Folder of what the installation writes: the SQLite database, the secret key, logs."""

    office_file: Path | None = None
    """What this installation says of itself: see `data/office/office.example.yaml`."""

    forms_dir: Path | None = None
    """Folder of form files that are given out as documents; unset: none are."""

    database_url: str | None = None
    """SQLAlchemy address; unset means the SQLite file `motcua.db` in `var_dir`."""

    @property
    def database(self) -> str:
        """Return the effective database address."""
        return self.database_url or f"sqlite+aiosqlite:///{self.var_dir / 'motcua.db'}"
