"""In which line of a TOML file a key, a table or an item of an array begins. Pure.

It trusts that the text is TOML: `tomllib` has read it before, which tells no lines of what it reads. `reading.py` calls
it.
"""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from typing import TypeAlias

Place: TypeAlias = tuple[str | int, ...]
"""The keys on the way, and the numbers of items: `("investigate", "steps", 2)`."""

_TOKEN = re.compile(
    r"""
    (?P<skipped> [ \t\r]+ | \#[^\n]* )
    | (?P<newline> \n )
    | (?P<text> \"{3} (?:[^\\]|\\.)*? \"{3,5} | '{3} .*? '{3,5} | " (?:[^"\\\n]|\\.)* " | ' [^'\n]* ' )
    | (?P<mark> [][{}=,.] )
    | (?P<bare> [^\s\[\]{}=,."'\#]+ )
    """,
    re.VERBOSE | re.DOTALL,
)
_Token: TypeAlias = tuple[str, str, int]
_END: _Token = ("end", "", -1)


def line_of(place: Place, lines: Mapping[Place, int]) -> int:
    """The line of the place, or of the nearest one around it."""
    while place not in lines and place:
        place = place[:-1]
    return lines.get(place, 1)


def lines_of(text: str) -> Mapping[Place, int]:
    """The line of every place, from 1."""
    scan = _Scan(text)
    scan.file()
    return scan.lines


class _Scan:
    def __init__(self, text: str) -> None:
        found = ((match.lastgroup or "", match[0], match.start()) for match in _TOKEN.finditer(text))
        self._tokens = [token for token in found if token[0] != "skipped"]
        self._at = 0
        self._newlines = [match.start() for match in re.finditer("\n", text)]
        self._items: dict[Place, int] = {}
        self.lines: dict[Place, int] = {}

    def file(self) -> None:
        table: Place = ()
        while (token := self._next) != _END:
            if token[0] == "newline":
                self._take()
            elif token[1] == "[":
                table = self._header()
            else:
                self._pair(table)

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    def _take(self) -> _Token:
        token = self._next
        self._at += 1
        return token

    def _header(self) -> Place:
        """`[a.b]` or `[[a.b]]`; below an array of tables its last one is meant."""
        self._take()
        is_item = self._next[1] == "["
        if is_item:
            self._take()
        keys = self._keys("]")
        place: Place = ()
        for number, (key, offset) in enumerate(keys, 1):
            place = (*place, key)
            self._note(place, offset)
            if is_item and number == len(keys):
                self._items[place] = self._items.get(place, -1) + 1
            if place in self._items:
                place = (*place, self._items[place])
                self._note(place, offset)
        if is_item:
            self._take()
        return place

    def _pair(self, table: Place) -> None:
        place = table
        for key, offset in self._keys("="):
            place = (*place, key)
            self._note(place, offset)
        self._value(place)

    def _keys(self, end: str) -> list[tuple[str, int]]:
        """The parts of a key, up to and with the mark that ends it."""
        keys: list[tuple[str, int]] = []
        while (token := self._take()) != _END and token[:2] != ("mark", end):
            if token[0] != "mark":
                keys.append((_unquoted(token), token[2]))
        return keys

    def _value(self, place: Place) -> None:
        match self._next[:2]:
            case "mark", "[":
                self._inside(place, "]")
            case "mark", "{":
                self._inside(place, "}")
            case "text", _:
                self._take()
            case _:
                while self._next != _END and self._next[0] != "newline" and self._next[1] not in (",", "]", "}"):
                    self._take()

    def _inside(self, place: Place, end: str) -> None:
        """An array or an inline table."""
        self._take()
        number = 0
        while (token := self._next) != _END and token[:2] != ("mark", end):
            if token[0] == "newline" or token[:2] == ("mark", ","):
                self._take()
            elif end == "}":
                self._pair(place)
            else:
                self._note((*place, number), token[2])
                self._value((*place, number))
                number += 1
        self._take()

    def _note(self, place: Place, offset: int) -> None:
        self.lines.setdefault(place, bisect_right(self._newlines, offset) + 1)


def _unquoted(token: _Token) -> str:
    kind, text, _ = token
    return next(iter(tomllib.loads(f"{text} = 0"))) if kind == "text" else text
