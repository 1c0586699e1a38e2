"""Each template in each language: the same names, the same values, no sentence of another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from actions.language import Language
from actions.templates import FOLDER, Templates
from knowledge.dossiers.dossier import Dossier, DossierFound, Supplement
from knowledge.dossiers.due import Deadline, Pause
from knowledge.dossiers.status import Status, status_texts
from knowledge.dossiers.timeline import Event, EventKind
from knowledge.dossiers.tracking_code import find_codes
from knowledge.following.subscriptions import Followed
from knowledge.office.calendar import Due, DueState
from knowledge.office.offices import InstallationFile, Office
from knowledge.procedures.answers import answer
from knowledge.procedures.catalogue import Catalogue, Field
from knowledge.procedures.model import (
    Aspect,
    Confidence,
    Document,
    Fee,
    Procedure,
    ProcessingTime,
    Source,
    State,
    StatusRecord,
    Unit,
    Variant,
)
from knowledge.questions.tickets import Ticket, TicketState
from knowledge.settings import SHIPPED_DATA

FACT = "Điều ghi ở đây"
"""Stands for everything that the knowledge base says."""
NAME = "Bắc Ninh"
MARKED = re.compile(r"[^\W\d_]*[^\W\d_a-zA-Z][^\W\d_]*")
NOON = datetime(2026, 11, 24, 12, 0)
TODAY = NOON.date()
OURS = Office.load(SHIPPED_DATA, None)
INCLUDED = {"dossier/parts", "dossier/status", "procedure/parts"}
ASPECTS = [aspect for aspect in Aspect if aspect is not Aspect.LIST]
Sample = tuple[str, Mapping[str, Any]]


def office(**own: Any) -> Office:
    place = OURS.facts.filing_places[0].model_copy(update={"name": FACT, "address": FACT})
    portal = OURS.facts.portals[0].model_copy(update={"name": FACT})
    source = OURS.facts.sources[0].model_copy(update={"title": FACT})
    facts = OURS.facts.model_copy(
        update={
            "filing_places": (place,),
            "portals": (portal,),
            "sources": (source,),
            "filing_note": FACT,
        }
    )
    return Office(facts, InstallationFile(**own))


def procedure(state: State, *, full: bool, **status: Any) -> Procedure:
    """A procedure of which everything is known, or nothing."""
    record = Procedure(
        id="mau",
        name=FACT,
        field="mau",
        family="mau",
        variant=Variant.THONG_BAO if full else Variant.CAP_MOI,
        level="tỉnh",
        status=StatusRecord(
            state=state, basis=(FACT,), note=FACT, replaced_by=("1.000001",), **status
        ),
        confidence=Confidence.HIGH if full else Confidence.LOW,
        sources=(Source(fields=("fees",), title=FACT, url_or_document="x", province="Thanh Hoa"),),
    )
    if not full:
        return record
    return record.model_copy(
        update={
            "code": "1.000001",
            "agency": FACT,
            "applicants": (FACT,),
            "documents": (
                Document(name=FACT, form=FACT, originals=1, copies=2, case=FACT, note=FACT),
            ),
            "sets": 1,
            "processing": (
                ProcessingTime(text=FACT, value=7, unit=Unit.WORKING_DAY, case=FACT),
                ProcessingTime(text=FACT, value=1, unit=Unit.DAY),
                ProcessingTime(text=FACT, value=8, unit=Unit.HOUR),
            ),
            "fees": (
                Fee(kind="phí", text=FACT, amount_vnd=1_200_000, per="bộ C/O", case=FACT),
                Fee(kind="lệ phí", text=FACT, amount_vnd=0, basis=FACT),
                Fee(kind="phí", text=FACT),
            ),
            "methods": ("Trực tuyến", "Bưu chính"),
            "where": FACT,
            "result": FACT,
            "validity": FACT,
            "conditions": (FACT,),
            "legal_basis": (FACT,),
            "sources": (
                Source(fields=("fees",), title=FACT, url_or_document="x", date="2026-01-05"),
            ),
        }
    )


def procedures() -> Iterator[Procedure]:
    began = {"since": date(2026, 1, 1)}
    for full in (True, False):
        for state in State:
            yield procedure(state, full=full, **began)
        yield procedure(State.ABOLISHED, full=full)
        yield procedure(State.SUSPENDED, full=full, until=date(2027, 2, 28), **began)
        yield procedure(State.CURRENT, full=full, since=date(2027, 1, 1))
        yield procedure(State.CURRENT, full=full, until=date(2026, 2, 1), **began)
        yield procedure(State.CURRENT, full=full, review_by=date(2026, 2, 1), **began)


def told(catalogue: Catalogue) -> Iterator[Sample]:
    replacing = procedure(State.CURRENT, full=True)
    known = Catalogue({"1.000001": replacing}, catalogue.fields, catalogue.index)
    for record, aspect in product(procedures(), ASPECTS):
        facts = [answer(known, record, aspect, TODAY)]
        yield (
            "procedure/answer",
            {"answers": facts, "sources": record.sources, "ask_at": OURS.ask_at()},
        )


def times() -> tuple[ProcessingTime, ...]:
    return tuple(
        ProcessingTime(text=FACT, value=n, unit=unit, case=FACT) for n, unit in enumerate(Unit)
    )


def deadlines() -> list[Deadline]:
    steps = times()
    singles = [
        Deadline(TODAY, (time,), (Pause(TODAY, TODAY),) if time.value else ()) for time in steps
    ]
    waiting = [Deadline(None, steps[:1], (), TODAY, left) for left in (None, 1, 2)]
    return [*singles, Deadline(TODAY, steps), *waiting]


def events() -> list[Event]:
    kinds = [it for it in EventKind if it is not EventKind.STATUS]
    told = [Event(TODAY, kind) for kind in kinds]
    steps = [Event(TODAY, EventKind.STATUS, Status.DONE, FACT, noted=it) for it in (True, False)]
    return [*told, *steps]


def filed() -> Iterator[Sample]:
    day = TODAY + timedelta(days=1)
    cases = [[it] for it in deadlines() if it.on] + [[it for it in deadlines() if it.on]]
    for found, asked, receipt in product(
        cases, (TODAY, day, TODAY - timedelta(days=1)), (TODAY, day)
    ):
        values = {"day": asked, "receipt": receipt, "deadlines": found, "today": TODAY}
        yield "dossier/if_filed", {**values, "notice": False}
    yield "dossier/if_filed", {**values, "deadlines": [], "notice": True}


def dossiers() -> Iterator[Sample]:
    yield from filed()
    wrong = [
        code
        for text in ("261005-0001", "H05.20-261305-0001", "H05.20-2610-0001", "H05.20-261005-12")
        for code in find_codes(f"mã {text}", TODAY)
    ]
    items: list[Mapping[str, Any]] = [
        {"kind": "not_found", "code": "H05.20-261005-0009"},
        {"kind": "unavailable", "code": "H05.20-261005-0009"},
        *({"kind": "malformed", "code": code} for code in wrong),
    ]
    for status, state, (deadline, event) in product(
        Status, DueState, zip(deadlines(), events(), strict=True)
    ):
        dossier = Dossier(
            *("H05.20-261005-0009", FACT, status),
            **dict.fromkeys(("received_on", "due_on", "resolved_on", "returned_on"), TODAY),
            desk=FACT,
            supplements=(Supplement(FACT, (FACT,), TODAY, TODAY),),
            fee_due_vnd=50_000,
            sample=state is DueState.IN_TIME,
        )
        texts = {
            it: text.model_copy(update=dict.fromkeys(("name", "plain", "todo"), FACT))
            for it, text in status_texts().items()
        }
        items.append(
            {
                "kind": "found",
                "found": DossierFound(dossier, FACT, NOON),
                "dossier": dossier,
                "status": texts[status],
                "statuses": texts,
                "due": Due(state, 2),
                "deadlines": [(deadline, Due(state, 1))],
                "running": not status.closed,
                "supplement": dossier.open_supplement,
                "supplement_due": Due(state, 1),
                "events": [event],
                "as_of": NOON,
                "age_hours": state.value.count("e") * 20,
            }
        )
    for left_out, brief in product((0, 1, 2), (False, True)):
        values = {"items": items, "ask_at": OURS.ask_at(), "left_out": left_out, "brief": brief}
        yield "dossier/answer", values
    for again, codes in product((False, True), (wrong, [])):
        for few_words in (False, True):
            yield "dossier/ask", {"wrong": codes, "again": again, "few_words": few_words}
    yield "dossier/no_code", {"ask_at": OURS.ask_at()}
    yield "dossier/another", {}


def choices() -> Iterator[Sample]:
    field = Field(slug="mau", name=FACT)
    record = procedure(State.CURRENT, full=True)
    entry = {"procedure": record, "count": 1}
    for yes, number in product((False, True), (1, 2)):
        page = {"page": number, "pages": 2}
        entries = [({**entry, "count": number}, state) for state in State]
        listed = {"fields": [(field, number)], "names": [FACT], "total": number, **page}
        yield "dialogue/fields", {**listed, "lost": yes}
        named = {"title": FACT, "in_field": yes, "total": number, "entries": entries}
        yield "dialogue/procedures", {**named, **page}
        yield "dialogue/which_of", {"choices": [record] * number, "again": yes}
        yield "dialogue/no_more", {"again": yes}
        yield "dialogue/not_ours", {"again": yes, "ask_at": OURS.ask_at()}
        for typed in (None, 9):
            yield "dialogue/pick_number", {"typed": typed, "again": yes, "count": number}
    yield "dialogue/failed", {}
    for aspect in (None, *ASPECTS):
        yield "dialogue/which_procedure", {"aspect": aspect}


def people() -> Iterator[Sample]:
    hours = {"monday": ["07:30-11:30"]}
    offices = [office(), office(phone="0000 111 222", opening_hours=hours)]
    ticket = Ticket("BN-2611-0001", "web", "web:x", f"{FACT} ***", TicketState.OPEN, NOON)
    for place, open_now, yes in product(offices, (False, True), (False, True)):
        values = {
            "office": place,
            "open_until": NOON if open_now else None,
            "closed": bool(place.installation.opening_hours) and not open_now,
            "opens": NOON if not open_now and yes else None,
            "day_off": not open_now,
        }
        for question in (None, FACT):
            asked = {**values, "question": question}
            yield "office/hand_over", {**asked, "complaint": yes}
            yield "ticket/offer", {**asked, "lost": yes}
        yield "office/hours", values
        yield "office/contact", values
        yield "ticket/left", {**values, "ticket": ticket, "new": yes}
    yield "ticket/ask_question", {}
    yield "ticket/not_stored", {"ask_at": OURS.ask_at()}
    for name in ("ask_help", "cancel", "greet", "praise", "say_goodbye", "thank"):
        yield f"social/{name}", {}


def news() -> Iterator[Sample]:
    code, ask_at = "H05.20-261005-0009", OURS.ask_at()
    wrong = find_codes("mã H05.20-261305-0001", TODAY)
    for yes in (False, True):
        codes = [code, "H05.20-261005-0010"] if yes else [code]
        yield "following/ask_proof", {"codes": codes, "late": yes}
        until = {"until": NOON, "ask_at": ask_at}
        for paused, fits, again in product((False, True), repeat=3):
            told = {"codes": codes, "paused": paused, "fits": fits, "again": again}
            yield "following/not_proven", {**told, **until}
        yield "following/too_many", {**until, "again": yes}
        for stopped in ([], codes):
            yield "following/stopped", {"codes": stopped, "was": yes and bool(stopped)}
        yield "following/which", {"wrong": wrong if yes else []}
        for status in Status:
            dossier = Dossier(
                *(code, FACT, status),
                due_on=TODAY,
                supplements=(Supplement(FACT, (FACT,), TODAY, TODAY),),
                sample=yes,
            )
            words = status_texts()[status].model_copy(
                update=dict.fromkeys(("name", "plain", "todo"), FACT)
            )
            told = {"dossier": dossier, "supplement": dossier.open_supplement}
            yield "following/changed", {**told, "words": words, "ends": yes}
            yield "following/coming", {**told, "day": TODAY}
            item = {"code": code, "procedure": FACT, "status": words, "since": NOON}
            yield "following/list", {"items": [item] if yes else []}
    groups = [{"result": result, "codes": [code]} for result in Followed]
    yield "following/followed", {"groups": groups, "ask_at": ask_at}
    yield "following/no_digits", {"ask_at": ask_at}
    yield "following/waiting", {}
    yield "following/not_here", {}
    held = [
        {"kind": FACT, "count": 2, "since": since, "until": until}
        for since, until in ((NOON, NOON), (NOON, NOON + timedelta(days=1)), (None, None))
    ]
    for items in (held, []):
        yield "privacy/held", {"held": items, "ask_at": ask_at}
    yield "privacy/confirm", {}
    yield "privacy/not_here", {}


def samples(catalogue: Catalogue) -> Iterator[Sample]:
    yield from told(catalogue)
    yield "procedure/only_one", {}
    yield from dossiers()
    yield from choices()
    yield from people()
    yield from news()


def names(language: Language) -> set[str]:
    folder = FOLDER / language
    return {str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.j2")}


def test_every_template_there_is_has_a_sample(catalogue: Catalogue) -> None:
    by_aspect = {f"procedure/{aspect}" for aspect in ASPECTS}
    sampled = {name for name, _ in samples(catalogue)}
    assert names(Language.VIETNAMESE) == sampled | by_aspect | INCLUDED


def test_both_languages_have_the_same_templates_and_labels() -> None:
    vietnamese, english = (Templates(language).labels for language in Language)
    assert names(Language.VIETNAMESE) == names(Language.ENGLISH)
    assert shape(vietnamese) == shape(english)


def shape(labels: Any) -> Any:
    """The keys of labels; `terms` differ, each language renames what it must."""
    if isinstance(labels, list):
        return len(labels)
    if not isinstance(labels, dict):
        return None
    return {key: shape(value) for key, value in labels.items() if key != "terms"}


@pytest.mark.parametrize("language", list(Language))
def test_every_template_renders_with_every_sample(
    catalogue: Catalogue, language: Language
) -> None:
    templates = Templates(language)
    assert all(templates.render(name, **values) for name, values in samples(catalogue))


def test_in_english_nothing_but_facts_and_names_is_vietnamese(catalogue: Catalogue) -> None:
    templates = Templates(Language.ENGLISH)
    for name, values in samples(catalogue):
        text = templates.render(name, **values).casefold()
        for given in (FACT, OURS.name, NAME):
            text = text.replace(given.casefold(), "")
        assert MARKED.findall(text.replace("⚠", "")) == [], f"{name}: {text}"


def test_amounts_and_days_are_written_as_in_each_language(catalogue: Catalogue) -> None:
    [fee, *_] = (it for it in told(catalogue) if it[1]["answers"][0].aspect is Aspect.FEE)
    vietnamese, english = (Templates(it).render(fee[0], **fee[1]) for it in Language)
    assert "1.200.000 đồng/bộ C/O" in vietnamese
    assert "1,200,000 VND per set of C/O" in english
    assert "(05/01/2026)" in vietnamese
    assert "(5 Jan 2026)" in english
