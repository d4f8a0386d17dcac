"""A thread at a message: whoever comes second finds it there, and where none can begin, the channel has to do."""

import logging
from dataclasses import replace
from typing import Literal

import discord

from adapters.discord.failures import translated
from adapters.discord.permissions import lacks
from adapters.discord.place import Place
from bot.domain.errors import PlatformError
from bot.tables.text import short

log = logging.getLogger("netspy.discord")

ARCHIVE_AFTER_MIN: Literal[1440] = 1440
"""Minutes without a message until Discord hides a thread."""
MAX_THREAD_NAME = 100
THREAD_EXISTS = 160004
"""https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes"""
NO_THREAD = frozenset({400, 403})
"""HTTP statuses: no permission, a kind of channel without threads, too many threads."""


async def begin_thread(client: discord.Client, place: Place) -> Place:
    """Returns where to answer: a place that makes no thread any more. Raises: PlatformError when nobody knows."""
    obstacle = lacks(client, place.channel, in_threads=True) or await _obstacle(client, place)
    if not obstacle:
        return replace(place, makes_thread=False)
    log.info("discord.no_thread", extra={"channel": place.channel, "cause": obstacle})
    return replace(place, thread=place.channel, makes_thread=False)


async def _obstacle(client: discord.Client, place: Place) -> str:
    """Why there is no thread at the message; empty when there is one now."""
    name = short(place.title, MAX_THREAD_NAME).strip() or "netspy"
    begin = client.http.start_thread_with_message
    try:
        with translated("beginning a thread"):
            await begin(place.channel, place.message, name=name, auto_archive_duration=ARCHIVE_AFTER_MIN)
    except PlatformError as error:
        cause = error.__cause__
        if not isinstance(cause, discord.HTTPException) or cause.status not in NO_THREAD:
            raise
        return "" if cause.code == THREAD_EXISTS else str(error)
    return ""
