"""What the kernel's reasons for drops and TCP resets mean: `drop_reasons.toml` as values. Pure.

It knows no events. `drop_reason_tables.py` calls it; the file is read at the first question.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

# A path beside this file, not importlib.resources: that costs a one-shot command 30 ms of imports.
_FILE: Final = Path(__file__).with_name("drop_reasons.toml")

Kind: TypeAlias = Literal["drop", "reset"]
Harmless: TypeAlias = Literal["usually", "sometimes", "never"]

_KINDS: Final[tuple[Kind, ...]] = ("drop", "reset")
_PREFIXES: Final[tuple[tuple[str, Kind | None], ...]] = (
    ("SKB_DROP_REASON_", "drop"),
    ("SK_RST_REASON_", "reset"),
    ("SKB_", None),
    ("___", None),
)
"""What the kernel writes before a name, and the kind that this settles. SKB_CONSUMED lacks half of it; SKB_CSUM is a
name in itself, and mac80211's enum has the underscores."""
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Explanation:
    """One reason, its name without the prefix. `since`: the first mainline kernel with this name, where known."""

    name: str
    kind: Kind
    meaning: str
    causes: tuple[str, ...]
    next: tuple[str, ...]
    harmless: Harmless
    because: str
    since: str | None
    aliases: tuple[str, ...]


def explain(name: str) -> Explanation | None:
    """The drop reason, or else the reset reason, of that name: in any case, with its prefix or without, old or new."""
    return next(iter(meanings(name)), None)


def meanings(name: str) -> tuple[Explanation, ...]:
    """All that the name may mean: some stand for a drop and for a reset. Drops first."""
    for word, kinds in _readings(name):
        if found := tuple(each for each in _by_word().get(word, ()) if each.kind in kinds):
            return found
    return ()


def nearest(name: str, count: int = 3) -> tuple[str, ...]:
    """Known names that look like this one, the most similar first."""
    word = _readings(name)[-1][0][:_LONGEST_NAME]
    near = get_close_matches(word, list(_by_word()), n=count)
    return tuple(dict.fromkeys(_by_word()[each][0].name for each in near))


@cache
def all_reasons() -> tuple[Explanation, ...]:
    """Every reason, drops before resets, in the kernel's order."""
    import tomllib  # noqa: PLC0415 - a command that explains nothing does not pay for it

    tables = tomllib.loads(_FILE.read_text("utf-8"))
    return tuple(_explanation(kind, name, entry) for kind in _KINDS for name, entry in tables[kind].items())


def _explanation(kind: Kind, name: str, entry: Mapping[str, Any]) -> Explanation:
    return Explanation(
        name=name,
        kind=kind,
        meaning=entry["meaning"],
        causes=tuple(entry["causes"]),
        next=tuple(entry["next"]),
        harmless=entry["harmless"],
        because=entry["because"],
        since=entry.get("since"),
        aliases=tuple(entry.get("aliases", ())),
    )


@cache
def _by_word() -> Mapping[str, tuple[Explanation, ...]]:
    found: dict[str, tuple[Explanation, ...]] = {}
    for each in all_reasons():
        for word in (each.name, *each.aliases):
            found[word] = (*found.get(word, ()), each)
    return found


def _readings(name: str) -> Sequence[tuple[str, tuple[Kind, ...]]]:
    """The name as it stands, then without each prefix that it has."""
    word = name.strip().upper().replace("-", "_").replace(" ", "_")
    bare = [(word.removeprefix(p), (kind,) if kind else _KINDS) for p, kind in _PREFIXES if word.startswith(p)]
    return [(word, _KINDS), *bare]
