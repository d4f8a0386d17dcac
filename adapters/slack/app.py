"""The adapter for Slack: how it begins, how events reach it, and which outlet answers go to.

It knows slack-bolt's app. What events mean is `inbox.py`'s and `slash.py`'s, what is posted is `writer.py`'s.
"""

import asyncio
import logging
import re
from collections.abc import Coroutine
from datetime import tzinfo
from functools import partial
from typing import Any

import aiohttp
from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import Response

from adapters.slack import checks, socket_mode
from adapters.slack.calls import CALL_TIMEOUT_S, Calls
from adapters.slack.credentials import Identity, SlackCredentials
from adapters.slack.identity import identify
from adapters.slack.inbox import Event, Inbox, Parts
from adapters.slack.lookback import found_in
from adapters.slack.outlet import SlackOutlet
from adapters.slack.people import People
from adapters.slack.place import NAME, Place, place_of
from adapters.slack.slash import Slash
from adapters.slack.status import Abilities, Status
from adapters.slack.whisper import Whisper
from adapters.slack.writer import Writer
from bot.domain.errors import PlatformError
from bot.domain.message import Address, TurnId
from bot.domain.ports import Check, Desk, Outlet

log = logging.getLogger("netspy.slack")

ANYTHING = re.compile(".*", re.DOTALL)
INVESTIGATE = "investigate"
"""The callback id of the message shortcut in `deploy/slack-manifest.yaml`."""
MAX_WRITERS = 2000
"""Answers whose messages this process still knows."""
CONNECTIONS = 50
"""At once to Slack's API."""


