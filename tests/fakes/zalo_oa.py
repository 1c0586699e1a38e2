"""A Zalo Official Account on loopback: sending, uploads, tokens, webhook with redelivery.

In a test::

    async with FakeZaloOA() as zalo:                 # or start() and stop()
        settings = Settings(**zalo.settings)
        zalo.webhook = "http://127.0.0.1:…/zalo/oa"
        await zalo.say("1001", "phí bao nhiêu?")     # signed; again until it is taken
        assert zalo.sent[-1].text == "..."           # each has .chat, .text, .at, .buttons, .file
        await zalo.press("1001", "Thời hạn")         # a button under the last message of a chat
        zalo.faults.append(Fault("error", code=-216))
        zalo.token_faults.append(Fault("lost_answer"))

It refuses what Zalo refuses: text over 2,000 characters, more than five buttons, files of other
kinds or over 5 MB, access tokens that were replaced, refresh tokens that were spent.

By hand: `python -m tests.fakes.zalo_oa --port 8770`; see `--help`.
"""

from __future__ import annotations

import hashlib
import json
import time
import unicodedata
from collections import deque
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from tests.fakes.zalo_common import Fake, Fault, Sent, bad_gateway, hang_up

OA_ID = "388613280878808645"
APP_ID = "360846524940903967"
APP_SECRET = "fake-app-secret-for-tests"
SECRET_KEY = "OaSecretExample01"
FIRST_REFRESH_TOKEN = "fake-refresh-0-for-tests"
LADDER = (30.0, 300.0, 900.0, 1800.0, 3600.0)
"""Zalo's pauses in seconds before an event is sent again; a fake begins with shorter ones."""
_CODES = {"flood": -32, "forbidden": -213, "unauthorized": -216}
_FILES = (".pdf", ".doc", ".docx", ".csv", ".png", ".jpg")
_LARGEST = 5 * 1024 * 1024


