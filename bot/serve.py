"""`netspy serve`: every chat platform that has credentials, and the HTTP side, in one process until it is stopped."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager

from bot.app import adapters_of, open_answering, open_desk, open_source
from bot.domain.errors import InvalidSettings, NetspyError
from bot.domain.message import Address, TurnId
from bot.domain.ports import Adapter, Check, Desk, Outlet
from bot.settings import Settings
from bot.web import Endpoint, application, serving

log = logging.getLogger("netspy.serve")

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
"""Between two starts of an adapter that fails."""
STEADY_S = 60.0
"""What ran so long begins anew without a wait that has grown."""
PATHS = {"slack": "/slack/events"}

Sleep = Callable[[float], Awaitable[None]]


async def serve(settings: Settings, *, server: str | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit status. Raises: InvalidSettings."""
    adapters = adapters_of(settings)
    if not adapters:
        raise InvalidSettings("netspy serve", "no chat platform has credentials", "set SLACK_BOT_TOKEN; see the README")
    return await serve_all(adapters, settings, server=server)


async def serve_all(adapters: Sequence[Adapter], settings: Settings, *, server: str | None = None) -> int:
    host, port = settings.listen_address
    supervised = [Supervised(adapter) for adapter in adapters]
    async with AsyncExitStack() as stack:
        source = await stack.enter_async_context(open_source(settings, server=server, live=True))
        answering = await stack.enter_async_context(open_answering(settings, source))
        desk = await stack.enter_async_context(open_desk(settings, source, answering, outlets_of(adapters)))

        async def checks() -> Sequence[Check]:
            return (*await desk.status(), *(each.state for each in supervised))

        url = await stack.enter_async_context(serving(application(checks, routes_of(adapters)), host, port))
        log.info("serve.listening", extra={"url": url})
        for check in await desk.status():
            log.info("serve.part", extra={"part": check.part, "state": check.state, "detail": check.detail})
        with _asked_to_end() as ending:
            await _until(ending, supervised, desk)
    return 0


class Supervised:
    """An adapter that is started again whenever it fails; the others do not notice. `state` is how it is now."""

    def __init__(self, adapter: Adapter, *, sleep: Sleep = asyncio.sleep) -> None:
        self._adapter = adapter
        self._sleep = sleep
        self.state = Check(adapter.name, "warning", "starting")

    async def run(self, desk: Desk) -> None:
        """Returns only when cancelled."""
        wait_s, name = FIRST_WAIT_S, self._adapter.name
        now = asyncio.get_running_loop().time
        while True:
            began = now()
            self.state = Check(name, "ok", "running")
            log.info("adapter.started", extra={"adapter": name})
            failure = await self._once(desk)
            wait_s = FIRST_WAIT_S if now() - began > STEADY_S else wait_s
            self.state = Check(name, "fault", str(failure), f"it is started again in {wait_s:g} s")
            log.error("adapter.failed", extra={"adapter": name, "cause": str(failure), "wait_s": wait_s})
            await self._sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    async def _once(self, desk: Desk) -> Exception:
        try:
            await self._adapter.run(desk)
        except NetspyError as error:
            return error
        except Exception as error:
            log.exception("adapter.broke", extra={"adapter": self._adapter.name})
            return error
        return NetspyError(f"the adapter for {self._adapter.name}", "it ended without being asked to")


def outlets_of(adapters: Sequence[Adapter]) -> Callable[[TurnId, Address], Outlet]:
    by_name = {adapter.name: adapter for adapter in adapters}

    def outlet(turn: TurnId, address: Address) -> Outlet:
        return by_name[address.adapter].outlet(turn, address)

    return outlet


def routes_of(adapters: Sequence[Adapter]) -> dict[str, Endpoint]:
    """The routes of those adapters that take events by HTTP."""
    endpoints = {adapter.name: getattr(adapter, "endpoint", None) for adapter in adapters}
    return {PATHS[name]: endpoint for name, endpoint in endpoints.items() if endpoint is not None}


async def _until(ending: asyncio.Event, supervised: Sequence[Supervised], desk: Desk) -> None:
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(each.run(desk)) for each in supervised]
        await ending.wait()
        log.info("serve.ending")
        for task in running:
            task.cancel()


@contextmanager
def _asked_to_end() -> Iterator[asyncio.Event]:
    """Set by the first SIGTERM or SIGINT; the second ends the process at once."""
    loop, ending = asyncio.get_running_loop(), asyncio.Event()
    both = (signal.SIGTERM, signal.SIGINT)

    def end() -> None:
        ending.set()
        for number in both:
            loop.remove_signal_handler(number)

    for number in both:
        loop.add_signal_handler(number, end)
    try:
        yield ending
    finally:
        for number in both:
            loop.remove_signal_handler(number)
