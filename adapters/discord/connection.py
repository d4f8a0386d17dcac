"""The connection with Discord's gateway: how long it may be away, and why it ended, in words.

discord.py opens it again by itself, but waits longer after each failure, up to 17 minutes, and nobody sees it: one that
is away for a while is given up, and the adapter begins anew.
"""

import asyncio
import logging
from contextlib import suppress

import aiohttp
import discord

from adapters.discord import checks
from adapters.discord.failures import of
from bot.domain.errors import PlatformError

log = logging.getLogger("netspy.discord")

AWAY_S = 60.0
"""Ours: a session that comes back within it is told what happened meanwhile; a new one is not."""
CAUSES = {
    None: "it broke",
    1000: "Discord ended it",
    1001: "Discord went away",
    1006: "it broke",
    4000: "Discord failed",
    4004: "it does not know the token",
    4008: "netspy sent too much at once",
    4009: "the session timed out",
    4010: "netspy named a shard that is none",
    4011: "netspy is in so many servers that it needs shards, which it has not",
    4012: "this version of netspy is too old for Discord",
    4013: "netspy asked for intents that are none",
    4014: "an intent is off",
}
"""https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes"""
TOKEN, REACH, UPDATE = "set DISCORD_TOKEN anew", checks.REACH, "update netspy"
_REMEDIES = {4004: TOKEN, 4010: UPDATE, 4012: UPDATE, 4013: UPDATE}


class IntentIsOff(PlatformError):
    """The developer portal does not give the app what people write."""


class Presence:
    """Whether netspy hears what happens. For its client, which tells it so, and for who waits for it."""

    def __init__(self, away_s: float) -> None:
        self._away_s = away_s
        self._patience = asyncio.timeout(None)
        self.is_there = False

    def begin(self) -> None:
        """From now on it should be there."""
        self._wait_until(asyncio.get_running_loop().time() + self._away_s)

    def came(self) -> None:
        self.is_there = True
        self._wait_until(None)
        log.info("discord.connected")

    def left(self, code: int | None) -> None:
        self.is_there = False
        self.begin()
        log.info("discord.disconnected", extra={"code": code, "cause": CAUSES.get(code, "Discord closed it")})

    async def hold(self, client: discord.Client, token: str) -> None:
        """Raises: PlatformError when the connection has ended for good, or was away for too long."""
        logging.getLogger("discord.client").addFilter(_briefly)
        try:
            async with self._patience:
                await client.start(token)
        except PlatformError:
            raise
        except Exception as error:
            if self._patience.expired():
                raise PlatformError("Discord's gateway", f"not connected for {self._away_s:g} s", REACH) from error
            raise _failure(error) from error
        raise PlatformError("Discord's gateway", "it closed the connection")

    def _wait_until(self, at_s: float | None) -> None:
        with suppress(RuntimeError):  # it was given up already
            self._patience.reschedule(at_s)


def _failure(error: Exception) -> PlatformError:
    match error:
        case discord.LoginFailure():
            return PlatformError("Discord", CAUSES[4004], TOKEN)
        case discord.PrivilegedIntentsRequired():
            return IntentIsOff("Discord", "the message-content intent is off (4014)", checks.INTENT)
        case discord.ConnectionClosed(code=code):
            return PlatformError("Discord's gateway", f"{CAUSES.get(code, 'closed')} ({code})", _REMEDIES.get(code, ""))
        case discord.HTTPException():
            return of("Discord", error)
        case AttributeError() if isinstance(error.__context__, Exception):
            # discord.py stumbles when its first connection fails, over the one before, which there is not.
            return _failure(error.__context__)
    remedy = REACH if isinstance(error, OSError | aiohttp.ClientError) else ""
    return PlatformError("Discord's gateway", f"the connection broke ({type(error).__name__}: {error})", remedy)


def _briefly(record: logging.LogRecord) -> bool:
    """discord.py logs each failed try as an error with its traceback, of which the last line says enough."""
    if record.exc_info and record.exc_info[1] and record.getMessage().startswith("Attempting a reconnect"):
        record.__dict__["cause"] = repr(record.exc_info[1])
        record.exc_info = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
    return True
