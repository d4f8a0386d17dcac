"""Discord's operations on messages: what an app writes, changes, reads and marks.

https://docs.discord.com/developers/resources/message
"""

from typing import Any

from tests.loopback import discord_shapes as shapes
from tests.loopback import discord_writing as writing
from tests.loopback.discord_channels import FORUM, Channel
from tests.loopback.discord_ids import BOT, GUILD
from tests.loopback.discord_intents import Intent
from tests.loopback.discord_message import REPLY, Message
from tests.loopback.discord_payloads import EPHEMERAL, SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS, check, demand_content
from tests.loopback.discord_permissions import Permission
from tests.loopback.discord_refusals import (
    CANNOT_MESSAGE_USER,
    MISSING_ACCESS,
    NO_REPLY_WITHOUT_HISTORY,
    NOT_A_TEXT_CHANNEL,
    NOT_YOUR_MESSAGE,
    THREAD_ARCHIVED,
    THREAD_LOCKED,
    UNKNOWN_EMOJI,
    Refused,
    flawed,
)
from tests.loopback.discord_requests import Given
from tests.loopback.discord_space import Space
from tests.loopback.discord_writing import Draft

NONCE_TTL_S = 300.0
"""https://docs.discord.com/developers/resources/message#create-message: a nonce is unique "in the past few minutes"."""
HISTORY, HISTORY_MOST = 50, 100


def create(space: Space, given: Given) -> dict[str, Any]:
    channel, body = space.channel(given["channel"]), given.fields()
    demand_place(space, channel)
    check(body, given.files)
    demand_content(body, given.files)
    _demand_contents(space, channel, given)
    if again := _same_nonce(space, channel, body):
        return shapes.message(space, again)
    message = Message(space.ids.new(), channel.id, BOT)
    message.flags = int(body.get("flags") or 0) & (SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS)
    message.nonce = None if body.get("nonce") is None else str(body["nonce"])
    _refer(space, channel, message, body.get("message_reference"))
    writing.fill(space, message, Draft(body, given.files))
    return shapes.message(space, writing.post(space, message))


def edit(space: Space, given: Given) -> dict[str, Any]:
    channel, body = space.channel(given["channel"]), given.fields()
    message = space.message(channel.id, given["message"])
    if message.author != BOT:
        raise Refused(NOT_YOUR_MESSAGE)
    demand_open(channel)
    revise(space, message, Draft(body, given.files))
    return shapes.message(space, message)


def revise(space: Space, message: Message, draft: Draft) -> None:
    """Change what a message says: all of it, or nothing. Raises: Refused."""
    kept = frozenset(one.id for one in message.attachments)
    check(draft.body, draft.files, kept=kept)
    listed = {str(one["id"]) for one in draft.body.get("attachments") or ()}
    stays = bool(kept & listed) if "attachments" in draft.body else bool(kept)
    after = {name: draft.body.get(name, getattr(message, name)) for name in ("content", "embeds", "components")}
    if not stays:
        demand_content(after, draft.files)
    writing.fill(space, message, draft)
    writing.changed(space, message)


def delete(space: Space, given: Given) -> None:
    channel = space.channel(given["channel"])
    message = space.message(channel.id, given["message"])
    if message.author != BOT:
        space.demand(Permission.MANAGE_MESSAGES, channel)
    demand_open(channel)
    writing.remove(space, message)


def get(space: Space, given: Given) -> dict[str, Any]:
    channel = space.channel(given["channel"])
    if Permission.READ_MESSAGE_HISTORY not in space.permissions(BOT, channel):
        raise Refused(MISSING_ACCESS)
    return _told(space, space.message(channel.id, given["message"]))


def history(space: Space, given: Given) -> list[dict[str, Any]]:
    """Newest first; nothing at all for who may not read it."""
    channel = space.channel(given["channel"])
    limit = given.limit(usual=HISTORY, most=HISTORY_MOST)
    if Permission.READ_MESSAGE_HISTORY not in space.permissions(BOT, channel):
        return []
    chosen = _between(space.visible(channel.id), given, limit)
    return [_told(space, message) for message in reversed(chosen)]


def typing(space: Space, given: Given) -> None:
    channel = space.channel(given["channel"])
    demand_place(space, channel)
    space.typing.append((channel.id, space.clock_s()))


def react(space: Space, given: Given) -> None:
    channel = space.channel(given["channel"])
    message = space.message(channel.id, given["message"])
    space.demand(Permission.READ_MESSAGE_HISTORY, channel)
    if given["emoji"] not in message.reactions:
        space.demand(Permission.ADD_REACTIONS, channel)
    demand_open(channel)
    if given["emoji"].isascii():
        raise Refused(UNKNOWN_EMOJI)
    mark(space, message, given["emoji"], BOT)


