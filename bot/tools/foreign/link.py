"""The one task that owns the connection to a foreign server: it connects, keeps the list of tools, and connects again.

It knows no SDK. Callers come from other tasks; where there is no connection they fail at once rather than wait.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from bot.checking import name_of
from bot.domain.errors import ToolHostError
from bot.domain.json_types import JsonObject
from bot.domain.ports import Check
from bot.tables.untrusted import one_line
from bot.tools.foreign.offers import usable_offers
from bot.tools.foreign.results import Answer
from bot.tools.foreign.servers import ENDED, ConnectionLost, ForeignServer, Offer

log = logging.getLogger("netspy.tools")

NAMED_TOOLS = 8
"""Tools that a check names, of however many there are."""
MAX_ERROR = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds. `heartbeat`: a server that says nothing is asked for its tools, to see whether it lives.

    `settle`: the least between two looks at a list. `steady`: a connection that held so long begins the waits anew.
    """

    first_wait_s: float = 0.5
    longest_wait_s: float = 60.0
    heartbeat_s: float = 30.0
    settle_s: float = 0.2
    steady_s: float = 30.0
    patience_s: float = 0.5


class OpenSession(Protocol):
    """`session.Session`, as far as its owner needs it."""

    @property
    def stirred(self) -> asyncio.Event: ...

    @property
    def has_ended(self) -> bool: ...

    async def offers(self) -> tuple[Offer, ...]: ...

    async def call(self, tool: str, arguments: JsonObject) -> Answer: ...

    async def watch(self) -> bool: ...


Opening: TypeAlias = Callable[[ForeignServer], AbstractAsyncContextManager[OpenSession]]


class Link:
    """`tried` is set once the first attempt has ended, well or not. `version` changes with the offers."""

    def __init__(self, server: ForeignServer, opening: Opening, *, pace: Pace) -> None:
        self.server = server
        self._opening = opening
        self._pace = pace
        self._session: OpenSession | None = None
        self._up = asyncio.Event()
        self._error = "it has not answered yet"
        self._left_out: tuple[str, ...] = ()
        self._stopping = False
        self.tried = asyncio.Event()
        self.version = 0
        self.known: tuple[Offer, ...] = ()
        """What it offers, or offered when it was last there: names stay what they are while it is away."""

    @property
    def is_up(self) -> bool:
        return self._session is not None and not self._session.has_ended

    async def run(self) -> None:
        """Until cancelled, with `stop` before: a connection that breaks just then takes a cancellation for its own."""
        clock = asyncio.get_running_loop().time
        waits = self._waits()
        while not self._stopping:
            began = clock()
            try:
                await self._hold()
            except* Exception as errors:  # noqa: BLE001 - whatever it is, it ends this connection and nothing else
                self._lose(errors)
            if clock() - began > self._pace.steady_s:
                waits = self._waits()
            if not self._stopping:
                await asyncio.sleep(next(waits))

    def stop(self) -> None:
        """Connect no more."""
        self._stopping = True

    async def call(self, tool: str, arguments: JsonObject) -> Answer:
        """Raises: ToolHostError."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pace.patience_s):
                await self._up.wait()
        session = self._session
        if session is None or session.has_ended:
            got = f"it is not connected: {ENDED if session else self._error}"
            raise ToolHostError(f"MCP server {self.server.name}", got, "netspy keeps trying; ask again later")
        return await session.call(tool, arguments)

    def check(self) -> Check:
        part = f"mcp {self.server.name}"
        if not self.is_up:
            # A warning, no fault: netspy answers all the same, and whoever probes it should not take it out of service.
            return Check(part, "warning", f"not connected: {self._error}", "see its entry in mcp.json", "not-connected")
        names = [one_line(offer.name, 40) for offer in self.known]
        more = f" and {len(names) - NAMED_TOOLS} more" if len(names) > NAMED_TOOLS else ""
        listed = f": {', '.join(names[:NAMED_TOOLS])}{more}" if names else ""
        if self._left_out:
            told = f"{len(names)} tools{listed}; left out: {'; '.join(self._left_out[:NAMED_TOOLS])}"
            return Check(part, "warning", told, "mend them there, or deny them in mcp.json")
        return Check(part, "ok", f"{len(names)} tools{listed}")

    async def _hold(self) -> None:
        """One connection, from its beginning to its end. Raises: whatever ended it."""
        async with self._opening(self.server) as session:
            self._offer(await session.offers())
            self._session = session
            self._up.set()
            self.tried.set()
            log.info("mcp.connected", extra={"server": self.server.name, "tools": len(self.known)})
            try:
                async with asyncio.TaskGroup() as tasks:
                    watching = tasks.create_task(self._watch(session))
                    try:
                        await self._follow(session)
                    finally:
                        watching.cancel()
            finally:
                self._session = None
                self._up.clear()
                self.version += 1

    async def _follow(self, session: OpenSession) -> None:
        """Keep the list as the server has it. Raises: whatever says that the server is gone."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pace.heartbeat_s):
                    await session.stirred.wait()
            if session.has_ended:
                raise ConnectionLost(ENDED)
            session.stirred.clear()
            self._offer(await session.offers())
            await asyncio.sleep(self._pace.settle_s)

    async def _watch(self, session: OpenSession) -> None:
        while await session.watch():  # noqa: ASYNC110 - it waits by itself; the sleep keeps it from asking too often
            await asyncio.sleep(self._pace.heartbeat_s)

    def _offer(self, offers: Sequence[Offer]) -> None:
        usable, self._left_out = usable_offers(offers, self.server)
        if usable != self.known or not self.is_up:
            self.known = usable
            self.version += 1

    def _lose(self, errors: BaseExceptionGroup) -> None:
        told = one_line(self.server.redacted(_cause(errors)), MAX_ERROR)
        if told != self._error:
            log.warning("mcp.lost", extra={"server": self.server.name, "cause": told})
        self._error = told
        self.tried.set()

    def _waits(self) -> Iterator[float]:
        """Twice as long each time; of replicas that lost the same server, not all come back at once."""
        wait_s = self._pace.first_wait_s
        while True:
            yield wait_s * (0.75 + random.random() / 2)  # noqa: S311 - it keeps no secret
            wait_s = min(2 * wait_s, self._pace.longest_wait_s)


def _cause(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) if isinstance(error, ConnectionLost) else name_of(error)
