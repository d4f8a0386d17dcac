"""Turns begin when no message is being taken in, or after a moment."""

import asyncio

import pytest

from bot.conversation import intake
from bot.conversation.intake import Intake


async def test_a_turn_begins_at_once_when_nothing_is_taken_in() -> None:
    await asyncio.wait_for(Intake().over(), 1)


async def test_a_turn_waits_for_the_last_of_all_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "PATIENCE_S", 60.0)
    taking = Intake()
    await taking.__aenter__()
    await taking.__aenter__()
    waiting = asyncio.create_task(taking.over())
    await taking.__aexit__(None, None, None)
    await asyncio.sleep(0)
    assert not waiting.done()
    await taking.__aexit__(None, None, None)
    await asyncio.wait_for(waiting, 10)


async def test_a_message_that_takes_long_holds_nobody_up() -> None:
    taking = Intake()
    async with taking:
        await asyncio.wait_for(taking.over(), 10)


async def test_a_message_that_fails_is_taken_in_too() -> None:
    taking = Intake()
    with pytest.raises(ValueError, match="broken"):
        async with taking:
            raise ValueError("broken")
    await asyncio.wait_for(taking.over(), 1)
