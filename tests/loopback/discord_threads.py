"""Discord's operations on channels and threads: what an app opens, looks at and changes.

https://docs.discord.com/developers/resources/channel and https://docs.discord.com/developers/topics/threads
"""

from typing import Any

from tests.loopback import discord_shapes as shapes
from tests.loopback import discord_writing as writing
from tests.loopback.discord_channels import PRIVATE_THREAD, PUBLIC_THREAD, TEXT, Channel, Thread
from tests.loopback.discord_forms import Shape, demand, flag, one_of, snowflake, text, whole
from tests.loopback.discord_ids import BOT, GUILD, now
from tests.loopback.discord_message import THREAD_CREATED, THREAD_STARTER, Message
from tests.loopback.discord_payloads import HAS_THREAD
from tests.loopback.discord_permissions import Permission
from tests.loopback.discord_refusals import (
    BAD_CHANNEL_TYPE,
    MISSING_PERMISSIONS,
    THREAD_ARCHIVED,
    THREAD_EXISTS,
    UNKNOWN_CHANNEL,
    UNKNOWN_USER,
    Refused,
)
from tests.loopback.discord_requests import Given
from tests.loopback.discord_space import Space

NAME, TOPIC, SLOWMODE_S = 100, 1024, 21_600
DURATIONS_MIN = (60, 1440, 4320, 10_080)
"""https://docs.discord.com/developers/resources/channel#thread-metadata-object"""
USUAL_DURATION_MIN = 1440
_COMMON = {"auto_archive_duration": one_of(*DURATIONS_MIN), "rate_limit_per_user": whole(0, SLOWMODE_S)}
_NEW = Shape({"name": text(NAME, 1)}, {**_COMMON, "type": one_of(PUBLIC_THREAD, PRIVATE_THREAD), "invitable": flag})
_CHANGE = Shape(optional={**_COMMON, "name": text(NAME, 1), "archived": flag, "locked": flag, "topic": text(TOPIC)})
_DIRECT = Shape({"recipient_id": snowflake})


def from_message(space: Space, given: Given) -> dict[str, Any]:
    """A thread has the id of the message that it begins at, so that there can be one only."""
    channel = space.channel(given["channel"])
    message = space.message(channel.id, given["message"])
    _demand_kind(channel)
    space.demand(Permission.CREATE_PUBLIC_THREADS, channel)
    demand(_NEW(given.fields(), ()))
    if message.flags & HAS_THREAD:
        raise Refused(THREAD_EXISTS)
    return shapes.channel(space, begin(space, message, given.body, owner=BOT))


def without_message(space: Space, given: Given) -> dict[str, Any]:
    """Private, unless its type says otherwise; a public one is announced in its channel."""
    channel = space.channel(given["channel"])
    _demand_kind(channel)
    demand(_NEW(given.fields(), ()))
    kind = given.body.get("type", PRIVATE_THREAD)
    space.demand(
        Permission.CREATE_PUBLIC_THREADS if kind == PUBLIC_THREAD else Permission.CREATE_PRIVATE_THREADS, channel
    )
    thread = opened(space, Channel(space.ids.new(), given.body["name"], kind), given.body, (BOT, channel.id))
    if kind == PUBLIC_THREAD:
        notice = Message(space.ids.new(), channel.id, BOT, thread.name, THREAD_CREATED, reference=(thread.id, ""))
        writing.post(space, notice)
    return shapes.channel(space, thread)


def begin(space: Space, message: Message, body: dict[str, Any], *, owner: str) -> Channel:
    """Its first message, which nobody wrote, points at the one that it begins at."""
    thread = Channel(message.id, body["name"], PUBLIC_THREAD)
    opened(space, thread, body, (owner, message.channel))
    writing.mark_thread(space, message)
    starter = Message(space.ids.new(), thread.id, message.author, kind=THREAD_STARTER)
    starter.reference = (message.channel, message.id)
    writing.post(space, starter)
    return thread


