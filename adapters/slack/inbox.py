"""What people do in Slack, as messages and actions for the desk.

Each method returns when what happened is stored (or needs no storing): then it may be acknowledged. It knows Slack's
payloads; how they arrive is `app.py`'s, what they say in plain text is `reading.py`'s.
"""

import asyncio
import logging
from typing import Any, TypeAlias
from weakref import WeakValueDictionary

from adapters.bounded import Bounded
from adapters.slack import home
from adapters.slack.files import files_of
from adapters.slack.parts import Parts, Said
from adapters.slack.place import NAME, Place, is_direct
from adapters.slack.reading import addressee, mentions, question, text_of
from bot.domain.errors import NotPermitted
from bot.domain.json_types import JsonObject
from bot.domain.message import (
    Action,
    Addressee,
    Author,
    Channel,
    Delete,
    Edit,
    Message,
    MessageId,
    Notice,
    Press,
    Reply,
    Stop,
    ThreadKey,
)

log = logging.getLogger("netspy.slack")

Event: TypeAlias = dict[str, Any]
SAID = frozenset({None, "file_share", "thread_broadcast", "me_message"})
"""Subtypes of what people say (https://docs.slack.dev/reference/events/message)."""
MAX_REMEMBERED = 1000
"""Messages of which this process knows that they are stored, or refused: a mention arrives as two events."""


