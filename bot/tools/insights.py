"""The two AI tools: a question for an analyst that is given. It does not know whether that is a model or the planner.

Also says which commands are questions, for those who answer questions themselves (the bot's own loop).
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from bot.commands import Tool
from bot.domain.errors import NetspyError
from bot.domain.json_types import JsonObject
from bot.domain.message import Command
from bot.domain.ports import Analyst
from bot.domain.turn import Question, ToolCall, ToolResult
from bot.tools.arguments import QuestionArguments, checked, question_arguments
from bot.tools.registry import TOOLS, find_tool


async def run_insight(call: ToolCall, *, analyst: Analyst, now: datetime) -> ToolResult:
    """Run an AI tool. What it cannot answer is a failed result."""
    try:
        return await analyst.analyze(call, _question(call.name, call.arguments), now=now)
    except NetspyError as error:
        return ToolResult(call, str(error), failed=True)


def question_of(command: Command) -> Question | None:
    """The question that a command of an AI tool puts; None for a data tool. Raises: InvalidArguments."""
    return Question(_question(command.tool, command.arguments)) if command.tool in QUESTIONS else None


def contextual_question(arguments: QuestionArguments, *, window_given: bool = True) -> str:
    """The person's own words, and behind them what the flags add. A time in the words wins over the default window."""
    process = f"process '{arguments.process_name}'" if arguments.process_name else ""
    pid = f"pid {arguments.pid}" if arguments.pid else ""
    window = f"in the last {arguments.duration_s} seconds"
    window += "" if window_given else " unless the question names a time"
    about = ", ".join(part for part in (process, pid, window) if part)
    return f"{arguments.query} ({about})"


def _contextual_analysis(tool: Tool, given: JsonObject) -> str:
    return contextual_question(question_arguments(tool, given), window_given=given.get("duration") is not None)


def _ai_insights(tool: Tool, given: JsonObject) -> str:
    text: str = checked(tool, given)["summary_text"]
    return f"What does this mean, and what should be checked next?\n\n{text}"


QUESTIONS: Mapping[str, Callable[[Tool, JsonObject], str]] = {
    "ai_insights": _ai_insights,
    "contextual_analysis": _contextual_analysis,
}
AI_TOOLS = tuple(tool for tool in TOOLS if tool.name in QUESTIONS)


def _question(name: str, given: JsonObject) -> str:
    tool = find_tool(name, AI_TOOLS)
    return QUESTIONS[tool.name](tool, given)