def opened(space: Space, thread: Channel, body: dict[str, Any], whose: tuple[str, str]) -> Channel:
    """`whose`: its owner and its parent."""
    owner, parent = whose
    minutes = body.get("auto_archive_duration") or USUAL_DURATION_MIN
    thread.thread = Thread(owner, parent, minutes, members=[owner])
    space.channels[thread.id] = thread
    space.happen("THREAD_CREATE", shapes.channel(space, thread) | {"newly_created": True}, thread.id)
    return thread


def get(space: Space, given: Given) -> dict[str, Any]:
    return shapes.channel(space, space.channel(given["channel"]))


def change(space: Space, given: Given) -> dict[str, Any]:
    channel = space.channel(given["channel"])
    demand(_CHANGE(given.fields(), ()))
    if channel.thread:
        _demand_thread(space, channel, channel.thread, given.body)
        alter(space, channel, given.body)
    elif channel.is_direct:
        raise Refused(BAD_CHANNEL_TYPE)
    else:
        space.demand(Permission.MANAGE_CHANNELS, channel)
        channel.name = given.body.get("name", channel.name)
        channel.topic = given.body.get("topic", channel.topic)
        space.happen("CHANNEL_UPDATE", shapes.channel(space, channel), channel.id)
    return shapes.channel(space, channel)


def alter(space: Space, channel: Channel, body: dict[str, Any]) -> None:
    """Change a thread, whoever does it."""
    thread = channel.thread
    assert thread
    channel.name = body.get("name", channel.name)
    if body.get("archived", thread.archived) != thread.archived:
        thread.changed = now()
    thread.archived = body.get("archived", thread.archived)
    thread.locked = body.get("locked", thread.locked)
    thread.auto_archive_min = body.get("auto_archive_duration", thread.auto_archive_min)
    space.happen("THREAD_UPDATE", shapes.channel(space, channel), channel.id)


def join(space: Space, given: Given) -> None:
    channel = space.channel(given["channel"])
    if channel.thread is None:
        raise Refused(BAD_CHANNEL_TYPE)
    if channel.thread.archived:
        raise Refused(THREAD_ARCHIVED)
    if BOT not in channel.thread.members:
        channel.thread.members.append(BOT)
        member = {"id": channel.id, "user_id": BOT, "join_timestamp": now(), "flags": 0}
        space.happen("THREAD_MEMBER_UPDATE", member | {"guild_id": GUILD}, channel.id)


def direct(space: Space, given: Given) -> dict[str, Any]:
    demand(_DIRECT(given.fields(), ()))
    person = space.users.get(str(given.body["recipient_id"]))
    if person is None or person.bot:
        raise Refused(UNKNOWN_USER)
    return shapes.channel(space, space.direct(person.id))


def removed(space: Space, channel: Channel) -> None:
    """Gone, with its threads and all that was said there."""
    if channel.id not in space.channels:
        raise Refused(UNKNOWN_CHANNEL)
    for one in space.threads:
        if one.thread and one.thread.parent == channel.id:
            del space.channels[one.id]
    told = shapes.channel(space, channel)
    space.happen("THREAD_DELETE" if channel.thread else "CHANNEL_DELETE", told)
    del space.channels[channel.id]


def _demand_kind(channel: Channel) -> None:
    """Threads begin in text channels; posts of forums are beyond this loopback's API."""
    if channel.kind != TEXT:
        raise Refused(BAD_CHANNEL_TYPE)


def _demand_thread(space: Space, channel: Channel, thread: Thread, body: dict[str, Any]) -> None:
    """Its owner may rename and archive it, who may write in it may open it; the rest is for moderators."""
    permissions = space.permissions(BOT, channel)
    if Permission.MANAGE_THREADS in permissions:
        return
    opens = body.get("archived") is False
    if thread.archived and not opens:
        raise Refused(THREAD_ARCHIVED)
    if "locked" in body or (thread.locked and opens):
        raise Refused(MISSING_PERMISSIONS)
    if thread.owner != BOT and {*body} - ({"archived"} if opens else set()):
        raise Refused(MISSING_PERMISSIONS)
    if opens and Permission.SEND_MESSAGES_IN_THREADS not in permissions:
        raise Refused(MISSING_PERMISSIONS)
