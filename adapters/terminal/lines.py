"""Where lines come from: a prompt with history and completion on a terminal, whatever is piped in otherwise.

It knows descriptors and prompt_toolkit, nothing of turns. The adapter makes one and reads line by line.
"""

import asyncio
import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, TextIO

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import Completer
from prompt_toolkit.history import FileHistory
from prompt_toolkit.input import create_input
from prompt_toolkit.output import ColorDepth, create_output

from adapters.terminal.screen import Screen
from bot.tables.text import cut_end, plain

PROMPT = "netspy-mcp> "
LONGEST_ECHO = 400
"""Cells of a piped line that the transcript repeats."""
LONGEST_LINE_BYTES = 1 << 20
"""What is longer is cut; no one types it, and it must not fill the memory."""
_CHUNK_BYTES = 1 << 16

log = logging.getLogger("netspy.terminal")


def echo(text: str) -> str:
    """A line as it would stand there, had it been typed at the prompt."""
    return cut_end(plain(PROMPT + text), LONGEST_ECHO) + "\n"


class Lines(Protocol):
    async def read(self) -> str | None:
        """The next line; None at the end of input, or when the person wants to leave."""
        ...


class PipedLines:
    """Lines of a pipe, a file, or a terminal whose output goes elsewhere.

    Each is repeated behind the prompt, so that the output reads as a transcript.
    """

    def __init__(self, stdin: TextIO, screen: Screen) -> None:
        self._descriptor = stdin.fileno()
        self._is_typed = stdin.isatty()
        self._screen = screen
        self._held = b""
        self._ended = False

    async def read(self) -> str | None:
        if self._is_typed:
            self._screen.remark(PROMPT, end="")
        while b"\n" not in self._held and not self._ended:
            chunk = await _next_chunk(self._descriptor)
            self._ended = not chunk
            self._held = (self._held + chunk)[:LONGEST_LINE_BYTES] if b"\n" not in chunk else self._held + chunk
        if not self._held:
            return None
        line, _, self._held = self._held.partition(b"\n")
        text = line.decode("utf-8", errors="replace").removesuffix("\r").removeprefix("\ufeff")
        self._screen.tell(echo(text))
        return text


class PromptLines:
    """Lines typed at a terminal."""

    def __init__(self, stdin: TextIO, screen: Screen, *, completer: Completer, history: Path) -> None:
        self._session: PromptSession[str] = PromptSession(
            history=_KeptHistory(history),
            completer=completer,
            complete_while_typing=False,
            enable_suspend=True,
            input=create_input(stdin),
            output=create_output(screen.stdout),
            color_depth=None if screen.look().colour else ColorDepth.DEPTH_1_BIT,
        )

    async def read(self) -> str | None:
        """Ctrl-D leaves an empty line, and so does Ctrl-C; what was typed before a Ctrl-C is forgotten."""
        try:
            return await self._session.prompt_async(PROMPT, handle_sigint=False)
        except EOFError:
            return None
        except KeyboardInterrupt:
            return "" if self._session.default_buffer.text else None


class _KeptHistory(FileHistory):
    """History in a file that only its owner may read. Where it can't be kept, the session goes on without."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._path = path

    def load_history_strings(self) -> Iterable[str]:
        try:
            return list(super().load_history_strings())
        except OSError as error:
            log.warning("history.unreadable", extra={"path": str(self._path), "cause": str(error)})
            return ()

    def store_string(self, string: str) -> None:
        try:
            self._path.touch(mode=0o600)
            super().store_string(string)
        except OSError as error:
            log.warning("history.not_kept", extra={"path": str(self._path), "cause": str(error)})


async def _next_chunk(descriptor: int) -> bytes:
    """What can be read next; empty at the end."""
    ready = asyncio.Event()
    loop = asyncio.get_running_loop()
    try:
        loop.add_reader(descriptor, ready.set)
    except PermissionError:  # a plain file can't be waited for: it is always ready
        await asyncio.sleep(0)
        return os.read(descriptor, _CHUNK_BYTES)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
    return os.read(descriptor, _CHUNK_BYTES)
