"""A file of workflows as values: those that can be used, and for each other one what is wrong, in which line. Pure."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from bot.commands import Argument, Tool
from bot.domain.command_help import WORKFLOW_COMMANDS
from bot.domain.errors import InvalidArguments, InvalidSettings
from bot.tools.arguments import checked
from bot.tools.workflows.lines import line_of, lines_of
from bot.tools.workflows.names import A_NAME, NAME, OF_TOOLS, WORDS
from bot.tools.workflows.parameters import arguments_of, with_node
from bot.tools.workflows.steps import placeholders_used, refuse_unknown, step_of
from bot.tools.workflows.workflow import PLACEHOLDER, Step, Workflow, Workflows
from bot.tools.workflows.written import WrittenWorkflow, as_written
from bot.tools.workflows.wrong import Wrong

MAX_BYTES = 256 * 1024
_LINE = re.compile(r"\(at line (\d+), column \d+\)$")


def read_workflows(content: bytes, *, file: str) -> Workflows:
    """All that the file holds. Nothing is raised: a workflow with a fault is a problem, and the others stand."""
    try:
        text = _text(content, file)
        tables = _tables(text, file)
    except InvalidSettings as error:
        return Workflows(problems=(error,))
    usable: list[Workflow] = []
    problems: list[InvalidSettings] = []
    for name, table in tables.items():
        try:
            usable.append(workflow_of(name, table))
        except Wrong as wrong:
            line = line_of((name, *wrong.place), lines_of(text))
            asked = f"{file}, line {line}, workflow {name[:60]!a}"
            problems.append(InvalidSettings(asked, wrong.got, wrong.remedy))
    return Workflows(tuple(usable), tuple(problems))


def workflow_of(name: str, table: object) -> Workflow:
    """Raises: Wrong."""
    _refuse_name(name)
    if not isinstance(table, Mapping):
        raise Wrong((), "this is no table", f"write [{name}] and below it summary and steps")
    written = as_written(table)
    parameters = arguments_of(written.parameters)
    _refuse_defaults(parameters)
    steps = tuple(step_of(step, parameters, ("steps", number)) for number, step in enumerate(written.steps))
    tool = _tool(name, written, parameters, steps)
    question = written.question or written.summary
    _refuse_question(question, parameters)
    _refuse_unused(parameters, steps, question)
    return Workflow(tool=tool, parameters=parameters, steps=steps, question=question)


def _text(content: bytes, file: str) -> str:
    if len(content) > MAX_BYTES:
        raise InvalidSettings(file, f"it is larger than {MAX_BYTES // 1024} KiB", "name a file of workflows")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidSettings(f"{file}, line {line}", "this is no UTF-8", "save the file as UTF-8") from None


def _tables(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        found = _LINE.search(str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        said = _LINE.sub("", str(error)).removesuffix(" (at end of document)").strip()
        raise InvalidSettings(f"{file}, line {line}", f"this is no TOML: {said[:200]}", "correct it") from None


def _refuse_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise Wrong((), "that is no name", A_NAME)
    if name in OF_TOOLS:
        raise Wrong((), f"{name} is a tool of netspy already", "choose another name")
    if name in WORDS:
        raise Wrong((), f"{name} is a word of netspy's own", "choose another name")


def _tool(name: str, written: WrittenWorkflow, parameters: Mapping[str, Argument], steps: tuple[Step, ...]) -> Tool:
    ran = ", ".join(dict.fromkeys(step.tool.name for step in steps))
    return Tool(
        name=name,
        command=name,
        summary=written.summary,
        description=f"{written.summary[0].upper()}{written.summary[1:]}. A workflow: runs {ran} at once.",
        arguments=with_node(parameters),
        example=" ".join([name, *_example(parameters)]),
        is_question=True,
        group=WORKFLOW_COMMANDS,
    )


def _example(parameters: Mapping[str, Argument]) -> Iterator[str]:
    for argument in parameters.values():
        if argument.one_word:
            yield argument.metavar
        elif argument.required or argument.default is not None:
            yield f"{argument.flag} {argument.metavar if argument.default is None else argument.default}"


def _refuse_defaults(parameters: Mapping[str, Argument]) -> None:
    for word, argument in parameters.items():
        taker = Tool(
            name=word, command=word, summary="", description="", arguments=(replace(argument, required=False),)
        )
        try:
            checked(taker, {argument.name: argument.default})
        except InvalidArguments as error:
            raise Wrong(("parameters", word, "default"), error.got, error.remedy) from None


def _refuse_question(question: str, parameters: Mapping[str, Argument]) -> None:
    words = PLACEHOLDER.findall(question)
    refuse_unknown(words, parameters, ("question",))
    for word in words:
        argument = parameters.get(word)
        if argument is None or not (argument.required or argument.default is not None):
            got = f"{{{word}}} may have no value"
            raise Wrong(("question",), got, "name only parameters that are required or have a default")


def _refuse_unused(parameters: Mapping[str, Argument], steps: tuple[Step, ...], question: str) -> None:
    used = {word for step in steps for word in placeholders_used(step)} | set(PLACEHOLDER.findall(question))
    if unused := next((word for word in parameters if word not in used), None):
        raise Wrong(("parameters", unused), f"no step uses {unused}", f"write {{{unused}}} in a step, or leave it out")
