"""The lines of a summary without a language model, and how they are read again when it grows. Pure."""

import re
from dataclasses import dataclass, replace
from typing import TypeAlias

_STATEMENT = re.compile(r"turn (?P<turn>[0-9]{1,9}), (?P<author>[^:]*): (?P<text>.+)")
_REPEATED = re.compile(r"asked (?P<times>[0-9]{1,9}) times, last in turn (?P<turn>[0-9]{1,9}): (?P<said>.+)")
_ASKED = re.compile(r"turn (?P<turn>[0-9]{1,9}): (?P<said>.+)")
_ARROW = " -> "
_MAX_AUTHOR = 30


@dataclass(frozen=True, slots=True)
class Statement:
    """What somebody said. `turn` is the number of the turn in its thread."""

    turn: int
    author: str
    text: str

    def __str__(self) -> str:
        author = " ".join(self.author.replace(":", " ").split())[:_MAX_AUTHOR] or "someone"
        return f"turn {self.turn}, {author}: {self.text}"

    @property
    def same(self) -> tuple[str, ...]:
        return ("said", self.author, _plainly(self.text))

    def cut(self, longest: int) -> "Statement":
        return replace(self, text=cut(self.text, longest))


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, how often it was asked, and the newest finding; `turn` is the last one that asked it."""

    turn: int
    text: str
    finding: str = ""
    times: int = 1

    def __str__(self) -> str:
        head = f"turn {self.turn}" if self.times == 1 else f"asked {self.times} times, last in turn {self.turn}"
        return f"{head}: {self.text}{_ARROW if self.finding else ''}{self.finding}"

    @property
    def same(self) -> tuple[str, ...]:
        return ("asked", _plainly(self.text))

    def again(self, later: "Asked") -> "Asked":
        times = self.times + later.times
        return replace(later, text=self.text, finding=later.finding or self.finding, times=times)

    def cut(self, longest: int) -> "Asked":
        return replace(self, text=cut(self.text, longest), finding=cut(self.finding, longest))


@dataclass(frozen=True, slots=True)
class Other:
    """A line that a language model wrote into the summary. It stands before all turns that are told by number."""

    text: str
    turn: int = 0

    def __str__(self) -> str:
        return self.text

    @property
    def same(self) -> tuple[str, ...]:
        return ("other", _plainly(self.text))

    def cut(self, longest: int) -> "Other":
        return replace(self, text=cut(self.text, longest))


Line: TypeAlias = Statement | Asked | Other


def line_of(written: str) -> Line:
    """The inverse of `str`."""
    if match := _STATEMENT.fullmatch(written):
        return Statement(int(match["turn"]), match["author"], match["text"])
    if match := _REPEATED.fullmatch(written):
        asked, _, finding = match["said"].partition(_ARROW)
        return Asked(int(match["turn"]), asked, finding, int(match["times"]))
    if match := _ASKED.fullmatch(written):
        asked, _, finding = match["said"].partition(_ARROW)
        return Asked(int(match["turn"]), asked, finding)
    return Other(" ".join(written.split()))


def cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def _plainly(text: str) -> str:
    """Without what two writings of the same differ in."""
    return " ".join(re.findall(r"\w+", text.casefold()))
