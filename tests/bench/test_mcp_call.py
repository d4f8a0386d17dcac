"""What a tool call costs through MCP, in process: against the bare SDK, handed the same payload."""

from bot.domain.turn import ToolCall
from tests.fakes import FakeEbpf

STORED = 10_000
CALL = ToolCall("c", "list_connections", {"max_events": 100})


class Sorted(FakeEbpf):
    """10,000 events; which of them are the newest is known once, as a store knows it: the source's time is not ours."""
