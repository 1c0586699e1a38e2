"""What all pages of the staff share: templates, navigation, headers, long lists in pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Generic, TypeVar

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from actions.services import LOCAL_ZONE
from bot.channels.names import channel_names
from bot.console.words import ConsoleWords

_FOLDER = Path(__file__).parent
_STYLE = _FOLDER / "static" / "staff.css"
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
_A_PAGE = 50
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Part(Generic[Item]):
    """One page of a long list."""

    items: Sequence[Item]
    total: int
    number: int
    last: int


class Frame:
    """Renders pages of the staff; `folders` hold templates beside those of the frame."""

    def __init__(self, *folders: Path) -> None:
        self.words = ConsoleWords.load()
        self._environment = Environment(
            loader=FileSystemLoader([*folders, _FOLDER / "templates"]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(
            console=self.words, channels=channel_names(), version=version("motcua")
        )
        self._environment.filters["moment"] = _moment

    def page(self, name: str, *, status: int = 200, **values: Any) -> web.Response:
        """Return a page of the staff; nothing of it is kept by browsers and proxies."""
        return web.Response(
            text=self._environment.get_template(f"{name}.html").render(values),
            content_type="text/html",
            headers={"Cache-Control": "no-store", "Content-Security-Policy": _POLICY},
            status=status,
        )

    @staticmethod
    def style() -> web.FileResponse:
        """Return the style sheet of all pages."""
        return web.FileResponse(_STYLE)


def part_of(items: Sequence[Item], request: web.Request) -> Part[Item]:
    """Return the page of a list that `?page=` asks for; the nearest one if there is none."""
    last = max(1, -(-len(items) // _A_PAGE))
    asked = request.query.get("page", "1")
    number = min(max(int(asked), 1), last) if asked.isdecimal() and len(asked) < 7 else 1
    shown = items[(number - 1) * _A_PAGE : number * _A_PAGE]
    return Part(shown, len(items), number, last)


def _moment(value: datetime) -> str:
    return f"{value.astimezone(LOCAL_ZONE):%H:%M %d/%m/%Y}"
