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
from adapters.slack.people import REFUSALS, Person
from adapters.slack.place import Place
from adapters.slack.reading import addressee, mentions, question, text_of
from bot.domain.message import (
    Addressee,
    Author,
    Delete,
    Edit,
    MessageId,
    Notice,
    Press,
    Stop,
    ThreadKey,
)

log = logging.getLogger("netspy.slack")

Event: TypeAlias = dict[str, Any]
SAID = frozenset({None, "file_share", "thread_broadcast", "me_message"})
"""Subtypes of what people say (https://docs.slack.dev/reference/events/message)."""
MAX_REMEMBERED = 1000
"""Messages of which this process knows that they are stored: a mention arrives as two events."""


class Inbox:
    """Raises StorageError and PlatformError where the event should be delivered again."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._me = parts.me
        self._desk = parts.desk
        self._orders: WeakValueDictionary[ThreadKey, asyncio.Lock] = WeakValueDictionary()
        self._stored: Bounded[tuple[str, str], None] = Bounded(MAX_REMEMBERED)
        self._told: Bounded[tuple[str, str], None] = Bounded(MAX_REMEMBERED)

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
            if (channel, ts) in self._stored:
                return
            person = await self._person(event)
            if person.kind != "member":
                if to == "netspy" and person.kind in REFUSALS and self._is_new(channel, ts):
                    await self._parts.tell(channel, event.get("thread_ts", ""), user, REFUSALS[person.kind])
                return
            place = Place(channel=channel, thread=thread, message=ts, user=person.id, team=self._me.team)
            said = Said(question(raw, bot=self._me.user), files_of(event))
            opens = thread == ts
            await self._desk.handle(self._parts.message(place, person, said, opens=opens, to=to))
            self._stored[channel, ts] = None
        if to == "netspy":
            self._parts.spawn(self._parts.tell_left_out(said, place))

    async def _edited(self, event: Event) -> None:
        now, before = event.get("message") or {}, event.get("previous_message") or {}
        if now.get("bot_id") or now.get("user") in {None, self._me.user} or now.get("text") == before.get("text"):
            return
        channel, ts = str(event["channel"]), str(now["ts"])
        thread = str(now.get("thread_ts") or ts)
        raw, key = text_of(now), self._parts.key(channel, thread)
        async with self._orders.setdefault(key, asyncio.Lock()):
            edit = Edit(key, MessageId(ts), question(raw, bot=self._me.user))
            by = Author(str(now["user"]), str(now["user"]))
            reply = await self._desk.act(Press(edit, MessageId(str(event.get("event_ts", ts))), by))
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
        by = Author(str(before.get("user", "")), "")
        async with self._orders.setdefault(key, asyncio.Lock()):
            await self._desk.act(Press(Delete(key, MessageId(ts)), MessageId(str(event.get("event_ts", ts))), by))

    async def _stopped(self, event: Event) -> None:
        """Somebody pressed Slack's own stop button."""
        channel, thread = str(event["channel"]), str(event.get("thread_ts") or "")
        turn = await self._parts.running(channel, thread)
        if turn is None:
            log.info("slack.nothing_to_stop", extra={"channel": channel, "thread_ts": thread})
            return
        by = Author(str(event.get("user", "")), "")
        await self._desk.act(Press(Stop(turn), MessageId(str(event.get("event_ts", ""))), by))

    async def _opened_home(self, event: Event) -> None:
        calls = self._parts.calls
        if event.get("tab") == "home":
            view = home.home(*await self._state(), mention=f"@{self._me.user_name}")
            await calls.do(calls.client.views_publish, user_id=event["user"], view=view)
        elif event.get("tab") == "messages":
            client = calls.client
            await calls.do(
                client.assistant_threads_setSuggestedPrompts, channel_id=event["channel"], prompts=home.prompts()
            )

    async def _state(self) -> tuple[Any, Any]:
        return await asyncio.gather(self._desk.status(), self._desk.commands())

    async def _person(self, event: Event) -> Person:
        team = event.get("user_team") or event.get("source_team") or event.get("team")
        if team and team not in {self._me.team, self._me.enterprise}:
            return Person(str(event["user"]), str(event["user"]), "outsider")
        return await self._parts.people.who(str(event["user"]))

    def _addressee(self, event: Event, raw: str) -> Addressee:
        is_mention = event.get("type") == "app_mention" or _is_direct(event)
        return "netspy" if is_mention else addressee(raw, bot=self._me.user)

    def _is_new(self, channel: str, ts: str) -> bool:
        """False for a message that this process said something about already."""
        if (channel, ts) in self._told:
            return False
        self._told[channel, ts] = None
        return True


def _is_direct(event: Event) -> bool:
    return event.get("channel_type") == "im" or str(event.get("channel", "")).startswith("D")
