"""What netspy tells people besides answers: below what they wrote, or in a direct message where that cannot be."""

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any

import discord

from adapters.bounded import Bounded
from adapters.discord.failures import translated
from adapters.discord.permissions import lacks, may_reply
from adapters.discord.place import Place
from adapters.discord.render import word_of_netspy
from bot.domain.errors import PlatformError, StorageError, Undeliverable

log = logging.getLogger("netspy.discord")

REFUSED_EVERY_S = 60.0
MAX_REFUSED = 1000


class Refusals:
    """Who was told lately that they may not ask: a stranger must not make netspy fill a channel with it."""

    def __init__(self, clock_s: Callable[[], float] = monotonic) -> None:
        self._clock_s = clock_s
        self._told: Bounded[tuple[int, int], float] = Bounded(MAX_REFUSED)

    def is_due(self, message: discord.Message) -> bool:
        """Once a minute for a person in a channel and all its threads. Asking makes it told."""
        channel = message.channel
        place = channel.parent_id if isinstance(channel, discord.Thread) else channel.id
        now, who = self._clock_s(), (message.author.id, place)
        if now < self._told.get(who, now):
            return False
        self._told[who] = now + REFUSED_EVERY_S
        return True


def not_taken(error: StorageError | PlatformError) -> str:
    """What the person is told, who can do nothing about a database; where that is, only the log says."""
    log.warning("discord.not_taken", extra={"cause": str(error)})
    if isinstance(error, StorageError):
        return "Your question could not be taken: netspy's database cannot be used now. Ask again in a minute"
    return f"Your question could not be taken. {error}"


async def tell_below(client: discord.Client, message: discord.Message, text: str) -> None:
    """Once, however many replicas say so."""
    told = word_of_netspy(text).content
    refer: dict[str, Any] = {}
    if may_reply(client, message.channel.id):
        refer = {"reference": message, "mention_author": False}
    try:
        with translated("a word below a message"):
            await message.channel.send(told, nonce=f"r.{message.id}", **refer)
    except PlatformError as error:
        log.info("discord.not_told_below", extra={"channel": message.channel.id, "cause": str(error)})
        await tell_directly(client, message.author.id, text)


async def tell_undelivered(client: discord.Client, error: Undeliverable, place: Place) -> None:
    """Somebody's answer has no place where they asked."""
    if not place.user:
        log.warning("discord.not_told", extra={"channel": place.channel, "cause": str(error)})
        return
    lacking = lacks(client, place.thread) or lacks(client, place.channel)
    why = f" There I lack the permission {lacking}." if lacking else ""
    await tell_directly(client, place.user, f"I could not answer where you asked.{why} {error}")


async def tell_directly(client: discord.Client, user: int, text: str) -> None:
    try:
        with translated("a direct message"):
            person = await client.fetch_user(user)
            await person.send(word_of_netspy(text).content)
    except PlatformError as failure:
        log.warning("discord.not_told", extra={"user": user, "cause": str(failure)})