class SlackAdapter:
    """An `Adapter`. `endpoint` is for a Starlette route, and None in Socket Mode."""

    name = NAME

    def __init__(self, credentials: SlackCredentials, *, zone: tzinfo) -> None:
        self._credentials = credentials
        self._zone = zone
        # The SDK would repeat a call whose connection breaks, though it may have been done.
        client = AsyncWebClient(
            credentials.bot_token, base_url=credentials.api_url, timeout=CALL_TIMEOUT_S, retry_handlers=[]
        )
        client.logger.setLevel(logging.WARNING)
        self._calls = Calls(client)
        self._whisper = Whisper(self._calls, zone=zone)
        self._abilities = Abilities()
        self._writers: dict[TurnId, Writer] = {}
        self._fresh_roots: set[str] = set()
        self._me: Identity | None = None
        self._inbox: Inbox | None = None
        self._slash: Slash | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._app = self._bolt()
        self.endpoint = None if credentials.app_token else self._take_request

    async def run(self, desk: Desk) -> None:
        """Raises: PlatformError when Slack cannot be reached, or refuses the credentials."""
        timeout = aiohttp.ClientTimeout(total=CALL_TIMEOUT_S)
        connector = aiohttp.TCPConnector(limit=CONNECTIONS)
        client = self._calls.client
        try:
            async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
                client.session = session
                async with asyncio.TaskGroup() as tasks:
                    self._tasks = tasks
                    await self._serve(desk)
        except* PlatformError as group:
            raise group.exceptions[0] from None
        finally:
            client.session, self._tasks, self._inbox, self._slash = None, None, None, None

    def outlet(self, turn: TurnId, address: Address) -> Outlet:
        place = place_of(address)
        outlet = SlackOutlet(
            self._writer(turn, place),
            Status(self._calls, place, self._abilities),
            zone=self._zone,
            spawn=self._spawn,
            give_up=partial(self._whisper.elsewhere, place=place),
        )
        self._spawn(outlet.begin())
        return outlet

    async def check(self) -> tuple[Check, ...]:
        return await checks.check(self._calls, self._credentials)

    async def _serve(self, desk: Desk) -> None:
        self._me = me = await identify(self._calls)
        parts = Parts(
            calls=self._calls,
            me=me,
            people=People(self._calls, me),
            desk=desk,
            whisper=self._whisper,
            running=self._running,
            spawn=self._spawn,
        )
        self._inbox, self._slash = Inbox(parts), Slash(parts, self._fresh_roots)
        log.info("slack.ready", extra={"workspace": me.workspace_name, "user": me.user_name})
        if self._credentials.app_token:
            adopt = partial(desk.adopt, NAME)
            await socket_mode.listen(self._app, self._calls, self._credentials.app_token, adopt)
        else:
            await desk.adopt(NAME)
            await asyncio.Event().wait()

    def _writer(self, turn: TurnId, place: Place) -> Writer:
        """The one that holds what this process posted for the turn already, or a new one."""
        if writer := self._writers.get(turn):
            writer.begin_anew()
            return writer
        is_fresh = not place.root or place.root in self._fresh_roots
        self._fresh_roots.discard(place.root)
        bot = self._me.user if self._me else ""
        writer = self._writers[turn] = Writer(self._calls, turn, place, bot=bot, is_fresh=is_fresh)
        while len(self._writers) > MAX_WRITERS:
            del self._writers[next(iter(self._writers))]
        return writer

    async def _running(self, channel: str, thread: str) -> TurnId | None:
        """The turn that a thread's newest message belongs to, as this process knows it, or as Slack shows it."""
        for turn, writer in reversed(self._writers.items()):
            if (writer.place.channel, writer.place.thread) == (channel, thread):
                return turn
        client = self._calls.client
        found = await self._calls.do(
            client.conversations_replies, channel=channel, ts=thread, include_all_metadata=True
        )
        turns = (found_in(message).turn for message in reversed(found.get("messages", ())))
        return next((turn for turn in turns if turn), None)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        if self._tasks is None:
            work.close()
        else:
            self._tasks.create_task(_guarded(work))

    def _bolt(self) -> AsyncApp:
        """One listener a kind of payload, for all of that kind: nothing stays unacknowledged."""
        logger = logging.getLogger("netspy.slack.bolt")
        logger.setLevel(logging.ERROR)

        async def authorize() -> AuthorizeResult:
            """Known before the first event is taken: bolt would acknowledge and drop one that comes without."""
            team = self._me.team if self._me else None
            return AuthorizeResult(enterprise_id=None, team_id=team, bot_token=self._credentials.bot_token)

        app = AsyncApp(
            name=NAME,
            logger=logger,
            client=self._calls.client,
            signing_secret=self._credentials.signing_secret or "",
            authorize=authorize,
            process_before_response=True,
            ignoring_self_events_enabled=False,
        )
        app.event(ANYTHING)(self._on_event)
        app.command(ANYTHING)(self._on_command)
        app.action(ANYTHING)(self._on_action)
        app.shortcut(INVESTIGATE)(self._on_shortcut)
        return app

    async def _on_event(self, event: Event) -> None:
        if self._inbox is None:
            raise PlatformError("an event", "the adapter is not running")
        await self._inbox.event(event)

    async def _on_command(self, body: Event, ack: AsyncAck) -> None:
        await ack(**(await self._slash.run(body) if self._slash else {"text": "netspy is just starting; try again."}))

    async def _on_action(self, body: Event, ack: AsyncAck) -> None:
        if self._inbox:
            await self._inbox.press(body)
        await ack()

    async def _on_shortcut(self, body: Event, ack: AsyncAck) -> None:
        if self._inbox:
            await self._inbox.investigate(body)
        await ack()

    async def _take_request(self, request: Request) -> Response:
        """Slack's events by HTTP. What is signed badly, or is too old, gets 401 from bolt."""
        if self._inbox is None:
            return Response("netspy is just starting", status_code=503)
        if not request.headers.get("x-slack-request-timestamp", "0").isdecimal():
            return Response("no time", status_code=401)  # bolt would take it for a fault of its own
        try:
            asked = to_async_bolt_request(request, await request.body())
        except UnicodeDecodeError:
            return Response("not UTF-8", status_code=400)
        return to_starlette_response(socket_mode.acknowledged(await self._app.async_dispatch(asked)))


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    """What breaks with one message leaves the connection alone."""
    try:
        await work
    except PlatformError as error:
        log.warning("slack.failed", extra={"cause": str(error)})
    except Exception:
        log.exception("slack.broke")
