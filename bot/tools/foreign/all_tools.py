"""netspy's own tools and those of other MCP servers, as one `ToolHost`.

A server that is away offers nothing, and calls of its tools fail at once. What servers say of themselves is untrusted:
it is labelled with the server's name wherever it goes.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import accumulate

from bot.codec import compact
from bot.domain.errors import ToolHostError
from bot.domain.ports import Check, ToolHost
from bot.domain.turn import ToolCall, ToolResult, ToolSpec
from bot.tables.untrusted import one_line
from bot.tools.foreign.link import Link
from bot.tools.foreign.names import Origin, function_names
from bot.tools.foreign.results import failure, to_result
from bot.tools.foreign.servers import Offer

MAX_TOOLS = 128
"""Of one request (https://platform.openai.com/docs/api-reference/chat/create, tools)."""
MAX_CHARACTERS = 100_000
"""Of what foreign tools say of themselves, together: some 25,000 tokens that every request would carry."""
MAX_REMEMBERED = 2000
"""Names that lead back although they are not given any more: a model may still use what it was offered before."""


class AllTools:
    """`own` names its tools before any other server may. The order of `links` is that of preference."""

    def __init__(
        self, own: ToolHost, links: Sequence[Link], *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._own = own
        self._links = {link.server.name: link for link in links}
        self._clock = clock
        self._state: tuple[tuple[int, bool], ...] = ()
        self._offered: tuple[ToolSpec, ...] = ()
        self._left_out: tuple[ToolSpec, ...] = ()
        self._origins: dict[str, Origin] = {}

    async def tools(self) -> tuple[ToolSpec, ...]:
        """Its own tools, then those of the servers in their order, each as it lists them, until they are too many."""
        own = await self._own.tools()
        state = tuple((link.version, link.is_up) for link in self._links.values())
        if state != self._state:
            self._state = state
            every = self._foreign({tool.name for tool in own})
            fitting = _fitting(every, MAX_TOOLS - len(own))
            self._offered, self._left_out = every[:fitting], every[fitting:]
        return (*own, *self._offered)

    async def call(self, call: ToolCall, *, now: datetime) -> ToolResult:
        origin = self._origins.get(call.name)
        if origin is None:
            return await self._own.call(call, now=now)
        link = self._links[origin.server]
        try:
            answer = await link.call(origin.tool, call.arguments)
        except ToolHostError as error:
            told = one_line(link.server.redacted(f"{origin.tool}: {_clause(error)}"), 1000)
            return failure(call, told, server=link.server, at=self._clock())
        return to_result(call, answer, server=link.server, tool=origin.tool, at=self._clock())

    async def check(self) -> tuple[Check, ...]:
        """What its own say, then each server by its name."""
        await self.tools()
        checks = [*await self._own.check(), *(link.check() for link in self._links.values())]
        if self._left_out:
            names = ", ".join(tool.name for tool in self._left_out[:8])
            told = (
                f"{len(self._offered)} tools are offered, {len(self._left_out)} are not, they are too many: {names} ..."
            )
            checks.append(Check("mcp tools", "warning", told, "limit the servers with allow in mcp.json"))
        return tuple(checks)

    def _foreign(self, own: set[str]) -> tuple[ToolSpec, ...]:
        known = {
            Origin(link.server.name, offer.name): (link, offer) for link in self._links.values() for offer in link.known
        }
        prefixes = {name: link.server.prefix for name, link in self._links.items()}
        names = function_names(tuple(known), prefixes=prefixes, reserved=own)
        given = {name: origin for origin, name in names.items()}
        remembered = {name: origin for name, origin in self._origins.items() if name not in given and name not in own}
        self._origins = dict([*remembered.items(), *given.items()][-MAX_REMEMBERED:])
        return tuple(_spec(names[origin], link, offer) for origin, (link, offer) in known.items() if link.is_up)


def _clause(error: ToolHostError) -> str:
    """What went wrong, without whose fault it was: that stands before it already."""
    return f"{error.got}. {error.remedy[0].upper()}{error.remedy[1:]}" if error.remedy else error.got


def _fitting(tools: Sequence[ToolSpec], most: int) -> int:
    """How many of them one request may carry."""
    sizes = (len(compact(tool.parameters)) + len(tool.description) for tool in tools[: max(0, most)])
    return sum(size <= MAX_CHARACTERS for size in accumulate(sizes))


def _spec(name: str, link: Link, offer: Offer) -> ToolSpec:
    server = link.server.name
    return ToolSpec(
        name=name,
        description=f"[from the MCP server {server}] {offer.description}",
        parameters=offer.parameters,
        title=f"{server}: {offer.title}",
        read_only=offer.read_only,
        server=server,
    )
