"""Settings of the channels; a channel without its token is off."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Secret, SecretStr, StringConstraints

from knowledge.settings import KnowledgeSettings

_TelegramToken = Annotated[str, StringConstraints(pattern=r"^\d+:[A-Za-z0-9_-]+$")]
_TelegramSecret = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,256}$")]


class ChannelSettings(KnowledgeSettings):
    """Tokens, addresses and ways of receiving; every upstream address can be replaced."""

    public_url: str | None = None
    """Address under which platforms reach this installation, `https://…`, for webhooks."""

    telegram_token: Secret[_TelegramToken] | None = None
    """Token of the Telegram bot; unset: the channel is off."""

    telegram_mode: Literal["webhook", "polling"] = "polling"
    """How Telegram's updates come; a webhook needs `public_url` and the secret."""

    telegram_secret: Secret[_TelegramSecret] | None = None
    """What Telegram repeats with each call of the webhook; unset: the webhook refuses all."""

    telegram_api_url: str = "https://api.telegram.org"
    """Address of the Telegram Bot API."""

    zalo_oa_id: str | None = None
    """Id of the Zalo Official Account; unset: the channel is off."""

    zalo_oa_app_id: str | None = None
    """Id of the Zalo app that the account has granted."""

    zalo_oa_app_secret: SecretStr | None = None
    """Secret of the app, for renewing tokens."""

    zalo_oa_secret_key: SecretStr | None = None
    """Key of the webhook's signature (Zalo console, Webhook); unset: no event is accepted."""

    zalo_oa_refresh_token: SecretStr | None = None
    """First refresh token; once used, the kept pair counts, and this one is not looked at."""

    zalo_oa_verifier: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,128}$")
    """Code of Zalo's domain verification, served as a file and as a meta tag."""

    zalo_oa_staff_pause_min: int = Field(default=60, ge=1, le=7 * 24 * 60)
    """Minutes for which the assistant keeps silent after the staff wrote in Zalo's console."""

    zalo_oa_notice_template: str | None = None
    """Id of the approved template for news of a dossier outside the free window."""

    zalo_oa_api_url: str = "https://openapi.zalo.me"
    """Address of the Zalo OpenAPI."""

    zalo_oa_business_url: str = "https://business.openapi.zalo.me"
    """Address of Zalo's interface for notices by telephone number."""

    zalo_oa_oauth_url: str = "https://oauth.zaloapp.com"
    """Address of Zalo's token server."""

    zalo_media_hosts: str = "zdn.vn,zadn.vn"
    """Hosts from which photos that people sent on Zalo are fetched, by comma; no other is."""

    zalo_bot_token: SecretStr | None = None
    """Token of the bot of the Zalo Bot Platform; unset: the channel is off."""

    zalo_bot_mode: Literal["webhook", "polling"] = "polling"
    """How the Zalo bot's updates come; a webhook needs `public_url` and the secret."""

    zalo_bot_secret: SecretStr | None = Field(default=None, min_length=8, max_length=256)
    """What Zalo repeats with each call of the bot's webhook; unset: the webhook refuses all."""

    zalo_bot_api_url: str = "https://bot-api.zaloplatforms.com"
    """Address of the Zalo Bot API."""

    @property
    def zalo_hosts(self) -> list[str]:
        """Return the hosts that photos are fetched from."""
        return [host.strip().lower() for host in self.zalo_media_hosts.split(",") if host.strip()]
