"""A channel that is about one node: it is asked where a question names none."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.conversation.answering import Answering
from bot.conversation.loop import ToolLoop
from bot.conversation.thread import Thread
from bot.conversation.transcript import Nowhere, Transcript
from bot.conversation.visit import unbounded_visit
from bot.domain.errors import InvalidSettings
from bot.domain.message import Address, Author, Message, MessageId, ThreadKey, TurnId
from bot.domain.network import Event
from bot.domain.turn import ToolResult, Turn
from bot.llm.offline import Planner
from bot.setting_values import channel_nodes
from bot.tools.direct import DirectHost
from bot.tools.insights import question_of
from bot.tools.registry import TOOLS
from tests.fakes import NOW, FakeEbpf, MemoryStore, connection, only_everything

STORED: Sequence[Event] = (
    replace(connection("curl"), node="node-a"),
    replace(connection("nginx"), node="node-b"),
    replace(connection("redis"), node="node-b"),
)


async def asked(text: str, *, channel: str = "C1") -> tuple[ToolResult, ...]:
    loop = ToolLoop(Planner(), DirectHost(FakeEbpf(STORED)))
    answering = Answering(
        planner=Planner(),
        loop=loop,
        hosts=only_everything(loop.host),
        tools=TOOLS,
        question_of=question_of,
        nodes={"C1": "node-a"},
    )
    key = ThreadKey("slack", "T1", channel, "1")
    message = Message(key, MessageId("m1"), Author("U1", "dana"), text, NOW, Address("slack", ""))
    transcript = Transcript(Nowhere())
    turn, thread = Turn(TurnId("t1"), message, NOW), Thread(key, MemoryStore(), None, transcript.notice)
    await answering.work(turn, thread, transcript, visit=unbounded_visit(turn))
    return transcript.results


def matched(results: Sequence[ToolResult]) -> list[int]:
    return [result.coverage.matched for result in results if result.coverage]


@pytest.mark.parametrize(
    ("text", "channel", "attempts"),
    [
        ("list", "C1", 1),
        ("list", "C2", 3),
        ("list --node node-b", "C1", 2),
        ("list --node *", "C1", 3),
        ("list the newest connections", "C1", 1),
        ("list the newest connections", "C2", 3),
    ],
)
async def test_a_channel_asks_its_own_node_unless_told_otherwise(text: str, channel: str, attempts: int) -> None:
    assert matched(await asked(text, channel=channel)) == [attempts]


async def test_the_footer_says_which_node_was_asked() -> None:
    [result] = await asked("list")
    assert result.coverage is not None
    assert result.coverage.command == "list --node node-a --duration 3600"


async def test_a_tool_that_knows_no_nodes_is_called_as_ever() -> None:
    [result] = await asked("source")
    assert not result.failed


def test_channels_and_their_nodes_are_read() -> None:
    assert channel_nodes(" C1=node-a, C2 = node-b,") == {"C1": "node-a", "C2": "node-b"}
    assert channel_nodes("") == {}


@pytest.mark.parametrize("text", ["C1", "C1=", "=node-a", "C1=a,C1=b"])
def test_what_is_no_channel_with_its_node_is_refused(text: str) -> None:
    with pytest.raises(InvalidSettings, match="NETSPY_CHANNEL_NODES"):
        channel_nodes(text)
