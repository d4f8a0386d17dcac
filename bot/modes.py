"""What the command does once its words are understood: chat, run one tool, ask, serve, examine, record ...

A data tool runs directly over the source, without MCP, models or storage.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from bot.domain.message import Command
from bot.tools.registry import find_tool
from bot.usage import Usage

if TYPE_CHECKING:
    from adapters.terminal.screen import Screen
    from bot.domain.turn import ToolResult
    from bot.settings import Settings

Value = TypeVar("Value")

PROGRESS_AFTER_S = 0.5
"""A tool that takes longer says so on stderr."""


async def dispatch(asked: Usage) -> int:
    """Do it and return the exit status. Raises: NetspyError."""
    from bot import redaction, settings
    from bot.secret_settings import secrets_of
    from bot.telemetry import logs

    if asked.mode == "doctor":
        return await _doctor(asked)
    read = settings.load()
    logs.configure("debug" if asked.verbose else read.log_level_of(asked.mode), form=read.log_format)
    redaction.redact_logs(secrets_of(read))
    for sentence in settings.unknown_variables():
        print(f"netspy: {sentence}", file=sys.stderr)
    if asked.mode in ("serve", "mcp", "collect", "record"):
        return await _stay(asked, read)
    if asked.mode == "privacy":
        return _privacy(asked, read)
    if asked.command is None:
        return await _chat(asked, read)
    if asked.is_question:
        return await _ask(asked, read, asked.command)
    return await _run_tool(asked, read, asked.command)


async def _stay(asked: Usage, settings: "Settings") -> int:
    """What runs until it is stopped."""
    if asked.record:
        from bot.record import record

        return await record(asked.record, _screen(verbose=asked.verbose))
    if asked.mode == "collect":
        from bot.collect import collect

        await collect(settings, listen=asked.listen)
    elif asked.mode == "mcp":
        from bot.mcp import serve_mcp

        await serve_mcp(settings, server=asked.server, http=asked.http)
    else:
        from bot.serve import serve

        await serve(settings, server=asked.server)
    return 0


async def _chat(asked: Usage, settings: "Settings") -> int:
    with _starting():
        from bot.api import open_netspy

    collects = sys.stdin is not None and sys.stdin.isatty()  # who pipes questions in has nothing to wait for
    async with open_netspy(asked.server, settings=settings, collects=collects) as netspy:
        await netspy.interactive(new_thread=asked.new)
    return 0


async def _doctor(asked: Usage) -> int:
    """Settings that cannot be used are among what it finds."""
    from bot import redaction, settings
    from bot.doctor import as_json, examine, report
    from bot.secret_settings import secrets_of
    from bot.telemetry import logs

    read, wrong = settings.load_usable()
    logs.configure("debug" if asked.verbose else read.log_level_of(asked.mode), form=read.log_format)
    redaction.redact_logs(secrets_of(read))
    screen = _screen(verbose=asked.verbose)
    examined = examine(read, server=asked.server, wrong=wrong, unknown=settings.unknown_variables())
    found = await _with_progress("doctor", examined)
    screen.write(as_json(found) if asked.json else report(found, screen.look()))
    return 1 if found.has_fault else 0


def _privacy(asked: Usage, settings: "Settings") -> int:
    from bot.privacy import as_json, disclosure, report

    screen = _screen(verbose=asked.verbose)
    found = disclosure(settings, server=asked.server)
    screen.write(as_json(found) if asked.json else report(found, screen.look()))
    return 0


@contextmanager
def _starting() -> Iterator[None]:
    """A word on a terminal while half a second's worth of libraries is imported."""
    if not (sys.stderr and sys.stderr.isatty()):
        yield
        return
    sys.stderr.write("starting")
    sys.stderr.flush()
    yield
    sys.stderr.write("\r\x1b[K")


async def _run_tool(asked: Usage, settings: "Settings", command: Command) -> int:
    from bot.domain.turn import ToolCall
    from bot.event_source import open_source
    from bot.tools.arguments import checked
    from bot.tools.network import run_tool

    checked(find_tool(command.tool), command.arguments)
    async with open_source(settings, server=asked.server) as source:
        call = ToolCall("command", command.tool, command.arguments)
        result = await _with_progress(command.tool, run_tool(call, source=source, now=datetime.now(UTC)))
    return _print_result(result, as_json=asked.json)


async def _ask(asked: Usage, settings: "Settings", command: Command) -> int:
    """One question to the loop. It streams; with `--json` it is one result, as the tool gives it."""
    from adapters.terminal.outlet import TerminalOutlet
    from bot.api import open_netspy

    async with open_netspy(asked.server, settings=settings) as netspy:
        if asked.json:
            result = await _with_progress(command.tool, netspy.run_tool(command.tool, command.arguments))
            return _print_result(result, as_json=True)
        screen = _screen(verbose=asked.verbose)
        outlet = TerminalOutlet(screen, on_reply=lambda: None)
        screen.begin()
        answering = netspy.answer("", command=command, outlet=outlet)
        answer = await (answering if sys.stderr.isatty() else _with_progress(command.tool, answering))
        await outlet.reply(answer.reply)
        if screen.failure:
            raise screen.failure
    return 1 if answer.results and all(result.failed for result in answer.results) else 0


async def _with_progress(tool: str, work: Awaitable[Value]) -> Value:
    running = f"netspy: {tool} is running"
    telling = asyncio.get_running_loop().call_later(PROGRESS_AFTER_S, partial(print, running, file=sys.stderr))
    try:
        return await work
    finally:
        telling.cancel()


def _print_result(result: "ToolResult", *, as_json: bool) -> int:
    if as_json:
        from bot.codec import encode_result

        _screen().write(json.dumps(encode_result(result), indent=2) + "\n")
    if result.failed:
        print(f"netspy: {result.summary}", file=sys.stderr)
    elif not as_json:
        _print_blocks(result)
    return 1 if result.failed else 0


def _print_blocks(result: "ToolResult") -> None:
    from adapters.terminal.render import fold, render
    from bot.domain.message import Chart, Footer
    from bot.tables.text import as_sentence

    screen = _screen()
    look = screen.look()
    footer = [Footer(result.coverage)] if result.coverage else []
    said = "".join(f"{line}\n" for line in fold(as_sentence(result.summary), look.width))
    tables = render([*result.tables, *map(Chart, result.charts), *footer], look)
    screen.write(f"{said}\n{tables}" if tables else said)


def _screen(*, verbose: bool = False) -> "Screen":
    from adapters.terminal.screen import Screen
    from bot.moments import local_zone
    from bot.settings import wants_colour

    return Screen(sys.stdout, sys.stderr, zone=local_zone(), colour=wants_colour(), verbose=verbose)
