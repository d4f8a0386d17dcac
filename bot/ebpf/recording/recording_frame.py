"""The first and the last line of a recording: under which circumstances it was made, and what is missing from it.

A recording is text of JSON objects, one a line: the header, then an object an event (`collector.decode`), then the end.
`recorder` writes them, `recorded_file` reads them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from bot.ebpf.recording.kernel_events import KINDS
from bot.moments import written

VERSION: Final = 1
HEADER_KEY: Final = "netspy_recording"
END_KEY: Final = "netspy_recording_end"
"""Each holds the version of the format: a header or an end is told from an event by it."""

Fields: TypeAlias = Mapping[str, Any]


class NewerRecording(ValueError):
    """Its format is of a version that this netspy does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """`missing`: programs of the collector that did not run, and why. What a file does not say is empty."""

    began: datetime | None
    kernel: str
    node: str
    programs: tuple[str, ...]
    missing: Mapping[str, str]
    masked: bool
    netspy: str = ""

    def line(self) -> str:
        said = {
            HEADER_KEY: VERSION,
            "began": moment_text(self.began),
            "kernel": self.kernel,
            "node": self.node,
            "netspy": self.netspy,
            "programs": list(self.programs),
            "missing": dict(self.missing),
            "masked": self.masked,
        }
        return json.dumps(said)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """`lost`: events by their kind that the kernel saw and the collector could not keep."""

    ended: datetime | None
    events: int
    lost: Mapping[str, int]

    def line(self) -> str:
        said = {END_KEY: VERSION, "ended": moment_text(self.ended), "events": self.events, "lost": dict(self.lost)}
        return json.dumps(said)

    def lost_of(self, kind: str) -> int:
        """What is missing from connections or from drops."""
        return sum(self.lost.get(name, 0) for name in _PARTS.get(kind, ()))


def parse_header(fields: Fields) -> Header:
    """Raises: NewerRecording; ValueError when it is none."""
    _check_version(fields, HEADER_KEY)
    return Header(
        began=_time(fields, "began"),
        kernel=_text(fields, "kernel"),
        node=_text(fields, "node"),
        netspy=_text(fields, "netspy"),
        programs=tuple(map(str, _of_type(fields, "programs", list, []))),
        missing={str(name): str(why) for name, why in _of_type(fields, "missing", dict, {}).items()},
        masked=_of_type(fields, "masked", bool, False),  # noqa: FBT003 - what it is where it is not said
    )


def parse_end(fields: Fields) -> End:
    """Raises: NewerRecording; ValueError when it is none."""
    _check_version(fields, END_KEY)
    lost = _of_type(fields, "lost", dict, {})
    return End(
        ended=_time(fields, "ended"),
        events=_of_type(fields, "events", int, 0),
        lost={str(kind): _of_type(lost, kind, int, 0) for kind in lost},
    )


_PARTS: Mapping[str, tuple[str, ...]] = {str(kind): names for kind, names in KINDS.items()}


def _check_version(fields: Fields, key: str) -> None:
    version = fields[key]
    if not isinstance(version, int) or version < 1:
        raise _wrong(key, version)
    if version > VERSION:
        raise NewerRecording(f"it is of version {version} of the format, and this netspy knows {VERSION}")


def _time(fields: Fields, name: str) -> datetime | None:
    text = _text(fields, name)
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        raise _wrong(name, text) from None
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)


def _text(fields: Fields, name: str) -> str:
    return str(_of_type(fields, name, str, ""))


def _of_type(fields: Fields, name: str, kind: type, missing: Any) -> Any:
    value = fields.get(name)
    if value is None:
        return missing
    if isinstance(value, kind):
        return value
    raise _wrong(name, value)


def moment_text(moment: datetime | None) -> str | None:
    """RFC 3339."""
    return written(moment) if moment else None


def _wrong(name: str, value: object) -> ValueError:
    return ValueError(f'"{name}" is {value!r:.40}')
