"""The replies that every platform's goldens show."""

from datetime import timedelta, timezone

from bot.domain.message import Attachment, Block, Chart, Footer, Notice, Prose
from bot.domain.network import Coverage, Window
from bot.domain.table import Cell, Column, Line, Series, Table
from tests.fakes import NOW

ZONE = timezone(timedelta(hours=1), "CET")
CONNECTIONS = (
    Column("time", "time"),
    Column("process"),
    Column("pid", "id"),
    Column("destination", "address"),
    Column("protocol"),
    Column("outcome"),
    Column("waited", "decimal", "us"),
)


def attempt(number: int, process: str = "curl", to: str = "172.217.164.78:443") -> tuple[Cell, ...]:
    time = NOW - timedelta(seconds=7 * number)
    return (time, process, 20_000 + number, to, "TCP", "connected", 311.5 * (number + 1))


def footer(**values: object) -> Footer:
    known: dict[str, object] = {
        "source": "http://127.0.0.1:8080",
        "kind": "live",
        "window": Window.last(3600, NOW),
        "seen": 449,
        "matched": 449,
        "lost": 0,
        "nodes": ("node-a",),
        "command": "list --process curl --duration 3600",
    }
    return Footer(Coverage(**{**known, **values}))  # type: ignore[arg-type]  # keyword values of many types


def connections(rows: int, total: int) -> Table:
    return Table("Newest connection attempts", CONNECTIONS, tuple(map(attempt, range(rows))), total, "T1")


HOSTILE = Table(
    "Processes of \x1b]0;owned\x07 **note**",
    (Column("process"), Column("destination", "address"), Column("count", "integer")),
    (
        ("\x1b[31mred\x1b[0m", "10.0.0.1:443", 1),
        ("[red]markup[/red]", "10.0.0.2:443", 2),
        ("**bold** `code`", "10.0.0.3:443", 3),
        ("two\nlines\tand\rmore", "10.0.0.4:443", 4),
        ("\u202egnp.exe", "\u2066[::1]\u2069:1", 5),
        ("| cell | <b>", "x" * 300, 6),
    ),
    6,
    "T1",
)

MINUTES = ("14:01", "14:02", "14:03", "14:04")
DROPS = (("NO_SOCKET", (3.0, 40.0, 12.0, 0.0)), ("TCP_INVALID_SEQUENCE", (0.0, 1.0, 7.0, 2.0)))
REPLIES: dict[str, tuple[Block, ...]] = {
    "short": (Prose("No attempts of **curl** failed in the last 10 minutes."),),
    "five_rows": (
        connections(5, 5),
        footer(kind="recording", source="lab-2026", shown=5, matched=5, seen=29, nodes=()),
        Prose("All of `curl` connected [T1].\n\n1. Look at *drops*: `droplist`\n2. Ask again later"),
    ),
    "hundred_rows": (connections(100, 2345), footer(shown=100, matched=2345)),
    "no_rows": (Table("Drops", (Column("reason"), Column("count", "integer")), (), 0, "T1"), footer(matched=0)),
    "wide": (
        Table(
            "A table with more columns than eighty cells can hold, and a title that does not fit into one line either",
            (*CONNECTIONS, *(Column(f"{name} bytes", "integer", "bytes") for name in ("sent", "received", "lost"))),
            tuple(
                (*attempt(number, "systemd-resolve", "[2001:db8::dead:beef]:8443"), 1, 2**20, 3) for number in (0, 1)
            ),
            2,
        ),
        footer(nodes=("node-a", "node-b", "node-c", "node-d"), unknown=("outcome", "errno"), notes=("Guessed.",)),
    ),
    "unicode": (
        Table(
            "Zähler für 東京",
            (Column("process"), Column("count", "integer")),
            (("東京サーバー", 3), ("naïve", 12), ("🚀", 1)),
            3,
        ),
        Prose("東京サーバー は 3 回、`naïve` 12: " + "長い文章です。" * 12),
    ),
    "hostile": (
        HOSTILE,
        Notice("error", "evil \x1b[2J[bold]name[/bold] **x**\nsecond line"),
        Prose("The process \x1b[31mred [red]here[/red] <script> & more"),
        footer(source="\x1b[5mblink", kind="server", notes=("[link=http://e.f]x",), command="list --process '\x07'"),
    ),
    "failed_tool": (
        Notice(
            "error",
            "list_connections: asked http://127.0.0.1:8080/api/events: nothing answers there. "
            "Start a collector with sudo netspy collect, or name another server with --server URL",
        ),
    ),
    "no_model": (
        Notice("info", "No language model was used: OPENAI_API_KEY is not set."),
        Notice("warning", "Older turns of this thread were left out."),
        Prose("I ran `get_network_summary`.\n"),
        Table("By process", (Column("process"), Column("share", "decimal", "percent")), (("curl", 99.99),), 12, "T1"),
        Table("By outcome", (Column("outcome"), Column("size", "integer", "bytes")), (("refused", 4096),), 1, "T2"),
        footer(lost=12, shown=2),
    ),
    "analysis": (
        Prose(
            "# Comprehensive analysis\n\n1. **Summary**:\n   - `10` attempts by *one* process\n   - nothing lost\n"
            "2. **Drops**: none\n\n## Next steps\n\n| step | rows |\n|---|---:|\n| look at `curl` | 3 |\n\n"
            "> quoted words\n\n```\nnetspy --tool list_connections\n```\n\nSee [the docs](http://example.org/docs)."
        ),
    ),
    "three_hundred_rows": (connections(300, 300), footer(shown=300, matched=300)),
    "chart": (
        Table(
            "Drops per minute",
            (Column("minute"), Column("reason"), Column("drops", "integer")),
            tuple(
                (minute, reason, count)
                for reason, counts in DROPS
                for minute, count in zip(MINUTES, counts, strict=True)
            ),
            8,
            "T1",
        ),
        Chart(Series("Drops per minute", MINUTES, tuple(Line(reason, counts) for reason, counts in DROPS))),
        Chart(Series("Drops of **NO_SOCKET** <!here>", MINUTES, (Line("NO_SOCKET", DROPS[0][1]),)), "bar"),
        footer(),
        Prose("Most were `NO_SOCKET`, at 14:02 [T1]."),
    ),
    "picture": (Prose("This is how it looks."), Attachment("graph-1.png", "iVBORw0KGgo=", "base64")),
}
