"""Checks of JSON values that say what is wrong where, in Slack's words: the alphabet of `slack_blocks.py`. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, TypeAlias

Check: TypeAlias = Callable[[Any, str], Iterator[str]]
"""Takes a value and its JSON pointer; yields a sentence for everything that is wrong."""


def fault(said: str, path: str) -> str:
    """As Slack writes them in `response_metadata.messages`."""
    return f"[ERROR] {said} [json-pointer:{path}]"


@dataclass(frozen=True, slots=True)
class Shape:
    """An object: fields that must be there, fields that may be, and `also`: rules over several valid fields."""

    required: Mapping[str, Check] = field(default_factory=dict)
    optional: Mapping[str, Check] = field(default_factory=dict)
    also: tuple[Check, ...] = ()

    def __call__(self, value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield fault("must be a valid object", path)
        elif found := [*self._fields(value, path)]:
            yield from found
        else:
            for rule in self.also:
                yield from rule(value, path)

    def _fields(self, value: dict[str, Any], path: str) -> Iterator[str]:
        fields = {**self.optional, **self.required}
        for name in self.required:
            if name not in value:
                yield fault(f"missing required field: {name}", path)
        for name, given in value.items():
            if name in fields:
                yield from fields[name](given, f"{path}/{name}")
            elif name != "type":
                yield fault(f"invalid additional property: {name}", path)


def kinds(shapes: Mapping[str, Shape]) -> Check:
    """An object whose `type` says which shape it has. The mapping may be filled later: shapes hold each other."""

    def check(value: Any, path: str) -> Iterator[str]:
        kind = str(value.get("type")) if isinstance(value, dict) else "none"
        if kind in shapes:
            yield from shapes[kind](value, path)
        else:
            yield fault(f"unsupported type: {kind}", f"{path}/type")

    return check


def text(longest: int, shortest: int = 1) -> Check:
    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield fault("must be a string", path)
        elif len(value) > longest:
            yield fault(f"must be less than {longest + 1} characters", path)
        elif len(value) < shortest:
            yield fault(f"must be more than {shortest - 1} characters", path)

    return check


def one_of(*values: str) -> Check:
    def check(value: Any, path: str) -> Iterator[str]:
        if value not in values:
            yield fault(f"must be one of {', '.join(values)}", path)

    return check


def anything(value: Any, path: str) -> Iterator[str]:
    """For what is checked elsewhere."""
    yield from ()


def flag(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield fault("must be a boolean", path)


def whole(least: int, most: int) -> Check:
    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            yield fault(f"must be an integer from {least} to {most}", path)

    return check


def finite(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        yield fault("must be a finite number", path)


def positive(value: Any, path: str) -> Iterator[str]:
    yield from finite(value, path)
    if isinstance(value, int | float) and value <= 0:
        yield fault("must be greater than 0", path)


def many(each: Check, least: int, most: int) -> Check:
    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield fault("must be an array", path)
            return
        if len(value) > most:
            yield fault(f"no more than {most} items allowed", path)
        if len(value) < least:
            yield fault(f"no fewer than {least} items allowed", path)
        for place, item in enumerate(value):
            yield from each(item, f"{path}/{place}")

    return check


def some_of(*names: str) -> Check:
    """At least one of these fields."""

    def check(value: Any, path: str) -> Iterator[str]:
        if not any(name in value for name in names):
            yield fault(f"missing required field: one of {', '.join(names)}", path)

    return check
