"""What `list_connections` brought of connections that came in: who accepts them, and from whom. Pure."""

from collections import Counter
from collections.abc import Sequence

from bot.domain.turn import ToolResult
from bot.llm.offline.finding import Context, Finding, Weight
from bot.llm.offline.prose import cited, code, counted, joined
from bot.llm.offline.rows import Row
from bot.tables.units import human_count

_NAMED = 3


def accepted(rows: Sequence[Row], result: ToolResult, context: Context) -> Finding:
    """How many, who took them, and the newest."""
    total = sum(table.total_rows for table in result.tables)
    among = "" if len(rows) == total else f" of the newest {human_count(len(rows))}"
    by_process = Counter(row.text("process") or "" for row in rows).most_common(_NAMED)
    named = joined([f"{code(name)} ({human_count(count)})" for name, count in by_process])
    newest = rows[0]
    latest = (
        f"The newest{context.at(newest.time('time'))}: {code(newest.text('process'))} from {code(newest.text('from'))}"
    )
    were = f"{'was' if total == 1 else 'were'} accepted{context.within}{cited(result.tables)}"
    answer = f"{counted(total, 'connection')} {were}, most{among} by {named}. {latest}."
    return Finding(answer=answer, weight=Weight.FACT)
