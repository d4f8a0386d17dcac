"""A message that netspy posts by itself, such as an alert, and the thread that begins at it."""

import logging

import discord

from adapters.discord.failures import translated
from adapters.discord.limits import MAX_CONTENT
from adapters.discord.place import NAME, Place
from adapters.discord.prose import pieces
from adapters.discord.sheet import Piece, Sheet, put, size
from adapters.discord.threads import MAX_THREAD_NAME, begin_thread
from bot.domain.errors import PlatformError, Undeliverable
from bot.domain.message import ThreadKey
from bot.domain.ports import Announced
from bot.tables.text import ELLIPSIS, short

log = logging.getLogger("netspy.discord")

ROOM_FOR_CUT = size(f"\n{ELLIPSIS}")
ASKED = "a message of netspy's own in Discord"
REMEDY = "name a text channel by its id: right-click it in Discord, with the developer mode switched on"


async def announce(client: discord.Client, channel: str, text: str) -> Announced:
    """As `Announcer` wants it. Nobody asked, so that the place names no person."""
    found = await _channel(client, channel)
    with translated(ASKED):
        sent = await found.send(content_of(text), suppress_embeds=True)
    place = Place(
        channel=found.id, thread=sent.id, message=sent.id, user=0, title=short(text, MAX_THREAD_NAME), makes_thread=True
    )
    try:
        place = await begin_thread(client, place)
    except PlatformError as error:  # the message stands: whoever answers it tries again
        log.info("discord.no_thread", extra={"channel": found.id, "cause": str(error)})
    return Announced(ThreadKey(NAME, str(found.guild.id), str(found.id), str(sent.id)), place.address)


def content_of(text: str) -> str:
    """As much of a text as one message takes."""
    sheets: list[Sheet] = []
    put(sheets, [*pieces(text)] or [Piece(ELLIPSIS)])
    first = sheets[0].content
    return f"{first}\n{ELLIPSIS}" if len(sheets) > 1 and size(first) <= MAX_CONTENT - ROOM_FOR_CUT else first


async def _channel(client: discord.Client, channel: str) -> discord.TextChannel:
    if not channel.isdecimal():
        raise Undeliverable(ASKED, f"{short(channel, MAX_THREAD_NAME)!r} is no id of a channel", REMEDY)
    found = client.get_channel(int(channel))
    if found is None:
        with translated(ASKED):
            found = await client.fetch_channel(int(channel))
    if not isinstance(found, discord.TextChannel):
        raise Undeliverable(ASKED, f"{channel} is no text channel of a server", REMEDY)
    return found
