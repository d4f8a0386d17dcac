"""The words behind `netspy record`, as a value."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from bot.domain.errors import InvalidArguments

WHAT = (
    "Record this machine's kernel events into FILE, until Ctrl-C or for --duration seconds. "
    "Ask the recording with netspy --server FILE."
)
_TAKES = "it takes FILE, --duration, --mask, --force, --describe, --json, --verbose"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordUsage:
    """`duration_s`: None for until it is stopped."""

    file: Path
    duration_s: float | None
    mask: bool
    force: bool
    describe: bool
    json: bool
    verbose: bool


def read(words: Sequence[str], parser: argparse.ArgumentParser) -> RecordUsage:
    """Raises: InvalidArguments; SystemExit(0) after `--help` has printed."""
    parser.add_argument("file", nargs="?", metavar="FILE", help="where to; - is stdout; for example today.jsonl")
    parser.add_argument("--duration", metavar="S", help="seconds to record (default: until Ctrl-C)")
    parser.add_argument("--mask", action="store_true", help="put placeholders for addresses, names and paths")
    parser.add_argument("--force", action="store_true", help="overwrite FILE")
    parser.add_argument("--describe", action="store_true", help="record nothing; say what is in FILE")
    parser.add_argument("--json", action="store_true", help="with --describe: print it as JSON")
    parser.add_argument("--verbose", action="store_true", help="debug log on stderr")
    given, strangers = parser.parse_known_args(words)
    if strangers:
        raise _refused(f"it does not take {strangers[0][:60]!a}", _TAKES)
    if not given.file:
        raise _refused("FILE is missing", "say where to: netspy record today.jsonl")
    _check_combination(given)
    return RecordUsage(
        file=Path(given.file),
        duration_s=None if given.duration is None else _seconds(given.duration),
        mask=given.mask,
        force=given.force,
        describe=given.describe,
        json=given.json,
        verbose=given.verbose,
    )


def _check_combination(given: argparse.Namespace) -> None:
    if given.json and not given.describe:
        raise _refused("--json belongs to --describe", "a recording is JSON already; leave --json out")
    recording = {"--duration": given.duration is not None, "--mask": given.mask, "--force": given.force}
    stray = next((flag for flag, is_given in recording.items() if is_given), None)
    if given.describe and stray:
        raise _refused(f"--describe records nothing, so it does not take {stray}", f"leave {stray} out")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not (isfinite(seconds) and seconds > 0):
        raise _refused(f"--duration: {text[:60]!a} was given", "give seconds, such as --duration 60")
    return seconds


def _refused(got: str, remedy: str) -> InvalidArguments:
    return InvalidArguments("netspy record", got, remedy)
