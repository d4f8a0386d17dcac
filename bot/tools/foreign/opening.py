"""Opens the connections to all foreign servers. Called by the composition root only."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager, suppress

from bot.domain.ports import ToolHost
from bot.tools.foreign.all_tools import AllTools
from bot.tools.foreign.link import Link, Opening, Pace
from bot.tools.foreign.servers import ForeignServer
from bot.tools.foreign.session import open_session

START_S = 3.0
"""How long netspy waits at its start for servers that do not answer yet, unless told otherwise; they may come later."""
ENDING_S = 8.0
"""Longer than the SDK takes to end a child that does not want to: 2 s to go by itself, 2 s for each of two signals."""
PACE = Pace()


@asynccontextmanager
async def open_links(
    servers: Sequence[ForeignServer],
    *,
    start_s: float | None = None,
    pace: Pace = PACE,
    opening: Opening = open_session,
) -> AsyncGenerator[tuple[Link, ...], None]:
    """A link to each server, whether it is there or not.

    Each has a task of its own, beside this one: what a user of the links raises must not pass through it.
    """
    links = tuple(Link(server, opening, pace=pace) for server in servers)
    owners = [asyncio.create_task(link.run(), name=f"mcp {link.server.name}") for link in links]
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(START_S if start_s is None else start_s):
                await asyncio.gather(*(link.tried.wait() for link in links))
        yield links
    finally:
        for link in links:
            link.stop()
        await _end(owners)


async def _end(owners: Collection[asyncio.Task[None]]) -> None:
    """Cancelled once, unless that was lost on the way: a second time may cut short how a child is ended."""
    while owners:
        for owner in owners:
            owner.cancel()
        _, owners = await asyncio.wait(owners, timeout=ENDING_S)


@asynccontextmanager
async def open_all_tools(
    own: ToolHost,
    servers: Sequence[ForeignServer],
    *,
    start_s: float | None = None,
    pace: Pace = PACE,
    opening: Opening = open_session,
) -> AsyncGenerator[AllTools, None]:
    """The given tools and those of the servers, as far as they are there."""
    async with open_links(servers, start_s=start_s, pace=pace, opening=opening) as links:
        yield AllTools(own, links)
