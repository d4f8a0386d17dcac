"""The arguments of data tools as values: who, to where, when, and what else a tool takes.

`arguments.py` has checked each for itself by then; here they are read, and those refused that contradict each other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from bot.commands import Tool
from bot.domain.errors import InvalidArguments
from bot.domain.json_types import JsonObject
from bot.domain.network import Direction, EventKind, Outcome, Window
from bot.domain.query import Target
from bot.domain.sockets import SocketState
from bot.moments import A_MOMENT, moment
from bot.targets import A_TARGET, is_pattern, read_target, with_port
from bot.tools.arguments import checked, refused

Value = TypeVar("Value")
Moment = datetime | timedelta
"""A time, or how long ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataArguments:
    """What data tools take; what a tool does not take is as it is here. None leaves a condition open."""

    pid: int | None = None
    process_name: str | None = None
    """With `*` or `?` in it a pattern."""
    uid: int | None = None
    target: Target | None = None
    protocol: str | None = None
    direction: Direction | None = None
    node: str | None = None
    namespace: str | None = None
    pod: str | None = None
    container: str | None = None
    duration_s: int = 0
    since: Moment | None = None
    until: Moment | None = None
    max_events: int = 0
    include_local: bool = False
    include_harmless: bool = False
    outcome: Outcome | None = None
    errno: str | None = None
    reason: str | None = None
    lookup: str | None = None
    kind: EventKind | None = None
    by: str = ""
    measure: str = ""
    state: SocketState | None = None
    slot_s: int | None = None
    earlier_s: int | None = None

    @property
    def is_pattern(self) -> bool:
        return self.process_name is not None and is_pattern(self.process_name)

    def window(self, now: datetime) -> Window:
        """A point where the tool has no window. Raises: InvalidArguments when it ends before it begins."""
        if not (self.duration_s or self.since or self.until):
            return Window(now, now)
        until = _at(self.until, now) or now
        since = _at(self.since, now) or until - timedelta(seconds=self.duration_s)
        if since >= until:
            got = f"that is {since:%Y-%m-%d %H:%M:%S} UTC, and the window ends at {until:%Y-%m-%d %H:%M:%S} UTC"
            raise InvalidArguments("--since", got, "give an earlier time, or a later --until")
        return Window(since, until)


def data_arguments(tool: Tool, given: JsonObject) -> DataArguments:
    """Raises: InvalidArguments."""
    return arguments_of(tool, checked(tool, given), given=given)


def arguments_of(tool: Tool, values: Mapping[str, Any], *, given: JsonObject) -> DataArguments:
    """Of values that are checked; `given` is what was written. Raises: InvalidArguments."""
    if given.get("since") is not None and given.get("duration") is not None:
        raise InvalidArguments("--duration", "it was given together with --since", "give one of the two")
    read = _Reading(tool, values)
    return DataArguments(
        **{name: values[name] for name in _AS_THEY_ARE if name in values},
        pid=values.get("pid") or None,
        process_name=values.get("process_name") or None,
        target=_target(read, values),
        protocol=read.one("protocol", str.upper),
        lookup=read.one("lookup", lambda text: text.lower().rstrip(".")),
        errno=read.one("errno", str.upper),
        reason=read.one("reason", lambda text: text.strip().upper().removeprefix("SKB_DROP_REASON_")),
        outcome=read.one("outcome", Outcome),
        state=read.one("state", SocketState),
        since=read.one("since", moment, takes=A_MOMENT),
        until=read.one("until", moment, takes=A_MOMENT),
        duration_s=values.get("duration") or 0,
        slot_s=values.get("slot"),
        earlier_s=values.get("earlier"),
    )


_AS_THEY_ARE = (
    *("uid", "direction", "node", "namespace", "pod", "container", "max_events", "include_local", "include_harmless"),
    *("kind", "by", "measure"),
)


class _Reading:
    def __init__(self, tool: Tool, values: Mapping[str, Any]) -> None:
        self._arguments = {argument.name: argument for argument in tool.arguments}
        self._values = values

    def one(self, name: str, read: Callable[[str], Value], *, takes: str = "") -> Value | None:
        """What a text means; None where there is none. Raises: InvalidArguments."""
        text = self._values.get(name)
        if not text:
            return None
        try:
            return read(text)
        except (ValueError, OverflowError):
            raise refused(self._arguments[name], self._values, takes=takes) from None


def _target(read: _Reading, values: Mapping[str, Any]) -> Target | None:
    """Raises: InvalidArguments."""
    found, port = read.one("destination", read_target, takes=A_TARGET), values.get("port")
    try:
        return with_port(found, port)
    except ValueError:
        got = f"{port} was given, and --destination names port {found.port if found else port}"
        raise InvalidArguments("--port", got, "give one") from None


def _at(moment_: Moment | None, now: datetime) -> datetime | None:
    return now - moment_ if isinstance(moment_, timedelta) else moment_
