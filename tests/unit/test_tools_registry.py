"""What holds for every tool that there is."""

import subprocess
import sys

import pytest

from bot.commands import Tool, parse
from bot.domain.errors import UnknownTool
from bot.tools.arguments import checked
from bot.tools.insights import QUESTIONS
from bot.tools.network import BODIES
from bot.tools.registry import NOW_S, TOOLS, find_tool
from bot.tools.vocabulary import LIST_DURATION_S, SUMMARY_DURATION_S

REFERENCE = {
    "get_network_summary",
    "list_connections",
    "get_packet_drop_summary",
    "list_packet_drops",
    "analyze_patterns",
    "ai_insights",
    "contextual_analysis",
}


def test_all_tools_of_the_reference_are_there() -> None:
    assert {tool.name for tool in TOOLS} >= REFERENCE
    assert [tool.command for tool in TOOLS[:5]] == ["summary", "list", "dropsummary", "droplist", "analyze"]


def test_every_tool_has_exactly_one_body() -> None:
    assert sorted([*BODIES, *QUESTIONS]) == sorted(tool.name for tool in TOOLS)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_every_example_is_a_call_that_the_tool_takes(tool: Tool) -> None:
    command = parse(tool.example or tool.command, TOOLS)
    assert command is not None
    assert command.tool == tool.name
    checked(tool, command.arguments)


def test_names_and_commands_are_unique() -> None:
    words = [word for tool in TOOLS for word in (tool.name, tool.command)]
    assert len(words) == len(set(words))


def test_an_argument_has_the_same_flag_and_kind_in_every_tool() -> None:
    seen = {(a.name, a.flag, a.kind, a.help) for tool in TOOLS for a in tool.arguments}
    assert len({name for name, *_ in seen}) == len({flag for _, flag, *_ in seen}) == len(seen)


OF_NOW = {"list_sockets", "source_status", "explain_drop_reason"}
"""They tell how it is at this moment."""
LOOKS_BACK_S = {
    "get_network_summary": SUMMARY_DURATION_S,
    "get_packet_drop_summary": SUMMARY_DURATION_S,
    "compare_periods": NOW_S,
    "tcp_health": NOW_S,
}


@pytest.mark.parametrize("name", sorted(BODIES))
def test_data_tools_over_events_take_process_pid_duration_and_max_events(name: str) -> None:
    defaults = {argument.name: argument.default for argument in find_tool(name).arguments}
    if name in OF_NOW:
        return
    assert defaults.keys() >= {"pid", "process_name"}
    assert defaults["max_events"] == 10
    assert defaults["duration"] == LOOKS_BACK_S.get(name, LIST_DURATION_S)


@pytest.mark.parametrize(
    ("wrong", "meant"), [("list_connection", "list_connections"), ("summary", "get_network_summary")]
)
def test_unknown_tool_names_the_one_that_was_meant(wrong: str, meant: str) -> None:
    with pytest.raises(UnknownTool, match=rf"Did you mean {meant}\?"):
        find_tool(wrong)


def test_unknown_tool_without_a_near_one_names_all() -> None:
    with pytest.raises(UnknownTool, match="ai_insights, contextual_analysis"):
        find_tool("\x1b[2J" + "z" * 500)


def test_registry_imports_nothing_heavy() -> None:
    assert _imported("bot.tools.registry", "pydantic", "mcp", "asyncio") == []


def test_data_tools_import_neither_mcp_nor_a_model() -> None:
    assert _imported("bot.tools.network", "mcp", "openai", "sqlalchemy", "httpx") == []


def _imported(module: str, *heavy: str) -> list[str]:
    code = f"import sys, {module}; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return list(eval(done.stdout))
