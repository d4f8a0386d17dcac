"""What `why` shows of a turn: what was asked of which tool, what came back, how long it took. Pure."""

from collections.abc import Iterator, Sequence

from bot.commands import Tool, line_for
from bot.conversation.transcript import title_of
from bot.domain.message import Block, Prose
from bot.domain.table import Cell, Column, Table
from bot.domain.turn import Memory, ToolResult, Turn
from bot.tables.text import plain

MAX_ANSWER = 1_500
"""Characters of an answer that is recalled."""
_CALLS = (
    Column("tables", "id"),
    Column("asked", "text"),
    Column("matched", "integer"),
    Column("took", "decimal", unit="us"),
    Column("lost", "integer", spare=True),
    Column("from", "time", spare=True),
    Column("to", "time", spare=True),
    Column("source", "text", spare=True),
    Column("outcome", "text", spare=True),
)


def explained(turn: Turn, memory: Memory, tools: Sequence[Tool], *, recalls: bool) -> tuple[Block, ...]:
    """`recalls`: the answer itself is wanted, too. `memory` is told of where it stands for this turn."""
    blocks: list[Block] = [Prose("\n\n".join(_said(turn, memory, recalls=recalls)))]
    if turn.results:
        rows = tuple(_row(result, tools) for result in turn.results)
        title = f"What was asked for question {turn.number}" if turn.number else "What was asked for it"
        blocks.append(Table(title, _CALLS, rows, len(rows)))
    return tuple(blocks)


def remembered(memory: Memory) -> Prose | None:
    """The summary that language models know of a thread's older turns; None where there is none."""
    if not memory.summary:
        return None
    lines = "\n".join(f"> {plain(line)}" for line in memory.summary.splitlines())
    return Prose(f"Of questions 1 to {memory.upto} the language model knows this summary:\n\n{lines}")


def _said(turn: Turn, memory: Memory, *, recalls: bool) -> Iterator[str]:
    asked = f"by {plain(turn.message.author.name) or 'you'}, at {turn.started_at:%Y-%m-%d %H:%M:%S} UTC"
    which = f"Question {turn.number}" if turn.number else "A question that is not stored"
    yield f"**{which}** {asked}:"
    yield _quoted(turn.message.text)
    yield _how(turn)
    if recalls and turn.answer:
        yield _quoted(turn.answer if len(turn.answer) <= MAX_ANSWER else f"{turn.answer[:MAX_ANSWER]} […]")
    if 0 < turn.number <= memory.upto:
        yield "The language model knows a summary of it only; `why` without a number shows that."


def _how(turn: Turn) -> str:
    took_part = "no language model took part" if turn.state == "answered" else "no language model answered"
    by = f"answered by `{plain(turn.model)}`" if turn.model else took_part
    cost = f", {turn.usage.input_tokens:,} tokens in and {turn.usage.output_tokens:,} out" if turn.usage.total else ""
    ended = "" if turn.state == "answered" else f", which ended as {turn.state}"
    calls = f"{len(turn.results)} tool {'call' if len(turn.results) == 1 else 'calls'}"
    return f"{calls[0].upper()}{calls[1:]}; {by}{cost}{ended}."


def _row(result: ToolResult, tools: Sequence[Tool]) -> tuple[Cell, ...]:
    labels = ", ".join(table.label for table in result.tables if table.label)
    coverage = result.coverage
    took_us = None if result.took_s is None else result.took_s * 1e6
    first = result.summary.split("\n", 1)[0]
    outcome = f"failed: {first}" if result.failed else first
    base: tuple[Cell, ...] = (labels or "-", _asked(result, tools))
    if coverage is None:
        return (*base, None, took_us, None, None, None, "", outcome)
    window = (coverage.window.since, coverage.window.until)
    return (*base, coverage.matched, took_us, coverage.lost, *window, coverage.source, outcome)


def _asked(result: ToolResult, tools: Sequence[Tool]) -> str:
    """As a command where it is one: whoever reads it can type it."""
    tool = next((each for each in tools if each.name == result.call.name), None)
    return line_for(tool, result.call.arguments) if tool else title_of(result.call)


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.strip().splitlines()) or "> (no text)"
