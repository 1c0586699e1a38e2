"""The pages: what waits for the staff, alarms, questions, and messages that did not arrive."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from urllib.parse import quote

from aiohttp import web

from actions.services import Services
from bot.console.forms import FormTokens
from bot.console.frame import Frame, part_of
from bot.delivery.dead_letters import DeadLetter, DeadLetters, NoSuchLetter
from knowledge.privacy.alarms import Alarm, Alarms
from knowledge.questions.tickets import Ticket, TicketState

_LONGEST_NOTE = 500
_DAY, _WEEK, _MONTH = timedelta(days=1), timedelta(days=7), timedelta(days=30)
_QUESTIONS, _MESSAGES = "/console/questions", "/console/messages"


class StaffPages:
    """Handlers of the pages; whoever calls them has seen to it that it is the staff who ask."""

    def __init__(
        self,
        frame: Frame,
        services: Services,
        tokens: FormTokens,
        *,
        put_back: Callable[[], None],
    ) -> None:
        self._frame = frame
        self._services = services
        self._tokens = tokens
        self._letters = DeadLetters(services.engine)
        self._put_back = put_back

    async def overview(self) -> web.Response:
        """Return how much of everything waits."""
        alarms = await self._alarms(_WEEK)
        letters = await self._letters.all()
        since = self._services.clock() - _DAY
        return self._frame.page(
            "overview",
            here="overview",
            now=self._services.clock(),
            alarms=alarms,
            alarms_of_day=sum(alarm.at >= since for alarm in alarms),
            questions=await self._services.tickets.all(only_open=True),
            dead=[it for it in letters if it.state == "dead"],
            unknown=[it for it in letters if it.state != "dead"],
        )

    async def alarms(self, request: web.Request) -> web.Response:
        """Return the alarms of the last thirty days, the newest first."""
        part = part_of(await self._alarms(_MONTH), request)
        new_since = self._services.clock() - _DAY
        return self._frame.page("alarms", here="alarms", part=part, new_since=new_since)

    async def questions(self, request: web.Request) -> web.Response:
        """Return the questions that wait, the oldest first, or those done, the newest first."""
        closed = request.query.get("state") == TicketState.CLOSED.value
        part = part_of(await self._tickets(closed=closed), request)
        return self._frame.page(
            "questions",
            here="questions",
            part=part,
            closed=closed,
            just_closed=await self._just_closed(request),
            names=await self._names(part.items),
            token=self._tokens.of,
            longest_note=_LONGEST_NOTE,
        )

    async def close(self, request: web.Request, number: str) -> web.Response:
        """Close a question, unless it is closed; what was noted first stays."""
        if not await self._tokens.admit(request):
            return self._refused("questions")
        ticket = await self._services.tickets.find(number)
        if ticket is None:
            raise web.HTTPNotFound
        if ticket.state is not TicketState.CLOSED:
            note = " ".join(str((await request.post()).get("note", "")).split())[:_LONGEST_NOTE]
            await self._services.tickets.close(ticket.number, note=note or None)
        raise web.HTTPSeeOther(f"{_QUESTIONS}?closed={quote(ticket.number)}")

    async def messages(self, request: web.Request) -> web.Response:
        """Return the dead letters, the oldest first, without their texts."""
        letters = await self._letters.all()
        given = request.query.get("put_back", "")
        return self._frame.page(
            "messages",
            here="messages",
            part=part_of(letters, request),
            dead=sum(it.state == "dead" for it in letters),
            put_back=int(given) if given.isdecimal() and len(given) < 7 else None,
            token=self._tokens.of,
        )

    async def message(self, name: str) -> web.Response:
        """Return one dead letter with its text."""
        letter = await self._letter(name)
        if letter is None:
            raise web.HTTPNotFound
        return self._frame.page("message", here="messages", letter=letter, token=self._tokens.of)

    async def replay(self, request: web.Request, name: str | None) -> web.Response:
        """Let one message be answered or sent once more, or all that certainly did not arrive."""
        if not await self._tokens.admit(request):
            return self._refused("messages")
        letters = await self._to_replay(name)
        for letter in letters:
            await self._letters.replay(letter)
        self._put_back()
        raise web.HTTPSeeOther(f"{_MESSAGES}?put_back={len(letters)}")

    async def _alarms(self, length: timedelta) -> Sequence[Alarm]:
        return await Alarms(self._services.engine).since(self._services.clock() - length)

    async def _tickets(self, *, closed: bool) -> Sequence[Ticket]:
        tickets = self._services.tickets
        if not closed:
            return await tickets.all(only_open=True)
        return [it for it in await tickets.all() if it.state is not TicketState.OPEN][::-1]

    async def _just_closed(self, request: web.Request) -> Ticket | None:
        ticket = await self._services.tickets.find(request.query.get("closed", ""))
        return ticket if ticket and ticket.state is TicketState.CLOSED else None

    async def _names(self, tickets: Sequence[Ticket]) -> Mapping[str, str]:
        """Return the names of the procedures that were talked about, as far as they exist."""
        asked = {it.procedure for it in tickets if it.procedure}
        if not asked:
            return {}
        procedures = (await self._services.catalogue.get()).procedures
        return {it: procedures[it].name for it in asked if it in procedures}

    async def _letter(self, name: str) -> DeadLetter | None:
        try:
            return await self._letters.find(name)
        except NoSuchLetter:
            return None

    async def _to_replay(self, name: str | None) -> Sequence[DeadLetter]:
        if name is None:
            return [it for it in await self._letters.all() if it.state == "dead"]
        letter = await self._letter(name)
        return [letter] if letter else []

    def _refused(self, here: str) -> web.Response:
        return self._frame.page("refused", here=here, status=403)
