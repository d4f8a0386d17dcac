"""A recording's file, line by line: its header, its events, its end. Whatever it holds, what is wrong is named.

`recorded` joins the events, `describing` counts them.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from json import JSONDecodeError
from pathlib import Path
from typing import TypeVar

from bot.domain.errors import SourceMalformed
from bot.ebpf.recording.line_values import Fields, parse_object
from bot.ebpf.recording.recording_frame import END_KEY, HEADER_KEY, End, Header, NewerRecording, parse_end, parse_header

_ANOTHER_FILE = "give a recording of netspy's collector, or none for the one that comes with netspy"
_NEWER_NETSPY = "read it with a newer netspy"

Value = TypeVar("Value")


class RecordedFile:
    """To be read once, by `events`; what the others say is known afterwards."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.header: Header | None = None
        self.end: End | None = None
        self.is_cut = False
        """Its last line is incomplete and was left out."""

    def events(self, read: Callable[[Fields], Value]) -> Iterator[Value]:
        """What `read` makes of each event, which may raise ValueError. Raises: SourceMalformed with file and line."""
        for number, line in self._lines():
            try:
                fields = parse_object(line)
                if HEADER_KEY in fields:
                    self._begin(fields, number)
                elif END_KEY in fields:
                    self.end = parse_end(fields)
                elif self.end:
                    raise ValueError("the recording had ended")  # noqa: TRY301 - all complaints are made in one place
                else:
                    yield read(fields)
            except JSONDecodeError as error:
                if number > 1 and not line.endswith("\n"):
                    self.is_cut = True
                    return
                raise self.malformed(f"line {number} is not JSON: {error.msg} at column {error.colno}") from None
            except NewerRecording as error:
                raise self.malformed(str(error), _NEWER_NETSPY) from None
            except ValueError as error:
                raise self.malformed(f"line {number}: {error}") from None

    @property
    def began(self) -> tuple[datetime, ...]:
        """When the recording began, if it says so."""
        return (self.header.began,) if self.header and self.header.began else ()

    @property
    def ended(self) -> tuple[datetime, ...]:
        return (self.end.ended,) if self.end and self.end.ended else ()

    @property
    def node(self) -> str | None:
        """The machine that was recorded, if it says so."""
        return (self.header.node or None) if self.header else None

    def notes(self) -> tuple[str, ...]:
        """Sentences for people: what it lacks. Of a file without header and end nobody knows."""
        said = []
        if self.header and self.header.masked:
            said.append("addresses and names in the recording are masked")
        if self.header and self.header.missing:
            said.append(f"it was recorded without {', '.join(self.header.missing)}")
        return (*said, *self.damage())

    def damage(self) -> tuple[str, ...]:
        """The notes that say what a complete recording would have."""
        said = []
        if self.header and not self.end:
            said.append("the recording was interrupted: how many events were lost is not known")
        if self.is_cut:
            said.append("the recording's last line is cut off and was left out")
        return tuple(said)

    def _begin(self, fields: Fields, number: int) -> None:
        if number > 1:
            raise ValueError("another recording begins here")
        self.header = parse_header(fields)

    def _lines(self) -> Iterator[tuple[int, str]]:
        """All but empty ones, with their numbers."""
        try:
            with self._path.open(encoding="utf-8", errors="replace") as file:
                yield from ((number, line) for number, line in enumerate(file, start=1) if line.strip())
        except OSError as error:
            raise self.malformed(error.strerror or type(error).__name__) from error

    def malformed(self, got: str, remedy: str = _ANOTHER_FILE) -> SourceMalformed:
        return SourceMalformed(f"reading the recording {self._path}", got, remedy)
