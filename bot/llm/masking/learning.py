"""Finds names where data says that they are some: in columns, arguments, coverage, netspy's own sentences. Pure.

What is learnt here is then masked wherever it stands. What a column holds is told by its name and its kind.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from bot.domain.json_types import Json
from bot.domain.network import Coverage
from bot.domain.table import Column, Table
from bot.domain.turn import ModelRequest, ToolCall, ToolResult, Turn
from bot.llm.masking.names import Names
from bot.llm.masking.text import is_address, split_port
from bot.llm.masking.vocabulary import Kind, kind_named

MAX_NAME = 255
"""What is longer is no name."""
_LEAST_PART = 3
"""Letters of a part of somebody's name that is looked for by itself."""
_SENTENCES: Final[tuple[tuple[Kind, re.Pattern[str]], ...]] = (
    ("process", re.compile(r"\bprocess(?:es like)? '([^'\n]{1,255})'")),
    ("process", re.compile(r"--process (?:'([^'\n]{1,255})'|([^\s'`]{1,255}))")),
    ("process", re.compile(r"\breset by (.{1,255}?)(?:: [A-Z]| [0-9])")),
    ("process", re.compile(r"\bby other processes (?:was|were) seen: ([^\n]{1,800}?)(?: and [0-9,]+ more)?\.(?:\s|$)")),
    ("node", re.compile(r"--node (?:'([^'\n]{1,255})'|([^\s'`]{1,255}))")),
    ("node", re.compile(r"\bno answer of (.{1,255}?): ")),
    ("pod", re.compile(r"--pod (?:'([^'\n]{1,255})'|([^\s'`]{1,255}))")),
    ("user", re.compile(r"^turn [0-9]+, (?:asked by )?([^:\n]{1,80}):", re.MULTILINE)),
)
"""How netspy's tools and its summaries put a name into words that may stand in no column."""
_AT_PORT = re.compile(r"(?<![\w.-])([A-Za-z][\w.-]{0,252}):[0-9]{1,5}(?![0-9])")
_LISTED = re.compile(r", ")
COUNTED: Final = frozenset({"all", "others", "(none)"})
"""Columns of a trend that stand for no single value."""


class Learning:
    """Fills the `names` of a thread."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def request(self, request: ModelRequest) -> None:
        for text in (request.summary, request.question):
            self.sentences(text)
        for turn in request.history:
            self._turn(turn)
        for past in request.rounds:
            for result in past.results:
                self.result(result)

    def result(self, result: ToolResult) -> None:
        self._call(result.call)
        self.sentences(result.summary)
        for table in result.tables:
            self._table(table, kind_named(str(result.call.arguments.get("by", ""))))
        if result.coverage:
            self._coverage(result.coverage)

    def value(self, value: str, kind: Kind) -> None:
        if len(value) > MAX_NAME:
            return
        if kind == "host":
            host = split_port(value)[0].removeprefix("[").removesuffix("]")
            if not is_address(host):
                self._names.learn_host(host)
        else:
            self._names.learn(value, kind)

    def sentences(self, text: str) -> None:
        for kind, pattern in _SENTENCES:
            for found in pattern.finditer(text):
                for value in _LISTED.split(next(filter(None, found.groups()), "")):
                    self.value(value, kind)

    def _turn(self, turn: Turn) -> None:
        name = turn.message.author.name
        self.value(name, "user")
        for part in name.split():
            if len(part) >= _LEAST_PART:
                self.value(part, "user")
        for result in turn.results:
            self.result(result)

    def _call(self, call: ToolCall) -> None:
        for kind, value in _named(call.arguments, None):
            if kind is not None:
                self.value(value, kind)

    def _table(self, table: Table, split_by: Kind | None) -> None:
        """`split_by`: columns stand for values of this kind, in a table that has one for each."""
        for place, column in enumerate(table.columns):
            if kind := kind_of(column):
                self._cells((row[place] for row in table.rows), kind)
            elif split_by and column.kind == "integer" and column.name not in COUNTED:
                self.value(column.name, split_by)
        self._lookups(table)

    def _cells(self, cells: Iterable[object], kind: Kind) -> None:
        for cell in cells:
            if isinstance(cell, str):
                self.value(cell, kind)

    def _lookups(self, table: Table) -> None:
        """What was asked of DNS begins what such an event says."""
        places = {column.name: place for place, column in enumerate(table.columns)}
        if {"event", "what"} <= places.keys() and "destination" in places:
            for row in table.rows:
                if row[places["event"]] == "dns" and isinstance(said := row[places["what"]], str) and " " in said:
                    self._names.learn_host(said.partition(" ")[0])

    def _coverage(self, coverage: Coverage) -> None:
        for node in coverage.nodes:
            self.value(node, "node")
        for found in _AT_PORT.finditer(coverage.source):
            self.value(found[1], "host")
        for text in (coverage.command, *coverage.notes):
            self.sentences(text)


def kind_of(column: Column) -> Kind | None:
    """What the texts of a column are; None where they need not be names."""
    named = kind_named(column.name) if column.kind in ("text", "id", "address") else None
    return "host" if column.kind == "address" else named


def _named(value: Json, kind: Kind | None) -> Iterator[tuple[Kind | None, str]]:
    """Every text inside, with what the name of its argument says that it is."""
    if isinstance(value, str):
        yield kind, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _named(inner, kind_named(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _named(inner, kind)
