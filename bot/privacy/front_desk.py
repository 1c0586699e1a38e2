"""What the gateway does before the assistant is asked: note who asks, and take second proofs."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncEngine

from actions.services import Clock
from bot.messages import Inbound
from bot.privacy.digits import proof_digits
from knowledge.following.proofs import Proofs
from knowledge.privacy.callers import Callers

PROVE = "/prove_dossier"
"""What the assistant is told in place of the digits."""
_HOME_BITS = 64
"""Whoever has an IPv6 address has a whole network of them."""
Networks = Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]


class FrontDesk:
    """Knows people by keyed digests."""

    def __init__(
        self, engine: AsyncEngine, proofs: Proofs, *, secret: bytes, clock: Clock
    ) -> None:
        self._callers = Callers(engine)
        self._proofs = proofs
        self._secret = secret
        self._clock = clock

    def rasa_id(self, conversation: str) -> str:
        """Return the id Rasa knows a conversation by: no platform id reaches its store."""
        return f"{conversation.partition(':')[0]}:{self._digest(conversation)}"

    async def note(self, message: Inbound) -> None:
        """Note who asks, so that limits count for the person and news find their way."""
        await self._callers.note(
            self.rasa_id(message.conversation),
            message.conversation,
            self._person(message.conversation),
            datetime.now(UTC),
        )

    async def note_address(self, conversation: str, address: str) -> None:
        """Note where a conversation comes from; the address itself is not kept."""
        await self._callers.came_from(
            self.rasa_id(conversation),
            conversation,
            self._person(conversation),
            self._digest(f"address:{_home(address)}"),
            datetime.now(UTC),
        )

    async def proof(self, message: Inbound) -> str | None:
        """Compare digits if a proof is waited for; returns what the assistant is told of it."""
        digits = proof_digits(message.text)
        if digits is None:
            return None
        caller = await self._callers.find(self.rasa_id(message.conversation))
        event = self._digest(f"event:{message.conversation}:{message.event_id}")
        compared = await self._proofs.attempt(caller, digits, event, self._clock())
        return PROVE if compared else None

    def _person(self, conversation: str) -> str:
        channel, _, sender = conversation.split(":", 2)
        return self._digest(f"person:{channel}:{sender}")

    def _digest(self, value: str) -> str:
        return hmac.new(self._secret, value.encode(), hashlib.sha256).hexdigest()[:32]


def client_address(request: web.Request, trusted: Networks) -> str | None:
    """Return the address of the client: a proxy is believed only if it is a trusted one."""
    address = request.remote
    if address is None or not _is_in(address, trusted):
        return address
    # The nearest proxy writes last: what is left of the first stranger may be invented.
    forwarded = ",".join(request.headers.getall("X-Forwarded-For", ()))
    for hop in reversed([it.strip() for it in forwarded.split(",") if it.strip()]):
        if not _is_address(hop):
            return address
        address = hop
        if not _is_in(hop, trusted):
            break
    return address


def _home(address: str) -> str:
    if not _is_address(address):
        return address
    found = ipaddress.ip_address(address)
    if found.version == 4:
        return address
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network(f"{address.partition('%')[0]}/{_HOME_BITS}", strict=False))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_in(address: str, networks: Networks) -> bool:
    if not _is_address(address):
        return False
    found = ipaddress.ip_address(address)
    return any(found in network for network in networks if network.version == found.version)
