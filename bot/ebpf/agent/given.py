"""Parameters, and what a request gave for them. Pure.

Every refusal names the parameter, what was given, and what is allowed.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from bot.commands import nearest
from bot.domain.errors import InvalidArguments
from bot.domain.json_types import Json
from bot.ebpf.agent.kinds import Kind, Value_co
from bot.ebpf.excerpt import excerpt

Value = TypeVar("Value")
Pair: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter(Generic[Value_co]):
    """`default` is what holds where it is not given. `several`: it may be given more than once."""

    name: str
    meaning: str
    kind: Kind[Value_co]
    default: Value_co
    told: Json = None
    """The default as it would be written, where there is one."""
    several: bool = False
    separator: str = ""
    """Where one value may be a list of them."""


AnyParameter: TypeAlias = Parameter[Any]


class Given:
    """What a request gave, by name."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        self._pairs = tuple(pairs)

    def has(self, parameter: AnyParameter) -> bool:
        return any(name == parameter.name for name, _ in self._pairs)

    def one(self, parameter: Parameter[Value]) -> Value:
        """Raises: InvalidArguments."""
        values = self._texts(parameter)
        if len(values) > 1:
            raise InvalidArguments(parameter.name, f"it was given {len(values)} times", "give it once")
        return _read(parameter, values[0]) if values else parameter.default

    def each(self, parameter: Parameter[Value]) -> tuple[Value, ...]:
        """All values in their order, each as often as it was given. Raises: InvalidArguments."""
        return tuple(_read(parameter, text) for text in self._texts(parameter))

    def refuse_strangers(self, known: Sequence[AnyParameter]) -> None:
        """Raises: InvalidArguments for a parameter that is none of these."""
        names = [parameter.name for parameter in known]
        for name, _ in self._pairs:
            if name not in names:
                hint = nearest(name, names)
                remedy = hint or f"there are {', '.join(names)}"
                raise InvalidArguments(_shown(name), "there is no such parameter", remedy)

    def _texts(self, parameter: AnyParameter) -> list[str]:
        texts = [text for name, text in self._pairs if name == parameter.name]
        if not parameter.separator:
            return texts
        return [part.strip() for text in texts for part in text.split(parameter.separator)]


def of_body(body: bytes, parameters: Sequence[AnyParameter]) -> tuple[Pair, ...]:
    """What a JSON object gives for these parameters; null is nothing, others are ignored. Raises: InvalidArguments."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        got = "it is empty" if not body else f"{_shown(body.decode(errors='replace'))} was given"
        raise InvalidArguments("Invalid JSON", got, _body_of(parameters)) from None
    if not isinstance(said, dict):
        raise InvalidArguments("Invalid JSON", f"{_shown(body.decode())} was given", _body_of(parameters))
    held = [(each, said[each.name]) for each in parameters if said.get(each.name) is not None]
    return tuple((parameter.name, _text(parameter, value)) for parameter, value in held)


def _text(parameter: AnyParameter, value: object) -> str:
    expected = int if parameter.kind.schema["type"] == "integer" else str
    if type(value) is not expected:
        raise _refused(parameter, json.dumps(value), "")
    return str(value)


def _body_of(parameters: Sequence[AnyParameter]) -> str:
    return f"send an object with any of {', '.join(each.name for each in parameters)}"


def _read(parameter: Parameter[Value], text: str) -> Value:
    try:
        return parameter.kind.read(text)
    except OverflowError:
        raise _refused(parameter, _shown(text), "") from None
    except ValueError as hint:
        raise _refused(parameter, _shown(text), str(hint)) from None


def _refused(parameter: AnyParameter, shown: str, hint: str) -> InvalidArguments:
    remedy = f"{hint} Allowed is {parameter.kind.allowed}" if hint else f"allowed is {parameter.kind.allowed}"
    return InvalidArguments(parameter.name, f"{excerpt(shown)} was given", remedy)


def _shown(text: str) -> str:
    return ascii(text[:60])
