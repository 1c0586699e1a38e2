"""Settings of the knowledge side: where the data are and what this installation says of itself.

`bot.settings.Settings` extends this class; together they are the only readers of the environment.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
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

    lookups: int = Field(default=20, ge=1)
    """Tracking codes that a person may look up within the window."""

    lookups_of_address: int = Field(default=200, ge=1)
    """Tracking codes that all who share a network address may look up within the window."""

    lookups_window_min: int = Field(default=10, ge=1, le=24 * 60)
    """The window of the look-ups, in minutes; also the first pause after it is used up."""

    guesses: int = Field(default=10, ge=2)
    """Unknown and near-by codes within the window that are taken for guessing."""

    proof_tries: int = Field(default=3, ge=1, le=10)
    """Wrong second proofs of a dossier before the first pause."""

    proof_pause_min: int = Field(default=30, ge=1, le=24 * 60)
    """The first pause after wrong proofs, in minutes; each further one is twice as long."""

    @property
    def database(self) -> str:
        """Return the effective database address."""
        return self.database_url or f"sqlite+aiosqlite:///{self.var_dir / 'motcua.db'}"
