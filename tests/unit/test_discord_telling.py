"""How often people are told in Discord that they may not ask."""

from types import SimpleNamespace
from typing import cast

import discord

from adapters.discord.telling import REFUSED_EVERY_S, Refusals


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
