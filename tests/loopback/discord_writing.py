"""How a message comes to be, changes and goes, whoever does it: contents, whom it pings, what is told of it."""

from dataclasses import dataclass, field
from typing import Any

from tests.loopback.discord_channels import Channel
from tests.loopback.discord_ids import GUILD, now
from tests.loopback.discord_mentions import Allowed, Mentions, mentioned
from tests.loopback.discord_message import Attachment, File, Message
from tests.loopback.discord_payloads import HAS_THREAD, LOADING
from tests.loopback.discord_permissions import Permission
from tests.loopback.discord_shapes import channel as channel_shape
from tests.loopback.discord_shapes import is_system
from tests.loopback.discord_space import Event, Space


@dataclass(frozen=True, slots=True)
class Draft:
    """Checked contents of a message. A body's fields that are not there stay as they are in an edit."""

    body: dict[str, Any]
    files: dict[str, File] = field(default_factory=dict)


def fill(space: Space, message: Message, draft: Draft) -> None:
    """Say what a draft says."""
    body = draft.body
    if "content" in body:
        message.content = str(body["content"] or "").strip()
    for name in ("embeds", "components"):
        if name in body:
            setattr(message, name, body[name] or [])
    _attach(space, message, draft)
    mentions = _mentions(space, message, Allowed.of(body.get("allowed_mentions")))
    message.mentions = mentions
    message.notified |= mentions
    message.states.append(message.shown)


def post(space: Space, message: Message) -> Message:
    """Let it be seen. In a thread it counts, and opens the thread again."""
    space.keep(message)
    place = space.channels[message.channel]
    if place.thread and not is_system(message) and not message.ephemeral_to:
        place.thread.counted += 1
        unarchive(space, place)
    _tell(space, "MESSAGE_CREATE", message)
    return message


def changed(space: Space, message: Message, *, by_author: bool = True) -> None:
    """`by_author`: it counts as edited; a thread that begins at it changes it too."""
    if by_author and not message.flags & LOADING:
        message.edited = now()
    _tell(space, "MESSAGE_UPDATE", message)


def remove(space: Space, message: Message) -> None:
    del space.stored[message.channel][message.id]
    space.removed.append(message)
    if not message.ephemeral_to:
        where = {} if space.channels[message.channel].is_direct else {"guild_id": GUILD}
        space.happen("MESSAGE_DELETE", {"id": message.id, "channel_id": message.channel, **where}, message.channel)


def unarchive(space: Space, channel: Channel) -> None:
    if channel.thread and channel.thread.archived:
        channel.thread.archived, channel.thread.changed = False, now()
        space.happen("THREAD_UPDATE", channel_shape(space, channel), channel.id)


def mark_thread(space: Space, message: Message) -> None:
    """A thread begins at it now."""
    message.flags |= HAS_THREAD
    changed(space, message, by_author=False)


def _tell(space: Space, name: str, message: Message) -> None:
    if not message.ephemeral_to:
        space.happened.append(Event(name, {}, message.channel, message))


def _attach(space: Space, message: Message, draft: Draft) -> None:
    """A list of attachments says which ones of before stay; without one all of them do."""
    listed = draft.body.get("attachments")
    about = {str(one["id"]): one for one in listed or ()}
    if "attachments" in draft.body:
        message.attachments = [one for one in message.attachments if one.id in about]
    for number, file in draft.files.items():
        attachment_id = space.ids.new()
        name = about.get(number, {}).get("filename") or file.name
        url = f"{space.base_url}attachments/{message.channel}/{attachment_id}/{name}"
        description = about.get(number, {}).get("description")
        message.attachments.append(Attachment(attachment_id, name, file.content, url, description))


def _mentions(space: Space, message: Message, allowed: Allowed) -> Mentions:
    """Whom the text may notify, of those who are there; and whom it answers, when that notifies."""
    place = space.channels[message.channel]
    found = mentioned(message.content)
    found = Mentions(found.users & space.users.keys(), found.roles & space.roles.keys(), found.everyone)
    if place.is_direct:
        found = Mentions(found.users)
    may = Permission.MENTION_EVERYONE in space.permissions(message.author, place)
    mentionable = [role.id for role in space.roles.values() if role.mentionable]
    pinged = allowed.of_text(found, all_roles=may, mentionable=mentionable)
    return pinged | Mentions(_answered(space, message) if allowed.replied_user else frozenset())


def _answered(space: Space, message: Message) -> frozenset[str]:
    where, which = message.reference or ("", "")
    answered = space.stored.get(where, {}).get(which)
    if answered is None or is_system(message) or answered.author == message.author:
        return frozenset()
    return frozenset({answered.author})