def unreact(space: Space, given: Given) -> None:
    channel = space.channel(given["channel"])
    message = space.message(channel.id, given["message"])
    demand_open(channel)
    who = message.reactions.get(given["emoji"], [])
    if BOT in who:
        who.remove(BOT)
        if not who:
            del message.reactions[given["emoji"]]
        space.happen("MESSAGE_REACTION_REMOVE", _reaction(space, message, given["emoji"], BOT), channel.id)


def mark(space: Space, message: Message, emoji: str, user: str) -> None:
    """A user puts an emoji on a message."""
    who = message.reactions.setdefault(emoji, [])
    if user not in who:
        who.append(user)
        told = _reaction(space, message, emoji, user) | {"message_author_id": message.author}
        space.happen("MESSAGE_REACTION_ADD", told, message.channel)


def demand_place(space: Space, channel: Channel) -> None:
    """The app may write there. An archived thread opens again, unless it is locked. Raises: Refused."""
    if channel.kind == FORUM:
        raise Refused(NOT_A_TEXT_CHANNEL)
    if channel.is_direct and space.users[channel.recipient or ""].closed:
        raise Refused(CANNOT_MESSAGE_USER)
    space.demand(Permission.SEND_MESSAGES_IN_THREADS if channel.thread else Permission.SEND_MESSAGES, channel)
    if channel.thread and channel.thread.locked and Permission.MANAGE_THREADS not in space.permissions(BOT, channel):
        raise Refused(THREAD_ARCHIVED if channel.thread.archived else THREAD_LOCKED)


def demand_open(channel: Channel) -> None:
    """Anything but writing needs a thread that is not archived. Raises: Refused."""
    if channel.thread and channel.thread.archived:
        raise Refused(THREAD_ARCHIVED)


def _demand_contents(space: Space, channel: Channel, given: Given) -> None:
    if given.body.get("embeds"):
        space.demand(Permission.EMBED_LINKS, channel)
    if given.files:
        space.demand(Permission.ATTACH_FILES, channel)
    if int(given.body.get("flags") or 0) & EPHEMERAL:
        raise flawed(("flags",), "MESSAGE_FLAGS_INVALID", "Only answers to interactions can be ephemeral")


def _same_nonce(space: Space, channel: Channel, body: dict[str, Any]) -> Message | None:
    """What was sent with that nonce a short while ago."""
    if not body.get("enforce_nonce") or body.get("nonce") is None:
        return None
    oldest = int(space.ids.new()) - (int(NONCE_TTL_S * 1000) << 22)
    for message in space.visible(channel.id):
        if message.author == BOT and message.nonce == str(body["nonce"]) and int(message.id) > oldest:
            return message
    return None


def _refer(space: Space, channel: Channel, message: Message, reference: dict[str, Any] | None) -> None:
    if not reference:
        return
    if Permission.READ_MESSAGE_HISTORY not in space.permissions(BOT, channel):
        raise Refused(NO_REPLY_WITHOUT_HISTORY)
    target = str(reference["message_id"])
    found = space.stored.get(channel.id, {}).get(target)
    if found and not found.ephemeral_to and not shapes.is_system(found):
        message.reference, message.kind = (channel.id, target), REPLY
    elif reference.get("fail_if_not_exists", True):
        raise flawed(("message_reference",), "REPLIES_UNKNOWN_MESSAGE", "Unknown message")


def _told(space: Space, message: Message) -> dict[str, Any]:
    """The content intent decides over what is read, too."""
    return shapes.message(space, message, content=Intent.MESSAGE_CONTENT in space.privileged)


def _between(messages: list[Message], given: Given, limit: int) -> list[Message]:
    """Oldest first. `before`, `after` and `around` exclude each other."""
    query = given.query
    if "around" in query:
        pivot = int(query["around"])
        older = [one for one in messages if int(one.id) < pivot][-(limit // 2) or len(messages) :]
        return [*older, *[one for one in messages if int(one.id) >= pivot][: limit - len(older)]]
    if "after" in query:
        return [one for one in messages if int(one.id) > int(query["after"])][:limit]
    if "before" in query:
        messages = [one for one in messages if int(one.id) < int(query["before"])]
    return messages[-limit:]


def _reaction(space: Space, message: Message, emoji: str, user: str) -> dict[str, Any]:
    where = {} if space.channels[message.channel].is_direct else {"guild_id": GUILD}
    about = {"user_id": user, "channel_id": message.channel, "message_id": message.id, "burst": False, "type": 0}
    return {**about, "emoji": {"id": None, "name": emoji}, **where}
