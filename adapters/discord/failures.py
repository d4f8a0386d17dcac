"""discord.py's exceptions in netspy's terms, translated once."""

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import discord

from bot.domain.errors import PlatformError, Undeliverable
from bot.redaction import without_credentials

LACKS_PERMISSION = 50013
UNKNOWN = {10003: "the channel is gone", 10008: "the message is gone", 10004: "the server is gone"}
"""https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes."""
FORBIDDEN = {
    50001: "netspy cannot see that channel: it needs View Channel there",
    LACKS_PERMISSION: "netspy lacks a permission there",
    50007: "that person takes no direct messages",
    50083: "the thread is archived",
    160005: "the thread is locked",
}


class LacksPermission(Undeliverable):
    """Something of what was to be sent is not allowed there: the files, or all of it."""


@contextmanager
def translated(asked: str) -> Iterator[None]:
    """Raises: Undeliverable for what will never go, PlatformError for what may go later."""
    try:
        yield
    except discord.HTTPException as error:
        raise of(asked, error) from error
    except (aiohttp.ClientError, OSError, TimeoutError, discord.DiscordServerError) as error:
        raise PlatformError(asked, f"no answer from Discord ({type(error).__name__})") from error


def of(asked: str, error: discord.HTTPException) -> PlatformError:
    told = UNKNOWN.get(error.code) or FORBIDDEN.get(error.code)
    if told:
        remedy = "give it the permission there, or ask elsewhere" if error.code in FORBIDDEN else "ask again elsewhere"
        kind = LacksPermission if error.code == LACKS_PERMISSION else Undeliverable
        return kind(asked, f"{told} ({error.code})", remedy)
    return PlatformError(
        asked, f"Discord answered {error.status} {error.code}: {without_credentials(error.text)[:200]}"
    )
