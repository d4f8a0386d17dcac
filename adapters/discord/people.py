"""Who somebody is in Discord: a kind of person, their roles, and the channels that they and netspy both see.

Messages and presses in a server tell of the member. Direct messages do not: then the servers that netspy is in are
asked for the person one by one, which needs no privileged intent, and what they answer is remembered.
"""

import asyncio
from collections.abc import Iterable

import discord

from adapters.discord.failures import translated
from adapters.discord.place import DIRECT
from adapters.remembered import Remembered
from bot.domain.errors import PlatformError
from bot.domain.message import Author, PersonKind

REMEMBERED_S = 60.0
"""Ours: who loses a role, or leaves a server, keeps for so long in direct messages what it allows."""
MAX_MEMBERS = 10_000


class People:
    """`client` knows the servers with their channels and roles. Raises: PlatformError when Discord does not say."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._members: Remembered[tuple[int, int], discord.Member | None] = Remembered(
            self._ask, for_s=REMEMBERED_S, most=MAX_MEMBERS
        )

    async def author(self, user: discord.abc.User, guild: int | None) -> Author:
        """Who speaks in a server, or (None) outside of one.

        An `outsider` is in no server of netspy's, or uses it as an app of their own in a server where netspy is not. A
        `guest` came by an invitation to one voice channel. Who was invited for a while is a member as all others:
        Discord does not tell them apart.
        """
        if guild is None:
            found = await self._everywhere(user.id, self._client.guilds)
        elif self._client.get_guild(guild) is None:
            found = ()
        elif isinstance(user, discord.Member):
            found = (user,)
        else:
            found = await self._everywhere(user.id, [self._client.get_guild(guild)])
        roles = frozenset(str(role.id) for member in found for role in member.roles if not role.is_default())
        return Author(str(user.id), user.display_name, _kind(found), roles)

    async def channels(self, workspace: str, person: str) -> frozenset[str]:
        """As `Directory` wants it: whatever can be written in, or holds threads. A thread counts as its channel."""
        if not (self._client.guilds or self._client.is_ready()):
            raise PlatformError("asking who is in a server", "Discord has not named the servers yet", "try again")
        guilds = [guild for guild in self._client.guilds if workspace in {"", DIRECT, str(guild.id)}]
        members = await self._everywhere(int(person), guilds) if person.isdecimal() else ()
        return frozenset(str(channel.id) for member in members for channel in _shared_with(member))

    async def _everywhere(self, user: int, guilds: Iterable[discord.Guild | None]) -> tuple[discord.Member, ...]:
        found = await asyncio.gather(*(self._members.of((guild.id, user)) for guild in guilds if guild))
        return tuple(member for member in found if member)

    async def _ask(self, place: tuple[int, int]) -> discord.Member | None:
        guild, user = self._client.get_guild(place[0]), place[1]
        if guild is None:
            return None
        with translated("asking who is in a server"):
            try:
                return await guild.fetch_member(user)
            except (discord.NotFound, discord.Forbidden):
                return None


def _kind(members: Iterable[discord.Member]) -> PersonKind:
    """Of somebody who is known by these: the least that any of them is, since what they see is not told apart."""
    guests = [member.flags.guest for member in members]
    if not guests:
        return "outsider"
    return "guest" if any(guests) else "member"


def _shared_with(member: discord.Member) -> Iterable[discord.abc.GuildChannel]:
    me = member.guild.me
    for channel in member.guild.channels:
        if isinstance(channel, discord.CategoryChannel) or me is None:
            continue
        if channel.permissions_for(member).view_channel and channel.permissions_for(me).view_channel:
            yield channel
