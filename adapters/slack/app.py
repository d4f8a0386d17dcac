"""The adapter for Slack: how it begins, how events reach it, and which outlet answers go to.

It knows lifecycles. What payloads mean is `inbox.py`'s and `slash.py`'s, what is posted is `writer.py`'s.
"""

import asyncio
import logging
from datetime import tzinfo
from functools import partial

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import Response

from adapters.background import Background
from adapters.slack import announcing, checks, files, socket_mode
from adapters.slack.calls import CALL_TIMEOUT_S, Calls
from adapters.slack.credentials import Identity, SlackCredentials
from adapters.slack.identity import identify
from adapters.slack.inbox import Inbox
from adapters.slack.interactions import Interactions
from adapters.slack.listeners import STARTING, Receivers, bolt_app, respond
from adapters.slack.memberships import Memberships
from adapters.slack.outlet import SlackOutlet
from adapters.slack.parts import Parts
from adapters.slack.people import People
from adapters.slack.place import NAME, place_of
from adapters.slack.slash import Slash
from adapters.slack.status import Abilities, Status
from adapters.slack.whisper import Whisper
from adapters.slack.writers import Writers
from bot.domain.errors import PlatformError
from bot.domain.message import Address, FileRef, TurnId
from bot.domain.ports import Announced, Check, Desk, Outlet

log = logging.getLogger("netspy.slack")

NOT_RUNNING = "the adapter does not run just now"
CONNECTIONS = 50
"""At once to Slack's API."""


class SlackAdapter:
    """An `Adapter`, its `Files`, `Directory` and `Announcer`.

    `endpoint` is for a Starlette route, and None in Socket Mode.
    """

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
        self._downloads = files.downloads(api_url=credentials.api_url, token=credentials.bot_token, proxy=client.proxy)
        self._whisper = Whisper(self._calls, zone=zone)
        self._abilities = Abilities()
        self._writers = Writers(self._calls)
        self._receivers: Receivers | None = None
        self._me: Identity | None = None
        self._memberships: Memberships | None = None
        self._background = Background(NAME)
        secret = credentials.signing_secret or ""
        self._app = bolt_app(client, signing_secret=secret, receivers=lambda: self._receivers)
        self.endpoint = None if credentials.app_token else self._take_request

    async def run(self, desk: Desk) -> None:
        """Raises: PlatformError when Slack cannot be reached, or refuses the credentials."""
        timeout = aiohttp.ClientTimeout(total=CALL_TIMEOUT_S)
        connector = aiohttp.TCPConnector(limit=CONNECTIONS)
        client = self._calls.client
        try:
            async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
                client.session = session
                async with self._background.open():
                    await self._serve(desk)
        finally:
            client.session, self._receivers, self._me, self._memberships = None, None, None, None

    def outlet(self, turn: TurnId, address: Address) -> Outlet:
        place = place_of(address)
        outlet = SlackOutlet(
            self._writers.of(turn, place),
            Status(self._calls, place, self._abilities),
            zone=self._zone,
            spawn=self._background.spawn,
            give_up=partial(self._whisper.elsewhere, place=place),
        )
        self._background.spawn(outlet.begin())
        return outlet

    async def read(self, file: FileRef, *, max_bytes: int) -> bytes:
        """As `Files` wants it. Raises: UnusableFile too, for what Slack does not keep or does not hand out."""
        files.refuse_unreadable(file)
        return await self._downloads.read(file, max_bytes=max_bytes)

    async def channels(self, workspace: str, person: str) -> frozenset[str]:
        """As `Directory` wants it."""
        if self._memberships is None:
            raise PlatformError("asking Slack for somebody's channels", NOT_RUNNING)
        return await self._memberships.channels(workspace, person)

    async def announce(self, channel: str, text: str) -> Announced:
        """As `Announcer` wants it."""
        if self._me is None:
            raise PlatformError("a message of netspy's own in Slack", NOT_RUNNING)
        return await announcing.announce(self._calls, channel, text, team=self._me.team)

    async def check(self) -> tuple[Check, ...]:
        return await checks.check(self._calls, self._credentials)

    async def _serve(self, desk: Desk) -> None:
        me = await identify(self._calls)
        self._me, self._memberships = me, Memberships(self._calls, team=me.team)
        self._writers.bot = me.user
        parts = Parts(
            calls=self._calls,
            me=me,
            people=People(self._calls, me),
            desk=desk,
            whisper=self._whisper,
            running=self._writers.running,
            spawn=self._background.spawn,
        )
        self._receivers = Receivers(Inbox(parts), Interactions(parts), Slash(parts, self._writers.fresh_roots))
        log.info("slack.ready", extra={"workspace": me.workspace_name, "user": me.user_name})
        if self._credentials.app_token:
            adopt = partial(desk.adopt, NAME)
            await socket_mode.listen(self._app, self._calls, self._credentials.app_token, adopt)
        else:
            await desk.adopt(NAME)
            await asyncio.Event().wait()

    async def _take_request(self, request: Request) -> Response:
        if self._receivers is None:
            return Response(STARTING, status_code=503)
        return await respond(self._app, request)
