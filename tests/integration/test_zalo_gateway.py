"""The whole gateway against the stand-ins for Zalo; only the Rasa runtime is an echo."""

from pathlib import Path

import httpx

from tests.emulators.gateway import ANSWER, open_gateway_for, until
from tests.fakes.zalo_bot import FakeZaloBot
from tests.fakes.zalo_common import Fault
from tests.fakes.zalo_oa import FakeZaloOA

PRESSED = ANSWER.format(said="/ask_processing_time")


def said(text: str) -> str:
    return ANSWER.format(said=text)


async def test_a_dialogue_with_buttons_on_the_official_account(tmp_path: Path) -> None:
    async with (
        FakeZaloOA(echoes=True) as zalo,
        open_gateway_for(tmp_path, **zalo.settings) as url,
    ):
        zalo.webhook = f"{url}/zalo/oa"
        await zalo.say("1001", "phí bao nhiêu?")
        await until(lambda: zalo.texts("1001") == [said("phí bao nhiêu?")])
        await zalo.press("1001", "Thời hạn")
        await until(lambda: zalo.texts("1001") == [said("phí bao nhiêu?"), PRESSED])
        assert zalo.spent_twice == 0


async def test_what_zalo_refuses_for_a_while_goes_out_once_and_in_order(tmp_path: Path) -> None:
    async with FakeZaloOA() as zalo, open_gateway_for(tmp_path, **zalo.settings) as url:
        zalo.webhook = f"{url}/zalo/oa"
        zalo.faults.extend([Fault("server_error"), Fault("bad_gateway"), Fault("unauthorized")])
        for number in range(3):
            await zalo.say("1001", f"câu {number}", event_id=f"m{number}")
            await zalo.say("1001", f"câu {number}", event_id=f"m{number}")
        await until(lambda: zalo.texts("1001") == [said(f"câu {number}") for number in range(3)])


async def test_the_assistant_keeps_silent_after_the_staff_wrote(tmp_path: Path) -> None:
    async with FakeZaloOA() as zalo, open_gateway_for(tmp_path, **zalo.settings) as url:
        zalo.webhook = f"{url}/zalo/oa"
        await zalo.staff_writes("1001", "Cán bộ xin trả lời")
        await zalo.say("1001", "cảm ơn")
        await zalo.say("1002", "phí?")
        await until(lambda: zalo.texts("1002") == [said("phí?")])
        assert zalo.texts("1001") == []


async def test_a_lost_answer_is_settled_by_the_echo_and_nothing_is_sent_twice(
    tmp_path: Path,
) -> None:
    async with (
        FakeZaloOA(echoes=True) as zalo,
        open_gateway_for(tmp_path, **zalo.settings) as url,
    ):
        zalo.webhook = f"{url}/zalo/oa"
        await zalo.say("1001", "một")
        await until(lambda: zalo.texts("1001") == [said("một")])
        zalo.faults.append(Fault("lost_answer"))
        await zalo.say("1001", "hai")
        await until(lambda: len(zalo.texts("1001")) == 2)
        await zalo.say("1001", "ba")
        await until(lambda: zalo.texts("1001") == [said("một"), said("hai"), said("ba")])


async def test_a_token_server_that_is_away_at_the_start_delays_the_answer_and_no_more(
    tmp_path: Path,
) -> None:
    async with FakeZaloOA() as zalo:
        zalo.token_faults.extend([Fault("bad_gateway"), Fault("not_taken")])
        async with open_gateway_for(tmp_path, **zalo.settings) as url:
            zalo.webhook = f"{url}/zalo/oa"
            await zalo.say("1001", "phí?")
            await until(lambda: zalo.texts("1001") == [said("phí?")])
    assert len(zalo.spent) == 1


async def test_the_domain_is_verified(tmp_path: Path) -> None:
    async with (
        open_gateway_for(tmp_path, zalo_oa_verifier="Code_1") as url,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        assert "Code_1" in (await client.get(f"{url}/zalo_verifierCode_1.html")).text
        assert (await client.get(f"{url}/zalo_verifierCode_2.html")).status_code == 404
        assert 'content="Code_1"' in (await client.get(url)).text


async def test_numbers_stand_for_buttons_on_the_zalo_bot(tmp_path: Path) -> None:
    async with FakeZaloBot() as zalo, open_gateway_for(tmp_path, **zalo.settings):
        await zalo.say("u1", "phí bao nhiêu?")
        [menu] = await zalo.received("u1", 1)
        assert "1. Thời hạn" in menu
        await zalo.say("u1", "1")
        _, answer = await zalo.received("u1", 2)
        assert answer.startswith(PRESSED)
