"""What netspy may do where, as far as discord.py knows, and what Discord's settings call it."""

import discord

_NAMES = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "send_messages_in_threads": "Send Messages in Threads",
}


def lacks(client: discord.Client, place: int, *, in_threads: bool = False) -> str:
    """The permission without which netspy cannot answer in a channel or thread; empty when none is known to be missing.

    `in_threads`: in those of a channel.
    """
    is_thread = in_threads or isinstance(client.get_channel(place), discord.Thread)
    needed = ("view_channel", "send_messages_in_threads" if is_thread else "send_messages")
    may = _granted(client, place)
    return next((_NAMES[name] for name in needed if not getattr(may, name)), "")


def may_reply(client: discord.Client, place: int) -> bool:
    """Discord refuses a reply to what netspy may not read (160002)."""
    return _granted(client, place).read_message_history


def _granted(client: discord.Client, place: int) -> discord.Permissions:
    """All where discord.py does not know: then Discord has the word."""
    channel = client.get_channel(place)
    if isinstance(channel, discord.abc.GuildChannel) or (isinstance(channel, discord.Thread) and channel.parent):
        return channel.permissions_for(channel.guild.me)
    return discord.Permissions.all()
