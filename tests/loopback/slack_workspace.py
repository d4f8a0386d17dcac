"""The state of a loopback Slack: users, channels, messages, files, views, sessions. Knows no HTTP and no websocket.

What the app and people do to it is in `slack_chat.py`, `slack_methods.py` and `slack_people.py`.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal, TypeAlias

from tests.loopback.slack_message import File, Message
from tests.loopback.slack_rules import Refused
from tests.loopback.slack_triggers import RESPONSE_TTL_S, Response, Triggers

ChannelKind: TypeAlias = Literal["channel", "group", "im", "mpim"]
TEAM, OTHER_TEAM, APP = "T0NETSPY", "T0PARTNER", "A0NETSPY"
BOT, BOT_ID = "U0NETSPY", "B0NETSPY"
STREAM_TTL_S = 300.0
"""Observed."""
DANA, LEE = "U0DANA", "U0LEE"
PAYMENTS, DIRECT = "C0PAYMENTS", "D0DANA"
"""The app is in `#payments`; `DIRECT` is its conversation with dana."""
SCOPES = frozenset(
    {
        "app_mentions:read", "assistant:write", "chat:write", "commands", "channels:history", "channels:read",
        "groups:history", "groups:read", "im:history", "im:write", "mpim:history", "mpim:read", "files:read",
        "files:write", "reactions:write", "usergroups:read", "users:read",
    }
)  # fmt: skip
SUBSCRIBED = frozenset(
    {
        "app_home_opened", "app_context_changed", "app_mention", "message.channels", "message.groups", "message.im",
        "message.mpim", "agent_session_stopped",
    }
)  # fmt: skip


@dataclass(slots=True)
class User:
    """`team` is another one for people of a partner who share a channel (Slack Connect)."""

    id: str
    name: str
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    team: str = TEAM
    deleted: bool = False
    tz: str = "Europe/Berlin"

    @property
    def json(self) -> dict[str, Any]:
        profile = {"real_name": self.name.title(), "display_name": self.name, "team": self.team}
        return {
            "id": self.id,
            "team_id": self.team,
            "name": self.name,
            "real_name": self.name.title(),
            "deleted": self.deleted,
            "tz": self.tz,
            "profile": profile,
            "is_bot": self.is_bot,
            "is_app_user": False,
            "is_restricted": self.is_restricted,
            "is_ultra_restricted": self.is_ultra_restricted,
            **({"is_stranger": True} if self.team != TEAM else {}),
        }


@dataclass(slots=True)
class Channel:
    id: str
    name: str
    kind: ChannelKind = "channel"
    members: set[str] = field(default_factory=set)
    is_archived: bool = False
    is_shared: bool = False

    @property
    def is_direct(self) -> bool:
        return self.kind == "im"

    @property
    def json(self) -> dict[str, Any]:
        other = next(iter(self.members - {BOT}), None)
        return {
            "id": self.id,
            "is_channel": self.kind == "channel",
            "is_group": self.kind == "group",
            "is_im": self.kind == "im",
            "is_mpim": self.kind == "mpim",
            "is_private": self.kind != "channel",
            "is_archived": self.is_archived,
            "is_ext_shared": self.is_shared,
            "is_member": BOT in self.members,
            "num_members": len(self.members),
            **({"user": other} if self.is_direct else {"name": self.name, "name_normalized": self.name}),
        }


@dataclass(slots=True)
class UserGroup:
    """`is_disabled`: it is told only to those who ask for such."""

    id: str
    handle: str
    members: set[str]
    is_disabled: bool = False


@dataclass(frozen=True, slots=True)
class Prompts:
    channel: str
    thread: str | None
    title: str
    prompts: tuple[tuple[str, str], ...]
    """Title and message of each."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that an app shared. `channel` is None when it was completed without one."""

    file: File
    channel: str | None
    thread: str | None
    comment: str


@dataclass(slots=True)
class View:
    id: str
    user: str
    view: dict[str, Any]


