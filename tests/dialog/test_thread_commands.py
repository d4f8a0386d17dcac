"""`why`, and how commands about a thread are written: what is one, and what stays a question."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import pytest

from bot.conversation.thread_commands import AboutThread, read
from bot.domain.errors import ModelUnreachable, StorageError
from bot.domain.message import Command, Notice, Prose
from bot.domain.network import Outcome
from bot.domain.ports import Check
from bot.domain.turn import Completion, Memory, ModelEvent, ModelRequest, TextDelta, ToolCall, Usage
from tests.dialog.stage import Away, message_of, notices
from tests.dialog.thread_stage import ThreadStage, column, prose, tables, told
from tests.fakes import FakeHost, ScriptedModel, connection, result

pytestmark = pytest.mark.usefixtures("no_waiting")

REFUSED = [connection("ledger", "10.2.0.9:8443", outcome=Outcome.REFUSED, ago_s=n) for n in range(1, 31)]

COMMANDS = {
    "why": AboutThread("why"),
    "WHY 12": AboutThread("why", 12),
    "/why #3": AboutThread("why", 3),
    "why --turn 3": AboutThread("why", 3),
    " again  2 ": AboutThread("again", 2),
    "diff": AboutThread("diff"),
    "Diff T1": AboutThread("diff", None, "T1"),
    "diff 12 t2": AboutThread("diff", 12, "t2"),
    "diff failures": AboutThread("diff", None, "failures"),
    "diff db__list-2.users": AboutThread("diff", None, "db__list-2.users"),
    "forget": AboutThread("forget"),
}
QUESTIONS = (
    "why?",
    "why is checkout failing?",
    "why curl",
    "why 3 times",
    "again for curl",
    "again please",
    "diff of what?",
    "diff against yesterday",
    "forget it",
    "forget 3",
    "why\nagain",
    "differences",
    "why -1",
    "why 99999999999",
)


@pytest.mark.parametrize("text", COMMANDS)
def test_commands_about_a_thread_are_read_as_people_write_them(text: str) -> None:
    assert read(message_of(text)) == COMMANDS[text]


@pytest.mark.parametrize("text", QUESTIONS)
def test_words_around_a_command_make_it_a_question(text: str) -> None:
    assert read(message_of(text)) is None


def test_words_of_a_platforms_own_command_are_none_about_the_thread() -> None:
    assert read(message_of("why", command=Command("list_connections"))) is None


@pytest.mark.parametrize("question", ["why is checkout failing?", "again for curl", "diff of what?"])
async def test_such_a_question_is_answered_as_one(question: str) -> None:
    stage = ThreadStage(own=ScriptedModel([Completion("Well.", (), "scripted")]))
    async with stage.desk() as desk:
        assert prose(await stage.ask(desk, question)) == "Well."


# why


async def test_why_shows_what_the_last_question_asked_of_which_tool_and_what_that_took() -> None:
    stage = ThreadStage(events=list(REFUSED))
    async with stage.desk() as desk:
        await stage.ask(desk, "why is ledger failing?")
        reply = await stage.ask(desk, "why")
    said, (table,) = prose(reply), tables(reply)
    assert said.startswith("**Question 1** by dana, at 2026-11-23 14:07:00 UTC:\n\n> why is ledger failing?\n\n")
    assert said.endswith(f"{len(table.rows)} tool calls; answered by `planner`.")
    assert table.rows[0][:3] == ("T1", "failures --process ledger --duration 300", 30)
    assert all(isinstance(took, float) and took > 0 for took in column(table, "took"))
    assert set(column(table, "source")) == {"fake"}


async def test_why_of_a_command_says_that_no_language_model_took_part() -> None:
    stage = ThreadStage(events=list(REFUSED))
    async with stage.desk() as desk:
        await stage.ask(desk, "list --max-events 3")
        reply = await stage.ask(desk, "WHY")
    assert prose(reply).endswith("> list --max-events 3\n\n1 tool call; no language model took part.")
    assert column(tables(reply)[0], "asked") == ["list --max-events 3"]


@dataclass
class Counted:
    """A model whose server counts tokens: it calls a tool, then answers."""

    name: str = "gpt-x"
    answers: list[str] = field(default_factory=lambda: ["30 were refused."])

    async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        calls = () if request.rounds else (ToolCall("a", "find_failures", {"process_name": "ledger"}),)
        text = "" if calls else self.answers[0]
        yield TextDelta(text)
        yield Completion(text, calls, self.name, usage=Usage(600, 40))

    async def check(self) -> Check:
        return Check("model", "ok", self.name)


async def test_why_tells_who_answered_and_how_many_tokens_all_rounds_took() -> None:
    stage = ThreadStage(events=list(REFUSED), own=Counted())
    async with stage.desk() as desk:
        await stage.ask(desk, "what fails?")
        reply = await stage.ask(desk, "why")
    assert prose(reply).endswith("1 tool call; answered by `gpt-x`, 1,200 tokens in and 80 out.")


async def test_why_with_a_number_recalls_the_answer_and_cuts_a_long_one() -> None:
    stage = ThreadStage(events=list(REFUSED), own=Counted(answers=["All is said. " * 200]))
    async with stage.desk() as desk:
        await stage.ask(desk, "what fails?")
        reply = await stage.ask(desk, "why 1")
        last = await stage.ask(desk, "why")
    recalled = prose(reply).split("\n\n")[-1]
    assert recalled.startswith("> All is said. All is said. ")
    assert recalled.endswith(" […]")
    assert 1_500 < len(recalled) < 1_510
    assert "All is said" not in prose(last)


async def test_why_shows_a_call_that_failed_with_its_reason() -> None:
    host = FakeHost({"list_connections": result("list_connections", failed=True, rows=0)})
    stage = ThreadStage(other=host)
    async with stage.desk() as desk:
        await stage.ask(desk, "list")
        reply = await stage.ask(desk, "why")
    assert column(tables(reply)[0], "outcome") == ["failed: 0 by list_connections"]


async def test_why_of_a_question_that_no_model_could_answer_says_how_it_ended() -> None:
    stage = ThreadStage(own=ScriptedModel([ModelUnreachable("asked gpt", "no answer")]))
    async with stage.desk() as desk:
        await stage.ask(desk, "what fails?")
        reply = await stage.ask(desk, "why")
    assert prose(reply).endswith("> what fails?\n\n0 tool calls; no language model answered, which ended as failed.")
    assert tables(reply) == []


async def test_why_passes_over_help_and_commands_about_the_thread_however_many_there_are() -> None:
    stage = ThreadStage(events=list(REFUSED))
    async with stage.desk() as desk:
        await stage.ask(desk, "list --process ledger")
        for text in ("help", "diff", "why 1", "tools", "status", *["why"] * 12):
            await stage.ask(desk, text)
        reply = await stage.ask(desk, "why")
    assert "**Question 1** " in prose(reply)
    assert column(tables(reply)[0], "tables") == ["T1"]


@pytest.mark.parametrize("text", ["why", "diff", "again"])
async def test_in_a_thread_without_a_question_a_command_about_it_says_what_to_do(text: str) -> None:
    stage = ThreadStage()
    async with stage.desk() as desk:
        await stage.ask(desk, "help")
        said = told(await stage.ask(desk, text))
    assert said.startswith(f"{text}: ")
    assert "in this thread before. Ask a question first" in said


@pytest.mark.parametrize("text", ["why 9", "diff 9", "again 9", "why 0"])
async def test_an_unknown_number_names_the_last_one(text: str) -> None:
    stage = ThreadStage(events=list(REFUSED))
    async with stage.desk() as desk:
        await stage.ask(desk, "list")
        await stage.ask(desk, "list --process ledger")
        said = told(await stage.ask(desk, text))
    assert said.startswith(f"{text}: this thread has no question of that number")
    assert "the last question is 2" in said


async def test_why_shows_the_summary_that_a_model_knows_of_a_long_thread() -> None:
    stage = ThreadStage(events=list(REFUSED))
    async with stage.desk() as desk:
        for _ in range(3):
            await stage.ask(desk, "list --process ledger")
        await stage.store.remember(
            message_of("").key, Memory("- dana: rollback at 22:00\n- `ledger` fails", 2, told=True)
        )
        last = await stage.ask(desk, "why")
        second = await stage.ask(desk, "why 2")
    assert last.blocks[-1] == Prose(
        "Of questions 1 to 2 the language model knows this summary:\n\n> - dana: rollback at 22:00\n> - `ledger` fails"
    )
    assert prose(second).endswith("The language model knows a summary of it only; `why` without a number shows that.")


AWAY = StorageError("reading the history from netspy.db", "the disk is gone", "mount it")


async def test_why_knows_what_was_asked_while_the_database_was_away_and_gives_it_no_number() -> None:
    store = Away()
    stage = ThreadStage(events=list(REFUSED), store=store)
    async with stage.desk() as desk:
        await stage.ask(desk, "list --max-events 2")
        store.error = AWAY
        stage.later(5)
        await stage.ask(desk, "list --max-events 3")
        stage.later(5)
        away = await stage.ask(desk, "why")
        store.error = None
        back = await stage.ask(desk, "why")
        stage.later(5)
        await stage.ask(desk, "list --max-events 4")
        stage.later(5)
        later = await stage.ask(desk, "why")
    for reply in (away, back):
        assert prose(reply).startswith("**A question that is not stored** by dana")
        assert column(tables(reply)[0], "asked") == ["list --max-events 3"]
    assert column(tables(later)[0], "asked") == ["list --max-events 4"]


async def test_without_a_database_and_anything_in_memory_why_tells_the_reason() -> None:
    store = Away()
    store.error = AWAY
    stage = ThreadStage(store=store)
    async with stage.desk() as desk:
        first, *_ = notices(await stage.ask(desk, "why"))
    assert first == Notice("error", str(AWAY))
