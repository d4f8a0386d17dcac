"""`netspy serve`: every chat platform that has credentials, and the HTTP side, in one process until it is stopped.

What is opened, `app.py` opens; what happens to an adapter that fails is `supervision.py`'s.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from bot.alerts.desk import AlertChannel, AlertDesk
from bot.alerts.endpoint import PATH, AlertsEndpoint
from bot.app import open_answering, open_desk, open_threads
from bot.bodies import Endpoint
from bot.domain.alerts import AlertBook
from bot.domain.errors import InvalidSettings
from bot.domain.observing import Observer
from bot.domain.ports import Adapter, Announcer, Check, Desk
from bot.ending import asked_to_end
from bot.event_source import open_source
from bot.observers import health_of, open_metrics, open_observer
from bot.platforms import PLATFORMS, WHAT_TURNS_ON, adapters_of
from bot.policy_book import policy_book
from bot.privacy import summary
from bot.setting_values import bearer_token
from bot.settings import Settings
from bot.supervision import Supervised
from bot.ways import ways_of
from bot.web import application, serving

log = logging.getLogger("netspy.serve")

ENDS = Check("serve", "fault", "it ends: it finishes the answers that it is at, and takes no further questions")
LEVELS = {"ok": logging.INFO, "warning": logging.WARNING, "fault": logging.ERROR}
KEPT_S = 5.0
"""So long what the parts said of themselves is said again: whoever asks often does not make them work."""


async def serve(settings: Settings, *, server: str | None = None) -> None:
    """Serve until SIGTERM or SIGINT. Raises: InvalidSettings."""
    adapters, left_out = adapters_of(settings)
    if not adapters:
        remedy = "set " + "; or ".join(WHAT_TURNS_ON[platform] for platform in PLATFORMS)
        got = "; ".join(check.detail for check in left_out) or "no chat platform has credentials"
        raise InvalidSettings("netspy serve", got, "; ".join(check.remedy for check in left_out) or remedy)
    with asked_to_end() as ending:
        await serve_all(adapters, settings, server=server, ending=ending, left_out=left_out)


async def serve_all(
    adapters: Sequence[Adapter],
    settings: Settings,
    *,
    ending: asyncio.Event,
    server: str | None = None,
    left_out: Sequence[Check] = (),
) -> None:
    """Serve these adapters until `ending` is set; `left_out` are platforms that cannot be. Raises: InvalidSettings."""
    for check in left_out:
        told = {"part": check.part, "cause": check.detail, "finding": check.finding}
        log.error("serve.left_out", extra=told)
    host, port = settings.listen_address
    policy = policy_book(settings)
    async with AsyncExitStack() as stack:
        stack.enter_context(policy.reloading())
        metrics = open_metrics(settings)
        observer = await stack.enter_async_context(open_observer(settings, metrics))
        source = await stack.enter_async_context(
            open_source(settings, server=server, without="server", observer=observer)
        )
        answering = await stack.enter_async_context(open_answering(settings, source, observer))
        store = await stack.enter_async_context(open_threads(settings))
        desk = await stack.enter_async_context(
            open_desk(settings, source, answering, ways_of(adapters, observer), store=store, policy=policy)
        )
        supervised = [Supervised(adapter, observer=observer) for adapter in adapters]
        health = health_of(metrics, source, desk, supervised)
        alerts = alert_routes(settings, adapters, desk, store.alerts, observer)
        routes = {**routes_of(adapters), **alerts}
        readiness = Readiness(desk, supervised, left_out, ending=ending)
        url = await stack.enter_async_context(
            serving(application(readiness, routes, metrics=health.exposition), host, port)
        )
        log.info("serve.listening", extra={"url": url})
        log.info("serve.privacy", extra={"told": summary(settings, server=server)})
        async with _running(supervised, desk, health.run()):
            await ending.wait()
            log.info("serve.ending", extra={"grace_s": settings.grace_s})
            left = await desk.drain(settings.grace_s)
            log.info("serve.ended", extra={"turns_handed_over": left})


class Readiness:
    """Says how all parts are: the desk as it said lately, adapters as they are now, platforms left out, and the end."""

    def __init__(
        self,
        desk: Desk,
        supervised: Sequence[Supervised],
        left_out: Sequence[Check] = (),
        *,
        ending: asyncio.Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._desk = desk
        self._supervised = supervised
        self._left_out = left_out
        self._ending = ending
        self._clock = clock
        self._said: tuple[Check, ...] = ()
        self._until = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self) -> Sequence[Check]:
        async with self._one_at_a_time:
            if self._clock() >= self._until:
                self._said = await self._desk.status()
                self._until = self._clock() + KEPT_S
        ends = [ENDS] if self._ending.is_set() else []
        return [*self._said, *[await each.check() for each in self._supervised], *self._left_out, *ends]


def routes_of(adapters: Sequence[Adapter]) -> dict[str, Endpoint]:
    """The routes of those adapters that take events by HTTP, such as `/slack/events`."""
    endpoints = {f"/{adapter.name}/events": getattr(adapter, "endpoint", None) for adapter in adapters}
    return {path: endpoint for path, endpoint in endpoints.items() if endpoint is not None}


def alert_routes(
    settings: Settings, adapters: Sequence[Adapter], desk: Desk, book: AlertBook, observer: Observer
) -> dict[str, Endpoint]:
    """`/alerts`, where both of its settings are there. Raises: InvalidSettings."""
    token = bearer_token("NETSPY_ALERTS_TOKEN", settings.alerts_token)
    channels = {receiver: AlertChannel(*place) for receiver, place in settings.channels_of_receivers.items()}
    if token is None or not channels:
        return {}
    announcers = {adapter.name: adapter for adapter in adapters if isinstance(adapter, Announcer)}
    return {PATH: AlertsEndpoint(AlertDesk(desk, book, channels, announcers), token, observer).post}


@asynccontextmanager
async def _running(
    supervised: Sequence[Supervised], desk: Desk, *more: Coroutine[Any, Any, None]
) -> AsyncGenerator[None, None]:
    """They run inside this block; when it ends they have stopped taking anything in."""
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(each.run(desk)) for each in supervised]
        running += [tasks.create_task(work) for work in (_tell(desk.status), *more)]
        try:
            yield
        finally:
            for task in running:
                task.cancel()


async def _tell(status: Callable[[], Awaitable[Sequence[Check]]]) -> None:
    """One line a part, so that whoever starts netspy sees at once what it works with."""
    for check in await status():
        told = {"part": check.part, "state": check.state, "detail": check.detail}
        if check.state != "ok":
            told["remedy"] = check.remedy
        log.log(LEVELS[check.state], "serve.part", extra=told)
