"""What people press and call in Discord: slash commands, their completion, the menu, buttons."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Any

import discord

from adapters.discord import commands
from adapters.discord.buttons import read_button
from adapters.discord.command_sheet import INVESTIGATE
from adapters.discord.failures import LACKS_PERMISSION
from adapters.discord.files import files_of_payload
from adapters.discord.inbox import Called, Inbox, channel_of, thread_of
from adapters.discord.post import Post
from adapters.discord.reading import question
from adapters.discord.render import shown, word_of_netspy
from adapters.discord.tables import Look
from adapters.discord.telling import not_taken, tell_directly
from adapters.discord.writer import files_of, view_of
from bot.domain.command_help import CommandHelp
from bot.domain.errors import NotPermitted, PlatformError, StorageError, UnknownCommand
from bot.domain.message import Author, MessageId, Page, Press
from bot.domain.ports import Desk

TAKEN = frozenset({40060, 10062})
"""Another replica answered the interaction, or it is too old: nobody waits for us."""
TOO_LATE = frozenset({10015, 50027})
"""A quarter of an hour has passed since."""
ONLY_IN_A_THREAD = "Use this command in the thread that it is for."
LATE = "It took too long to show you what you asked for with a button or a command. Please try it again."


class Interactions:
    """`ways`: commands whose answer netspy may write in no other way, by the message that fills up with it."""

    def __init__(self, desk: Desk, inbox: Inbox, known: Sequence[CommandHelp], *, bot: int, zone: tzinfo) -> None:
        self._desk = desk
        self._inbox = inbox
        self._commands = tuple(known)
        self._bot = bot
        self._zone = zone
        self.ways: dict[int, discord.Interaction] = {}

    async def heard(self, interaction: discord.Interaction) -> None:
        """Raises: discord.HTTPException."""
        try:
            match interaction.type:
                case discord.InteractionType.autocomplete:
                    await self._complete(interaction)
                case discord.InteractionType.application_command:
                    await self._command(interaction)
                case discord.InteractionType.component:
                    await self._press(interaction)
        except discord.HTTPException as error:
            if error.code in TOO_LATE:
                await tell_directly(interaction.client, interaction.user.id, LATE)
            elif error.code not in TAKEN:
                raise

    async def _complete(self, interaction: discord.Interaction) -> None:
        try:
            found = await commands.completions(interaction, self._desk, self._commands, by=await self._by(interaction))
        except PlatformError:
            found = []
        choices = [discord.app_commands.Choice(name=each["name"], value=each["value"]) for each in found]
        await interaction.response.autocomplete(choices)

    async def _command(self, interaction: discord.Interaction) -> None:
        try:
            called = self._called(interaction)
        except UnknownCommand as error:
            await interaction.response.send_message(word_of_netspy(str(error)).content, ephemeral=True)
            return
        if called.in_thread and thread_of(interaction) is None:
            await interaction.response.send_message(ONLY_IN_A_THREAD, ephemeral=True)
            return
        await interaction.response.defer(thinking=True)
        root = await interaction.original_response()
        if _is_outside(interaction):
            self.ways = {message: way for message, way in self.ways.items() if not way.is_expired()}
            self.ways[root.id] = interaction
        try:
            await self._inbox.commanded(interaction, root.id, called)
        except NotPermitted as error:
            self.ways.pop(root.id, None)
            await _refuse(interaction, error)
        except (StorageError, PlatformError) as error:
            await interaction.edit_original_response(content=word_of_netspy(not_taken(error)).content)

    def _called(self, interaction: discord.Interaction) -> Called:
        """Raises: UnknownCommand for one that Discord still shows, and netspy has no more."""
        data: dict[str, Any] = dict(interaction.data or {})
        if data.get("name") != INVESTIGATE:
            return commands.asked(interaction, self._commands)
        said = next(iter(data["resolved"]["messages"].values()))
        return Called(question(str(said.get("content", "")), bot=self._bot), files=files_of_payload(said))

    async def _by(self, interaction: discord.Interaction) -> Author:
        return await self._inbox.people.author(interaction.user, interaction.guild_id)

    async def _press(self, interaction: discord.Interaction) -> None:
        data: dict[str, Any] = dict(interaction.data or {})
        try:
            button, is_narrow = read_button(str(data.get("custom_id", "")))
        except ValueError:
            await interaction.response.send_message("This button is of another netspy.", ephemeral=True)
            return
        page = button if isinstance(button, Page) else None
        turns_leaf = bool(page and interaction.message and interaction.message.flags.ephemeral)
        await interaction.response.defer(ephemeral=True, thinking=not turns_leaf)
        try:
            pressed, by = MessageId(str(interaction.id)), await self._by(interaction)
            reply = await self._desk.act(Press(button, pressed, by, channel_of(interaction)))
        except (StorageError, PlatformError, NotPermitted) as error:
            await interaction.followup.send(word_of_netspy(str(error)).content, ephemeral=True)
            return
        wide = Look(zone=self._zone, now=datetime.now(UTC))
        look = wide.for_phones if is_narrow else wide
        try:
            await _show(interaction, shown(reply, look, page=page), turns_leaf=turns_leaf)
        except discord.Forbidden as error:
            if error.code != LACKS_PERMISSION:
                raise
            bare = shown(reply, replace(look, takes_files=False), page=page)
            await _show(interaction, bare, turns_leaf=turns_leaf)


async def _refuse(interaction: discord.Interaction, error: NotPermitted) -> None:
    """To who asked only. What shows everybody that netspy is thinking goes first: a word behind it would fill it."""
    await interaction.delete_original_response()
    await interaction.followup.send(word_of_netspy(str(error)).content, ephemeral=True)


async def _show(interaction: discord.Interaction, posts: Sequence[Post], *, turns_leaf: bool) -> None:
    """To who pressed only. `turns_leaf`: the page before is seen by nobody else, and makes room for this one."""
    for number, post in enumerate(posts):
        files, view = files_of(post), view_of(post)
        if turns_leaf and not number:
            await interaction.edit_original_response(content=post.content, attachments=files, view=view)
        else:
            more: dict[str, Any] = {"view": view} if view else {}
            await interaction.followup.send(post.content, files=files, ephemeral=True, **more)


def _is_outside(interaction: discord.Interaction) -> bool:
    """Commands work in channels too in which netspy itself may not write."""
    may = interaction.app_permissions
    is_thread = isinstance(interaction.channel, discord.Thread)
    return not (may.view_channel and (may.send_messages_in_threads if is_thread else may.send_messages))
