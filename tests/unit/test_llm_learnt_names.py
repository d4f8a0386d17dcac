"""Where a name is learnt that stands in one place only: from then on it is hidden in all texts of the request."""

from dataclasses import replace

import pytest

from bot.domain.message import Author
from bot.domain.network import Coverage, Window
from bot.domain.table import Cell, Column, Table
from bot.domain.turn import Completion, ModelRequest, Round, ToolCall, ToolResult
from bot.llm.masking.names import Names
from bot.llm.masking.request import Masking
from tests.fakes import NOW
from tests.unit.test_llm_masking import sent
from tests.wire.llm_requests import REQUEST, THREAD, turn

NAME = "zanzibar"
CALL = ToolCall("c", "a_tool")
COVERAGE = Coverage(source="live", kind="live", window=Window(NOW, NOW), seen=1, matched=1)


def said(summary: str) -> ToolResult:
    return ToolResult(CALL, summary)


def covered(**more: object) -> ToolResult:
    return ToolResult(CALL, "", coverage=replace(COVERAGE, **more))  # type: ignore[arg-type]  # one field each


def shown(columns: tuple[Column, ...], row: tuple[Cell, ...], call: ToolCall = CALL) -> ToolResult:
    return ToolResult(call, "", (Table("t", columns, (row,), 1),))


def called(**arguments: str) -> ToolResult:
    return ToolResult(ToolCall("c", "a_tool", arguments), "")


def with_result(result: ToolResult) -> ModelRequest:
    return replace(REQUEST, rounds=(Round(Completion("", (result.call,), ""), (result,)),))


NUMBERS = (Column("from", "time"), Column("all", "integer"), Column(NAME, "integer"))
EVENT = (Column("event", "id"), Column("what"), Column("destination", "address"))


@pytest.mark.parametrize(
    "result",
    [
        shown((Column("process"),), (NAME,)),
        shown((Column("destination", "address"),), (f"{NAME}:5432",)),
        shown((Column("destination", "address"),), (f"{NAME}.internal",)),
        shown((Column("anything", "address"),), (NAME,)),
        shown((Column("pod_name"),), (NAME,)),
        shown((Column("containerName"),), (NAME,)),
        shown(EVENT, ("dns", f"{NAME} A NXDOMAIN", "10.0.0.53:53")),
        shown(NUMBERS, (NOW, 1, 1), ToolCall("c", "event_trend", {"by": "process"})),
        called(process_name=NAME),
        called(lookup=f"{NAME}.internal"),
        said(f"no connection attempts by process '{NAME}'"),
        said(f"3 connection attempts by other processes were seen: curl, {NAME} and 7 more. Try `list`"),
        said(f"Did you mean `list --process {NAME}`?"),
        said(f"reset by {NAME}: NO_SOCKET 3"),
        said(f"turn 3, asked by {NAME}: why?"),
        covered(nodes=(NAME,)),
        covered(source=f"ebpf-server at {NAME}:8080"),
        covered(notes=(f"no answer of {NAME}: refused",)),
        covered(command=f"failures --node {NAME}"),
    ],
)
def test_a_name_is_learnt_in_each_place_that_holds_names(result: ToolResult) -> None:
    request = replace(with_result(result), question=f"what of {NAME}?")
    assert NAME not in sent(Masking(Names()).request(request, THREAD))


def test_the_names_of_people_are_learnt_from_what_they_asked() -> None:
    asked = turn(1, "I am Zanzibar")
    asked = replace(asked, message=replace(asked.message, author=Author("u", "Ada Zanzibar")))
    told = sent(Masking(Names()).request(replace(REQUEST, history=(asked,)), THREAD))
    assert "I am user-" in told
    assert "Zanzibar" not in told


def test_a_name_that_is_learnt_late_is_hidden_in_what_was_told_before() -> None:
    masking = Masking(Names())
    request = replace(REQUEST, question=f"what of {NAME}?")
    assert NAME in masking.request(request, THREAD).question
    later = replace(with_result(called(process_name=NAME)), question=request.question)
    assert masking.request(later, THREAD).question == "what of process-1?"


@pytest.mark.parametrize("name", ["find", "7", "x", "connection", "(unknown)"])
def test_a_word_that_everybody_writes_is_hidden_in_its_cell_only(name: str) -> None:
    request = with_result(shown((Column("process"),), (name,)))
    masked = Masking(Names()).request(replace(request, question=f"to {name} or not"), THREAD)
    assert masked.question == f"to {name} or not"
    cell = masked.rounds[0].results[0].tables[0].rows[0][0]
    assert cell == (name if name == "(unknown)" else "process-1")


def test_what_is_invisible_in_a_name_is_hidden_also_where_it_is_written_out() -> None:
    hostile = "zan\x1b[31mzibar"
    result = shown((Column("process"),), (hostile,))
    request = replace(with_result(result), question="what of zan\\x1b[31mzibar?")
    assert Masking(Names()).request(request, THREAD).question == "what of process-1?"
