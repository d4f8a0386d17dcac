"""Ways to what is out of scope beside questions: placeholders, alerts, direct messages, status, metrics, and hints.

Each is tried where everything may be seen, too, so that it is known to lead there.
"""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.alerts.desk import AlertChannel, AlertDesk
from bot.conversation.forgetful_alerts import ForgetfulAlertBook
from bot.domain.message import Address, Channel, Command, ThreadKey
from bot.domain.ports import Announced
from bot.llm.masking.model import masked
from bot.telemetry.metrics import PrometheusObserver
from bot.tools.registry import TOOLS
from tests.alert_groups import labelled
from tests.policy.hidden import MARKS, network
from tests.policy.stage import CALL, DANA, LATER, OPEN, SCOPED, SPELL, Attacked, attacked
from tests.policy.test_attempts import SCOPES, arguments_of, leaks

MISSING = {
    "zzhidden": "qqhidden", "66601": "55501", "66602": "55502", "203.0.113.66": "198.51.100.66", "6660": "5550",
    "203.0.113.0/24": "198.51.100.0/24", "zz.example": "qq.example", "zznode": "qqnode", "zzns": "qqns",
    "zzpod-1": "qqpod-1", "zzc": "qqc", "*hidden": "*qidden",
}  # fmt: skip
"""For what is hidden, something like it that does not exist."""
_VARYING = re.compile(
    r"[0-9a-f]{16,}|datetime\.datetime\([^()]*(\([^()]*\))?[^()]*\)|took_s=[^,)]+|[0-9]+-[0-9]+-[0-9]+T[0-9:.]+Z?|"
    r"\d\d:\d\d(:\d\d)?"
)
"""What is different each time that the same is asked."""
_CACHED = re.compile(r""", ['"]as of [^'"]* when the same was asked before['"]|,(?=\))""")
"""That a part of an answer was asked for by somebody else in the same scope, just before."""


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Attacked]:
    async with attacked(tmp_path, network(), scope=SCOPES["processes"]) as opened:
        yield opened


async def test_placeholders_of_what_was_seen_before_stand_for_nothing_under_a_narrower_policy(tmp_path: Path) -> None:
    source = network()
    async with attacked(tmp_path, source, scope=SCOPES["processes"], told=lambda model: masked([model])[0]) as stage:
        await stage.say(LATER, f"{CALL}list_connections {{}}", thread="1")
        wide, _ = await stage.say(LATER, SPELL, thread="1")
        stage.scope(SCOPED, LATER, scope=SCOPES["processes"])
        narrow, _ = await stage.say(LATER, SPELL, thread="1")
    assert leaks(wide, ())
    assert leaks(narrow, ()) == []


@dataclass(frozen=True, slots=True)
class Board:
    """An `Announcer`; each group of alerts has a thread of its own there."""

    name: str

    async def announce(self, channel: str, text: str) -> Announced:
        return Announced(ThreadKey("slack", "T0", channel, self.name), Address("slack", self.name))


async def test_an_alert_tells_nothing_of_hidden_things_that_its_labels_name(stage: Attacked) -> None:
    for label, hidden in (("process", "zzhidden"), ("pod", "zzpod-1"), ("node", "zznode")):
        told = {name: await _alerted(stage, SCOPED, label, name) for name in (hidden, MISSING[hidden])}
        assert leaks(told[hidden], (hidden,)) == []
        assert _alike(told[hidden], hidden) == _alike(told[MISSING[hidden]], MISSING[hidden])
        assert leaks(await _alerted(stage, OPEN, label, hidden), (hidden,))


async def _alerted(stage: Attacked, channel: str, label: str, name: str) -> str:
    before = stage.turns
    board = Board(f"{channel} {label} {name}")
    desk = AlertDesk(stage.desk, ForgetfulAlertBook(), {"*": AlertChannel("slack", channel)}, {"slack": board})
    assert await desk.take(labelled(**{label: name})) == "asked"
    return await stage.answers_since(before)


async def test_status_tells_of_a_source_only_whether_it_is_well(stage: Attacked) -> None:
    for channel, tells in ((OPEN, True), (SCOPED, False)):
        where = Channel("slack", "T0", channel)
        said, _ = await stage.say(channel, "status")
        home = repr(await stage.desk.status(by=DANA, channel=where))
        assert [bool(leaks(told, ())) for told in (said, home)] == [tells, tells]


async def test_a_direct_message_is_bounded_in_every_tool(stage: Attacked) -> None:
    calls = [(tool.name, arguments) for tool in TOOLS for arguments in list(arguments_of(tool))[::4]]
    found: dict[str, list[str]] = {}
    for channel in (SCOPED, OPEN):
        stage.directory.of[DANA.id] = frozenset({channel})
        stage.desk._gate._channels.clear()
        found[channel] = [name for name, given in calls if await _told_directly(stage, name, given)]
    assert found[SCOPED] == []
    assert len(found[OPEN]) > 20


async def _told_directly(stage: Attacked, tool: str, arguments: dict[str, Any]) -> list[str]:
    shown, _ = await stage.say("D0DANA", tool, Command(tool, arguments), direct=True)
    return leaks(shown, tuple(map(str, arguments.values())))


async def test_every_tool_answers_alike_about_what_is_hidden_and_what_does_not_exist(stage: Attacked) -> None:
    pairs = list(_pairs())
    unlike = [each for each in pairs if len({await _answer(stage, SCOPED, *each, name) for name in each[2]}) > 1]
    assert unlike == []
    stage.scope("C0NOBODY", scope=SCOPES["processes"])
    tells = [each for each in pairs if len({await _answer(stage, OPEN, *each, name) for name in each[2]}) > 1]
    assert len(tells) > len(pairs) / 2


def _pairs() -> Iterator[tuple[str, dict[str, Any], tuple[str, str]]]:
    """A tool, its arguments, and the value that is one of them, with its counterpart."""
    for tool in TOOLS:
        for arguments in arguments_of(tool):
            for value in map(str, arguments.values()):
                if value in MISSING:
                    yield tool.name, arguments, (value, MISSING[value])


async def _answer(
    stage: Attacked, channel: str, tool: str, arguments: dict[str, Any], pair: tuple[str, str], name: str
) -> str:
    given = {each: type(value)(name) if str(value) == pair[0] else value for each, value in arguments.items()}
    shown, _ = await stage.say(channel, tool, Command(tool, given))
    return _alike(shown, name)


def _alike(shown: str, name: str) -> str:
    return _VARYING.sub("~", _CACHED.sub("", shown)).replace(name, "…")


async def test_metrics_name_nothing_that_was_seen(tmp_path: Path) -> None:
    metrics = PrometheusObserver(version="1")
    async with attacked(tmp_path, network(), scope=SCOPES["processes"], observer=metrics) as stage:
        for channel in (SCOPED, OPEN):
            for text in ("list --process zzhidden", f"{CALL}list_connections {{}}", "summary", "sockets"):
                await stage.say(channel, text)
    told = metrics.exposition()[0].decode()
    assert 'tool="list_connections"' in told
    labels = " ".join(re.findall(r"\{[^}]*\}", told))
    assert MARKS.findall(labels) == []
