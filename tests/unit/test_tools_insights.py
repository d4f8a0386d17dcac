"""What the analyst is asked."""

from dataclasses import dataclass, field
from datetime import datetime

import pytest

from bot.domain.errors import InvalidArguments, ModelUnreachable, NetspyError
from bot.domain.json_types import Json
from bot.domain.message import Command
from bot.domain.turn import Question, ToolCall, ToolResult
from bot.tools.insights import question_of, run_insight
from tests.fakes import NOW


@dataclass
class Asked:
    """An `Analyst` that keeps the questions and echoes them."""

    error: NetspyError | None = None
    questions: list[tuple[str, datetime]] = field(default_factory=list)

    async def analyze(self, call: ToolCall, question: str, *, now: datetime) -> ToolResult:
        self.questions.append((question, now))
        if self.error:
            raise self.error
        return ToolResult(call, question)


LAST_MINUTE = "in the last 60 seconds unless the question names a time"


@pytest.mark.parametrize(
    ("arguments", "question"),
    [
        ({"query": "How is it  behaving?"}, f"How is it  behaving? ({LAST_MINUTE})"),
        ({"query": "why?", "process_name": "curl"}, f"why? (process 'curl', {LAST_MINUTE})"),
        (
            {"query": "why?", "process_name": "curl", "pid": "7", "duration": 120.0},
            "why? (process 'curl', pid 7, in the last 120 seconds)",
        ),
        ({"query": "why?", "pid": 0, "process_name": "", "duration": None}, f"why? ({LAST_MINUTE})"),
    ],
)
async def test_contextual_question_keeps_the_words_and_adds_the_flags(
    arguments: dict[str, Json], question: str
) -> None:
    analyst = Asked()
    call = ToolCall("c", "contextual_analysis", arguments)
    result = await run_insight(call, analyst=analyst, now=NOW)
    assert analyst.questions == [(question, NOW)]
    assert result.call is call
    assert question_of(Command("contextual_analysis", arguments)) == Question(question)


async def test_insights_ask_about_the_whole_summary() -> None:
    analyst = Asked()
    text = "curl made 5 connections in 60 seconds\nnginx made none"
    await run_insight(ToolCall("c", "ai_insights", {"summary_text": text}), analyst=analyst, now=NOW)
    [(question, _)] = analyst.questions
    assert question.endswith(text)


@pytest.mark.parametrize("call", [ToolCall("c", "contextual_analysis"), ToolCall("c", "list_connections")])
async def test_bad_call_fails_and_asks_nobody(call: ToolCall) -> None:
    analyst = Asked()
    assert (await run_insight(call, analyst=analyst, now=NOW)).failed
    assert analyst.questions == []


async def test_analyst_that_fails_is_a_failed_result() -> None:
    analyst = Asked(error=ModelUnreachable("the model", "no answer"))
    result = await run_insight(ToolCall("c", "ai_insights", {"summary_text": "x"}), analyst=analyst, now=NOW)
    assert (result.failed, result.summary) == (True, "the model: no answer")


def test_command_of_a_data_tool_puts_no_question() -> None:
    assert question_of(Command("list_connections", {"pid": "abc"})) is None


def test_command_without_a_question_is_refused() -> None:
    with pytest.raises(InvalidArguments, match="--query: nothing was given"):
        question_of(Command("contextual_analysis", {"process_name": "curl"}))
