"""What Discord is offered where there are more commands than it takes: always something that it takes whole."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.discord.command_room import fitting
from adapters.discord.command_sheet import payloads
from bot.conversation.builtin import COMMANDS, help_of
from bot.domain.command_help import CommandHelp, FlagHelp
from bot.tools.registry import TOOLS
from tests.loopback.discord_commands import check_all

HELP = (*map(help_of, TOOLS), *COMMANDS)


def flag(name: str, **more: Any) -> FlagHelp:
    return FlagHelp(f"--{name} VALUE", "m" * 90, name, **more)


def command(name: str, *flags: FlagHelp, group: str = "") -> CommandHelp:
    return CommandHelp(name, name, "s" * 90, flags, group=group)


def workflow(number: int, *flags: FlagHelp) -> CommandHelp:
    return command(f"workflow-{number}", *flags, group="workflow")


def paths(commands: list[CommandHelp]) -> list[str]:
    return [f"{each.group} {each.name}".strip() for each in commands]


def options(commands: list[CommandHelp], name: str) -> list[str]:
    """Those that are offered one by one."""
    found = next(each for each in commands if each.name == name)
    return [each.argument for each in found.flags if not each.rare]


def test_netspys_own_commands_have_room_with_all_their_options() -> None:
    kept, left_out = fitting(HELP)
    assert kept == list(HELP)
    assert left_out == ()


def test_options_of_workflows_go_first_and_the_last_workflow_comes_first() -> None:
    own = [command(f"own-{number}", group=f"group-{number % 4}") for number in range(75)]
    second = workflow(2, flag("x"), flag("y"), flag("needed", required=True))
    kept, left_out = fitting((*own, workflow(1, flag("x"), flag("y")), second))

    assert left_out == ("options of workflow workflow-2",)
    assert options(kept, "workflow-2") == ["needed"]
    assert options(kept, "workflow-1") == ["x", "y"]


def test_workflows_go_before_netspys_own_options() -> None:
    kept, left_out = fitting((*HELP, *map(workflow, range(30))))
    stayed = sum("workflow" in path for path in paths(kept))

    assert 0 < stayed < 25
    assert [each for each in kept if each.group != "workflow"] == list(HELP)
    assert left_out == tuple(f"workflow workflow-{number}" for number in range(stayed, 30))


def test_netspys_own_options_go_before_netspys_own_commands() -> None:
    own = [command(f"own-{number}", flag("a"), flag("b"), group=f"group-{number % 3}") for number in range(60)]
    kept, left_out = fitting((*own, workflow(1)))

    assert left_out[0].startswith("group-")
    assert "workflow workflow-1" in left_out
    assert kept[0].name == "own-0"
    assert options(kept, "own-0") == []


@pytest.mark.parametrize("groups", [[""], ["workflow"], ["one"]])
def test_a_level_has_25_names(groups: list[str]) -> None:
    short = [CommandHelp(f"c{number}", "", "s", group=group) for group in groups for number in range(30)]
    kept, left_out = fitting(short)
    assert [each.name for each in kept] == [f"c{number}" for number in range(25)]
    assert len(left_out) == 5


@pytest.mark.parametrize("name", ["", "Upper", "with blank", "x" * 33, "a/b", "a.b"])
def test_a_name_that_discord_would_refuse_is_left_out(name: str) -> None:
    kept, left_out = fitting((command("fine"), command(name, group="workflow")))
    assert paths(kept) == ["fine"]
    assert left_out == (f"workflow {name}".strip(),)


def test_a_name_that_is_there_twice_is_offered_once() -> None:
    twice = (command("a"), command("a"), command("b", group="a"), command("c", group="g"), command("c", group="g"))
    assert paths(fitting(twice)[0]) == ["a", "g c"]


def test_an_option_that_discord_would_refuse_is_typed_with_the_rest() -> None:
    kept, _ = fitting((command("a", flag("fine"), flag("Upper"), flag("needed", required=True)),))
    assert options(kept, "a") == ["fine", "needed"]
    assert fitting((command("a", flag("Upper", required=True)),)) == ([], ("a",))


def test_options_beyond_25_are_typed_with_the_rest() -> None:
    short = [replace(flag(f"f{number}"), meaning="m") for number in range(40)]
    kept, left_out = fitting((command("a", *short, replace(flag("needed", required=True), meaning="m")),))
    assert len(options(kept, "a")) == 24
    assert "needed" in options(kept, "a")
    assert len(payloads(kept)[0]["options"][0]["options"]) == 25
    assert left_out == ()


NAMES = st.text("abC-_ é/", max_size=34)
FLAGS = st.builds(
    FlagHelp,
    written=NAMES.map(lambda name: f"--{name.replace(' ', '')} X"),
    meaning=st.text(max_size=120),
    argument=st.just("x"),
    kind=st.sampled_from(["integer", "text", "switch", "choice"]),
    required=st.booleans(),
    rare=st.booleans(),
)
ANY = st.builds(
    CommandHelp,
    name=NAMES,
    usage=st.just(""),
    summary=st.text(max_size=120),
    flags=st.lists(FLAGS, max_size=6).map(tuple),
    group=st.sampled_from(["", "thread", "workflow", "Other one", "é"]),
)


@given(st.lists(ANY, max_size=60))
def test_whatever_commands_there_are_discord_takes_them(commands: list[CommandHelp]) -> None:
    kept, _ = fitting(commands)
    assert [*check_all(payloads(kept))] == []
