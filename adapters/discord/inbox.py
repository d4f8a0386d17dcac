"""What people do in Discord, as messages and actions for the desk. It knows discord.py's values, not its connection."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias
from weakref import WeakValueDictionary

import discord

from adapters.attached import kept
from adapters.discord.files import files_of
from adapters.discord.people import People
from adapters.discord.place import DIRECT, NAME, Place
from adapters.discord.reading import addressee, question
from bot.domain.message import (
    Addressee,
    Author,
    Channel,
    Command,
    Delete,
    Edit,
    FileRef,
    Message,
    MessageId,
    Press,
    ThreadKey,
)
from bot.domain.ports import Desk

log = logging.getLogger("netspy.discord")

UNREAD = (
    "I cannot read what you wrote: the message-content intent is off. Mention me, or use /ask. (Whoever runs netspy "
    "switches it on in the developer portal.)"
)


Heard: TypeAlias = Literal["asked", "empty", "other"]
"""empty: it speaks to netspy, and there is nothing to answer."""

HINT = (
    "Ask me what your network does, such as: which connections failed in the last 10 minutes? Or say help, and I name "
    "everything that I know."
)


@dataclass(frozen=True, slots=True)
class Called:
    """What a slash command or the menu asks. `in_thread`: it is about the thread that it was used in."""

    text: str
    command: Command | None = None
    files: tuple[FileRef, ...] = ()
    in_thread: bool = False


class Inbox:
    """Raises StorageError, PlatformError; Discord delivers nothing twice, so that it is told. And NotPermitted."""

    def __init__(self, desk: Desk, people: People, *, bot: int) -> None:
        self._desk = desk
        self.people = people
        self._bot = bot
        self._orders: WeakValueDictionary[ThreadKey, asyncio.Lock] = WeakValueDictionary()

    async def said(self, message: discord.Message) -> Heard:
        """A message of a server or a direct one."""
        if message.author.bot or message.webhook_id or message.type not in SAID:
            return "other"
        mentions = frozenset(user.id for user in message.mentions)
        is_direct = message.guild is None
        words = self._words(message)
        to: Addressee = "netspy" if is_direct else addressee(words, bot=self._bot, mentions=mentions)
        if to != "netspy" and not isinstance(message.channel, discord.Thread):
            return "other"
        text, files = question(words, bot=self._bot), files_of(message)
        if not text and not files:
            return "empty" if to == "netspy" else "other"
        place, key = self._where(message)
        async with self._orders.setdefault(key, asyncio.Lock()):
            author = await self.people.author(message.author, message.guild.id if message.guild else None)
            await self._desk.handle(
                Message(
                    key=key,
                    id=MessageId(str(message.id)),
                    author=author,
                    text=text,
                    sent_at=message.created_at,
                    reply_to=place.address,
                    addressee=to,
                    opens=key.thread == str(message.id),
                    files=kept(files),
                    direct=is_direct,
                )
            )
        return "asked" if to == "netspy" else "other"

    async def edited(self, message: discord.Message) -> None:
        _, key = self._where(message)
        edit = Edit(key, MessageId(str(message.id)), question(self._words(message), bot=self._bot))
        guild = message.guild.id if message.guild else None
        async with self._orders.setdefault(key, asyncio.Lock()):
            by = await self.people.author(message.author, guild)
            pressed = MessageId(f"edit:{message.id}:{message.edited_at}")
            await self._desk.act(Press(edit, pressed, by, _channel(guild, key.channel)))

    async def deleted(self, *, guild: int | None, channel: int, parent: int | None, message: int) -> None:
        """Nobody waits for its answer any more, whether it began a thread or stood in one. Discord names no person."""
        where = _channel(guild, str(parent or channel))
        for thread in (channel, message):
            delete = Delete(ThreadKey(NAME, where.workspace, where.id, str(thread)), MessageId(str(message)))
            await self._desk.act(Press(delete, MessageId(f"delete:{message}"), Author("", ""), where))

    async def commanded(self, interaction: discord.Interaction[discord.Client], root: int, called: Called) -> None:
        """A slash command or the context menu; `root` is the response, which the answer fills."""
        channel, user = interaction.channel_id or 0, interaction.user.id
        place = Place(channel=channel, thread=channel, message=root, user=user, title=called.text, root=root)
        begun = ThreadKey(NAME, str(interaction.guild_id or DIRECT), str(channel), str(root))
        key = thread_of(interaction) if called.in_thread else None
        author = await self.people.author(interaction.user, interaction.guild_id)
        await self._desk.handle(
            Message(
                key=key or begun,
                id=MessageId(str(interaction.id)),
                author=author,
                text=called.text,
                sent_at=datetime.now(UTC),
                reply_to=place.address,
                command=called.command,
                opens=key is None,
                files=kept(called.files),
                direct=channel_of(interaction).direct,
            )
        )

    def _words(self, message: discord.Message) -> str:
        """What somebody wrote, or passed on without a word. The bot's own role means the bot: they have one name."""
        said = message.content or "\n".join(passed_on.content for passed_on in message.message_snapshots)
        role = message.guild.self_role if message.guild else None
        return said.replace(role.mention, f"<@{self._bot}>") if role else said

    def _where(self, message: discord.Message) -> tuple[Place, ThreadKey]:
        """Where a message is answered, and which conversation it belongs to."""
        channel, user = message.channel, message.author.id
        guild = str(message.guild.id) if message.guild else DIRECT
        if isinstance(channel, discord.Thread):
            place = Place(channel=channel.parent_id, thread=channel.id, message=message.id, user=user)
            return place, ThreadKey(NAME, guild, str(channel.parent_id), str(channel.id))
        if message.guild is None:
            place = Place(channel=channel.id, thread=channel.id, message=message.id, user=user)
            return place, ThreadKey(NAME, guild, str(channel.id), str(channel.id))
        if begun := _begun_by(message):
            place = Place(channel=channel.id, thread=channel.id, message=message.id, user=user)
            return place, ThreadKey(NAME, guild, str(channel.id), str(begun))
        title = question(self._words(message), bot=self._bot)
        ids = Place(
            channel=channel.id, thread=message.id, message=message.id, user=user, title=title, makes_thread=True
        )
        return ids, ThreadKey(NAME, guild, str(channel.id), str(message.id))


