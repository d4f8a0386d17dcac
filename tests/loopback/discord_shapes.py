"""How the loopback Discord tells its state as JSON. Pure.

Shapes: https://docs.discord.com/developers/resources/message, /channel, /guild, /user and /application.
"""

from copy import deepcopy
from mimetypes import guess_type
from typing import Any

from tests.loopback.discord_channels import FORUM, Channel, Role, User
from tests.loopback.discord_ids import APP, BOT, GUILD, OWNER, moment
from tests.loopback.discord_intents import APPLICATION_FLAGS, Intent
from tests.loopback.discord_message import SYSTEM, Attachment, Message
from tests.loopback.discord_permissions import Permission
from tests.loopback.discord_space import Space

IS_GUEST = 1 << 4
"""https://docs.discord.com/developers/resources/guild#guild-member-object-guild-member-flags"""
_HIDDEN: dict[str, Any] = {"content": "", "embeds": [], "attachments": [], "components": []}


def user(one: User) -> dict[str, Any]:
    names = {"username": one.name, "global_name": one.name.title(), "discriminator": "0", "avatar": None}
    return {"id": one.id, **names, "bot": one.bot, "public_flags": 0}


def member(one: User) -> dict[str, Any]:
    times = {"joined_at": one.joined, "premium_since": None}
    flags = IS_GUEST if one.is_guest else 0
    return {"roles": one.roles, "nick": None, "avatar": None, **times, "deaf": False, "mute": False, "flags": flags}


def role(one: Role) -> dict[str, Any]:
    about = {"hoist": False, "managed": one.managed, "mentionable": one.mentionable, "flags": 0}
    colors = {"primary_color": 0, "secondary_color": None, "tertiary_color": None}
    place = 0 if one.id == GUILD else 1
    held = str(int(one.permissions))
    tags = {"tags": {"bot_id": BOT}} if one.managed else {}
    return {"id": one.id, "name": one.name, "permissions": held, "position": place, "colors": colors, **about, **tags}


def channel(space: Space, one: Channel) -> dict[str, Any]:
    last = next(reversed(space.visible(one.id)), None)
    base = {"id": one.id, "type": one.kind, "last_message_id": last and last.id}
    if one.is_direct:
        return base | {"recipients": [user(space.users[one.recipient or ""])]}
    base |= {"guild_id": GUILD, "name": one.name, "rate_limit_per_user": 0}
    if one.thread:
        return base | thread(one)
    base |= {"position": 0, "parent_id": None, "topic": one.topic, "nsfw": False, "flags": 0}
    base |= {"permission_overwrites": [_overwrite(space, target, one) for target in one.overwrites]}
    return base | ({"available_tags": []} if one.kind == FORUM else {})


def thread(one: Channel) -> dict[str, Any]:
    """What a thread has beyond a channel."""
    inner = one.thread
    assert inner
    metadata: dict[str, Any] = {"archived": inner.archived, "locked": inner.locked, "create_timestamp": moment(one.id)}
    metadata |= {"auto_archive_duration": inner.auto_archive_min, "archive_timestamp": inner.changed}
    about = {"owner_id": inner.owner, "parent_id": inner.parent, "thread_metadata": metadata, "flags": 0}
    counted = {"message_count": inner.counted, "total_message_sent": inner.counted}
    joined = {"id": one.id, "user_id": BOT, "join_timestamp": inner.changed, "flags": 0}
    mine = {"member": joined} if BOT in inner.members else {}
    return about | counted | {"member_count": len(inner.members)} | mine


def guild(space: Space, intents: Intent) -> dict[str, Any]:
    """As GUILD_CREATE tells it: threads that go on, and only the app itself where members are not asked for."""
    members = [one for one in space.users.values() if one.is_member]
    told = members if Intent.GUILD_MEMBERS in intents else [space.users[BOT]]
    seen = [one for one in space.channels.values() if not one.is_direct and _sees(space, one)]
    empty: dict[str, Any] = {name: [] for name in ("emojis", "stickers", "features", "presences", "voice_states")}
    return empty | {
        "id": GUILD,
        "name": "netspy",
        "owner_id": OWNER,
        "joined_at": space.users[BOT].joined,
        "large": False,
        "unavailable": False,
        "preferred_locale": "en-US",
        "member_count": len(members),
        "members": [member(one) | {"user": user(one)} for one in told],
        "roles": [role(one) for one in space.roles.values()],
        "channels": [channel(space, one) for one in seen if not one.thread],
        "threads": [channel(space, one) for one in seen if one.thread and not one.thread.archived],
    }


