"""Arguments of tools: what models and people give goes in, checked and typed values come out.

Everything is derived from the registry's `Argument` data. Only this file of the tools needs pydantic: `registry.py`
stays light. Whatever runs a tool or lists tools for a model calls it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from reprlib import Repr
from typing import Annotated, Any, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, create_model

from bot.commands import Argument, Tool, nearest
from bot.domain.errors import InvalidArguments
from bot.domain.json_types import Json, JsonObject
from bot.tables.text import control_in

_IN_PROSE = "\t\n\r"
"""Questions and summaries may have tabs and several lines."""

_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionArguments:
    """What `contextual_analysis` takes. None: any process."""

    query: str
    process_name: str | None
    pid: int | None
    duration_s: int


def question_arguments(tool: Tool, given: JsonObject) -> QuestionArguments:
    """Raises: InvalidArguments."""
    values = checked(tool, given)
    return QuestionArguments(
        query=values["query"],
        process_name=values["process_name"] or None,
        pid=values["pid"] or None,
        duration_s=values["duration"],
    )


def checked(tool: Tool, given: JsonObject) -> dict[str, Any]:
    """Every argument of the tool with a value that it may have: the given one, or the default for none and for null.

    Converts only what loses nothing: "60" and 60.0 are 60, "true" is true. Raises: InvalidArguments.
    """
    by_name = {argument.name: argument for argument in tool.arguments}
    if strangers := [name for name in given if name not in by_name]:
        raise _unknown(strangers[0], tool)
    present = {name: value for name, value in given.items() if value is not None}
    try:
        return _model(tool).model_validate(present).model_dump()
    except ValidationError as error:
        wrong = str(error.errors(include_url=False, include_context=False)[0]["loc"][0])
        raise refused(by_name[wrong], present) from None


def strictly_checked(tool: Tool, given: JsonObject) -> dict[str, Any]:
    """The same for callers who have read the schema: "60" is no number, and null is no value.

    Raises: InvalidArguments.
    """
    for argument in tool.arguments:
        if argument.name in given and not _fits(_property(argument), given[argument.name]):
            raise refused(argument, given)
    return checked(tool, given)


def json_schema(tool: Tool) -> JsonObject:
    """The tool's arguments as one flat JSON schema object: for `tools/list`, and so for models."""
    return {
        "type": "object",
        "properties": {argument.name: _property(argument) for argument in tool.arguments},
        "required": [argument.name for argument in tool.arguments if argument.required],
        "additionalProperties": False,
    }


_TYPES = {"integer": "integer", "text": "string", "choice": "string", "switch": "boolean"}


def _property(argument: Argument) -> JsonObject:
    limits: dict[str, Json] = {
        "minLength": 1 if argument.required else None,
        "maxLength": argument.max_length,
        "minimum": argument.minimum,
        "maximum": argument.maximum,
        "default": argument.default,
        "enum": list(argument.choices) or None,
    }
    given = {key: value for key, value in limits.items() if value is not None}
    return {"type": _TYPES[argument.kind], "description": argument.help, **given}


_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "boolean": (bool,),
    "array": (list, tuple),
}


def _fits(schema: JsonObject, value: Json) -> bool:
    """Whether a value is of the type that its schema names, as it stands."""
    kind = cast(str, schema["type"])
    if not isinstance(value, _PYTHON_TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        return False
    if isinstance(value, list | tuple):
        items = cast(JsonObject, schema["items"])
        return all(_fits(items, each) for each in value)
    return value in cast(Sequence[Json], schema.get("enum", [value]))


@cache
def _model(tool: Tool) -> type[BaseModel]:
    fields = {argument.name: _field(argument) for argument in tool.arguments}
    config = ConfigDict(extra="forbid", frozen=True)
    return cast(type[BaseModel], create_model(tool.name, __config__=config, **cast(dict[str, Any], fields)))


def _field(argument: Argument) -> tuple[Any, Any]:
    kind: Any
    match argument.kind:
        case "integer":
            kind = Annotated[int, Field(ge=argument.minimum, le=argument.maximum), BeforeValidator(_no_truth_value)]
        case "switch":
            kind = bool
        case "choice":
            kind = Annotated[str, AfterValidator(_one_of(argument.choices))]
        case "text":
            kind = Annotated[
                str, Field(max_length=argument.max_length), AfterValidator(_prose if argument.free_text else _name)
            ]
    if argument.required:
        return kind, ...
    return (kind if argument.default is not None else kind | None), argument.default


def _no_truth_value(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("a truth value is no number")  # noqa: TRY004 - pydantic passes only a ValueError on
    return value


def _one_of(choices: Sequence[str]) -> Callable[[str], str]:
    """In any case of letters."""
    by_letters = {choice.lower(): choice for choice in choices}

    def read(text: str) -> str:
        if text.lower() not in by_letters:
            raise ValueError("not among the choices")
        return by_letters[text.lower()]

    return read


def _name(text: str) -> str:
    if control_in(text, allowed=""):
        raise ValueError("control characters")
    return text


def _prose(text: str) -> str:
    if control_in(text, allowed=_IN_PROSE) or not text.strip():
        raise ValueError("control characters, or nothing but blanks")
    return text


def refused(argument: Argument, given: Mapping[str, Json], *, takes: str = "") -> InvalidArguments:
    """What to say of a value that is not allowed; `takes` instead of what the argument's kind allows."""
    got = f"{_shown(given[argument.name])} was given" if argument.name in given else "nothing was given"
    return InvalidArguments(_both_names(argument), got, f"it takes {takes or _allowed(argument)}")


def _both_names(argument: Argument) -> str:
    """The flag, as people write it, and the name that models write, where that is not the same word."""
    return argument.flag if argument.flag == f"--{argument.name}" else f"{argument.flag} ({argument.name})"


def _allowed(argument: Argument) -> str:
    match argument.kind:
        case "integer":
            return f"a whole number from {argument.minimum} to {argument.maximum}"
        case "switch":
            return "true or false"
        case "choice":
            return f"one of: {', '.join(argument.choices)}"
        case "text":
            least = "1 to" if argument.required else "at most"
            return f"text of {least} {argument.max_length} characters, none of them a control character"


def _shown(value: Json) -> str:
    """The value, short, in one line, with nothing invisible in it."""
    length = f" ({len(value)} characters)" if isinstance(value, str) and len(value) > _SHORT.maxstring else ""
    try:
        return _SHORT.repr(value) + length
    except ValueError:  # Python refuses to write numbers of thousands of digits
        return "a number of thousands of digits"


def _unknown(name: str, tool: Tool) -> InvalidArguments:
    names = [argument.name for argument in tool.arguments]
    takes = f"{tool.name} takes {', '.join(names) or 'none'}"
    hint = nearest(name[:60], names)
    return InvalidArguments(_SHORT.repr(name), f"{tool.name} has no such argument", f"{hint} {takes}".strip())
