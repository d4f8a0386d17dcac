"""What makes a row where a tool is asked `--by` something: the fields of its groups, and the columns that show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.domain.query import Group, GroupField
from bot.domain.table import ColumnKind
from bot.tools.columns import Field, field, text_of


@dataclass(frozen=True, slots=True)
class Grouping:
    title: str
    fields: tuple[GroupField, ...]
    columns: tuple[Field[Group], ...]


_KINDS: Mapping[GroupField, ColumnKind] = {
    "destination": "address",
    "address": "address",
    "source": "address",
    "name": "address",
    "lookup": "address",
    "errno": "id",
    "reason": "id",
    "rcode": "id",
    "type": "id",
    "port": "id",
}
_TITLES: Mapping[GroupField, str] = {"address": "host", "source": "from", "lookup": "name"}


def grouped(title: str, *fields: GroupField) -> Grouping:
    """Columns are named as their fields; `address` and the like by what people call them."""
    return Grouping(title, fields, tuple(_column(place, name) for place, name in enumerate(fields)))


def _column(place: int, name: GroupField) -> Field[Group]:
    """The name of an address is spare, and a remark: the address beside it says which it is."""
    is_beside = name == "name" and place > 0
    return field(
        _TITLES.get(name, name),
        lambda group: text_of(group.key[place]),
        kind=_KINDS.get(name, "text"),
        spare=is_beside,
        remark=is_beside,
    )


GROUPINGS: Final[Mapping[str, Grouping]] = {
    "process": grouped("process", "process"),
    "destination": grouped("destination", "destination", "name"),
    "address": grouped("host", "address", "name"),
    "name": grouped("name", "name"),
    "port": grouped("port", "port", "protocol"),
    "pair": grouped("pair", "process", "destination", "name"),
    "source": grouped("source", "source"),
    "pod": grouped("pod", "namespace", "pod"),
    "node": grouped("node", "node"),
    "outcome": grouped("outcome", "outcome"),
    "errno": grouped("errno", "errno"),
    "reason": grouped("reason", "reason"),
    "rcode": grouped("rcode", "rcode"),
}
"""By the value of `--by`."""
