"""Notices by approved template: the only way to write to somebody outside the window.

The template has one field, `date`: that there is news, and of which day. Neither a tracking code
nor a name nor a status leaves the house this way; whoever follows a dossier asks in the chat.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.channels.base import Receipt, Refused
from bot.channels.incoming import id_of
from bot.channels.zalo_oa.client import Client
from bot.channels.zalo_oa.errors import ZaloError

FIELDS = ("date",)
_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_PHONE = re.compile(r"84[1-9][0-9]{8}")


class Notices:
    """Sends the template that the settings name."""

    def __init__(self, client: Client, template_id: str, *, business_url: str) -> None:
        self._client = client
        self._template_id = template_id
        self._business_url = business_url

    async def to_user(self, user_id: str, now: datetime) -> Receipt:
        """Tell a person that the account knows by its id."""
        body = {"user_id": user_id, **self._template(now)}
        data = await self._send("/v3.0/oa/message/template", body, base=None)
        return Receipt(id_of(data.get("message_id")) or id_of(data.get("msg_id")))

    async def to_phone(self, phone: str, now: datetime, *, tracking_id: str) -> Receipt:
        """Tell a person by telephone number, `84…`; the number is kept and logged nowhere."""
        if not _PHONE.fullmatch(phone) or not 0 < len(tracking_id) <= 48:
            raise Refused("telephone number or tracking id not as Zalo wants it")
        body = {"phone": phone, **self._template(now), "tracking_id": tracking_id}
        data = await self._send("/message/template", body, base=self._business_url)
        return Receipt(id_of(data.get("msg_id")) or id_of(data.get("message_id")))

    async def problem(self) -> str | None:
        """Ask Zalo about the template; return what is wrong with it, None when nothing is."""
        info = await self._client.ask(
            "/template/info/v2",
            query={"template_id": self._template_id},
            base=self._business_url,
        )
        if info.get("status") not in (None, "ENABLE"):
            return "it is not enabled"
        wanted = _required(info.get("listParams"))
        missing = sorted(wanted - set(FIELDS))
        return f"it wants fields that are not filled in: {', '.join(missing)}" if missing else None

    def _template(self, now: datetime) -> dict[str, Any]:
        day = f"{now.astimezone(_VIETNAM):%d/%m/%Y}"
        return {"template_id": self._template_id, "template_data": {"date": day}}

    async def _send(
        self, path: str, body: Mapping[str, Any], *, base: str | None
    ) -> Mapping[str, Any]:
        try:
            return await self._client.send(path, body, base=base)
        except ZaloError as error:
            raise Refused(str(error)) from None


def _required(fields: object) -> set[str]:
    if not isinstance(fields, list):
        return set()
    return {
        str(field.get("name"))
        for field in fields
        if isinstance(field, dict) and field.get("require") is not False
    }