class Inbox:
    """Raises StorageError and PlatformError where the event should be delivered again."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._me = parts.me
        self._desk = parts.desk
        self._orders: WeakValueDictionary[ThreadKey, asyncio.Lock] = WeakValueDictionary()
        self._taken: Bounded[tuple[str, str], None] = Bounded(MAX_REMEMBERED)

    async def event(self, event: Event) -> None:
        """An event of the Events API."""
        match event.get("type"), event.get("subtype"):
            case ("app_mention", _):
                await self._said(event)
            case ("message", subtype) if subtype in SAID:
                await self._said(event)
            case ("message", "message_changed") if (event.get("message") or {}).get("subtype") == "tombstone":
                await self._deleted(event)  # a root with replies leaves a gravestone
            case ("message", "message_changed"):
                await self._edited(event)
            case ("message", "message_deleted"):
                await self._deleted(event)
            case ("app_home_opened", _):
                self._parts.spawn(self._opened_home(event))
            case ("agent_session_stopped", _):
                await self._stopped(event)
            case other:
                log.debug("slack.ignored", extra={"event": other})

    async def _said(self, event: Event) -> None:
        user, channel, ts = event.get("user"), str(event["channel"]), str(event["ts"])
        if not user or event.get("bot_id") or user == self._me.user:
            return
        thread = str(event.get("thread_ts") or ts)
        raw = text_of(event)
        to = self._addressee(event, raw)
        if to != "netspy" and thread == ts:
            return
        key = self._parts.key(channel, thread)
        async with self._orders.setdefault(key, asyncio.Lock()):
            if (channel, ts) in self._taken:
                return
            person = await self._person(event)
            if person.kind == "service":
                return
            place = Place(channel=channel, thread=thread, message=ts, user=person.id, team=self._me.team)
            said = Said(question(raw, bot=self._me.user), files_of(event))
            is_permitted = await self._handle(
                self._parts.message(place, person, said, opens=thread == ts, to=to), place
            )
            self._taken[channel, ts] = None
        if to == "netspy" and is_permitted:
            self._parts.spawn(self._parts.tell_left_out(said, place))

    async def _handle(self, message: Message, place: Place) -> bool:
        """Whether the desk took it; whose it is is told why it did not."""
        try:
            await self._desk.handle(message)
        except NotPermitted as error:
            thread = "" if message.opens else place.thread
            self._parts.spawn(self._parts.tell(place.channel, thread, place.user, str(error)))
            return False
        return True

    async def _edited(self, event: Event) -> None:
        now, before = event.get("message") or {}, event.get("previous_message") or {}
        if now.get("bot_id") or now.get("user") in {None, self._me.user} or now.get("text") == before.get("text"):
            return
        channel, ts = str(event["channel"]), str(now["ts"])
        thread = str(now.get("thread_ts") or ts)
        raw, key = text_of(now), self._parts.key(channel, thread)
        async with self._orders.setdefault(key, asyncio.Lock()):
            edit = Edit(key, MessageId(ts), question(raw, bot=self._me.user))
            by = await self._by((now.get("edited") or {}).get("user") or now["user"])
            reply = await self._act(edit, event, by)
        if reply.turn:
            return
        spoke = self._me.user in mentions(str(before.get("text", "")))
        speaks = self._addressee({**event, **now}, raw) == "netspy"
        if speaks and not spoke and not _is_direct(event):
            await self._said({**now, "channel": channel, "type": "app_mention"})
        elif speaks:
            told = " ".join(block.text for block in reply.blocks if isinstance(block, Notice))
            self._parts.spawn(self._parts.tell(channel, thread, str(now["user"]), told))

    async def _deleted(self, event: Event) -> None:
        before = event.get("previous_message") or {}
        ts = str(event.get("deleted_ts") or before.get("ts") or "")
        if not ts or before.get("bot_id"):
            return
        key = self._parts.key(str(event["channel"]), str(before.get("thread_ts") or ts))
        by = await self._by(before.get("user"))  # who may be another one than whoever took it away: Slack names nobody
        async with self._orders.setdefault(key, asyncio.Lock()):
            await self._act(Delete(key, MessageId(ts)), event, by)

    async def _stopped(self, event: Event) -> None:
        """Somebody pressed Slack's own stop button."""
        channel, thread = str(event["channel"]), str(event.get("thread_ts") or "")
        turn = await self._parts.running(channel, thread)
        if turn is None:
            log.info("slack.nothing_to_stop", extra={"channel": channel, "thread_ts": thread})
            return
        await self._act(Stop(turn), event, await self._by(event.get("user")))

    async def _act(self, action: Action, event: Event, by: Author) -> Reply:
        pressed = MessageId(str(event.get("event_ts") or event.get("deleted_ts") or ""))
        return await self._desk.act(Press(action, pressed, by, self._parts.channel(str(event["channel"]))))

    async def _opened_home(self, event: Event) -> None:
        calls = self._parts.calls
        if event.get("tab") == "home":
            user = str(event["user"])
            await calls.do(calls.client.views_publish, user_id=user, view=await self._home(user))
        elif event.get("tab") == "messages":
            client = calls.client
            await calls.do(
                client.assistant_threads_setSuggestedPrompts, channel_id=event["channel"], prompts=home.prompts()
            )

    async def _home(self, user: str) -> JsonObject:
        """As this person may see it when nobody else reads along."""
        alone = Channel(NAME, self._me.team, "", direct=True)
        try:
            checks = await self._desk.status(by=await self._parts.people.who(user), channel=alone)
        except NotPermitted as error:
            return home.closed(str(error))
        return home.home(checks, await self._desk.commands(), mention=f"@{self._me.user_name}")

    async def _person(self, event: Event) -> Author:
        team = event.get("user_team") or event.get("source_team") or event.get("team")
        if team and team not in {self._me.team, self._me.enterprise}:
            return Author(str(event["user"]), str(event["user"]), "outsider")
        return await self._parts.people.who(str(event["user"]))

    async def _by(self, user: object) -> Author:
        """Of no name where Slack names nobody."""
        return await self._parts.people.who(str(user)) if user else Author("", "")

    def _addressee(self, event: Event, raw: str) -> Addressee:
        is_mention = event.get("type") == "app_mention" or _is_direct(event)
        return "netspy" if is_mention else addressee(raw, bot=self._me.user)


def _is_direct(event: Event) -> bool:
    return event.get("channel_type") == "im" or is_direct(str(event.get("channel", "")))
