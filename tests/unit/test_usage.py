import pytest

from bot.domain.errors import InvalidArguments, UnknownTool
from bot.domain.message import Command
from bot.tools.registry import TOOLS
from bot.tools.workflows.reading import read_workflows
from bot.tools.workflows.shipped import summaries
from bot.usage import ONE_SHOT_MAX_EVENTS, read


def test_no_words_mean_chat() -> None:
    usage = read([])
    assert usage.command is None
    assert [usage.verbose, usage.json, usage.new] == [False, False, False]


def test_a_tool_and_its_flags_are_a_command() -> None:
    words = "--tool list_connections --process curl --max-events 5 --server http://h:1 --json --verbose"
    usage = read(words.split())
    assert usage.command == Command("list_connections", {"process_name": "curl", "max_events": "5"})
    assert (usage.server, usage.json, usage.verbose) == ("http://h:1", True, True)


def test_one_shot_shows_more_rows_than_a_chat() -> None:
    command = read(["--tool", "list_connections"]).command
    assert command
    assert command.arguments == {"max_events": ONE_SHOT_MAX_EVENTS}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--tool ai_insights", "--summary-text is missing"),
        ("--tool contextual_analysis", "--query is missing"),
        ("--tool ai_insights --summary-text x --pid 3", "it does not take --pid. It takes --summary-text"),
        ("--tool list_connections --pidd 3", "Did you mean --pid?"),
        ("--pidd 3", "Did you mean --pid?"),
        ("--pid 3", "add --tool"),
        ("--json", "add --tool"),
        ("--server", "expected one argument"),
        ("frobnicate", "no such flag or command"),
        ("--tool list_connections extra", "no such flag or command"),
        ("lst --max-events 3", "Did you mean list?"),
        ("list extra", "no such flag or command"),
        ("list --tool list_connections", "leave --tool out"),
        ("contextual", "--query is missing"),
        ("contextual why --proces x", "Did you mean --process?"),
        ("serve --pid 3", "netspy serve: it does not take '--pid'. It takes --server, --verbose"),
        ("serve --json", "it does not take '--json'"),
        ("serve --new", "it does not take '--new'"),
        ("doctor --tool list_connections", "It takes --server, --verbose, --json"),
        ("doctor now", "it does not take 'now'"),
        ("serve --server", "expected one argument"),
        ("serv", "Did you mean serve?"),
        ("mcp --listen x", "netspy mcp: it does not take '--listen'. It takes --server, --verbose, --http"),
        ("mcp --http", "expected one argument"),
        ("serve --http x", "netspy serve: it does not take '--http'"),
        ("collect --server x", "netspy collect: it does not take '--server'. It takes --listen, --verbose"),
    ],
)
def test_a_usage_error_says_what_to_write(words: str, told: str) -> None:
    with pytest.raises(InvalidArguments) as caught:
        read(words.split())
    assert told.lower() in str(caught.value).lower()


def test_an_unknown_tool_names_the_nearest_one() -> None:
    with pytest.raises(UnknownTool, match="Did you mean list_connections"):
        read(["--tool", "list_conections"])


def test_a_command_of_the_chat_works_from_the_shell_too() -> None:
    assert read(["list", "--process", "curl"]).command == Command("list_connections", {"process_name": "curl"})
    asked = read(["contextual", "why", "is", "it", "slow?", "--process", "curl"]).command
    assert asked == Command("contextual_analysis", {"query": "why is it slow?", "process_name": "curl"})


def test_serve_and_doctor_are_modes_beside_the_chat() -> None:
    assert read([]).mode == "chat"
    served = read(["serve", "--server", "http://h:1", "--verbose"])
    assert (served.mode, served.command, served.server, served.verbose) == ("serve", None, "http://h:1", True)
    examined = read(["doctor", "--json"])
    assert (examined.mode, examined.command, examined.json) == ("doctor", None, True)


@pytest.mark.parametrize("words", [["--help"], ["serve", "--help"], ["doctor", "-h"]])
def test_help_tells_of_serve_and_doctor(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        read(words)
    assert left.value.code == 0
    assert all(word in capsys.readouterr().out for word in (words if len(words) > 1 else ["serve", "doctor"])[:1])


def test_an_empty_value_is_refused_for_it_may_be_an_unset_variable() -> None:
    with pytest.raises(InvalidArguments, match="--process: its value is empty"):
        read(["list", "--process", ""])


def test_help_names_every_tool_flag_and_the_default_server(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        read(["--help"])
    said = capsys.readouterr().out
    assert left.value.code == 0
    assert "http://localhost:8080" in said
    for tool in TOOLS:
        assert tool.name in said
        assert all(argument.flag in said for argument in tool.arguments)


MORE = read_workflows(
    b"""
[look]
summary = "s"
parameters.pod = { required = true }
parameters.max-tries = { kind = "integer", default = 3 }
steps = ["failures --pod {pod} --max-events {max-tries}"]
[broken]
""",
    file="team.toml",
)


def test_a_workflow_is_a_command_and_a_tool_with_its_own_flags() -> None:
    spoken = read(["look", "api-1", "--max-tries", "4", "--json"], lambda: MORE)
    assert spoken.command == Command("look", {"pod": "api-1", "max_tries": "4"})
    assert (spoken.is_question, spoken.json) == (True, True)
    named = read(["--tool", "look", "--pod", "api-1"], lambda: MORE)
    assert named.command == Command("look", {"pod": "api-1"})


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("look", "--pod is missing. Add --pod POD"),
        ("look a b", "look 'a b': that is more than one word. Put quotes around it"),
        ("look a --pid 3", "it does not take --pid. It takes --pod, --max-tries, --node"),
        ("look a --max-trys 3", "did you mean --max-tries?"),
        ("look a --tool look", "leave --tool out"),
        ("--max-tries 3", "there is no such flag"),
        ("broken", "there is no such command. See team.toml, line 7, workflow 'broken': summary is missing"),
        ("--tool broken", "see team.toml, line 7, workflow 'broken'"),
        ("zzzz", "see team.toml, line 7, workflow 'broken'"),
        ("lok a", "there is no such flag or command. Did you mean look?"),
    ],
)
def test_a_wrong_workflow_is_told_like_any_command(words: str, told: str) -> None:
    with pytest.raises(InvalidArguments) as caught:
        read(words.split(), lambda: MORE)
    assert told.lower() in str(caught.value).lower()


def test_an_unknown_tool_names_the_nearest_workflow_too() -> None:
    with pytest.raises(UnknownTool, match="Did you mean look"):
        read(["--tool", "lok"], lambda: MORE)


def test_workflows_are_read_only_for_words_that_name_no_tool() -> None:
    for words in ([], ["list"], ["--tool", "list_connections"], ["serve"], ["--server", "recording"], ["--new"]):
        read(words, lambda: pytest.fail("that costs time, and nobody has asked for a workflow"))


def test_help_lists_the_workflows_that_come_with_netspy(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read(["--help"])
    said = capsys.readouterr().out
    assert all(f"  {name:<11}  {summary}" in said for name, summary in summaries().items())
    assert "NETSPY_WORKFLOWS" in said


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read(["--version"])
    assert capsys.readouterr().out == "netspy 0.1.0\n"


def test_mcp_is_a_mode_with_an_address_of_its_own() -> None:
    usage = read(["mcp", "--http", "127.0.0.1:0", "--server", "recording"])
    assert (usage.mode, usage.http, usage.server, usage.command) == ("mcp", "127.0.0.1:0", "recording", None)
    assert read(["mcp"]).http is None