def thread_of(interaction: discord.Interaction[discord.Client]) -> ThreadKey | None:
    """The conversation in which a command is used: a thread's, or the one of direct messages; None in a channel."""
    channel = interaction.channel
    if isinstance(channel, discord.Thread):
        return ThreadKey(NAME, str(interaction.guild_id), str(channel.parent_id), str(channel.id))
    if interaction.guild_id is None:
        return ThreadKey(NAME, DIRECT, str(interaction.channel_id), str(interaction.channel_id))
    return None


def channel_of(interaction: discord.Interaction[discord.Client]) -> Channel:
    """Where something is pressed, called or typed: of a thread, the channel that it is in.

    People can use netspy among themselves too, as an app of their own: that is no direct message with it.
    """
    channel = interaction.channel
    parent = channel.parent_id if isinstance(channel, discord.Thread) else interaction.channel_id
    return _channel(interaction.guild_id, str(parent or 0), among_people=interaction.context.private_channel)


def _channel(guild: int | None, channel: str, *, among_people: bool = False) -> Channel:
    return Channel(NAME, str(guild or DIRECT), channel, direct=guild is None and not among_people)


def _begun_by(message: discord.Message) -> int | None:
    """For a reply in a channel: the message that its conversation began with, as far as Discord tells."""
    if message.reference is None or message.reference.message_id is None:
        return None
    answered = message.reference.resolved
    if isinstance(answered, discord.Message) and answered.reference and answered.author.bot:
        return answered.reference.message_id
    return message.reference.message_id


SAID = frozenset({discord.MessageType.default, discord.MessageType.reply})


def is_unread(message: discord.Message, me: discord.ClientUser | None) -> bool:
    """A message to netspy whose text Discord keeps back."""
    if message.author.bot or message.content or message.attachments or message.embeds or message.stickers:
        return False
    is_ours = isinstance(message.channel, discord.Thread) and me is not None and message.channel.owner_id == me.id
    return is_ours and message.type in SAID
