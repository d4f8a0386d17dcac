"""Which turn the work at hand belongs to, so that its log lines, and the requests that it sends, can say so.

It travels with asyncio's tasks by itself. What crosses a connection takes `headers` along, and calls `about` behind it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

REQUEST_ID, TRACEPARENT = "X-Request-ID", "traceparent"
"""The second is W3C's (https://www.w3.org/TR/trace-context/)."""

_USABLE = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_PARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_turn: ContextVar[str] = ContextVar("turn", default="")
_parent: ContextVar[str] = ContextVar("parent", default="")


def current_turn() -> str:
    """The id of the turn, the alert or the press that is worked on; empty where there is none."""
    return _turn.get()


def current_parent() -> str:
    """The span that is worked on, as a traceparent; empty without tracing."""
    return _parent.get()


@contextmanager
def about(turn: str) -> Iterator[None]:
    """What is done inside belongs to this turn."""
    token = _turn.set(turn)
    try:
        yield
    finally:
        _turn.reset(token)


@contextmanager
def within(parent: str) -> Iterator[None]:
    """What is done inside belongs to this span; empty changes nothing."""
    token = _parent.set(parent or _parent.get())
    try:
        yield
    finally:
        _parent.reset(token)


def headers() -> dict[str, str]:
    """What a request of the present work tells its peer."""
    told = {REQUEST_ID: _turn.get(), TRACEPARENT: _parent.get()}
    return {name: value for name, value in told.items() if usable(value)}


def usable(given: object) -> str:
    """What a peer calls its work, where that can stand in a log; else nothing."""
    return given if isinstance(given, str) and _USABLE.fullmatch(given) else ""


def usable_parent(given: object) -> str:
    """A peer's traceparent, where it is one; else nothing."""
    return given if isinstance(given, str) and _PARENT.fullmatch(given) else ""
