"""Whole turns: the planner in the real loop with the real tools over events in memory.

They hold the planner to the tables as the tools make them: a column that changes its name fails here.
"""

from collections.abc import Sequence

from bot.conversation.loop import ToolLoop
from bot.conversation.transcript import Nowhere, Transcript
from bot.domain.message import ThreadKey
from bot.domain.network import Event, Outcome, UnknownField
from bot.domain.turn import ModelRequest
from bot.llm.offline import Planner
from bot.tools.direct import DirectHost
from tests.fakes import NOW, FakeEbpf, connection, drop

REFUSED = [
    connection("checkout", ago_s=number, outcome=Outcome.REFUSED, errno="ECONNREFUSED", pid=7)
    for number in range(1, 38)
]
HEALTHY = [connection("curl", "10.0.0.1:443", ago_s=number + 0.5, pid=8) for number in range(1, 13)]


async def asked(question: str, events: Sequence[Event], *, unknown: tuple[UnknownField, ...] = ()) -> str:
    transcript = Transcript(Nowhere())
    request = ModelRequest(
        thread=ThreadKey("test", "", "", "1"), instructions="", history=(), question=question, now=NOW
    )
    host = DirectHost(FakeEbpf(events, unknown=unknown))
    await ToolLoop(Planner(), host).run(request, transcript)
    return transcript.answer


async def test_failing_process_is_named_with_its_destination_outcome_and_share() -> None:
    local = drop("checkout", "NETFILTER_DROP", ago_s=3)
    text = await asked("why is checkout failing?", [*REFUSED, *HEALTHY, local])
    assert text.startswith(
        "`checkout` is refused by `10.2.0.14:5432`: 37 of its 37 attempts (`ECONNREFUSED`, after 0.3 ms)"
    )
    assert "dropped 1 skb of `checkout` as `NETFILTER_DROP` [T3], which points to a firewall rule" in text
    assert "`checkout` made 37 connection attempts in the last 5 minutes [T2]: all failed." in text


async def test_processes_with_failures_are_counted() -> None:
    reset = connection("nc", "10.0.0.9:25", outcome=Outcome.RESET, errno="ECONNRESET")
    text = await asked("which processes had failed connections in the last 10 minutes?", [*REFUSED, *HEALTHY, reset])
    assert text.startswith("2 processes had failed connections in the last 10 minutes: `checkout` (37) and `nc` (1).")


async def test_list_says_what_became_of_the_newest() -> None:
    denied = connection("curl", "10.0.0.1:443", ago_s=0.1, outcome=Outcome.NO_ROUTE, errno="EACCES")
    text = await asked("show me the last 5 connections of curl", [*HEALTHY, denied])
    assert text.startswith(
        "The newest 5 of 13 connection attempts of `curl` in the last hour [T1]: 4 connected and 1 no"
    )
    assert "EACCES" not in text


async def test_handshakes_are_read_from_the_list() -> None:
    slow = connection("curl", "10.0.0.1:443", waited_us=1_000_900.0)
    text = await asked("is the network slow?", [*HEALTHY, slow])
    assert text.startswith(
        "Connecting is mostly fast: the median of 13 handshakes is 0.3 ms, the slowest 1.0 s, `curl` to"
    )


async def test_losses_and_harmless_drops_are_read_from_the_summary_and_the_list() -> None:
    events = [drop("nc", ago_s=1), drop("nc", ago_s=2), drop("curl", "QUEUE_PURGE", harmless=True)]
    summary = await asked("are there packet drops?", events)
    assert summary.startswith("2 skbs lost in the last minute [T1], most as `NO_SOCKET` (2, `nc`, at `tcp_v4_rcv")
    assert "; 1 harmless besides." in summary
    listed = await asked("list drops", events)
    assert listed.startswith("2 of the newest 3 drops are losses [T1], most as `NO_SOCKET` (2, `nc`")


async def test_patterns_are_described_from_their_tables() -> None:
    beats = [connection("cron", "10.0.0.9:25", ago_s=30.0 * number) for number in range(1, 13)]
    text = await asked("any periodic behaviour?", beats)
    assert "Periodic calls [T1]: `cron` calls `10.0.0.9:25` every 30 s (12 calls)" in text
    assert "Repeated destinations [T2]: `10.0.0.9:25` took 12 attempts (100.0%), most by `cron`" in text


async def test_system_without_faults_is_quiet() -> None:
    text = await asked("Analyze my system", HEALTHY)
    assert text.startswith("No failed connection and no lost packet was recorded in the last 5 minutes.")
    assert "12 connected and 0 failed" in text


async def test_server_without_outcomes_proves_nothing() -> None:
    unknown: tuple[UnknownField, ...] = ("outcome", "errno", "reason", "harmless")
    text = await asked("Analyze my system", [*HEALTHY, drop(harmless=None)], unknown=unknown)
    assert text.startswith("The data can't tell whether anything fails.")
    assert "This source records no outcomes" in text
    assert "`find_failures` gave no answer." in text
    assert "connected" not in text
    assert "records no return codes" in text


async def test_nothing_at_all_is_said_to_be_nothing() -> None:
    text = await asked("why is nginx failing", HEALTHY)
    assert text.startswith(
        "No connection attempts by process 'nginx' in the last 5 minutes. 12 connection attempts by other"
    )
