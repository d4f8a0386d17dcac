"""What people are told in Discord besides answers, and how often."""

from types import SimpleNamespace
from typing import cast

import discord
import pytest

from adapters.discord.telling import REFUSED_EVERY_S, Refusals, not_taken
from bot.domain.errors import StorageError


def said(user: int, channel: int) -> discord.Message:
    place = SimpleNamespace(author=SimpleNamespace(id=user), channel=SimpleNamespace(id=channel))
    return cast("discord.Message", place)


def test_everybody_is_told_once_a_minute_in_a_channel() -> None:
    now_s = 0.0
    refusals = Refusals(lambda: now_s)
    told = [refusals.is_due(said(*where)) for where in ((1, 1), (1, 1), (2, 1), (1, 2))]
    now_s = REFUSED_EVERY_S - 0.1
    told.append(refusals.is_due(said(1, 1)))
    now_s = REFUSED_EVERY_S
    told.append(refusals.is_due(said(1, 1)))

    assert told == [True, False, True, True, False, True]


def test_where_a_database_is_stands_in_the_log_and_in_no_channel(caplog: pytest.LogCaptureFixture) -> None:
    told = not_taken(StorageError("storing a message in postgresql://netspy@db.lan/netspy", "nothing answers"))
    assert told == "Your question could not be taken: netspy's database cannot be used now. Ask again in a minute"
    (record,) = caplog.records
    assert (record.message, "db.lan" in str(record.__dict__["cause"])) == ("discord.not_taken", True)
