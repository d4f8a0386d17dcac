"""Files of workflows: what they mean, and that everything wrong in one is told with its line."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import line_for, parse
from bot.conversation.builtin import COMMANDS
from bot.conversation.calling import MAX_CALLS_PER_ROUND
from bot.domain.errors import InvalidArguments, UnknownTool
from bot.domain.json_types import JsonObject
from bot.domain.message import Command
from bot.settings import Settings
from bot.tools.registry import TOOLS, find_tool
from bot.tools.workflows.merging import MAX_OWN
from bot.tools.workflows.names import WORDS
from bot.tools.workflows.reading import MAX_BYTES, read_workflows
from bot.tools.workflows.shipped import FILE, summaries
from bot.tools.workflows.workflow import Workflow, Workflows
from bot.tools.workflows.written import MAX_STEPS
from bot.usage import MODES
from bot.workflow_files import workflows_of

TEAM = """
[checkout]
summary = "our checkout"
question = "Is {pod} of checkout slow over {duration} s?"
parameters.pod = { required = true, help = "the pod" }
parameters.duration = { default = 900 }
parameters.errno = {}
parameters.side = { choices = ["in", "out"], default = "out" }
parameters.gap = { kind = "integer" }
steps = [
    "failures --process 'checkout api' --pod {pod} --errno {errno} --duration {duration}",
    "list_connections --direction={side} --max-events 3",
    { run = "compare --pod {pod} --earlier {gap}", when = "gap" },
    { run = "dns --lookup '*.{pod}.internal'" },
]
"""


def read(text: str) -> Workflows:
    return read_workflows(text.encode(), file="team.toml")


def team() -> Workflow:
    found = read(TEAM)
    assert [str(problem) for problem in found.problems] == []
    return found.usable[0]


def made(workflow: Workflow, given: JsonObject) -> list[tuple[str, JsonObject]]:
    return [(call.name, call.arguments) for call in workflow.calls(given, id_="w")]


def test_steps_are_calls_with_the_values_of_the_parameters() -> None:
    assert made(team(), {"pod": "api-1"}) == [
        ("find_failures", {"process_name": "checkout api", "pod": "api-1", "duration": 900}),
        ("list_connections", {"direction": "out", "max_events": 3}),
        ("dns_lookups", {"lookup": "*.api-1.internal"}),
    ]


def test_a_value_that_is_given_fills_its_flag_and_brings_the_step_that_waits_for_it() -> None:
    given = {"pod": "p", "errno": "EPERM", "gap": "0", "side": "IN", "duration": "60"}
    calls = dict(made(team(), given))
    assert calls["find_failures"]["errno"] == "EPERM"
    assert calls["find_failures"]["duration"] == 60, "what is nothing but a placeholder keeps its type"
    assert calls["list_connections"]["direction"] == "in"
    assert calls["compare_periods"] == {"pod": "p", "earlier": 0}


def test_a_node_that_is_named_is_that_of_every_step_which_takes_one() -> None:
    workflow = read('[one]\nsummary = "s"\nsteps = ["failures --node b", "dns", "source"]').usable[0]
    assert made(workflow, {"node": "a"}) == [
        ("find_failures", {"node": "b"}),
        ("dns_lookups", {"node": "a"}),
        ("source_status", {}),
    ]


def test_steps_that_come_to_the_same_run_once() -> None:
    text = '[one]\nsummary = "s"\nparameters.process = {}\nsteps = ["dns", "dns --process {process}"]'
    assert made(read(text).usable[0], {}) == [("dns_lookups", {})]


def test_a_workflow_without_any_step_to_run_says_what_it_needs() -> None:
    text = '[one]\nsummary = "s"\nparameters.pod = {}\nsteps = [{ run = "dns --pod {pod}", when = "pod" }]'
    with pytest.raises(InvalidArguments, match=r"none of its steps runs without \{pod\}\. Give one of them"):
        read(text).usable[0].calls({}, id_="w")


@pytest.mark.parametrize(
    ("destination", "lookup"),
    [("db.internal:5432", "db.internal"), ("DB.internal", "db.internal"), ("10.2.0.14:5432", None), (":80", None)],
)
def test_the_name_in_a_destination_is_looked_up_and_an_address_is_not(destination: str, lookup: str | None) -> None:
    workflow = next(each for each in workflows_of(settings()).usable if each.tool.name == "destination")
    calls = dict(made(workflow, {"destination": destination}))
    assert calls.get("dns_lookups", {}).get("lookup") == lookup
    assert calls["find_failures"]["destination"] == destination


def test_a_parameter_called_like_a_flag_of_the_tools_is_that_argument() -> None:
    pod, duration, *_ = team().tool.arguments
    assert (pod.name, pod.flag, pod.help, pod.required, pod.free_text) == ("pod", "--pod", "the pod", True, True)
    assert (duration.name, duration.kind, duration.maximum, duration.default) == ("duration", "integer", 604_800, 900)
    process = read('[one]\nsummary = "s"\nparameters.process = {}\nsteps = ["dns --process {process}"]').usable[0]
    assert process.tool.arguments[0].name == "process_name", "so that names of processes are completed"


def test_the_question_has_the_values_too() -> None:
    question = team().question_of({"pod": "api-1"})
    assert question.text == "Is api-1 of checkout slow over 900 s?"
    assert [call.name for call in question.calls] == ["find_failures", "list_connections", "dns_lookups"]
    assert len({call.id for call in question.calls}) == 3


def test_a_text_command_takes_one_word_and_flags() -> None:
    tools = (*TOOLS, team().tool)
    assert parse("checkout api-1", tools) == Command("checkout", {"pod": "api-1"})
    assert parse("Checkout 'api 1' --duration 60", tools) == Command("checkout", {"pod": "api 1", "duration": "60"})
    assert parse("checkout --pod=x", tools) == Command("checkout", {"pod": "x"})
    assert parse("checkout why is it slow?", tools) is None, "that is a question"
    with pytest.raises(InvalidArguments, match=r"the pod is missing\. Write checkout POD"):
        parse("checkout", tools)
    with pytest.raises(InvalidArguments, match=r"more than one word\. Put quotes around it"):
        parse("checkout a --duration 60 b", tools)


def test_the_line_of_a_call_makes_the_same_call() -> None:
    tool = team().tool
    given: JsonObject = {"pod": "a b", "errno": "EPERM"}
    assert parse(line_for(tool, given), (tool,)) == Command("checkout", given)


def test_without_a_required_first_parameter_words_behind_it_are_a_question() -> None:
    tools = workflows_of(settings()).tools
    assert parse("incident", tools) == Command("incident", {})
    assert parse("incident --duration 60", tools) == Command("incident", {"duration": "60"})
    assert parse("incident in checkout, what now?", tools) is None


HEAD = '[w]\nsummary = "s"\n'
STEP = 'steps = ["dns"]\n'


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("[w]\nsummary = \n", 2, "this is no TOML: Invalid value. Correct it"),
        ('[w]\nsummary = "s', 2, "this is no TOML"),
        ("x = 1\n", 1, "workflow 'x': this is no table. Write [x] and below it summary and steps"),
        ("[[w]]\n", 1, "this is no table"),
        (f"{HEAD}{STEP}[W]\n{STEP}", 4, "workflow 'W': that is no name. Use up to 32 small letters, digits and dashes"),
        (f"['9x']\n{STEP}", 1, "that is no name"),
        (f"[{'x' * 33}]\n{STEP}", 1, "that is no name"),
        (f"[failures]\n{STEP}", 1, "failures is a tool of netspy already. Choose another name"),
        (f"{HEAD}{STEP}[help]\n", 4, "help is a word of netspy's own"),
        (f"[w]\n{STEP}", 1, "summary is missing. Write summary = ..."),
        (f"[w]\nsummary = 3\n{STEP}", 2, "this is no text. Write it between quotes"),
        (f'[w]\nsummary = " "\n{STEP}', 2, "this is empty, or holds a control character"),
        (f'[w]\nsummary = "a\\u001bb"\n{STEP}', 2, "this is empty, or holds a control character"),
        (f'[w]\nsummary = "{"s" * 101}"\n{STEP}', 2, "this is too long"),
        (f'{HEAD}sumary = "s"\n{STEP}', 3, "there is no key 'sumary'. Did you mean summary?"),
        (f"{HEAD}zzz = 1\n{STEP}", 3, "a workflow has summary, question, parameters, steps"),
        (HEAD, 1, "steps is missing"),
        (f"{HEAD}steps = []\n", 3, "there are no steps. A workflow has 1 to 16 steps"),
        (f"{HEAD}steps = {['dns'] * 17}\n", 3, "there are too many steps. A workflow has 1 to 16 steps"),
        (f'{HEAD}steps = "dns"\n', 3, "this is no array. Write [...]"),
        (f'{HEAD}steps = [\n"dns",\n3]\n', 5, "this is no table"),
        (f'{HEAD}steps = ["dns",\n{{when = "x"}}]\n', 4, "run is missing"),
        (f'{HEAD}steps = [{{run = "dns", if = "x"}}]\n', 3, "a step has run, when"),
        (f'{HEAD}steps = [\n"dns",\n"failurs"]\n', 5, "there is no tool 'failurs'. Did you mean failures?"),
        (f'{HEAD}steps = ["zzzz"]\n', 3, "steps begin with one of: summary, list,"),
        (f'{HEAD}steps = ["contextual why"]\n', 3, "contextual asks a language model, and is no step"),
        (f'{HEAD}{STEP}[v]\nsummary="s"\nsteps=["w"]', 6, "there is no tool 'w'"),
        (f'{HEAD}steps = ["dns --proces x"]\n', 3, "dns_lookups does not take --proces. Did you mean --process?"),
        (f'{HEAD}steps = ["dns x"]\n', 3, "it takes only flags. Dns takes --lookup"),
        (f'{HEAD}steps = ["dns --process"]\n', 3, "no value follows. Write --process NAME"),
        (f'{HEAD}steps = ["dns --duration 0"]\n', 3, "dns refuses --duration: '0' was given. It takes a whole number"),
        (f'{HEAD}steps = ["failures --outcome x"]\n', 3, "failures refuses --outcome: 'x' was given. It takes one of:"),
        (f'{HEAD}steps = ["dns --since never"]\n', 3, "dns refuses --since: 'never' was given"),
        (f'{HEAD}steps = ["dns --duration 9 --since 9m"]\n', 3, "it was given together with --since"),
        (f'{HEAD}steps = ["dropreason"]\n', 3, "dropreason refuses --reason: nothing was given"),
        (f'{HEAD}steps = ["dns --process {{x}}"]\n', 3, "no parameter 'x'. The workflow has no parameters"),
        (f"{HEAD}parameters.pod = {{}}\nsteps = ['dns --pod {{pot}}']\n", 4, "Did you mean pod?"),
        (f"{HEAD}parameters.pod = {{}}\nsteps = ['dns --pod {{pod.name}}']\n", 4, "no parameter 'pod.name'"),
        (
            f"{HEAD}parameters.pod = {{}}\nsteps = ['dns --pod {{pod}}',\n{{run='dns', when='x'}}]\n",
            5,
            "no parameter 'x'",
        ),
        (f"{HEAD}parameters.pod = {{}}\n{STEP}", 3, "no step uses pod. Write {pod} in a step, or leave it out"),
        (f"{HEAD}parameters.POD = {{}}\n{STEP}", 3, "'POD' is no name"),
        (f"{HEAD}parameters.json = {{}}\n{STEP}", 3, "json is a flag of netspy itself"),
        (f"{HEAD}parameters.x = {{help = 'h', defalt = 1}}\n{STEP}", 3, "Did you mean default?"),
        (f"{HEAD}parameters.x = 3\n{STEP}", 3, "this is no table"),
        (f"{HEAD}parameters = 3\n{STEP}", 3, "this is no table"),
        (f"{HEAD}parameters.x = {{required = 'yes'}}\n{STEP}", 3, "this is neither true nor false"),
        (f"{HEAD}parameters.x = {{default = 1.5}}\n{STEP}", 3, "this is neither a text nor a whole number"),
        (f"{HEAD}parameters.x = {{default = true}}\n{STEP}", 3, "this is neither a text nor a whole number"),
        (f"{HEAD}parameters.x = {{kind = 'number'}}\n{STEP}", 3, 'write "text", "integer" or "choice"'),
        (f"{HEAD}parameters.x = {{kind = 'choice'}}\n{STEP}", 3, "a choice has choices, and nothing else has"),
        (f"{HEAD}parameters.x = {{kind = 'text', choices = ['a']}}\n{STEP}", 3, "a choice has choices"),
        (
            f"{HEAD}parameters.x = {{choices = {['a'] * 26}}}\n{STEP}",
            3,
            "too many choices. A choice is one of at most 25",
        ),
        (f"{HEAD}parameters.x = {{required = true, default = 'a'}}\n{STEP}", 3, "its default is never used"),
        (
            f"{HEAD}[w.parameters.duration]\ndefault = 0\n[[w.steps]]\nrun = 'dns --duration {{duration}}'\n",
            4,
            "0 was given. It takes a whole number from 1 to 604800",
        ),
        (
            f"{HEAD}parameters.x = {{}}\nsteps = ['dns --duration {{x}}']\n",
            4,
            '{x} is a text, and --duration takes a whole number. Write kind = "integer" for x',
        ),
        (
            f"{HEAD}parameters.x = {{}}\nsteps = ['list --direction {{x}}']\n",
            4,
            '{x} is a text, and --direction takes one of a few words. Write choices = ["out", "in"] for x',
        ),
        (
            f"{HEAD}parameters.x = {{}}\nsteps = ['failures --include-local={{x}}']\n",
            4,
            "{x} is a text, and --include-local takes no value. Write --include-local alone",
        ),
        (
            f"{HEAD}parameters.x = {{choices = ['in', 'up']}}\nsteps = ['list --direction {{x}}']\n",
            4,
            "list refuses --direction: 'up' was given. It takes one of: out, in",
        ),
        (
            f"{HEAD}parameters.process-name = {{}}\nparameters.process = {{}}\n{STEP}",
            4,
            "it is the same as process-name",
        ),
        (f"{HEAD}question = 'why {{x}}?'\n{STEP}", 3, "there is no parameter 'x'"),
        (
            f"{HEAD}parameters.pod = {{}}\nquestion = 'why {{pod}}?'\nsteps = ['dns --pod {{pod}}']\n",
            4,
            "{pod} may have no value. Name only parameters that are required or have a default",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_what_to_write(text: str, line: int, told: str) -> None:
    problem = str(read(text).problems[0])
    assert problem.startswith((f"team.toml, line {line},", f"team.toml, line {line}:"))
    assert told.lower() in problem.lower()


def test_a_workflow_with_a_fault_leaves_the_others_alone() -> None:
    found = read(f"{HEAD}{STEP}[v]\n[u]\nsummary = 's'\n{STEP}")
    assert [workflow.tool.name for workflow in found.usable] == ["w", "u"]
    assert len(found.problems) == 1


def test_a_file_that_is_too_large_or_no_utf_8_is_refused() -> None:
    large = read_workflows(b"#" * (MAX_BYTES + 1), file="f")
    assert [str(problem) for problem in large.problems] == [
        "f: it is larger than 256 KiB. Name a file of workflows",
    ]
    wrong = read_workflows(b'[w]\nsummary = "\xff"\n', file="f")
    assert str(wrong.problems[0]) == "f, line 2: this is no UTF-8. Save the file as UTF-8"


def test_a_file_from_windows_is_read_with_its_mark_and_line_ends() -> None:
    found = read_workflows(b"\xef\xbb\xbf" + f"{HEAD}{STEP}[v]\n".replace("\n", "\r\n").encode(), file="f")
    assert [workflow.tool.name for workflow in found.usable] == ["w"]
    assert str(found.problems[0]).startswith("f, line 4, workflow 'v'")


def test_deeply_nested_brackets_are_no_toml() -> None:
    assert "this is no TOML" in str(read(f"x = {'[' * 5000}").problems[0])


def settings(path: Path | str | None = None) -> Settings:
    return Settings.model_validate({"NETSPY_WORKFLOWS": str(path)} if path else {})


def test_the_shipped_workflows_are_without_fault_and_need_few_rows() -> None:
    found = workflows_of(settings())
    assert (found.problems, found.own) == ((), ())
    assert [workflow.tool.name for workflow in found.usable] == ["investigate", "incident", "pod", "destination"]
    assert {each.tool.name: each.tool.summary for each in found.usable} == dict(summaries()), "help tells the same"
    for workflow in found.usable:
        assert len(workflow.steps) <= 8
        assert all(step.arguments["max_events"] == 5 for step in workflow.steps)


def test_their_examples_can_be_typed() -> None:
    tools = workflows_of(settings()).tools
    for tool in tools:
        command = parse(tool.example, tools)
        assert command is not None
        assert command.tool == tool.name


def test_names_that_mean_something_else_are_refused() -> None:
    assert {command.name for command in COMMANDS} | set(MODES) | {"quit", "exit"} <= WORDS | {"chat"}
    for word in WORDS:
        assert "word of netspy's own" in str(read(f"[{word}]\n").problems[0])
    for tool in TOOLS:
        assert "is a tool of netspy already" in str(read(f"[{tool.command}]\n").problems[0])


def test_all_steps_fit_into_one_round_of_calls() -> None:
    assert MAX_STEPS == MAX_CALLS_PER_ROUND


def write(path: Path, *names: str, summary: str = "s") -> Path:
    path.write_text("".join(f'[{name}]\nsummary = "{summary}"\nsteps = ["dns"]\n' for name in names))
    return path


def test_a_folder_is_all_its_toml_files_and_an_own_workflow_replaces_a_shipped_one(tmp_path: Path) -> None:
    write(tmp_path / "b.toml", "two", "incident", summary="ours")
    write(tmp_path / "a.toml", "one")
    (tmp_path / "notes.txt").write_text("no workflow")
    found = workflows_of(settings(tmp_path))
    assert found.problems == ()
    assert found.own == ("one", "two", "incident")
    assert {tool.name: tool.summary for tool in found.tools}["incident"] == "ours"
    assert len(found.tools) == 6


def test_a_faulty_file_leaves_the_other_files_and_the_shipped_workflows_alone(tmp_path: Path) -> None:
    write(tmp_path / "a.toml", "one")
    (tmp_path / "b.toml").write_text("[incident]\nsummary = 1\n")
    found = workflows_of(settings(tmp_path))
    assert [tool.name for tool in found.tools] == ["investigate", "incident", "pod", "destination", "one"]
    assert str(found.problems[0]).startswith(f"{tmp_path}/b.toml, line 2, workflow 'incident': this is no text")


def test_of_two_own_workflows_with_one_name_the_first_stands_and_the_other_is_told(tmp_path: Path) -> None:
    write(tmp_path / "a.toml", "one", summary="first")
    write(tmp_path / "b.toml", "one", summary="second")
    found = workflows_of(settings(tmp_path))
    assert [tool.summary for tool in found.tools if tool.name == "one"] == ["first"]
    told = f"{tmp_path}/b.toml, workflow 'one': {tmp_path}/a.toml has it too. Rename one of them"
    assert [str(problem) for problem in found.problems] == [told]


def test_more_workflows_than_a_model_should_be_told_are_left_out(tmp_path: Path) -> None:
    file = write(tmp_path / "a.toml", *(f"w{number}" for number in range(MAX_OWN + 2)))
    found = workflows_of(settings(file))
    assert len(found.own) == MAX_OWN
    assert "workflow 'w50': there are 50 before it. Have fewer" in str(found.problems[0])


def test_a_path_without_workflows_is_a_problem_and_no_failure(tmp_path: Path) -> None:
    for path, told in ((tmp_path / "none.toml", "no such file or directory"), (tmp_path, "holds no .toml file")):
        found = workflows_of(settings(path))
        assert len(found.tools) == 4
        assert str(found.problems[0]).startswith(f"NETSPY_WORKFLOWS, {path}: ")
        assert told in str(found.problems[0])
        assert "name a TOML file, or a folder of them" in str(found.problems[0]).replace("Name", "name")


def test_a_folder_may_begin_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path / "mine.toml", "one")
    assert workflows_of(settings("~/mine.toml")).own == ("one",)
    found = workflows_of(settings("~nobody-of-that-name/x.toml"))
    assert "NETSPY_WORKFLOWS, ~nobody-of-that-name/x.toml: that person has no home" in str(found.problems[0])


_JSON = st.recursive(
    st.booleans() | st.integers(-9, 9) | st.text(max_size=8) | st.sampled_from(["dns", "{x}", "dns --pod {x}", "text"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["summary", "question", "parameters", "steps", "run", "when", "kind", "choices", "default", "x"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


def as_toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "{" + ", ".join(f"{key} = {as_toml(each)}" for key, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(as_toml, value)) + "]"
        case str():
            return '"' + "".join(f"\\U{ord(char):08x}" for char in value) + '"'
    return str(value)


@given(_JSON)
def test_whatever_a_file_says_it_is_a_workflow_or_a_problem_with_a_line(value: object) -> None:
    found = read(f"\n\nw = {as_toml(value)}")
    assert len(found.usable) + len(found.problems) == 1
    assert all(str(problem).startswith("team.toml, line 3") for problem in found.problems)


def test_every_tool_but_those_that_ask_a_model_may_be_a_step() -> None:
    for tool in TOOLS:
        needed = " NO_SOCKET" if tool.name == "explain_drop_reason" else ""
        found = read(f'[w]\nsummary = "s"\nsteps = ["{tool.name}{needed}"]')
        assert len(found.problems) == tool.is_question
    with pytest.raises(UnknownTool):
        find_tool("w")


def test_the_shipped_file_is_part_of_the_package() -> None:
    assert FILE.parent.name == "workflows"
    assert FILE.is_file()


def test_the_example_in_the_documentation_is_a_workflow() -> None:
    page = (Path(__file__).parent.parent.parent / "docs/workflows.md").read_text()
    [example] = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    found = read(example)
    assert [str(problem) for problem in found.problems] == []
    assert [call for call, _ in made(found.usable[0], {"pod": "p"})] == ["find_failures", "list_connections"]
