"""Open sockets within a scope, for sources that can only list them all."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from bot.domain.query import EVERYTHING
from bot.domain.sockets import OpenSockets, SocketQuery
from bot.ebpf.scopes import sees

INCOMPLETE: Final = "not all sockets and their processes could be looked at"
"""Instead of notes that count those which may not be seen."""
_MOST: Final = SocketQuery().limit


async def ask_within(ask: Callable[[SocketQuery], Awaitable[OpenSockets]], query: SocketQuery) -> OpenSockets:
    """Those that the query's scope lets through: a socket without a process is nobody's there."""
    if query.within.is_everything:
        return await ask(query)
    found = await ask(replace(query, within=EVERYTHING, holders=True, limit=_MOST))
    seen = [each for each in found.sockets if sees(each, query.within)]
    return OpenSockets(
        time=found.time,
        sockets=tuple(seen[: query.limit]),
        left_out=max(len(seen) - query.limit, 0),
        namespaces=tuple(sorted({each.namespace for each in seen})),
        notes=(INCOMPLETE,) if found.notes or found.left_out else (),
    )
