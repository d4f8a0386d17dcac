"""How long the gateway may be away, with a client that only says when it comes and goes."""

import asyncio
from collections.abc import Callable

import discord
import pytest

from adapters.discord.connection import Presence
from bot.domain.errors import PlatformError

AWAY_S = 0.02


class Coming(discord.Client):
    """Comes and goes as told, and ends long after its absence would be a fault."""

    def __init__(self, *events: Callable[[], None]) -> None:
        super().__init__(intents=discord.Intents.none())
        self._events = events

    async def start(self, token: str, *, reconnect: bool = True) -> None:
        for event in self._events:
            event()
        await asyncio.sleep(AWAY_S * 5)


async def failure(presence: Presence, *events: Callable[[], None]) -> str:
    with pytest.raises(PlatformError) as raised:
        await presence.hold(Coming(*events), "token")
    return raised.value.got


async def test_a_connection_that_never_comes_is_given_up() -> None:
    presence = Presence(AWAY_S)

    assert await failure(presence, presence.begin) == "not connected for 0.02 s"


async def test_one_that_goes_is_given_up() -> None:
    presence = Presence(AWAY_S)

    assert await failure(presence, presence.came, lambda: presence.left(4009)) == "not connected for 0.02 s"


async def test_one_that_comes_back_is_not() -> None:
    presence = Presence(AWAY_S)
    events = (presence.begin, presence.came, lambda: presence.left(None), presence.came)

    assert await failure(presence, *events) == "it closed the connection"
