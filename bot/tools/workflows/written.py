"""The form of a workflow file, as it is written; what it means is `reading.py`'s to say.

[investigate]
summary = "what is wrong with one process"
question = "What is wrong with process '{process}'?"
parameters.process = { required = true }
parameters.duration = { default = 600 }
steps = [
    "failures --process {process} --duration {duration}",
    { run = "dns --lookup {name}", when = "name" },
]
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bot.commands import nearest
from bot.tables.text import control_in
from bot.tools.workflows.lines import Place
from bot.tools.workflows.wrong import Wrong

MAX_STEPS = 16
MAX_PARAMETERS = 20
MAX_CHOICES = 25
"""What a chat platform lets people choose from."""


def _one_line(text: str) -> str:
    if not text.strip() or control_in(text, allowed=""):
        raise ValueError
    return text.strip()


Line = Annotated[str, Field(max_length=100), AfterValidator(_one_line)]
LongLine = Annotated[str, Field(max_length=500), AfterValidator(_one_line)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class WrittenParameter(_Table):
    """Named after a flag of the tools, a parameter takes what that flag takes, unless it says otherwise."""

    help: Line | None = None
    required: bool = False
    default: int | str | None = None
    kind: Literal["text", "integer", "choice"] | None = None
    choices: list[Line] = Field([], max_length=MAX_CHOICES)


class WrittenStep(_Table):
    """A command as people write it, with placeholders; a step that is only text is that command."""

    run: LongLine
    when: str | None = None


def _as_table(step: Any) -> Any:
    return {"run": step} if isinstance(step, str) else step


class WrittenWorkflow(_Table):
    summary: Line
    question: LongLine | None = None
    parameters: dict[str, WrittenParameter] = Field({}, max_length=MAX_PARAMETERS)
    steps: list[Annotated[WrittenStep, BeforeValidator(_as_table)]] = Field(min_length=1, max_length=MAX_STEPS)


_KEYS: Mapping[str, tuple[str, ...]] = {
    "workflow": tuple(WrittenWorkflow.model_fields),
    "parameter": tuple(WrittenParameter.model_fields),
    "step": tuple(WrittenStep.model_fields),
}
_SAID: Mapping[str, tuple[str, str]] = {
    "string_type": ("this is no text", "write it between quotes"),
    "bool_type": ("this is neither true nor false", "write true or false, without quotes"),
    "literal_error": ("there is no such kind", 'write "text", "integer" or "choice"'),
    "value_error": ("this is empty, or holds a control character", "write one line of text"),
    "string_too_long": ("this is too long", "a summary, a help or a choice has at most 100 characters, others 500"),
    "list_type": ("this is no array", "write [...]"),
    "dict_type": ("this is no table", "write { name = ... }"),
    "model_type": ("this is no table", "write { name = ... }"),
}
_COUNTS: Mapping[str, str] = {
    "steps": f"a workflow has 1 to {MAX_STEPS} steps",
    "parameters": f"a workflow has at most {MAX_PARAMETERS} parameters",
    "choices": f"a choice is one of at most {MAX_CHOICES}",
}


def as_written(table: object) -> WrittenWorkflow:
    """Raises: Wrong."""
    try:
        return WrittenWorkflow.model_validate(table)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
    raise _wrong(first["type"], tuple(first["loc"]))


def _wrong(kind: str, place: Place) -> Wrong:
    last = str(place[-1]) if place else ""
    keys = _KEYS[_whose(place)]
    if kind == "extra_forbidden":
        remedy = nearest(last, keys) or f"a {_whose(place)} has {', '.join(keys)}"
        return Wrong(place, f"there is no key {last[:60]!a}", remedy)
    if kind == "missing":
        return Wrong(place[:-1], f"{last} is missing", f"write {last} = ...")
    if kind in ("too_long", "too_short"):
        return Wrong(place, f"there are {'no' if kind == 'too_short' else 'too many'} {last}", _COUNTS[last])
    if "default" in place:
        return Wrong(place, "this is neither a text nor a whole number", "write one")
    return Wrong(place, *_SAID.get(kind, ("it can't be read", "correct it")))


def _whose(place: Place) -> str:
    """What kind of table a key stands in."""
    if len(place) > 2:
        return "parameter" if place[0] == "parameters" else "step"
    return "workflow"
