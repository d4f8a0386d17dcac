"""`netspy record`: the kernel's events into a file until it is told to end; or what is in such a file.

Whoever runs it is told on stderr: at the begin and at the end, and on a terminal every second in between.
"""

import asyncio
import signal
from contextlib import suppress
from datetime import UTC, datetime

from adapters.terminal.render import fold
from adapters.terminal.screen import Screen
from bot.ebpf.programs import running
from bot.ebpf.recording.describing import describe
from bot.ebpf.recording.masking import Mask
from bot.ebpf.recording.recorder import Progress, Recording, recording
from bot.ebpf.recording.recording_sink import STDOUT
from bot.ending import asked_to_end
from bot.record_report import as_json, report
from bot.record_usage import RecordUsage
from bot.tables.units import human_bytes, human_duration

_EVERY_S = 1.0
_REDRAW = "\r\x1b[K"


async def record(asked: RecordUsage, screen: Screen) -> int:
    """Returns the exit status: 0 also when a signal ended it, with a complete file. Raises: NetspyError."""
    if asked.describe:
        found = describe(asked.file)
        screen.write(as_json(found) if asked.json else report(found, screen.look()))
        return 0
    try:
        await _record(asked, screen)
    except BrokenPipeError:
        screen.close()  # who read along has seen enough
    return 0


async def _record(asked: RecordUsage, screen: Screen) -> None:
    loop, mask = asyncio.get_running_loop(), Mask() if asked.mask else None
    with asked_to_end() as ended:
        loop.add_signal_handler(signal.SIGHUP, ended.set)

        def failed() -> None:
            loop.call_soon_threadsafe(ended.set)

        with recording(asked.file, overwrite=asked.force, mask=mask, failed=failed) as begun:
            _tell_begin(asked, begun, screen)
            await _until_end(asked.duration_s, begun, ended, screen)
        _tell_end(asked, begun, screen)


async def _until_end(duration_s: float | None, begun: Recording, ended: asyncio.Event, screen: Screen) -> None:
    redraws = screen.stderr.isatty()
    with suppress(TimeoutError):
        async with asyncio.timeout(duration_s):
            while not ended.is_set():
                if redraws:
                    screen.remark(f"{_REDRAW}{_told(begun)}", end="")
                with suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), _EVERY_S if redraws else None)
    if redraws:
        screen.remark(_REDRAW, end="")


def _tell_begin(asked: RecordUsage, begun: Recording, screen: Screen) -> None:
    header = begun.header
    until = f"for {asked.duration_s:g} s" if asked.duration_s else "until Ctrl-C"
    programs = running(header.programs, header.missing)
    masked = ", masked" if header.masked else ""
    lines = [f"netspy: recording this machine's kernel events to {_name(asked)} {until} ({programs}{masked})"]
    lines += [f"without {name}: {why}" for name, why in header.missing.items()]
    _tell(lines, screen)


def _tell_end(asked: RecordUsage, begun: Recording, screen: Screen) -> None:
    lines = [f"netspy: recorded {_told(begun)}"]
    if lost := begun.progress().lost:
        lines.append(f"lost: {', '.join(f'{count:,} {kind}' for kind, count in lost.items())}")
    if asked.file != STDOUT:
        lines.append(f"ask it: netspy --server {asked.file}")
    _tell(lines, screen)


def _tell(lines: list[str], screen: Screen) -> None:
    for line in lines:
        screen.remark("\n".join(fold(line, screen.look().width, indent="  ")))


def _told(begun: Recording) -> str:
    """How far it is: `4,050 events in 22 s, 0 lost, 1.2 MiB`."""
    now: Progress = begun.progress()
    took_us = (datetime.now(UTC) - begun.header.began).total_seconds() * 1e6 if begun.header.began else 0
    lost = sum(now.lost.values())
    return f"{now.events:,} events in {human_duration(took_us)}, {lost:,} lost, {human_bytes(now.size_bytes)}"


def _name(asked: RecordUsage) -> str:
    return "stdout" if asked.file == STDOUT else str(asked.file)
