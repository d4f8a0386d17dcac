"""Checks of JSON values that say what is wrong where, in Discord's words: the alphabet of its forms. Pure.

Fields that a form does not know are ignored, and null stands for a field that is not there, as with Discord.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tests.loopback.discord_refusals import INVALID_FORM, Flaw, Path, Refused

Check: TypeAlias = Callable[[Any, Path], Iterator[Flaw]]
_SNOWFLAKE = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class Shape:
    """An object: fields that must be there, fields that may be, and `also`: rules over several valid fields."""

    required: Mapping[str, Check] = field(default_factory=dict)
    optional: Mapping[str, Check] = field(default_factory=dict)
    also: tuple[Check, ...] = ()

    def __call__(self, value: Any, path: Path) -> Iterator[Flaw]:
        if not isinstance(value, dict):
            yield Flaw(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        elif found := [*self._fields(value, path)]:
            yield from found
        else:
            for rule in self.also:
                yield from rule(value, path)

    def _fields(self, value: dict[str, Any], path: Path) -> Iterator[Flaw]:
        for name, check in self.required.items():
            if value.get(name) is None:
                yield Flaw((*path, name), "BASE_TYPE_REQUIRED", "This field is required")
            else:
                yield from check(value[name], (*path, name))
        for name, check in self.optional.items():
            if value.get(name) is not None:
                yield from check(value[name], (*path, name))


def length(value: str | list[Any], path: Path, least: int, most: int) -> Iterator[Flaw]:
    if least <= len(value) <= most:
        return
    if least:
        yield Flaw(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")
    else:
        yield Flaw(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")


def text(most: int, least: int = 0) -> Check:
    def check(value: Any, path: Path) -> Iterator[Flaw]:
        if not isinstance(value, str):
            yield Flaw(path, "STRING_TYPE_CONVERT", "Could not interpret as a string.")
        else:
            yield from length(value, path, least, most)

    return check


def many(each: Check, most: int, least: int = 0) -> Check:
    def check(value: Any, path: Path) -> Iterator[Flaw]:
        if not isinstance(value, list):
            yield Flaw(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            return
        yield from length(value, path, least, most)
        for place, item in enumerate(value):
            yield from each(item, (*path, str(place)))

    return check


def one_of(*values: Any) -> Check:
    def check(value: Any, path: Path) -> Iterator[Flaw]:
        if value not in values or isinstance(value, bool):
            yield Flaw(path, "BASE_TYPE_CHOICES", f"Value must be one of {{{', '.join(map(repr, values))}}}.")

    return check


def whole(least: int, most: int) -> Check:
    def check(value: Any, path: Path) -> Iterator[Flaw]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield Flaw(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        elif value < least:
            yield Flaw(path, "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {least}.")
        elif value > most:
            yield Flaw(path, "NUMBER_TYPE_MAX", f"int value should be less than or equal to {most}.")

    return check


def flag(value: Any, path: Path) -> Iterator[Flaw]:
    if not isinstance(value, bool):
        yield Flaw(path, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")


def snowflake(value: Any, path: Path) -> Iterator[Flaw]:
    if isinstance(value, bool) or not _SNOWFLAKE.fullmatch(str(value)):
        yield Flaw(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')


def anything(value: Any, path: Path) -> Iterator[Flaw]:
    """For what is checked elsewhere."""
    yield from ()


def kinds(shapes: Mapping[int, Check], name: str = "type") -> Check:
    """An object whose `type` says which shape it has."""

    def check(value: Any, path: Path) -> Iterator[Flaw]:
        kind = value.get(name) if isinstance(value, dict) else None
        if isinstance(kind, int) and kind in shapes:
            yield from shapes[kind](value, path)
        else:
            choices = ", ".join(map(str, shapes))
            yield Flaw((*path, name), "BASE_TYPE_CHOICES", f"Value must be one of {{{choices}}}.")

    return check


def demand(flaws: Iterable[Flaw]) -> None:
    """Raises: Refused when there is a flaw."""
    if found := [*flaws]:
        raise Refused(INVALID_FORM, found)
