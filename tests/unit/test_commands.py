"""The grammar of commands: what is one, what it means, how it is written."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import Tool, line_for, nearest, parse, parse_flags, split
from bot.domain.errors import InvalidArguments, UnknownCommand
from bot.domain.json_types import Json
from bot.domain.message import Command
from bot.tools.registry import TOOLS, find_tool

LIST = find_tool("list_connections")
CONTEXTUAL = find_tool("contextual_analysis")
_AWKWARD = " '\"=-\\\n\u201c\u201d\u2014"


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("list", {}),
        ("  List  ", {}),
        ("list --process curl --max-events 20", {"process_name": "curl", "max_events": "20"}),
        ("list\t--pid=7", {"pid": "7"}),
        ('list --process "web server"', {"process_name": "web server"}),
        ("list --process='web server'", {"process_name": "web server"}),
        ("list \u2014process \u201cweb server\u201d", {"process_name": "web server"}),
        ("list --include-local --pid 7", {"include_local": True, "pid": "7"}),
        ("list --include-local=false", {"include_local": "false"}),
    ],
)
def test_line_of_a_command_is_that_tool_with_raw_arguments(line: str, arguments: dict[str, Json]) -> None:
    assert parse(line, TOOLS) == Command("list_connections", arguments)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "list all connections of curl",
        "summary \u2014 what happened?",
        "which processes had failed connections in the last 10 minutes?",
        "and for curl only?",
        "Thanks -- that was it",
    ],
)
def test_other_lines_are_questions(line: str) -> None:
    assert parse(line, TOOLS) is None


@pytest.mark.parametrize(("line", "meant"), [("lst", "list"), ("sumary --pid 3", "summary"), ("anaylze", "analyze")])
def test_word_that_is_nearly_a_command_is_refused_with_the_command(line: str, meant: str) -> None:
    with pytest.raises(UnknownCommand, match=rf"Did you mean {meant}\?"):
        parse(line, TOOLS)


def test_strange_word_with_flags_names_all_commands() -> None:
    with pytest.raises(UnknownCommand, match="summary, list, dropsummary"):
        parse("x" * 500 + " --pid 3", TOOLS)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("list --proces curl", r"Did you mean --process\? list takes --pid, --process"),
        ("list --pid", "no value follows. Write --pid PID"),
        ("list --pid --process curl", "no value follows. Write --pid PID"),
        ("list --pid 3 curl", "it takes only flags. List takes --pid, --process"),
        ("list -p 3", "it takes only flags"),
        ("contextual why --query how", "there is --query as well"),
    ],
)
def test_unusable_flags_are_refused_with_what_is_allowed(line: str, told: str) -> None:
    with pytest.raises(InvalidArguments, match=told):
        parse(line, TOOLS)


@pytest.mark.parametrize(
    ("line", "query"),
    [
        ("contextual what's up with nginx?", "what's up with nginx?"),
        ("contextual why don't curl's connects work", "why don't curl's connects work"),
        ('contextual "analyze my system"', "analyze my system"),
        ("contextual is it slow -- or down?", "is it slow -- or down?"),
        (r"contextual what is C:\temp", r"what is C:\temp"),
    ],
)
def test_free_text_keeps_its_words(line: str, query: str) -> None:
    assert parse(line, TOOLS) == Command("contextual_analysis", {"query": query})


def test_free_text_and_flags_go_together() -> None:
    command = parse("contextual how is it behaving? --process curl --duration 120", TOOLS)
    assert command == Command(
        "contextual_analysis", {"query": "how is it behaving?", "process_name": "curl", "duration": "120"}
    )


def test_quote_that_is_never_closed_is_a_letter() -> None:
    assert split("""say "hello 'world""") == ["say", '"hello', "'world"]


def test_line_leaves_out_what_is_not_set() -> None:
    assert line_for(LIST, {"pid": None, "process_name": "", "include_local": False, "duration": 300}) == (
        "list --duration 300"
    )


def test_value_that_looks_like_a_flag_is_written_with_an_equals_sign() -> None:
    assert line_for(LIST, {"process_name": "--pid"}) == "list --process=--pid"


@given(st.sampled_from(TOOLS), st.data())
def test_parsing_a_written_line_gives_its_arguments_back(tool: Tool, data: st.DataObject) -> None:
    kinds: dict[str, st.SearchStrategy[Json]] = {
        "integer": st.integers(0, 10**6).map(str),
        "text": st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
        "choice": st.sampled_from(["out", "process"]),
        "switch": st.just(True),  # noqa: FBT003 - a value, not a flag
    }
    needed = {argument.name: kinds[argument.kind] for argument in tool.arguments if argument.required}
    free = {argument.name: kinds[argument.kind] for argument in tool.arguments if not argument.required}
    arguments = data.draw(st.fixed_dictionaries(needed, optional=free))
    assert parse(line_for(tool, arguments), TOOLS) == Command(tool.name, arguments)


@given(st.text(st.sampled_from("ab" + _AWKWARD), min_size=1))
def test_any_quoting_is_read_back(value: str) -> None:
    assert parse(line_for(LIST, {"process_name": value}), TOOLS) == Command("list_connections", {"process_name": value})


@given(st.text())
def test_splitting_loses_no_letters(text: str) -> None:
    quotes = str.maketrans("", "", "\"'\u201c\u201d")
    assert "".join("".join(split(text)).split()).translate(quotes) == "".join(text.split()).translate(quotes)


@given(st.lists(st.text() | st.sampled_from([argument.flag for argument in CONTEXTUAL.arguments])))
def test_any_words_are_flags_or_refused(words: list[str]) -> None:
    with suppress(InvalidArguments):
        known = {argument.name for argument in CONTEXTUAL.arguments}
        assert parse_flags(words, CONTEXTUAL).keys() <= known


@pytest.mark.parametrize(
    "line", ["list --\x1b[2J\ufeff", "list -\x1b[2J", "contextual --query a \x1b[2J", "\x1b --pid 3"]
)
def test_refusals_repeat_nothing_that_a_terminal_obeys(line: str) -> None:
    with pytest.raises((InvalidArguments, UnknownCommand)) as refused:
        parse(line, TOOLS)
    assert str(refused.value).isprintable()


@given(st.text())
def test_any_line_is_a_command_or_a_question_or_refused(line: str) -> None:
    with suppress(InvalidArguments, UnknownCommand):
        for tool in TOOLS:
            parse(f"{tool.command} {line}", TOOLS)
        parse(line, TOOLS)


def test_nothing_near_gives_no_hint() -> None:
    assert nearest("zzz", ["list"]) == ""
