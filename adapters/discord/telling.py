"""What netspy tells people besides answers: below what they wrote, or in a direct message where that cannot be."""

import logging
from typing import Any

import discord

from adapters.discord.failures import translated
from adapters.discord.permissions import lacks, may_reply
from adapters.discord.place import Place
from adapters.discord.render import word_of_netspy
from bot.domain.errors import PlatformError, Undeliverable

log = logging.getLogger("netspy.discord")


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
