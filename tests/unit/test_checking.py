import asyncio
import logging

import pytest

from bot.checking import Asking, checked, name_of
from bot.domain.errors import SourceUnreachable
from bot.domain.ports import Check

DEADLINE_S = 0.02


async def well() -> Check:
    return Check("source", "ok", "well")


async def several() -> tuple[Check, ...]:
    return Check("slack", "ok", "a bot"), Check("slack events", "warning", "slow")


async def unreachable() -> Check:
    raise SourceUnreachable("GET http://h:1/", "connection refused", "start it")


async def broken() -> Check:
    raise ValueError("xoxb-hush")


async def hanging() -> Check:
    await asyncio.Event().wait()
    raise AssertionError


async def said_by(part: str, ask: Asking) -> Check:
    (check,) = await checked({part: ask}, deadline_s=DEADLINE_S)
    return check


async def test_all_parts_say_in_their_order_how_they_are() -> None:
    said = await checked({"slack": several, "source": well}, deadline_s=60)
    assert [check.part for check in said] == ["slack", "slack events", "source"]


async def test_a_part_that_hangs_has_a_fault_and_holds_up_no_other() -> None:
    first, second = await checked({"model": hanging, "source": well}, deadline_s=DEADLINE_S)
    assert first == Check("model", "fault", "it does not say within 0.02 s how it is", finding="no-answer")
    assert second.state == "ok"


async def test_parts_are_asked_at_once() -> None:
    met = asyncio.Barrier(2)

    async def meeting() -> Check:
        async with met:
            return await well()

    said = await checked({"one": meeting, "other": meeting}, deadline_s=60)
    assert [check.state for check in said] == ["ok", "ok"]


async def test_an_error_of_ours_is_told_in_its_own_words() -> None:
    assert await said_by("source", unreachable) == Check(
        "source", "fault", "GET http://h:1/: connection refused", "start it", "unreachable"
    )


async def test_any_other_error_is_told_by_its_kind_and_logged_in_full(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "netspy.checking"):
        check = await said_by("slack", broken)
    assert check == Check("slack", "fault", "its check broke (ValueError)", "see the log", "check-broke")
    assert "xoxb-hush" in caplog.text


async def test_a_check_that_is_cancelled_stays_so() -> None:
    asking = asyncio.create_task(checked({"model": hanging}, deadline_s=60))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


def test_a_group_of_errors_is_named_by_what_is_in_it() -> None:
    assert name_of(ExceptionGroup("", [KeyError(), OSError(), KeyError()])) == "KeyError, OSError"