class Workspace:
    """`clock_s` is the event loop's; streams die `stream_ttl_s` after their start (observed: five minutes)."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self.clock_s = clock_s
        self.stream_ttl_s = STREAM_TTL_S
        self.stream_deadlines_s: dict[str, float] = {}
        self.triggers = Triggers(clock_s)
        self.response_ttl_s = RESPONSE_TTL_S
        self.responses: dict[str, Response] = {}
        self.subscribed = set(SUBSCRIBED)
        self.base_url = ""
        self.users = {
            user.id: user for user in (User(BOT, "netspy", is_bot=True), User(DANA, "dana"), User(LEE, "lee"))
        }
        self.channels = {
            PAYMENTS: Channel(PAYMENTS, "payments", members={BOT, DANA, LEE}),
            DIRECT: Channel(DIRECT, "", "im", {BOT, DANA}),
        }
        self.groups: dict[str, UserGroup] | None = {}
        """None where the workspace's plan has none."""
        self.stored: dict[str, dict[str, Message]] = {}
        """channel -> ts -> message, ephemeral ones included."""
        self.removed: list[Message] = []
        self.files: dict[str, File] = {}
        self.views: dict[str, View] = {}
        self.homes: dict[str, View] = {}
        """What each user's Home tab shows."""
        self.uploads: list[Upload] = []
        self.prompts: list[Prompts] = []
        self.titles: dict[tuple[str, str], str] = {}
        self.statuses: dict[tuple[str, str], list[str]] = {}
        """(channel, thread) -> every status that was shown there, the last one now; "" when it was cleared."""
        self.sessions: dict[tuple[str, str], list[str]] = {}
        """(channel, thread) -> states of the agent's session."""
        self.happened: deque[dict[str, Any]] = deque()
        """Events that have to be delivered."""
        self.numbers = count(1)
        self._last_us = 0

    def add_user(self, name: str, **given: Any) -> str:
        user = User(f"U0{name.upper()}", name, **given)
        self.users[user.id] = user
        return user.id

    def add_channel(
        self, name: str, *, kind: ChannelKind = "channel", members: Iterable[str] = (BOT, DANA, LEE)
    ) -> str:
        prefix = {"channel": "C", "group": "G", "im": "D", "mpim": "G"}[kind]
        channel = Channel(f"{prefix}0{name.upper()}", name, kind, set(members))
        self.channels[channel.id] = channel
        return channel.id

    def add_group(self, handle: str, *members: str) -> str:
        assert self.groups is not None, "this plan has no user groups"
        group = UserGroup(f"S0{handle.upper()}", handle, set(members))
        self.groups[group.id] = group
        return group.id

    def direct(self, user: str) -> Channel:
        """The app's conversation with a person, opened if there is none."""
        for channel in self.channels.values():
            if channel.is_direct and channel.members == {BOT, user}:
                return channel
        return self.channels[self.add_channel(user.removeprefix("U0"), kind="im", members=(BOT, user))]

    def new_ts(self) -> str:
        """Seconds of this machine's clock with microseconds, no two alike, always growing."""
        self._last_us = max(self._last_us + 1, time.time_ns() // 1000)
        return f"{self._last_us // 1_000_000}.{self._last_us % 1_000_000:06}"

    def new_id(self, prefix: str) -> str:
        return f"{prefix}0{next(self.numbers):08}"

    def channel_for(self, channel: str, *, write: bool) -> Channel:
        """A channel that the app may read or write. Raises: Refused."""
        found = self.channels.get(channel)
        if found is None or (found.kind != "channel" and BOT not in found.members):
            raise Refused("channel_not_found")
        if BOT not in found.members:
            raise Refused("not_in_channel")
        if write and found.is_archived:
            raise Refused("is_archived")
        return found

    def message(self, channel: str, ts: str) -> Message:
        """A message that all members see. Raises: Refused."""
        found = self.stored.get(channel, {}).get(ts)
        if found is None or found.ephemeral_to:
            raise Refused("message_not_found")
        return found

    def root(self, channel: str, thread: str) -> Message:
        """The first message of a thread; a reply is none. Raises: Refused."""
        found = self.stored.get(channel, {}).get(thread)
        if found is None or found.ephemeral_to or found.thread:
            raise Refused("thread_not_found")
        return found

    def thread(self, channel: str, thread: str) -> list[Message]:
        """A root and its replies, in order."""
        everything = self.stored.get(channel, {}).values()
        return [one for one in everything if thread in {one.ts, one.thread} and not one.ephemeral_to]

    def keep(self, message: Message) -> Message:
        self.stored.setdefault(message.channel, {})[message.ts] = message
        if message.bot_id and message.thread and not message.ephemeral_to:
            self.clear_status(message.channel, message.thread)
        return message

    def clear_status(self, channel: str, thread: str) -> None:
        """The app's message takes the place of its status."""
        shown = self.statuses.get((channel, thread))
        if shown and shown[-1]:
            shown.append("")

    def drop(self, message: Message) -> None:
        """A root with replies leaves a tombstone, so that its thread goes on."""
        self.removed.append(message)
        if message.thread or len(self.thread(message.channel, message.ts)) == 1 or message.ephemeral_to:
            del self.stored[message.channel][message.ts]
            return
        stone = Message(message.ts, message.channel, "USLACKBOT", "This message was deleted.", subtype="tombstone")
        self.stored[message.channel][message.ts] = stone

    def expire(self) -> None:
        """End the streams whose time is over."""
        for messages in self.stored.values() if self.stream_deadlines_s else ():
            for ts, deadline_s in [*self.stream_deadlines_s.items()]:
                if ts in messages and self.clock_s() > deadline_s:
                    del self.stream_deadlines_s[ts]
                    if stream := messages[ts].stream:
                        stream.ended = "expired"

    def streams(self, channel: str, thread: str) -> list[Message]:
        return [one for one in self.thread(channel, thread) if one.streaming]
