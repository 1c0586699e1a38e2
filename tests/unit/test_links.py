"""Typed commands, deep links and QR codes."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bot.commands.link import app
from bot.links import LONGEST, NotLinkable, opened_by, to_dossier, to_procedure
from bot.menu import FILE, Menu, payload
from bot.messages import Content
from bot.texts import Texts
from knowledge.procedures.catalogue import Catalogue

PROJECT = Path(__file__).parents[2]
ALLOWED = re.compile(r"[A-Za-z0-9_-]{1,64}")


def test_every_shipped_procedure_has_a_link_that_opens_it(catalogue: Catalogue) -> None:
    for procedure_id in catalogue.procedures:
        link = to_procedure(procedure_id)
        assert ALLOWED.fullmatch(link)
        assert opened_by(link) == f'/ask_overview{{"procedure_id": "{procedure_id}"}}'


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("H05.20-190801-0001", "H05.20-190801-0001"),
        ("h05.20 190801 0001", "H05.20-190801-0001"),
        ("000.00.00.H05-190801-0001", "000.00.00.H05-190801-0001"),
    ],
)
def test_a_tracking_code_has_a_link_that_opens_it(typed: str, code: str) -> None:
    link = to_dossier(typed)
    assert ALLOWED.fullmatch(link)
    assert opened_by(link) == f'/track_dossier{{"tracking_code": "{code}"}}'


@pytest.mark.parametrize("name", ["", "2.000", "A b", 'x"}', "-x", "x" * 63])
def test_what_is_no_procedure_has_no_link(name: str) -> None:
    with pytest.raises(NotLinkable):
        to_procedure(name)


@pytest.mark.parametrize(
    "strange",
    ["", "p-", "p-A", "d-H05", "x-1", "p-2_000648x!", 'p-"}', "d-h05_20-190801-0001", "ref123"],
)
def test_a_payload_that_we_never_made_opens_nothing(strange: str) -> None:
    assert opened_by(strange) is None


@given(st.text(max_size=80))
def test_no_payload_can_say_anything_else_to_the_assistant(strange: str) -> None:
    told = opened_by(strange)
    assert told is None or re.fullmatch(r'/[a-z_]+\{"[a-z_]+": "[A-Za-z0-9.-]{1,64}"\}', told)
    assert told is None or len(strange.strip()) <= LONGEST


# -- typed commands ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("/trogiup", "/ask_help"),
        ("/help", "/ask_help"),
        ("/HELP@motcua_bot ", "/ask_help"),
        ("/tracuu", "/track_dossier"),
        ("/thutuc", "/list_procedures"),
        ("/canbo", "/talk_to_person"),
        ("/huy", "/cancel"),
        ("/start", "/greet"),
        ("/track h05.20-190801-0001", '/track_dossier{"tracking_code": "H05.20-190801-0001"}'),
        ("/track what do you mean", None),
        ("/procedures petrol", None),
        ("/ask_fee", None),
        ("help", None),
        ("tôi /help", None),
        ("", None),
    ],
)
def test_a_typed_command_is_told_to_the_assistant(typed: str, told: str | None) -> None:
    assert payload(typed) == told


def test_the_menu_keeps_to_what_telegram_takes_and_rasa_knows() -> None:
    menu = Menu.load()
    intents = (PROJECT / "nlu_data" / "domain" / "intents.yml").read_text(encoding="utf-8")
    names = []
    for language in menu.languages:
        for command in menu.shown(language):
            assert re.fullmatch(r"[a-z0-9_]{1,32}", command["command"])
            assert 1 <= len(command["description"]) <= 256
            names.append(command["command"])
            told = payload(f"/{command['command']}")
            assert told is not None
            assert f"- {told.removeprefix('/')}\n" in intents
    assert len(names) == len(set(names))
    assert all(
        set(command) - {"hidden"} == {"says", *menu.languages}
        for command in yaml.safe_load(FILE.read_text(encoding="utf-8"))["commands"]
    )


def test_every_kind_of_content_has_its_reply_in_both_languages() -> None:
    for texts in (Texts.load(), Texts.load().replying_to("where do I file the dossier?")):
        for content in set(Content) - {Content.TEXT, Content.START}:
            assert texts(f"content_{content}")
        assert texts("start")


# -- the command -------------------------------------------------------------------------------


def test_the_command_prints_the_link_and_writes_the_qr_code(tmp_path: Path) -> None:
    for name, begins in (("poster.svg", b"<?xml"), ("poster.png", b"\x89PNG")):
        file = tmp_path / name
        told = CliRunner().invoke(
            app, ["procedure", "2.000648", "--bot", "@sct_bot", "--qr", str(file)]
        )
        assert told.stdout.strip() == "https://t.me/sct_bot?start=p-2_000648"
        assert file.read_bytes().startswith(begins)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["procedure", "9.999999", "--bot", "b"], "no such procedure"),
        (["dossier", "H05", "--bot", "b"], "no tracking code"),
        (["dossier", "H05.20-190801-0001"], "MOTCUA_TELEGRAM_TOKEN"),
        (["dossier", "H05.20-190801-0001", "--bot", "b", "--qr", "x.pdf"], ".svg or .png"),
    ],
)
def test_the_command_says_what_is_wrong(arguments: list[str], problem: str) -> None:
    told = CliRunner().invoke(app, arguments)
    assert told.exit_code == 1
    assert problem in told.output
