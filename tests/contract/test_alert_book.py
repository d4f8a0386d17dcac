"""What every `AlertBook` keeps: one thread a group, begun by one, for as long as it is talked about."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.conversation.forgetful_alerts import ForgetfulAlertBook
from bot.domain.alerts import BEGINNING_S, AlertBook, AlertThread
from bot.domain.message import Address, ThreadKey
from bot.storage import open_store
from tests.alert_groups import labelled
from tests.fakes import NOW

GROUP = labelled(alertname="A")
THREAD = AlertThread(ThreadKey("slack", "T1", "C1", "1.0"), Address("slack", '{"a": 1}'), frozenset({"x", "y"}), 1)
WITHIN_S = 3600.0


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def book(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AlertBook]:
    if request.param == "memory":
        yield ForgetfulAlertBook()
        return
    url = str(tmp_path / "netspy.db") if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))
    async with open_store(url) as store:
        yield store.alerts


async def test_one_is_to_begin_a_thread_and_others_wait(book: AlertBook) -> None:
    assert await book.open(GROUP, at=NOW, within_s=WITHIN_S) is True
    assert await book.open(GROUP, at=NOW, within_s=WITHIN_S) is False
    assert await book.open(replace(GROUP, key="another"), at=NOW, within_s=WITHIN_S) is True
    await book.keep(GROUP, THREAD, at=NOW)
    assert await book.open(GROUP, at=NOW, within_s=WITHIN_S) == THREAD
    told = replace(THREAD, firing=frozenset(), asked=2)
    await book.keep(GROUP, told, at=NOW)
    assert await book.open(GROUP, at=NOW, within_s=WITHIN_S) == told


async def test_who_never_began_it_or_gave_up_makes_room_for_the_next_one(book: AlertBook) -> None:
    await book.open(GROUP, at=NOW, within_s=WITHIN_S)
    later = NOW + timedelta(seconds=BEGINNING_S + 1)
    assert await book.open(GROUP, at=later, within_s=WITHIN_S) is True
    assert await book.open(GROUP, at=later, within_s=WITHIN_S) is False
    await book.give_up(GROUP)
    assert await book.open(GROUP, at=later, within_s=WITHIN_S) is True


async def test_a_thread_that_nothing_was_told_in_for_long_is_none_any_more(book: AlertBook) -> None:
    await book.open(GROUP, at=NOW, within_s=WITHIN_S)
    await book.keep(GROUP, THREAD, at=NOW)
    assert await book.open(GROUP, at=NOW + timedelta(seconds=WITHIN_S), within_s=WITHIN_S) == THREAD
    assert await book.open(GROUP, at=NOW + timedelta(seconds=WITHIN_S + 1), within_s=WITHIN_S) is True


async def test_giving_up_keeps_a_thread_that_stands(book: AlertBook) -> None:
    await book.open(GROUP, at=NOW, within_s=WITHIN_S)
    await book.keep(GROUP, THREAD, at=NOW)
    await book.give_up(GROUP)
    assert await book.open(GROUP, at=NOW, within_s=WITHIN_S) == THREAD
