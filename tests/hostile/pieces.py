"""One answer of netspy's with a given text in every place where a machine, a server or a person could have put it."""

from bot.domain.message import Attachment, Block, Chart, Footer, Notice, Step
from bot.domain.network import Coverage, Window
from bot.domain.table import Column, Line, Series, Table
from bot.domain.turn import ToolCall, ToolResult
from tests.fakes import NOW
from tests.hostile.corpus import HARMLESS

COLUMNS = (Column("process"), Column("destination", "address"), Column("reason", "id"), Column("count", "integer"))
COUNTS = (7, 8)


def table_of(text: str) -> Table:
    """The text as the names of a process and of a host, in the first of two rows; numbers stand behind both."""
    rows = ((text, f"{text}:443", "NO_SOCKET", COUNTS[0]), (HARMLESS, "10.0.0.2:443", "NO_SOCKET", COUNTS[1]))
    return Table("Failures", COLUMNS, rows, 2, "T1")


def named_table_of(text: str) -> Table:
    """The same as a foreign server may name it: in title and column, and where cells are never cut."""
    columns = (Column(text[:200]), Column("reason", "id"), Column("count", "integer"))
    return Table(text, columns, ((text, text[:200], 7), (None, HARMLESS, 8)), 9, "T2")


def coverage_of(text: str) -> Coverage:
    return Coverage(
        source=text,
        kind="server",
        window=Window.last(600, NOW),
        seen=2,
        matched=2,
        shown=2,
        nodes=(text, "node-a"),
        notes=(text,),
        command=f"find_failures --process {text}",
    )


def chart_of(text: str) -> Series:
    return Series(text, (text, "14:02"), (Line(text, (1.0, 2.0)), Line("b", (0.0, 3.0))))


def data_of(text: str) -> tuple[Block, ...]:
    """All that does not come from a model."""
    notice = Notice("warning", f"MCP server {text}: {text}")
    return (table_of(text), named_table_of(text), Chart(chart_of(text)), Footer(coverage_of(text)), notice)


def file_of(text: str) -> Attachment:
    return Attachment(text, f"{text}\n")


def steps_of(text: str) -> tuple[Step, ...]:
    return (Step("1", f"Asking {text}", "running"), Step("2", text, "failed", text))


def result_of(text: str, *, failed: bool = False) -> ToolResult:
    call = ToolCall("call-1", "find_failures", {"process_name": text})
    tables = () if failed else (table_of(text), named_table_of(text))
    charts = () if failed else (chart_of(text),)
    return ToolResult(call, f"{text} failed", tables, coverage_of(text), failed, charts=charts)


def prose_of(text: str) -> tuple[str, ...]:
    """How a model may speak of it."""
    return (f"The process {text} failed.", f"`{text}` failed [T1].", f"```\n{text}\n```", f"- {text}", text)
