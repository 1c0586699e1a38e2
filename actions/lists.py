"""Lists to choose from: fields, families of a field, procedures; a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from actions.base import Answer, Button, Outcome
from actions.services import Services
from knowledge.procedures.catalogue import Catalogue, Field
from knowledge.procedures.model import Aspect, Procedure, State, Variant

MOST_BUTTONS = 5
"""A channel shows no more buttons under one message."""
PAGE = MOST_BUTTONS - 1
_LABEL_CHARS = 60
_FIRST_ISSUE = (Variant.CAP_MOI, Variant.DANG_KY, Variant.THONG_BAO, Variant.PHE_DUYET)


@dataclass(frozen=True, slots=True)
class Key:
    """What a choice stands for: `field:hoa-chat:2` is the second page of a field.

    A procedure stands for itself, by its id.
    """

    kind: str
    value: str = ""
    page: int = 1

    @classmethod
    def parse(cls, text: str) -> Key:
        """Read a key as buttons and the memory hold it."""
        kind, *rest = text.split(":")
        if not rest:
            return cls(kind)
        return cls(kind, rest[0], int(rest[1]) if rest[1:] and rest[1].isdigit() else 1)

    def __str__(self) -> str:
        return ":".join((self.kind, self.value, str(self.page)))


FIELDS, FIELD, FAMILY = "fields", "field", "family"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a list: a procedure, or a family by the name of its first procedure."""

    key: str
    procedure: Procedure
    count: int = 1


def fields_answer(
    services: Services, catalogue: Catalogue, page: int = 1, *, lost: bool = False
) -> Answer:
    """List the fields, those with most procedures first; `lost` when nothing else helped."""
    counts = {item.slug: len(catalogue.of_field(item.slug)) for item in catalogue.fields.fields}
    fields = sorted(catalogue.fields.fields, key=lambda item: -counts[item.slug])
    shown = _page(fields, page)
    text = services.templates.render(
        "dialogue/fields",
        fields=[(field, counts[field.slug]) for field in shown],
        names=[field.name for field in fields],
        total=len(catalogue.procedures),
        page=page,
        pages=_pages(fields),
        lost=lost,
    )
    keys = [str(Key(FIELD, field.slug)) for field in shown]
    more = Key(FIELDS, page=page + 1) if page < _pages(fields) else None
    buttons = [choice_button(field.name, key) for field, key in zip(shown, keys, strict=True)]
    return _list(services, text, buttons, keys, more)


def field_answer(services: Services, catalogue: Catalogue, field: Field, page: int = 1) -> Answer:
    """List the procedures of a field, or its families where there are many procedures."""
    procedures = catalogue.of_field(field.slug)
    entries = _entries(procedures)
    return _entries_answer(
        services, Key(FIELD, field.slug, page), field.name, entries, procedures, in_field=True
    )


def family_answer(services: Services, catalogue: Catalogue, slug: str, page: int = 1) -> Answer:
    """List the procedures of a family."""
    procedures = catalogue.family(slug)
    name = representative(procedures).name
    entries = [Entry(item.id, item) for item in procedures]
    return _entries_answer(
        services, Key(FAMILY, slug, page), name, entries, procedures, in_field=False
    )


def choice_button(label: str, key: str) -> Button:
    """Return a button that stands for a choice."""
    return Button.intent(label, "list_procedures", choice=key)


def choice_buttons(catalogue: Catalogue, keys: Sequence[str]) -> list[Button]:
    """Return the buttons of procedures, families and fields that were offered."""
    named = {str(Key(FIELD, field.slug)): field.name for field in catalogue.fields.fields}
    offered = {key: procedure for key in keys if (procedure := _known_by(catalogue, key))}
    named |= dict(zip(offered, labels_of(list(offered.values())), strict=True))
    return [choice_button(named[key], key) for key in keys if key in named]


def _known_by(catalogue: Catalogue, key: str) -> Procedure | None:
    members = catalogue.family(Key.parse(key).value)
    return catalogue.procedures.get(key) or (representative(members) if members else None)


def labels_of(procedures: Sequence[Procedure]) -> list[str]:
    """Return short names for buttons, no two alike."""
    short = [_shortened(item.name) for item in procedures]
    return [
        label if short.count(label) == 1 else item.name
        for label, item in zip(short, procedures, strict=True)
    ]


def _entries_answer(
    services: Services,
    key: Key,
    name: str,
    entries: Sequence[Entry],
    procedures: Sequence[Procedure],
    *,
    in_field: bool,
) -> Answer:
    shown = _page(entries, key.page)
    text = services.templates.render(
        "dialogue/procedures",
        title=name,
        in_field=in_field,
        total=len(procedures),
        entries=[(item, item.procedure.standing_on(services.today).state) for item in shown],
        page=key.page,
        pages=_pages(entries),
    )
    more = Key(key.kind, key.value, key.page + 1) if key.page < _pages(entries) else None
    labels = labels_of([item.procedure for item in shown])
    buttons = [choice_button(label, item.key) for label, item in zip(labels, shown, strict=True)]
    answer = _list(services, text, buttons, [item.key for item in shown], more)
    return replace(answer, candidates=[item.id for item in procedures])


def _list(
    services: Services, text: str, buttons: Sequence[Button], keys: Sequence[str], more: Key | None
) -> Answer:
    labels = services.templates.labels["buttons"]
    last = (
        choice_button(labels["more"], str(more))
        if more
        else Button.intent(labels["none_of_these"], "deny")
    )
    return Answer(
        Outcome.ANSWERED,
        text,
        aspects=[Aspect.LIST],
        buttons=[*buttons, last],
        remember={"choices": list(keys), "pending": str(more) if more else None},
    )


def _entries(procedures: Sequence[Procedure]) -> list[Entry]:
    families: dict[str, list[Procedure]] = {}
    for item in procedures:
        families.setdefault(item.family, []).append(item)
    if len(procedures) <= PAGE or len(families) == 1:
        return [Entry(item.id, item) for item in procedures]
    return [
        Entry(str(Key(FAMILY, slug)), representative(items), len(items))
        if len(items) > 1
        else Entry(items[0].id, items[0])
        for slug, items in families.items()
    ]


def representative(procedures: Sequence[Procedure]) -> Procedure:
    """Return the procedure that a family is known by: its first issue, best one that is alive."""
    return min(
        procedures,
        key=lambda item: (
            item.variant not in _FIRST_ISSUE,
            item.status.state is State.REPLACED,
            len(item.name),
        ),
    )


def _page(items: Sequence[_T], page: int) -> Sequence[_T]:
    return items[(page - 1) * PAGE : page * PAGE]


def _pages(items: Sequence[object]) -> int:
    return max(1, -(-len(items) // PAGE))


def _shortened(name: str) -> str:
    if len(name) <= _LABEL_CHARS:
        return name
    return name[:_LABEL_CHARS].rsplit(" ", 1)[0].rstrip(",;") + "…"
