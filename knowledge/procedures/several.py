"""Messages that name two procedures: "bán lẻ rượu và thuốc lá cần gì"."""

from __future__ import annotations

from knowledge.procedures.features import ALL_KNOWN
from knowledge.procedures.model import Procedure
from knowledge.procedures.parts import pieces
from knowledge.procedures.ranking import IN_NAME
from knowledge.procedures.resolution import Resolved
from knowledge.procedures.resolve import resolve
from knowledge.procedures.search import ProcedureIndex

_MOST = 0.5
"""So much of a part must be of an official name, where two things are surely asked about."""


def two_meant(
    index: ProcedureIndex, text: str, *, doubt: float = 0.0
) -> tuple[Procedure, Procedure] | None:
    """Return the two procedures that two parts of a message name; None if it names fewer.

    One of the parts may say only how its procedure differs from the other's: "bán lẻ rượu và
    thuốc lá".
    """
    if asks_of_each(index, text):
        return _each_of_two(index, text, doubt)
    parts = [part for part in _parts(index, text) if _says_something(index, part)]
    if len(parts) != 2:
        return None
    left, right = parts
    first, second = (_named(index, part, doubt, ALL_KNOWN) for part in parts)
    if first and not second:
        second = _beside(index, right, first)
    elif second and not first:
        first = _beside(index, left, second)
    if not first or not second or _same(first, second):
        return None
    return None if _is_one(index, text, (first, second), doubt) else (first, second)


def asks_of_each(index: ProcedureIndex, text: str) -> bool:
    """Whether a message says itself that it is about two things: "mỗi cái mấy ngày"."""
    return index.wording.asks_of_each(index.read(text).tokens)


def _each_of_two(
    index: ProcedureIndex, text: str, doubt: float
) -> tuple[Procedure, Procedure] | None:
    """Return the two procedures of a message that says itself that it is about two things."""
    found: dict[str, Procedure] = {}
    for part in (part for piece in pieces(text) for part in _parts(index, piece)):
        named = _named(index, part, doubt, _MOST)
        if not named and found and _says_something(index, part):
            named = _beside(index, part, next(iter(found.values())))
        if named:
            found.setdefault(named.id, named)
    two = tuple(found.values())
    return (two[0], two[1]) if len(two) == 2 and not _same(*two) else None


def _parts(index: ProcedureIndex, text: str) -> list[str]:
    """Return the parts that joining words part; a comma stands between much else."""
    found = index.wording.parts(index.read(text).tokens)
    return [" ".join(token.form for token in part) for part in found]


def _says_something(index: ProcedureIndex, part: str) -> bool:
    query = index.read(part)
    return bool(query.content or query.variants)


def _named(index: ProcedureIndex, part: str, doubt: float, least: float) -> Procedure | None:
    """Return the procedure that a part names by itself, in words of its official name.

    `least` is the share of its words that must stand there.
    """
    if not index.read(part).content:
        return None
    likeliest = next(iter(index.search(part, doubt=doubt).families), None)
    if likeliest is None or likeliest.features.get("name", 0.0) < least:
        return None
    found = resolve(index, part, doubt=doubt)
    return found.procedure if isinstance(found, Resolved) else None


def _beside(index: ProcedureIndex, part: str, other: Procedure) -> Procedure | None:
    """Return what a part means that says only how its procedure differs from another.

    It words another act, or what stands in the procedure's official name.
    """
    found = resolve(index, part, context=other.id)
    if not isinstance(found, Resolved) or found.from_context:
        return None
    if index.read(part).variants:
        return found.procedure
    families = index.search(part, near=[other]).families
    named = {it.slug for it in families if it.features.get(IN_NAME)}
    return found.procedure if found.procedure.family in named else None


def _same(one: Procedure, other: Procedure) -> bool:
    """Whether two are the same act of one family."""
    return one.family == other.family and one.variant is other.variant


def _is_one(
    index: ProcedureIndex, text: str, two: tuple[Procedure, Procedure], doubt: float
) -> bool:
    """Whether all of a message is known of one family: some names have a joining word."""
    if two[0].family == two[1].family:
        return False
    families = index.search(text, doubt=doubt).families
    return any(it.features.get("coverage", 0.0) >= ALL_KNOWN for it in families)
