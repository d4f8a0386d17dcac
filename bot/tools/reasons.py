"""What a reason of the kernel means: (EbpfSource, Asked) -> Found. It needs no source. `network.py` calls it."""

from bot.domain.ports import EbpfSource
from bot.tools import drop_reason_tables
from bot.tools.asked import Asked, Found


async def explain_drop_reason(source: EbpfSource, asked: Asked) -> Found:  # noqa: ARG001 - as all bodies
    """One row a sentence: meaning, usual causes, what to check next. Raises: InvalidArguments for an unknown one."""
    summary, table = drop_reason_tables.explain_drop_reason(asked.arguments.reason or "")
    return Found(summary, (table,), coverage=None)
