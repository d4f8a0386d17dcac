"""A step as it is written, read and tried out. Pure.

What can be known before it runs is told when the file is read: the tool, its flags, and the values that parameters have
by default or may be given.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bot.commands import Argument, Tool, nearest, parse_flags, split
from bot.domain.errors import NetspyError
from bot.domain.json_types import JsonObject
from bot.tools.arguments import checked
from bot.tools.data_arguments import data_arguments
from bot.tools.network import DATA_TOOLS
from bot.tools.registry import TOOLS
from bot.tools.workflows.lines import Place
from bot.tools.workflows.workflow import Step, placeholders_in, placeholders_of, values_of
from bot.tools.workflows.written import WrittenStep
from bot.tools.workflows.wrong import Wrong

_SAMPLE = "netspy"
"""Stands for a text that is not known yet where the tool needs one."""


def step_of(written: WrittenStep, parameters: Mapping[str, Argument], place: Place) -> Step:
    """Raises: Wrong."""
    first, *words = split(written.run)
    tool = _tool(first, place)
    try:
        arguments = parse_flags(words, tool)
    except NetspyError as error:
        raise Wrong(place, error.got, error.remedy) from None
    step = Step(tool=tool, arguments=arguments, when=written.when or "")
    _refuse_unknown(step, parameters, place)
    _try_out(step, parameters, place)
    return replace(step, arguments=_typed(step))


def placeholders_used(step: Step) -> set[str]:
    """With the parameter that stands behind `{destination.name}`."""
    words = {step.when, *(word for template in step.arguments.values() for word in placeholders_in(template))}
    return {word.partition(".")[0] for word in words if word}


def refuse_unknown(words: list[str], parameters: Mapping[str, Argument], place: Place) -> None:
    """Raises: Wrong for a placeholder that is no parameter."""
    known = placeholders_of(parameters)
    if stranger := next((word for word in words if word not in known), None):
        listed = ", ".join(known)
        hint = nearest(stranger, known) or (f"there are: {listed}" if listed else "the workflow has no parameters")
        raise Wrong(place, f"there is no parameter {stranger[:60]!a}", hint)


def _tool(name: str, place: Place) -> Tool:
    """By its command or its name. Raises: Wrong."""
    tool = next((tool for tool in TOOLS if name in (tool.command, tool.name)), None)
    if tool in DATA_TOOLS:
        return tool
    if tool is not None:
        got = f"{name} asks a language model, and is no step"
        raise Wrong(
            place, got, "run the tools that bring the data; the question behind them is put to the model anyway"
        )
    commands = [each.command for each in DATA_TOOLS]
    hint = nearest(name, [*commands, *(each.name for each in DATA_TOOLS)])
    raise Wrong(place, f"there is no tool {name[:60]!a}", hint or f"steps begin with one of: {', '.join(commands)}")


def _refuse_unknown(step: Step, parameters: Mapping[str, Argument], place: Place) -> None:
    words = [word for template in step.arguments.values() for word in placeholders_in(template)]
    refuse_unknown([*words, *([step.when] if step.when else [])], parameters, place)
    by_name = {argument.name: argument for argument in step.tool.arguments}
    for name, template in step.arguments.items():
        taken = placeholders_in(template)
        if len(taken) == 1 and template == f"{{{taken[0]}}}" and taken[0] in parameters:
            _refuse_kind(by_name[name], taken[0], parameters[taken[0]], place)


def _refuse_kind(argument: Argument, word: str, parameter: Argument, place: Place) -> None:
    """A text where the tool takes less than any text."""
    if argument.kind in ("text", parameter.kind) or parameter.kind == "choice":
        return
    wanted = {"integer": "a whole number", "choice": "one of a few words", "switch": "no value"}[argument.kind]
    given = "a text" if parameter.kind == "text" else "a whole number"
    got = f"{{{word}}} is {given}, and {argument.flag} takes {wanted}"
    remedy = {
        "integer": f'write kind = "integer" for {word}',
        "choice": f"write choices = {list(argument.choices)} for {word}".replace("'", '"'),
        "switch": f"write {argument.flag} alone",
    }[argument.kind]
    raise Wrong(place, got, remedy)


def _try_out(step: Step, parameters: Mapping[str, Argument], place: Place) -> None:
    """Raises: Wrong for what the tool would refuse, whatever people give."""
    for given in _trials(parameters):
        arguments = replace(step, when="").filled(values_of(parameters, given)) or {}
        unknown = {each.name: _SAMPLE for each in step.tool.arguments if each.required and each.name in step.arguments}
        try:
            data_arguments(step.tool, {**unknown, **arguments})
        except NetspyError as error:
            raise Wrong(place, f"{step.tool.command} refuses {error.asked}: {error.got}", error.remedy) from None


def _typed(step: Step) -> JsonObject:
    """What is written without a placeholder is what the tool makes of it: "5" is 5."""
    written = {name: value for name, value in step.arguments.items() if not placeholders_in(value)}
    optional = tuple(replace(argument, required=False) for argument in step.tool.arguments)
    values = checked(replace(step.tool, arguments=optional), written)
    return {name: values[name] if name in written else template for name, template in step.arguments.items()}


def _trials(parameters: Mapping[str, Argument]) -> Iterator[JsonObject]:
    """The defaults, and each choice beside them; what else people may give is not known."""
    usual: JsonObject = {each.name: each.default for each in parameters.values()}
    yield usual
    for each in parameters.values():
        yield from ({**usual, each.name: choice} for choice in each.choices)
