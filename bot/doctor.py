"""`netspy doctor`: asks every configured part how it is, and says how to mend what is wrong.

It knows parts by their `check()`; each is opened for itself, so that one that cannot be hides none of the others.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial

from adapters.terminal.render import Look, fold, render
from bot.app import PLATFORMS, WHAT_TURNS_ON, BuildAdapter, check_foreign, check_workflows, open_model, open_threads
from bot.checking import Asking, checked
from bot.domain.errors import InvalidSettings
from bot.domain.ports import Adapter, Check
from bot.domain.table import Column, Table
from bot.event_source import Without, open_source
from bot.settings import Settings

DEADLINE_S = 15.0
"""Longer than any part's own patience: it says best itself what it waited for."""
_COLUMNS = (Column("part", "id"), Column("state", "id"), Column("detail, and what to do"))
_GAPS = 4
"""Cells between three columns."""
_NARROWEST = 12


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`off`: parts that are not configured, each with the variables that would turn it on."""

    parts: tuple[Check, ...]
    off: Mapping[str, str]

    @property
    def has_fault(self) -> bool:
        return any(check.state == "fault" for check in self.parts)


async def examine(settings: Settings, *, server: str | None = None, deadline_s: float = DEADLINE_S) -> Diagnosis:
    """Source, model, storage, MCP servers, workflows, `serve`'s HTTP, chat platforms: in this order, asked at once."""
    adapters = {name: _built(build, settings) for name, build in PLATFORMS.items()}
    is_served = any(adapter is not None for adapter in adapters.values())
    asked: dict[str, Asking] = {
        "source": partial(_source, settings, server, without="server" if is_served else "collector")
    }
    if settings.wants_model:
        asked["model"] = partial(_model, settings)
    asked["storage"] = partial(_storage, settings)
    if settings.mcp_config:
        asked["mcp"] = partial(check_foreign, settings)
    if settings.workflows:
        asked["workflows"] = partial(check_workflows, settings)
    if is_served:
        asked["http"] = partial(_http, settings)
    asked |= {name: partial(_platform, adapter) for name, adapter in adapters.items() if adapter is not None}
    off = {name: by for name, by in WHAT_TURNS_ON.items() if name not in asked}
    return Diagnosis(await checked(asked, deadline_s=deadline_s), off)


def report(found: Diagnosis, look: Look) -> str:
    """A table that is folded rather than cut, and a line for what is off."""
    heads = (_COLUMNS[0].name, *(check.part for check in found.parts)), ("warning",)
    room = look.width - _GAPS - sum(max(map(len, names)) for names in heads)
    rows = [row for check in found.parts for row in _rows(check, max(room, _NARROWEST))]
    text = render([Table("netspy doctor", _COLUMNS, tuple(rows), len(rows))], look)
    off = [f"off: {part} (set {by})" for part, by in found.off.items()]
    return text + "".join(f"{line}\n" for told in off for line in fold(told, look.width, indent="  "))


def as_json(found: Diagnosis) -> str:
    said = {"parts": [asdict(check) for check in found.parts], "off": dict(found.off)}
    return json.dumps(said, indent=2) + "\n"


def _rows(check: Check, room: int) -> list[tuple[str, str, str]]:
    """One part: its detail, and below it what to do, in lines of `room` cells."""
    lines = fold(check.detail, room)
    if check.remedy and check.state != "ok":
        lines += fold(f"to do: {check.remedy}", room, indent="  ")
    heads = [(check.part, check.state), *[("", "")] * (len(lines) - 1)]
    return [(part, state, line) for (part, state), line in zip(heads, lines, strict=True)]


def _built(build: BuildAdapter, settings: Settings) -> Adapter | InvalidSettings | None:
    """Wrong credentials are this platform's fault, and no other part's."""
    try:
        return build(settings)
    except InvalidSettings as error:
        return error


async def _source(settings: Settings, server: str | None, *, without: Without) -> Check:
    """The one that `serve` would use, or else a chat in the terminal."""
    async with open_source(settings, server=server, without=without) as source:
        return await source.check()


async def _model(settings: Settings) -> Check:
    async with open_model(settings) as model:
        return await model.check()


async def _storage(settings: Settings) -> Check:
    async with open_threads(settings) as store:
        return await store.check()


async def _http(settings: Settings) -> Check:
    """Whether the address can be one. Nothing listens there for a test: a `serve` that runs does so already."""
    host, port = settings.listen_address
    return Check("http", "ok", f"netspy serve listens on {host}, {f'port {port}' if port else 'any free port'}")


async def _platform(adapter: Adapter | InvalidSettings) -> tuple[Check, ...]:
    if isinstance(adapter, InvalidSettings):
        raise adapter
    return await adapter.check()
