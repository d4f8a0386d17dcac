"""A parameter of a workflow as an argument of its tool. Pure.

One that is called like a flag which tools share (`process`, `destination`, `duration` ...) is that argument: the same
name for models, the same limits, the same completion.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from bot.commands import Argument
from bot.tools.vocabulary import (
    DESTINATION,
    DIRECTION,
    DURATION,
    ENDS,
    MAX_NAME,
    NODE,
    PLACE,
    PORT,
    PROTOCOL,
    ROWS,
    WHO,
)
from bot.tools.workflows.names import A_NAME, FLAGS, NAME
from bot.tools.workflows.written import WrittenParameter
from bot.tools.workflows.wrong import Wrong

_SHARED: Final = {
    argument.flag.removeprefix("--"): argument
    for argument in (*WHO, DESTINATION, PORT, PROTOCOL, DIRECTION, *PLACE, DURATION, *ENDS, ROWS)
}
_MAX_NUMBER: Final = 2**31 - 1


def arguments_of(written: Mapping[str, WrittenParameter]) -> dict[str, Argument]:
    """By the name of the parameter. A word behind the command fills the first, if that is required. Raises: Wrong."""
    first = next(iter(written), None)
    arguments = {word: _argument(word, each, is_first=word == first) for word, each in written.items()}
    taken: dict[str, str] = {}
    for word, argument in arguments.items():
        if argument.name in taken:
            raise Wrong(("parameters", word), f"it is the same as {taken[argument.name]}", "give one of them")
        taken[argument.name] = word
    return arguments


def with_node(arguments: Mapping[str, Argument]) -> tuple[Argument, ...]:
    """A node may always be named: it is that of every step that names none."""
    has_node = any(argument.name == NODE.name for argument in arguments.values())
    return (*arguments.values(), *(() if has_node else (NODE,)))


def _argument(word: str, written: WrittenParameter, *, is_first: bool) -> Argument:
    place = ("parameters", word)
    if not NAME.fullmatch(word):
        raise Wrong(place, f"{word[:60]!a} is no name", A_NAME)
    if word in FLAGS:
        raise Wrong(place, f"{word} is a flag of netspy itself", "choose another name")
    if written.required and written.default is not None:
        raise Wrong(place, "it is required, so that its default is never used", "leave one of the two out")
    shared = _SHARED.get(word) if written.kind is None and not written.choices else None
    argument = shared or _own(word, written)
    is_spoken = is_first and written.required
    return replace(
        argument,
        metavar=argument.metavar if shared and not is_spoken else word.upper(),
        help=written.help or argument.help,
        required=written.required,
        default=written.default,
        free_text=is_spoken,
        one_word=is_spoken,
        rare=False,
    )


def _own(word: str, written: WrittenParameter) -> Argument:
    kind = written.kind or ("choice" if written.choices else "text")
    if (kind == "choice") != bool(written.choices):
        remedy = 'write kind = "choice" and choices = ["one", "another"]'
        raise Wrong(("parameters", word), "a choice has choices, and nothing else has", remedy)
    return Argument(
        name=word.replace("-", "_"),
        flag=f"--{word}",
        kind=kind,
        help=written.help or word.replace("-", " "),
        minimum=0 if kind == "integer" else None,
        maximum=_MAX_NUMBER if kind == "integer" else None,
        max_length=MAX_NAME if kind == "text" else None,
        choices=tuple(written.choices),
    )
