"""The form of a policy file, as it is written; what it means is `policy_file.py`'s to say."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from bot.commands import nearest
from bot.domain.errors import InvalidSettings
from bot.domain.message import PersonKind
from bot.tables.text import control_in

MAX_RULES = 1000
MAX_VALUES = 10_000
Place: TypeAlias = tuple[int | str, ...]


def _one_line(text: str) -> str:
    if not text.strip() or control_in(text, allowed=""):
        raise ValueError
    return text.strip()


Line = Annotated[str, Field(max_length=200), AfterValidator(_one_line)]
Lines = Annotated[list[Line], Field(max_length=MAX_VALUES)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:/@*?-]{1,200}$")]
Names = Annotated[list[Name], Field(max_length=MAX_VALUES)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class WrittenScope(_Table):
    processes: Lines = []
    pids: list[Annotated[int, Field(gt=0, lt=2**32)]] = Field([], max_length=MAX_VALUES)
    nodes: Lines = []
    namespaces: Lines = []
    networks: Lines = []


class WrittenRule(_Table):
    """`kinds` left out: members, or, of a rule that refuses, everybody."""

    name: Line | None = None
    users: Lines = []
    groups: Lines = []
    roles: Lines = []
    kinds: list[Literal["member", "guest", "outsider"]] | None = Field(None, min_length=1)
    platforms: list[Literal["slack", "discord"]] = []
    workspaces: Lines = []
    channels: Lines = []
    refuse: bool = False
    reason: Line | None = None
    tools: Names = ["*"]
    commands: Names = ["*"]
    models: Names = ["*"]
    changes: bool = False
    scope: WrittenScope | None = None

    @property
    def whose(self) -> frozenset[PersonKind]:
        if self.kinds is not None:
            return frozenset(self.kinds)
        return frozenset({"member", "guest", "outsider"}) if self.refuse else frozenset({"member"})


class WrittenLimits(_Table):
    per_user: int | None = Field(None, gt=0)
    per_channel: int | None = Field(None, gt=0)


class WrittenPolicy(_Table):
    direct_messages: bool = True
    limits: WrittenLimits = WrittenLimits.model_validate({})
    rules: list[WrittenRule] = Field(min_length=1, max_length=MAX_RULES)


_KEYS: Mapping[str, tuple[str, ...]] = {
    "the file": tuple(WrittenPolicy.model_fields),
    "limits": tuple(WrittenLimits.model_fields),
    "a rule": tuple(WrittenRule.model_fields),
    "a scope": tuple(WrittenScope.model_fields),
}
_SAID: Mapping[str, tuple[str, str]] = {
    "string_type": ("this is no text", 'write it between quotes, as in ["..."]'),
    "bool_type": ("this is neither true nor false", "write true or false, without quotes"),
    "int_type": ("this is no whole number", "write one without quotes"),
    "greater_than": ("this is too small", "write a whole number from 1 on"),
    "less_than": ("no process has so large an id", "correct it"),
    "value_error": ("this is empty, or holds a control character", "write one line of text"),
    "string_too_long": ("this is too long", "200 characters are the most"),
    "string_pattern_mismatch": (
        "that is no name of a tool, command or model",
        "use letters, digits, and - _ . : / @ * ?",
    ),
    "list_type": ("this is no array", "write [...]"),
    "dict_type": ("this is no table", "write a table of that name"),
    "model_type": ("this is no table", "write a table of that name"),
    "too_long": ("these are too many", f"{MAX_VALUES:,} are the most, and {MAX_RULES:,} rules"),
}


def as_written(data: object, *, file: str) -> WrittenPolicy:
    """Raises: InvalidSettings, which names file, rule and key."""
    try:
        return WrittenPolicy.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
    raise _wrong(first, data, file)


def named(rule: object, number: int) -> str:
    """A rule as people find it in the file: by its name, or by its place from 1 on."""
    name = rule.get("name") if isinstance(rule, Mapping) else None
    return f"rule {name[:60]!a}" if isinstance(name, str) and name.strip() else f"rule {number}"


def _wrong(error: ErrorDetails, data: object, file: str) -> InvalidSettings:
    kind, place = error["type"], tuple(error["loc"])
    last = next((str(part) for part in reversed(place) if isinstance(part, str)), "")
    if kind == "extra_forbidden":
        whose = _whose(place)
        remedy = nearest(last[:60], _KEYS[whose]) or f"{whose} has {', '.join(_KEYS[whose])}"
        return InvalidSettings(_asked(place[:-1], data, file), f"there is no key {last[:60]!a}", remedy)
    if last == "rules" and kind in ("missing", "too_short"):
        got = "it has no rules, so nobody would be answered"
        return InvalidSettings(file, got, "write [[rules]], or unset NETSPY_POLICY")
    if kind == "literal_error":
        choices = "slack or discord" if last == "platforms" else "member, guest or outsider"
        return InvalidSettings(_asked(place, data, file), "there is nothing of that name", f"write {choices}")
    if kind == "too_short":
        return InvalidSettings(_asked(place, data, file), "this is empty", "write at least one, or leave it out")
    return InvalidSettings(_asked(place, data, file), *_SAID.get(kind, ("it can't be read", "correct it")))


def _whose(place: Place) -> str:
    """What kind of table a key stands in."""
    if "scope" in place[:-1]:
        return "a scope"
    return {"rules": "a rule", "limits": "limits"}.get(str(place[0]), "the file") if len(place) > 1 else "the file"


def _asked(place: Place, data: object, file: str) -> str:
    """File, rule and key of a place."""
    key = ".".join(part for part in place if isinstance(part, str) and part != "rules")
    rules = data.get("rules") if isinstance(data, Mapping) else None
    number = place[1] if len(place) > 1 and place[0] == "rules" else None
    rule = named(rules[number], number + 1) if isinstance(number, int) and isinstance(rules, list) else ""
    return ", ".join(filter(None, (file, " ".join(filter(None, (rule, key))))))
