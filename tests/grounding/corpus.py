"""Sentences that language models write about tool results, and those results: what grounding is measured by.

`results.json` holds what the tools said of the recording that comes with netspy, and of three made-up machines.
`sentences.toml` was labelled by hand, without a look at the code that it is to judge. It knows nothing of grounding.
`unseen.toml` is a third set, about these turns and those of `unseen_results.json`. By now rules were made with a look
at it, too.
`answers.toml` is a fourth one about the same turns: whole answers, cut into their sentences. It is blind: no rule was
made with a look at it, so that it tells what to expect of sentences that nobody has seen.
"""

import json
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Literal, TypeAlias

from bot.codec import decode, decode_result
from bot.domain.json_types import Json, JsonObject
from bot.domain.turn import ToolCall, ToolResult

Half: TypeAlias = Literal["tuned", "held out"]
"""Rules were first made with a look at the first half only; by now both have been looked at."""

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Case:
    """One turn: what was asked when, what earlier turns answered, and what this turn's tools brought."""

    question: str
    now: datetime
    history: tuple[str, ...]
    results: tuple[ToolResult, ...]


@dataclass(frozen=True, slots=True)
class Labelled:
    """`supported`: every quantity in the text follows from its case, or there is none. `kind`: what the text tries."""

    case: str
    text: str
    supported: bool
    kind: str
    language: str
    half: Half = "tuned"


@cache
def cases() -> dict[str, Case]:
    """By name."""
    return _cases_of("results.json")


@cache
def unseen_cases() -> dict[str, Case]:
    """Those that `unseen` and `answers` talk about: all of `cases`, and those that nothing else talks about."""
    return cases() | _cases_of("unseen_results.json")


@cache
def sentences() -> tuple[Labelled, ...]:
    """In the order of the file, cases one after another."""
    return tuple(_halved(_sentences_of("sentences.toml")))


@cache
def unseen() -> tuple[Labelled, ...]:
    """All of them held out, in the order of the file."""
    return tuple(replace(sentence, half="held out") for sentence in _sentences_of("unseen.toml"))


@cache
def answers() -> tuple[Labelled, ...]:
    """All of them held out; of each case first the true sentences in the order of its answer, then the made-up ones."""
    return tuple(replace(sentence, half="held out") for sentence in _sentences_of("answers.toml"))


def of_half(half: Half) -> tuple[Labelled, ...]:
    return tuple(sentence for sentence in sentences() if sentence.half == half)


def _cases_of(file: str) -> dict[str, Case]:
    written = json.loads((_FOLDER / file).read_text(encoding="utf-8"))
    return {name: _case(case) for name, case in written.items()}


def _sentences_of(file: str) -> tuple[Labelled, ...]:
    written = tomllib.loads((_FOLDER / file).read_text(encoding="utf-8"))
    return decode(tuple[Labelled, ...], written["sentence"])


def _case(written: JsonObject) -> Case:
    results = decode(list[JsonObject], written["results"])
    return Case(
        question=decode(str, written["question"]),
        now=decode(datetime, written["now"]),
        history=decode(tuple[str, ...], written["history"]),
        results=tuple(_result(number, result) for number, result in enumerate(results, start=1)),
    )


def _result(number: int, written: JsonObject) -> ToolResult:
    call = ToolCall(f"call-{number}", decode(str, written["name"]), decode(dict[str, Json], written["arguments"]))
    return decode_result(call, written, failed=decode(bool, written["failed"]))


def _halved(written: Iterable[Labelled]) -> Iterator[Labelled]:
    """Every other one of the same label and kind is held out."""
    places = defaultdict[tuple[bool, str], Iterator[int]](count)
    for sentence in written:
        is_held_out = next(places[sentence.supported, sentence.kind]) % 2
        yield replace(sentence, half="held out" if is_held_out else "tuned")
