"""How each channel is entered from outside, and how its platform can misbehave."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp

from tests.fakes.telegram import SECRET_HEADER
from tests.fakes.telegram_rules import Fault as TelegramFault
from tests.fakes.zalo_bot import SECRET_HEADER as ZALO_HEADER
from tests.fakes.zalo_bot import an_update
from tests.fakes.zalo_common import Fault as ZaloFault
from tests.fakes.zalo_oa import as_body, signed, user_event
from tests.support.people import OnWeb
from tests.support.stage import SECRET, Stage

PATIENCE_S = 30.0
SETTLED_S = 1.0


@dataclass(frozen=True)
class Post:
    """A request as a platform makes it."""

    body: bytes
    headers: Mapping[str, str]


class Door(Protocol):
    """One channel, seen from its platform."""

    name: str
    path: str

    def text(self, person: int, text: str, event_id: int) -> Post:
        """Return the request for a message of a person; ids of events grow with their number."""

    def unknown(self, person: int) -> Post:
        """Return the request for an event of a kind that nobody knows."""

    def picture(self, person: int, event_id: int) -> Post:
        """Return the request for a message without words."""

    def forged(self, post: Post) -> Sequence[Post]:
        """Return the request with a wrong proof of origin, and without any."""

    def fault(self, kind: str, person: int) -> None:
        """Let the platform misbehave at the next message to a person."""

    async def heard(self, person: int, enough: int | None = None) -> Sequence[str]:
        """Return what a person has received; the web chat may stop reading when it is enough."""


class TelegramDoor:
    name = "telegram"
    path = "/telegram/webhook"

    def __init__(self, stage: Stage) -> None:
        self._fake = stage.telegram

    def text(self, person: int, text: str, event_id: int) -> Post:
        return self._post(event_id, message=self._fake.a_message(person, text=text))

    def unknown(self, person: int) -> Post:
        return self._post(900_000 + person, something_new={"chat": {"id": person}})

    def picture(self, person: int, event_id: int) -> Post:
        sticker = {"file_id": "f", "file_unique_id": "u", "type": "regular"}
        return self._post(event_id, message=self._fake.a_message(person, sticker=sticker))

    def forged(self, post: Post) -> Sequence[Post]:
        wrong = {**post.headers, SECRET_HEADER: SECRET[:-1] + "x"}
        without = {k: v for k, v in post.headers.items() if k != SECRET_HEADER}
        return [Post(post.body, wrong), Post(post.body, without)]

    def fault(self, kind: str, person: int) -> None:
        self._fake.faults.append(TelegramFault(kind, chat=person))  # type: ignore[arg-type]

    async def heard(self, person: int, enough: int | None = None) -> Sequence[str]:
        return self._fake.texts(person)

    def _post(self, event_id: int, **update: Any) -> Post:
        body = json.dumps({"update_id": event_id, **update}, ensure_ascii=False).encode()
        return Post(body, {"Content-Type": "application/json", SECRET_HEADER: SECRET})


class ZaloOADoor:
    name = "zalo_oa"
    path = "/zalo/oa"

    def __init__(self, stage: Stage) -> None:
        self._fake = stage.zalo_oa

    def text(self, person: int, text: str, event_id: int) -> Post:
        message = {"text": text, "msg_id": f"m{event_id:08d}"}
        return self._post(user_event(str(person), "user_send_text", message))

    def unknown(self, person: int) -> Post:
        return self._post(user_event(str(person), "user_does_something_new", {"msg_id": "n"}))

    def picture(self, person: int, event_id: int) -> Post:
        attachment = {"type": "sticker", "payload": {"id": "1", "url": "https://x.zdn.vn/s"}}
        message = {"msg_id": f"m{event_id:08d}", "attachments": [attachment]}
        return self._post(user_event(str(person), "user_send_sticker", message))

    def forged(self, post: Post) -> Sequence[Post]:
        event = json.loads(post.body)
        return [
            Post(post.body, signed(post.body, event, key="another key")),
            Post(post.body, {"Content-Type": "application/json"}),
            Post(post.body.replace(b'"text"', b' "text"'), post.headers),
        ]

    def fault(self, kind: str, person: int) -> None:
        self._fake.faults.append(ZaloFault(kind, chat=str(person)))  # type: ignore[arg-type]

    async def heard(self, person: int, enough: int | None = None) -> Sequence[str]:
        return self._fake.texts(str(person))

    def _post(self, event: Mapping[str, Any]) -> Post:
        body = as_body(event)
        return Post(body, {"Content-Type": "application/json", **signed(body, event)})


class ZaloBotDoor:
    name = "zalo_bot"
    path = "/zalo/bot"

    def __init__(self, stage: Stage) -> None:
        self._fake = stage.zalo_bot

    def text(self, person: int, text: str, event_id: int) -> Post:
        return self._post(person, "message.text.received", event_id, text=text)

    def unknown(self, person: int) -> Post:
        return self._post(person, "message.something.new", 1, text="?")

    def picture(self, person: int, event_id: int) -> Post:
        sticker = {"sticker": "s", "url": "https://x.zdn.vn/s"}
        return self._post(person, "message.sticker.received", event_id, **sticker)

    def forged(self, post: Post) -> Sequence[Post]:
        wrong = {**post.headers, ZALO_HEADER: SECRET[:-1] + "x"}
        without = {k: v for k, v in post.headers.items() if k != ZALO_HEADER}
        return [Post(post.body, wrong), Post(post.body, without)]

    def fault(self, kind: str, person: int) -> None:
        self._fake.faults.append(ZaloFault(kind, chat=str(person)))  # type: ignore[arg-type]

    async def heard(self, person: int, enough: int | None = None) -> Sequence[str]:
        return self._fake.texts(str(person))

    def _post(self, person: int, name: str, event_id: int, **fields: str) -> Post:
        update = an_update(str(person), name, f"b{event_id:08d}", **fields)
        return Post(*self._fake.as_posted(update))


class WebDoor:
    name = "web"
    path = "/api/chat"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._people: dict[int, OnWeb] = {}

    def text(self, person: int, text: str, event_id: int) -> Post:
        known = self._person(person)
        body = {"id": f"event-{event_id:08d}", "conversation": known.conversation, "text": text}
        return Post(json.dumps(body).encode(), {"Content-Type": "application/json"})

    def unknown(self, person: int) -> Post:
        raise NotImplementedError("no platform stands behind the web chat")

    def picture(self, person: int, event_id: int) -> Post:
        raise NotImplementedError("no platform stands behind the web chat")

    def forged(self, post: Post) -> Sequence[Post]:
        raise NotImplementedError("no platform stands behind the web chat")

    def fault(self, kind: str, person: int) -> None:
        raise NotImplementedError("no platform stands behind the web chat")

    async def heard(self, person: int, enough: int | None = None) -> Sequence[str]:
        return await self._person(person).heard(enough)

    def _person(self, number: int) -> OnWeb:
        if number not in self._people:
            gateway = self._stage.gateways[0]
            self._people[number] = OnWeb(self._stage.session, gateway.url, number)
        return self._people[number]


@dataclass
class Visit:
    """A test's way through a door: it posts, and waits for what a person hears."""

    door: Door
    url: str
    session: aiohttp.ClientSession
    person: int
    all_heard: Sequence[str] = ()
    """What was received so far; in the end `Visits` looks whether more came."""

    async def post(self, post: Post) -> int:
        """Return the status that the gateway answers."""
        address = f"{self.url}{self.door.path}"
        async with self.session.post(address, data=post.body, headers=post.headers) as answer:
            await answer.read()
            return answer.status

    async def say(self, text: str) -> int:
        return await self.post(self.door.text(self.person, text, new_id()))

    async def hears(self, count: int) -> Sequence[str]:
        """Wait until so much was received; nothing may come after it."""
        for _ in range(int(PATIENCE_S / 0.05)):
            self.all_heard = await self.door.heard(self.person, count)
            if len(self.all_heard) >= count:
                break
            await asyncio.sleep(0.05)
        return self.all_heard

    def hears_nothing(self) -> None:
        """Say that nothing may be received."""
        self.all_heard = ()


class Visits:
    """All visits of a house with a door for each channel."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        kinds: Sequence[Callable[[Stage], Door]] = (
            TelegramDoor,
            ZaloOADoor,
            ZaloBotDoor,
            WebDoor,
        )
        self._doors = {door.name: door for door in (kind(stage) for kind in kinds)}
        self._visits: list[Visit] = []

    def somebody(self, channel: str) -> Visit:
        """Somebody who has not been here before."""
        url, person = self._stage.gateways[0].url, 5001 + len(self._visits)
        visit = Visit(self._doors[channel], url, self._stage.session, person)
        self._visits.append(visit)
        return visit

    async def heard_nothing_more(self) -> None:
        """Assert that nobody received anything but what the tests have seen."""
        await asyncio.sleep(SETTLED_S)
        found = await asyncio.gather(*(it.door.heard(it.person) for it in self._visits))
        more = {
            f"{it.door.name} {it.person}": (it.all_heard, heard)
            for it, heard in zip(self._visits, found, strict=True)
            if list(it.all_heard) != list(heard)
        }
        assert not more, more


def new_id() -> int:
    return secrets.randbelow(10_000_000) + 1_000_000
