"""What netspy may do in a channel, as far as Discord told it. Only looks up what discord.py remembers."""

from typing import Any

import discord

NAMES = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "send_messages_in_threads": "Send Messages in Threads",
    "attach_files": "Attach Files",
}
"""As a server's settings call them; these an answer needs."""


def may(client: discord.Client, channel: int, permission: str) -> bool:
    """True also where Discord has not told."""
    found = _permissions(client, channel)
    return found is None or bool(getattr(found, permission))


def lacking(client: discord.Client, channel: int, *, in_thread: bool) -> tuple[str, ...]:
    """Names of the permissions that keep an answer out of a channel, or out of its threads."""
    other = "send_messages" if in_thread else "send_messages_in_threads"
    return tuple(name for key, name in NAMES.items() if key != other and not may(client, channel, key))


def _permissions(client: discord.Client, channel: int) -> discord.Permissions | None:
    place: Any = client.get_channel(channel)
    guild: discord.Guild | None = getattr(place, "guild", None)
    me = guild.get_member(client.user.id) if guild and client.user else None
    return place.permissions_for(me) if me else None
