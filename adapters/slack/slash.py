"""`/netspy`: help and status for the one who asks, all else as a post in the channel that a thread can grow from.

A slash command names no message and no thread, so netspy posts one first (its root) and answers there: a command's
table in the root itself, a question in its thread.
"""

import asyncio
import logging
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

from adapters.slack import home
from adapters.slack.calls import Gone
from adapters.slack.inbox import Event
from adapters.slack.parts import Parts, Said
from adapters.slack.place import Place
from adapters.slack.reading import question
from adapters.slack.render import word_of_netspy
from bot.domain.command_help import THREAD_COMMANDS, CommandHelp
from bot.domain.errors import NotPermitted, PlatformError, StorageError
from bot.tables.text import as_sentence

log = logging.getLogger("netspy.slack")

Ack: TypeAlias = dict[str, Any]
"""What `AsyncAck` takes."""

ROOT_PATIENCE_S = 1.0
ROOT_DEADLINE_S = 2.0
"""Slack waits 3 s for the acknowledgement, which comes when the question is stored in the thread of its root."""
_PLACE = re.compile(r"#?[0-9]{1,9}|t[0-9]{1,4}")
"""The number of an answer, or a table of it."""
_MAX_WORDS = 3


class Slash:
    """`fresh` is told the root of each command that is answered in it."""

    def __init__(self, parts: Parts, fresh: set[str]) -> None:
        self._parts = parts
        self._fresh = fresh

    async def run(self, body: Event) -> Ack:
        """Returns what only the person who typed it is shown (an acknowledgement's payload); empty for nothing."""
        text = question(str(body.get("text") or ""), bot=self._parts.me.user)
        commands = await self._parts.desk.commands()
        try:
            if (told := await self._about_netspy(body, text, commands)) is not None:
                return told
            return await self._ask(body, text, {entry.name for entry in commands if entry.group != THREAD_COMMANDS})
        except StorageError as error:
            return _told(f"Your question could not be stored. {error}")
        except NotPermitted as error:
            return _told(str(error))
        except Gone as error:
            return _told(f"{as_sentence(error.got)}. {as_sentence(error.remedy)}, then run the command again.")
        except PlatformError as error:
            return _told(f"Nothing was asked: {error}. Run the command again.")

    async def _about_netspy(self, body: Event, text: str, commands: Sequence[CommandHelp]) -> Ack | None:
        """Help and status, which nobody else in the channel needs to read; None for what is to be asked."""
        parts, known = self._parts, {entry.name: entry for entry in commands}
        match text.lower().split():
            case [] | ["help"] | ["ask"]:
                return {"blocks": home.help_blocks(commands, mention=f"@{parts.me.user_name}")}
            case ["help", name] if name in known:
                return {"blocks": home.details(known[name])}
            case ["status"]:
                by = await parts.people.who(str(body["user_id"]))
                checks = await parts.desk.status(by=by, channel=parts.channel(str(body["channel_id"])))
                return {"blocks": home.status(checks)}
            case words if _is_about_thread(words, known):
                return _told(f"Say {' '.join(words)} in the thread that it is for.")
        return None

    async def _ask(self, body: Event, text: str, commands: Collection[str]) -> Ack:
        """`ask` in front of a question may be left out."""
        first, _, rest = text.partition(" ")
        text = rest.strip() if first.lower() == "ask" and rest.strip() else text
        parts, channel = self._parts, str(body["channel_id"])
        person = await parts.people.who(str(body["user_id"]))
        header = f"{person.name}: {body.get('command', '/netspy')} {text}"
        root = await self._post_root(channel, header)
        is_command = text.split(maxsplit=1)[0].lower() in commands
        if is_command:
            self._fresh.add(root)
        place = Place(
            channel=channel,
            thread=root,
            message=root,
            user=person.id,
            team=parts.me.team,
            root=root if is_command else "",
            header=header if is_command else "",
        )
        try:
            await parts.desk.handle(parts.message(place, person, Said(text), opens=True))
        except (StorageError, NotPermitted):
            await self._take_back(channel, root)
            raise
        return {}

    async def _take_back(self, channel: str, root: str) -> None:
        """A question that is not taken leaves nothing behind, as far as Slack lets netspy."""
        self._fresh.discard(root)
        calls = self._parts.calls
        try:
            await calls.do(calls.client.chat_delete, patience_s=ROOT_PATIENCE_S, channel=channel, ts=root)
        except PlatformError as error:
            log.warning("slack.root_left", extra={"channel": channel, "cause": str(error)})

    async def _post_root(self, channel: str, header: str) -> str:
        said = word_of_netspy(header)
        calls = self._parts.calls
        posting = calls.do(
            calls.client.chat_postMessage,
            patience_s=ROOT_PATIENCE_S,
            channel=channel,
            text=said.text,
            blocks=list(said.blocks),
        )
        try:
            async with asyncio.timeout(ROOT_DEADLINE_S):
                return str((await posting)["ts"])
        except TimeoutError:
            raise PlatformError("posting the question", f"Slack took longer than {ROOT_DEADLINE_S:g} s") from None


def _is_about_thread(words: Sequence[str], known: Mapping[str, CommandHelp]) -> bool:
    """Alone, or with the number of an answer or a table of it: `why is checkout failing?` is a question."""
    command = known.get(words[0])
    is_whole = len(words) <= _MAX_WORDS and all(map(_PLACE.fullmatch, words[1:]))
    return command is not None and command.group == THREAD_COMMANDS and is_whole


def _told(text: str) -> Ack:
    said = word_of_netspy(text)
    return {"text": said.text, "blocks": list(said.blocks)}