class FakeZaloOA(Fake):
    """One account, its app and its token server."""

    def __init__(self, port: int = 0, *, echoes: bool = False, **more: Any) -> None:
        super().__init__(port, **more)
        self.echoes = echoes
        """Whether what the account sends comes back as `oa_send_text` or `oa_send_file`."""
        self.messages: list[dict[str, Any]] = []
        """Bodies of what was taken, as they came."""
        self.notices: list[dict[str, Any]] = []
        self.uploads: dict[str, tuple[str, bytes]] = {}
        self.token_faults: deque[Fault] = deque()
        self.access_token = ""
        self.refresh_token = FIRST_REFRESH_TOKEN
        self.expires_in: object = "90000"
        self.spent: list[str] = []
        """Refresh tokens in the order in which they were spent."""
        self.spent_twice = 0
        self._add_routes()

    def _add_routes(self) -> None:
        post, get = self._app.router.add_post, self._app.router.add_get
        post("/v3.0/oa/message/cs", self._message)
        post("/v3.0/oa/message/template", self._template)
        post("/message/template", self._template)
        post("/v2.0/oa/message", self._reaction)
        post("/v2.0/oa/upload/file", self._upload)
        post("/v2.0/oa/upload/image", self._upload)
        post("/v3.0/oa/quota/message", self._quota)
        get("/v3.0/oa/user/detail", self._detail)
        get("/v2.0/oa/getoa", self._getoa)
        get("/template/info/v2", self._template_info)
        post("/v4/oa/access_token", self._token)

    @property
    def settings(self) -> dict[str, str]:
        """Return the settings that point a gateway here."""
        return {
            "zalo_oa_id": OA_ID,
            "zalo_oa_app_id": APP_ID,
            "zalo_oa_app_secret": APP_SECRET,
            "zalo_oa_secret_key": SECRET_KEY,
            "zalo_oa_refresh_token": FIRST_REFRESH_TOKEN,
            "zalo_oa_api_url": self.url,
            "zalo_oa_business_url": self.url,
            "zalo_oa_oauth_url": self.url,
            "zalo_media_hosts": self.url,
        }

    # -- what people do ------------------------------------------------------------------------

    async def say(self, chat: str, text: str, *, event_id: str | None = None) -> str:
        """Write to the account; returns the id of the message."""
        message_id = event_id or self.next_id("m")
        message = {"text": text, "msg_id": message_id}
        await self.push(user_event(chat, "user_send_text", message))
        return message_id

    async def press(self, chat: str, label: str) -> str:
        """Press a button under the last message of a chat that has one so named."""
        for sent in reversed(self.sent):
            if sent.chat == chat and label in dict(sent.buttons):
                return await self.say(chat, dict(sent.buttons)[label])
        raise AssertionError(f"no button {label!r} in chat {chat}")

    async def attach(self, chat: str, kind: str, payload: Mapping[str, Any]) -> str:
        """Send a picture, a file and so on; `kind` as in the name of the event."""
        message_id = self.next_id("m")
        attachment = {"type": kind, "payload": dict(payload)}
        message = {"msg_id": message_id, "attachments": [attachment]}
        await self.push(user_event(chat, f"user_send_{kind}", message))
        return message_id

    async def photograph(self, chat: str, content: bytes) -> str:
        """Send a photo."""
        url = self.hosted(content)
        return await self.attach(chat, "image", {"url": url, "thumbnail": url})

    async def follow(self, chat: str, *, name: str = "follow") -> int:
        """Follow, or `unfollow`."""
        return await self.push(
            {
                "oa_id": OA_ID,
                "follower": {"id": chat},
                "user_id_by_app": f"app-{chat}",
                "event_name": name,
                "source": "oa_profile",
                "app_id": APP_ID,
                "timestamp": now_ms(),
            }
        )

    async def about(self, chat: str, name: str, **more: Any) -> int:
        """Tell what happened with a person: `user_click_chatnow`, `user_withdraw` and so on."""
        event = {"oa_id": OA_ID, "user_id": chat, "user_id_by_app": f"app-{chat}", **more}
        return await self.push(
            {**event, "event_name": name, "app_id": APP_ID, "timestamp": now_ms()}
        )

    async def staff_writes(self, chat: str, text: str) -> str:
        """Let the staff write in Zalo's own console."""
        message_id = self.next_id("staff")
        await self.push(echo_event(chat, text, message_id, admin_id="4711"))
        return message_id

    async def push(self, event: Mapping[str, Any]) -> int:
        """Deliver an event with its signature, again until it is taken; the first status."""
        body = as_body(event)
        message = event.get("message")
        event_id = message.get("msg_id", "") if isinstance(message, Mapping) else ""
        return await self.deliver(event_id, body, signed(body, event))

    # -- what the account calls ----------------------------------------------------------------

    async def _message(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        chat, message = body["recipient"]["user_id"], body["message"]
        fault = self.next_fault(chat)
        if refusal := self._refusal(request, fault) or self._faulty(message):
            return refusal
        self.messages.append(body)
        sent = self._keep(chat, message)
        if self.echoes:
            self.later(self._echo(sent))
        answer = {"message_id": sent.message_id, "user_id": chat, "sent_time": now_ms()}
        return await self.spoiled(request, fault) or success(answer)

    def _keep(self, chat: str, message: Mapping[str, Any]) -> Sent:
        payload = message.get("attachment", {}).get("payload", {})
        buttons = tuple((it["title"], it["payload"]) for it in payload.get("buttons", ()))
        file = self.uploads.get(payload.get("token", ""))
        return self.keep(chat, message.get("text", ""), buttons=buttons, file=file)

    async def _echo(self, sent: Sent) -> None:
        event = echo_event(sent.chat, sent.text, sent.message_id)
        if sent.file:
            event["event_name"] = "oa_send_file"
        await self.push(event)

    def _refusal(self, request: web.Request, fault: Fault | None) -> web.Response | None:
        """Return what is answered instead of taking something."""
        if fault and fault.kind == "not_taken":
            return hang_up(request)
        if fault and fault.kind == "bad_gateway":
            return bad_gateway()
        if fault and fault.kind == "server_error":
            return web.Response(status=500, text="Internal Server Error")
        if fault and (code := _CODES.get(fault.kind, fault.code)):
            return failure(code, "fault")
        if not self.access_token or request.headers.get("access_token") != self.access_token:
            return failure(-216, "Access token is invalid")
        return None

    def _faulty(self, message: Mapping[str, Any]) -> web.Response | None:
        """Return what Zalo answers to a message that it does not take."""
        attachment = message.get("attachment", {})
        payload = attachment.get("payload", {})
        if attachment.get("type") == "file":
            known = payload.get("token") in self.uploads
            return None if known else failure(-100, "attachment expired")
        text = unicodedata.normalize("NFC", message.get("text", ""))
        if not text or len(text) > 2000:
            return failure(-201, "text is invalid")
        buttons = payload.get("buttons", [])
        if len(buttons) > 5 or not all(is_button(button) for button in buttons):
            return failure(-201, "buttons are invalid")
        return None

    async def _upload(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request, None):
            return refusal
        file = (await request.post())["file"]
        assert isinstance(file, web.FileField)
        content = file.file.read()
        if not file.filename.lower().endswith(_FILES) or len(content) > _LARGEST:
            return failure(-201, "file is invalid")
        token = self.next_id("upload")
        self.uploads[token] = (file.filename, content)
        return success({"token": token, "attachment_id": token})

    async def _template(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        chat = body.get("user_id") or body["phone"]
        fault = self.next_fault(chat)
        if refusal := self._refusal(request, fault):
            return refusal
        self.notices.append(body)
        sent = self.keep(chat, json.dumps(body["template_data"]))
        name = "message_id" if "user_id" in body else "msg_id"
        answer = {name: sent.message_id, "sent_time": now_ms()}
        return await self.spoiled(request, fault) or success(answer)

    async def _template_info(self, request: web.Request) -> web.Response:
        info = {"status": "ENABLE", "listParams": [{"name": "date", "require": True}]}
        return self._refusal(request, None) or success(info)

    async def _reaction(self, request: web.Request) -> web.Response:
        return self._refusal(request, None) or success({"message_id": self.next_id("out")})

    async def _quota(self, request: web.Request) -> web.Response:
        left = {"remain": 8, "total": 8}
        quota = {"last_interaction": now_ms(), "cs_reply": left, "promotion": left}
        return self._refusal(request, None) or success(quota)

    async def _detail(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request, None):
            return refusal
        user = json.loads(request.query["data"])["user_id"]
        return success({"user_id": user, "display_name": "Hộ kinh doanh mẫu 01"})

    async def _getoa(self, request: web.Request) -> web.Response:
        about = {"oaid": OA_ID, "name": "OA mẫu", "oa_type": 4, "is_verified": True}
        return self._refusal(request, None) or success(about)

    # -- the token server ----------------------------------------------------------------------

    async def _token(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        fault = self.token_faults.popleft() if self.token_faults else None
        kind = fault.kind if fault else ""
        if kind == "not_taken":
            return hang_up(request)
        if kind in ("server_error", "bad_gateway"):
            return bad_gateway()
        token = str(form.get("refresh_token") or form.get("code"))
        if kind == "error" or token != self.refresh_token or not may_renew(request, form):
            self.spent_twice += token in self.spent
            return web.json_response(
                {"error": -14014, "error_name": "Invalid refresh token", "error_reason": "spent"}
            )
        return await self._rotate(request, token, fault)

    async def _rotate(
        self, request: web.Request, token: str, fault: Fault | None
    ) -> web.StreamResponse:
        self.spent.append(token)
        number = len(self.spent)
        self.access_token = f"fake-access-{number}-for-tests"
        self.refresh_token = f"fake-refresh-{number}-for-tests"
        answer = {
            "access_token": self.access_token,
            "refresh_token": self.refresh_token,
            "expires_in": self.expires_in,
        }
        if fault and fault.kind == "half":
            del answer["refresh_token"]
        return await self.spoiled(request, fault) or web.json_response(answer)


def may_renew(request: web.Request, form: Mapping[str, Any]) -> bool:
    """Return whether an app asks as it must."""
    if request.headers.get("secret_key") != APP_SECRET or form.get("app_id") != APP_ID:
        return False
    if form.get("grant_type") == "authorization_code":
        return bool(form.get("code_verifier"))
    return form.get("grant_type") == "refresh_token"


def user_event(chat: str, name: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event in Zalo's envelope."""
    return {
        "app_id": APP_ID,
        "sender": {"id": chat},
        "user_id_by_app": f"app-{chat}",
        "recipient": {"id": OA_ID},
        "event_name": name,
        "message": dict(message),
        "timestamp": now_ms(),
    }


def echo_event(
    chat: str, text: str, message_id: str, *, admin_id: str | None = None
) -> dict[str, Any]:
    """Return what Zalo tells of a message that the account has sent."""
    event = user_event(chat, "oa_send_text", {"text": text, "msg_id": message_id})
    event["sender"] = {"id": OA_ID, **({"admin_id": admin_id} if admin_id else {})}
    event["recipient"] = {"id": chat}
    return event


def as_body(event: Mapping[str, Any]) -> bytes:
    """Return an event as Zalo sends it: UTF-8, no spaces."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def signed(body: bytes, event: Mapping[str, Any], *, key: str = SECRET_KEY) -> dict[str, str]:
    """Return the header with the signature of a body, worked out here and not by the gateway."""
    whole = APP_ID.encode() + body + str(event.get("timestamp")).encode() + key.encode()
    return {"X-ZEvent-Signature": f"mac={hashlib.sha256(whole).hexdigest()}"}


def is_button(button: Mapping[str, Any]) -> bool:
    """Return whether Zalo takes a button that sends a text."""
    payload = button.get("payload")
    return (
        button.get("type") in ("oa.query.show", "oa.query.hide")
        and 0 < len(button.get("title", "")) <= 100
        and isinstance(payload, str)
        and 0 < len(payload) <= 1000
    )


def success(data: Mapping[str, Any]) -> web.Response:
    return web.json_response({"data": dict(data), "error": 0, "message": "Success"})


def failure(code: int, message: str) -> web.Response:
    return web.json_response({"error": code, "message": message})


def now_ms() -> str:
    return str(int(time.time() * 1000))


if __name__ == "__main__":
    from tests.fakes.zalo_by_hand import main

    main(FakeZaloOA, port=8770, webhook="http://127.0.0.1:8080/zalo/oa")