def application(space: Space) -> dict[str, Any]:
    flags = sum(bit for intent, bit in APPLICATION_FLAGS.items() if intent in space.privileged)
    bare = {"icon": None, "bot_public": True, "bot_require_code_grant": False, "verify_key": "0" * 64}
    about = {"id": APP, "name": "netspy", "description": "", "flags": flags}
    return about | bare | {"owner": user(space.users[OWNER]), "bot": user(space.users[BOT])}


def message(space: Space, one: Message, *, content: bool = True, deep: bool = True) -> dict[str, Any]:
    """`content`: whether the app may read what people wrote. `deep`: with the message that it answers."""
    author = space.users[one.author]
    mentioned = [space.users[who] for who in sorted(one.mentions.users)]
    answer: dict[str, Any] = {
        "id": one.id,
        "channel_id": one.channel,
        "author": user(author),
        "type": one.kind,
        "content": one.content,
        "embeds": deepcopy(one.embeds),
        "components": deepcopy(one.components),
        "attachments": [_attachment(file, one) for file in one.attachments],
        "mentions": [user(person) for person in mentioned],
        "mention_roles": sorted(one.mentions.roles),
        "mention_everyone": bool(one.mentions.everyone),
        "timestamp": moment(one.id),
        "edited_timestamp": one.edited,
        "flags": one.flags,
        "pinned": False,
        "tts": False,
    }
    if not (content or may_read(space, one)):
        answer |= _HIDDEN
    return answer | _extras(space, one, content=content, deep=deep)


def may_read(space: Space, one: Message) -> bool:
    """What an app reads without the intent: its own, direct ones, and those that mention it."""
    place = space.channels[one.channel]
    return one.author == BOT or place.is_direct or BOT in one.mentions.users


def _extras(space: Space, one: Message, *, content: bool, deep: bool) -> dict[str, Any]:
    extras: dict[str, Any] = {}
    if one.author == BOT:
        extras |= {"application_id": APP} if one.by_interaction else {}
        extras |= {"webhook_id": APP} if one.by_interaction else {}
    if one.nonce is not None:
        extras["nonce"] = one.nonce
    if one.by_interaction:
        extras["interaction_metadata"] = one.by_interaction
    if one.stickers:
        extras["sticker_items"] = [{"id": one.id, "name": name, "format_type": 1} for name in one.stickers]
    if one.reactions:
        extras["reactions"] = [_reaction(emoji, who) for emoji, who in one.reactions.items()]
    started = space.channels.get(one.id)
    if started and started.thread and started.id != one.channel:
        extras["thread"] = channel(space, started)
    if one.reference:
        extras |= _reference(space, one, content=content, deep=deep)
    return extras


def _reference(space: Space, one: Message, *, content: bool, deep: bool) -> dict[str, Any]:
    where, which = one.reference or ("", "")
    pointer = {"type": 0, "channel_id": where, "message_id": which}
    pointer |= {} if space.channels[one.channel].is_direct else {"guild_id": GUILD}
    if not deep:
        return {"message_reference": pointer}
    found = space.stored.get(where, {}).get(which)
    told = found and message(space, found, content=content, deep=False)
    return {"message_reference": pointer, "referenced_message": told}


def _reaction(emoji: str, who: list[str]) -> dict[str, Any]:
    counts = {"count": len(who), "count_details": {"burst": 0, "normal": len(who)}, "burst_colors": []}
    return {**counts, "me": BOT in who, "me_burst": False, "emoji": {"id": None, "name": emoji}}


def _attachment(file: Attachment, one: Message) -> dict[str, Any]:
    about = {"id": file.id, "filename": file.name, "size": len(file.content), "url": file.url, "proxy_url": file.url}
    about |= {"description": file.description} if file.description else {}
    about |= {"content_type": kind} if (kind := guess_type(file.name)[0]) else {}
    return about | ({"ephemeral": True} if one.ephemeral_to else {})


def _overwrite(space: Space, target: str, one: Channel) -> dict[str, Any]:
    given = one.overwrites[target]
    bits = {"allow": str(int(given.allow)), "deny": str(int(given.deny))}
    return {"id": target, "type": 0 if target in space.roles else 1, **bits}


def _sees(space: Space, one: Channel) -> bool:
    return Permission.VIEW_CHANNEL in space.permissions(BOT, one)


def is_system(one: Message) -> bool:
    return one.kind in SYSTEM
