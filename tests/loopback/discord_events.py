"""What one session of the gateway is told of an event, by its intents and by what the app may see. Pure.

https://docs.discord.com/developers/events/gateway-events
"""

from typing import Any

from tests.loopback import discord_shapes as shapes
from tests.loopback.discord_ids import APP, BOT, GUILD
from tests.loopback.discord_intents import Intent, needed
from tests.loopback.discord_message import Message
from tests.loopback.discord_permissions import Permission
from tests.loopback.discord_space import Event, Space

API_VERSION = 10


def told(space: Space, event: Event, intents: Intent) -> dict[str, Any] | None:
    """None when the session does not hear of it."""
    place = space.channels.get(event.channel or "")
    wanted = needed(event.name, direct=bool(place and place.is_direct))
    if wanted not in intents:
        return None
    if place and event.name != "INTERACTION_CREATE" and not _sees(space, place.id):
        return None
    if event.name == "GUILD_CREATE":
        return shapes.guild(space, intents)
    return message(space, event.message, intents) if event.message else event.data


def message(space: Space, one: Message, intents: Intent) -> dict[str, Any]:
    data = shapes.message(space, one, content=Intent.MESSAGE_CONTENT in intents)
    if space.channels[one.channel].is_direct:
        return data
    data["guild_id"] = GUILD
    if not one.by_interaction:
        data["member"] = shapes.member(space.users[one.author])
    for mentioned in data["mentions"]:
        mentioned["member"] = shapes.member(space.users[mentioned["id"]])
    return data


def ready(space: Space, session: str, resume_url: str, shard: list[int] | None) -> dict[str, Any]:
    guilds = [{"id": GUILD, "unavailable": True}] if space.users[BOT].is_member else []
    about: dict[str, Any] = {"v": API_VERSION, "session_id": session, "resume_gateway_url": resume_url}
    flags = shapes.application(space)["flags"]
    about |= {"user": shapes.user(space.users[BOT]), "application": {"id": APP, "flags": flags}}
    return about | {"guilds": guilds, "private_channels": []} | ({"shard": shard} if shard else {})


def _sees(space: Space, channel: str) -> bool:
    return Permission.VIEW_CHANNEL in space.permissions(BOT, space.channels[channel])
