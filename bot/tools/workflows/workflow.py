"""A workflow as a value: its tool, and the calls that it stands for once its parameters have values. Pure.

`reading.py` makes it of a file. Whoever runs a command or a model's call asks it for calls; it runs none.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.commands import Argument, Tool
from bot.domain.errors import InvalidArguments, InvalidSettings
from bot.domain.json_types import Json, JsonObject
from bot.domain.message import Command
from bot.domain.turn import Question, ToolCall
from bot.targets import read_target
from bot.tools.arguments import checked
from bot.tools.vocabulary import DESTINATION, NODE

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
HOST_NAME = ".name"
"""`{destination.name}`: the DNS name in a destination, without its port; without a value where that is an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One call. `arguments` may hold placeholders; one that has no value leaves its argument out."""

    tool: Tool
    arguments: JsonObject
    when: str = ""
    """The placeholder without whose value the step is left out."""

    def filled(self, values: Mapping[str, Json]) -> JsonObject | None:
        """The arguments of its call; None where it is left out."""
        if self.when and values.get(self.when) is None:
            return None
        given = {name: fill(template, values) for name, template in self.arguments.items()}
        if any(argument.name == NODE.name for argument in self.tool.arguments):
            given = {NODE.name: values.get(NODE.name), **given}
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """`tool` is how people and models call it; `parameters` are its arguments, by the word between braces."""

    tool: Tool
    parameters: Mapping[str, Argument]
    steps: tuple[Step, ...]
    question: str

    def calls(self, given: JsonObject, *, id_: str) -> tuple[ToolCall, ...]:
        """The calls, each once, in the order of the steps. Raises: InvalidArguments."""
        values = self._values(given)
        filled = [(step.tool.name, arguments) for step in self.steps if (arguments := step.filled(values)) is not None]
        calls = [call for number, call in enumerate(filled) if call not in filled[:number]]
        if not calls:
            needed = ", ".join(dict.fromkeys(f"{{{step.when}}}" for step in self.steps))
            raise InvalidArguments(self.tool.name, f"none of its steps runs without {needed}", "give one of them")
        return tuple(ToolCall(f"{id_}-{number}", name, arguments) for number, (name, arguments) in enumerate(calls, 1))

    def question_of(self, given: JsonObject) -> Question:
        """What is asked of whoever comments on the results. Raises: InvalidArguments."""
        return Question(str(fill(self.question, self._values(given))), self.calls(given, id_=self.tool.name))

    def _values(self, given: JsonObject) -> Mapping[str, Json]:
        return values_of(self.parameters, checked(self.tool, given))


@dataclass(frozen=True, slots=True)
class Workflows:
    """Those that can be used, and what is wrong with others."""

    usable: tuple[Workflow, ...] = ()
    problems: tuple[InvalidSettings, ...] = ()
    own: tuple[str, ...] = ()
    """Names of those that did not come with netspy."""

    @property
    def tools(self) -> tuple[Tool, ...]:
        return tuple(workflow.tool for workflow in self.usable)

    def find(self, name: str) -> Workflow | None:
        return next((workflow for workflow in self.usable if workflow.tool.name == name), None)

    def question_of(self, command: Command) -> Question | None:
        """The question that a workflow's command stands for; None for other commands. Raises: InvalidArguments."""
        workflow = self.find(command.tool)
        return workflow.question_of(command.arguments) if workflow else None


def values_of(parameters: Mapping[str, Argument], given: JsonObject) -> Mapping[str, Json]:
    """The value of each placeholder; None for one without."""
    named = {**{word: argument.name for word, argument in parameters.items()}, NODE.name: NODE.name}
    values = {word: None if given.get(name) == "" else given.get(name) for word, name in named.items()}
    return {**values, **{word + HOST_NAME: _host_name(values[word]) for word in _destinations(parameters)}}


def placeholders_of(parameters: Mapping[str, Argument]) -> tuple[str, ...]:
    """All that may stand between braces."""
    return (*parameters, *(word + HOST_NAME for word in _destinations(parameters)))


def placeholders_in(template: Json) -> list[str]:
    return PLACEHOLDER.findall(template) if isinstance(template, str) else []


def fill(template: Json, values: Mapping[str, Json]) -> Json:
    """The template with its values; one that is nothing but a placeholder is the value itself. None without values."""
    words = placeholders_in(template)
    if not words or not isinstance(template, str):
        return template
    if any(values.get(word) is None for word in words):
        return None
    if template == f"{{{words[0]}}}":
        return values[words[0]]
    return PLACEHOLDER.sub(lambda match: str(values[match[1]]), template)


def _destinations(parameters: Mapping[str, Argument]) -> Iterator[str]:
    return (word for word, argument in parameters.items() if argument.name == DESTINATION.name)


def _host_name(destination: Json) -> str | None:
    try:
        return read_target(str(destination)).name if destination is not None else None
    except ValueError:
        return None  # the tools that take it say what is wrong with it
