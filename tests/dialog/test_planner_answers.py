"""Whole turns: the planner in the real loop with the real tools over events in memory.

They hold the planner to the tables as the tools make them: a column that changes its name fails here.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.conversation.loop import ToolLoop
from bot.conversation.transcript import Nowhere, Transcript
from bot.domain.errors import NetspyError, SourceUnreachable
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


async def asked(
    question: str,
    events: Sequence[Event],
    *,
    unknown: tuple[UnknownField, ...] = (),
    error: NetspyError | None = None,
) -> str:
    transcript = Transcript(Nowhere())
    request = ModelRequest(
        thread=ThreadKey("test", "", "", "1"), instructions="", history=(), question=question, now=NOW
    )
    host = DirectHost(FakeEbpf(events, unknown=unknown, error=error))
    await ToolLoop(Planner(), host).run(request, transcript)
    return transcript.answer


async def test_failing_process_is_named_with_its_destination_outcome_and_share() -> None:
    local = drop("checkout", "NETFILTER_DROP", ago_s=3)
    text = await asked("why is checkout failing?", [*REFUSED, *HEALTHY, local])
    assert text.startswith(
        "`checkout` is refused by `10.2.0.14:5432`: all 37 of its attempts (`ECONNREFUSED`, after 0.3 ms)"
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


async def test_handshakes_tell_how_fast_connecting_is() -> None:
    slow = connection("curl", "10.0.0.1:443", waited_us=1_000_900.0)
    text = await asked("is the network slow?", [*HEALTHY, slow])
    assert text.startswith(
        "Connecting is mostly fast: to `10.0.0.1:443` 13 handshakes took 0.3 ms (median), at most 1.0 s, no retransmit"
    )


async def test_losses_and_harmless_drops_are_read_from_the_summary_and_the_list() -> None:
    events = [drop("nc", ago_s=1), drop("nc", ago_s=2), drop("curl", "QUEUE_PURGE", harmless=True)]
    summary = await asked("are there packet drops?", events)
    assert summary.startswith("2 skbs lost in the last minute [T1], most as `NO_SOCKET` (2, `nc`, at `tcp_v4_rcv")
    assert "; 1 harmless besides." in summary
    listed = await asked("list drops", events)
    assert listed.startswith("The newest 2 drops [T1]: all lost, most as `NO_SOCKET` (2, `nc`")


async def test_patterns_are_described_from_their_tables() -> None:
    beats = [connection("cron", "10.0.0.9:25", ago_s=30.0 * number) for number in range(1, 13)]
    text = await asked("analyze patterns", beats)
    assert "Periodic calls [T1]: `cron` calls `10.0.0.9:25` every 30 s (12 calls)" in text
    assert "Repeated destinations [T2]: `10.0.0.9:25` took 12 attempts (100.0%), most by `cron`" in text


async def test_behaviour_that_is_asked_for_answers_and_the_others_are_only_named() -> None:
    beats = [connection("cron", "10.0.0.9:25", ago_s=30.0 * number) for number in range(1, 13)]
    text = await asked("top 5 destinations", beats)
    assert text.startswith("Repeated destinations [T2]: `10.0.0.9:25` took 12 attempts")
    assert "- Besides: periodic calls (1) [T1]." in text
    absent = await asked("is anything scanning?", beats)
    assert absent.startswith("No fan-out in 12 attempts to 1 destination (TCP 12) in the last hour.")


async def test_totals_are_those_of_the_tool_where_its_table_is_cut() -> None:
    processes = [connection(f"p{number}", ago_s=number + 1.0, outcome=Outcome.REFUSED) for number in range(8)]
    many = [connection("p0", f"10.0.1.{number}:80", outcome=Outcome.REFUSED) for number in range(1, 9) for _ in "ab"]
    places = [drop("nc", reason, ago_s=1) for reason in ("NO_SOCKET", "NOMEM", "TCP_CSUM", "PKT_TOO_BIG", "IP_INHDR")]
    text = await asked("why do connections fail?", [*processes, *many, *places * 2, drop("nc", "X", harmless=False)])
    assert text.startswith(
        "8 processes had failed connections in the last 5 minutes: `p0` (17), `p1` (1), `p2` (1) and"
    )
    alone = await asked("which processes had failed connections?", [*processes, *many])
    assert alone.startswith("At least ")
    assert "`p0` (" not in alone
    overview = await asked("what is happening?", [*places * 2, drop("nc", "X", harmless=False), *HEALTHY])
    assert "- 11 dropped skbs in the last 5 minutes: 11 lost, 0 harmless [T2]. Most of the losses: " in overview


async def test_overview_asks_for_few_rows_and_says_that_it_is_one() -> None:
    processes = [connection(f"p{number}", ago_s=number + 1.0) for number in range(8)]
    text = await asked("what is happening?", processes)
    assert text.startswith(
        "8 processes made 8 connection attempts in the last 5 minutes [T1]: 5 connected and 0 failed"
    )
    assert "Understood: an overview of connections, failures and drops, last 5 minutes. Ran:" in text


async def test_what_else_failed_is_not_said_to_have_gone_where_the_question_points() -> None:
    text = await asked("can anything reach port 53?", [*REFUSED, connection("nc", outcome=Outcome.RESET)])
    assert text.startswith("No connection attempts to port 53 in the last 5 minutes.")
    assert "checkout" not in text
    assert "Understood: whether connections come about, to port 53, last 5 minutes." in text


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


async def test_server_without_outcomes_tells_no_speed_and_is_sent_to_no_failures() -> None:
    unknown: tuple[UnknownField, ...] = ("outcome", "errno")
    slow = await asked("is the network slow?", HEALTHY, unknown=unknown)
    assert slow.startswith("`connection_latency` gave no answer. This server")
    assert "does not record when a connection came about" in slow
    burst = [connection("curl", ago_s=5 + number / 100) for number in range(30)]
    assert "Next steps" not in await asked("any bursts?", burst, unknown=unknown)
    assert "`failures --process curl --duration 3600`" in await asked("any bursts?", burst)


async def test_usual_window_of_a_contextual_question_is_told_as_a_window() -> None:
    question = "what failed{}? (in the last 60 seconds unless the question names a time)"
    assert "Understood: failed connections, last minute. Ran:" in await asked(question.format(""), REFUSED)
    text = await asked(question.format(" this hour"), REFUSED)
    assert "Understood: failed connections, last hour. Ran:" in text


async def test_system_whose_failures_cannot_be_told_is_not_called_quiet_for_want_of_drops() -> None:
    text = await asked("Analyze my system", HEALTHY, unknown=("outcome", "errno", "reason", "harmless"))
    assert text.startswith("The data can't tell whether anything fails.")


async def test_long_odd_window_is_told_in_hours_and_minutes() -> None:
    text = await asked("what failed in the last 359 minutes?", REFUSED)
    assert "Understood: failed connections, last 5 h 59 min. Ran:" in text


async def test_nothing_at_all_is_said_to_be_nothing() -> None:
    text = await asked("why is nginx failing", HEALTHY)
    assert "  " not in text
    assert text.startswith(
        "No connection attempts by process 'nginx' in the last 5 minutes. 12 connection attempts by other"
    )


AWAY = [
    connection("python3", "10.99.0.77:80", ago_s=600.0 + number, outcome=Outcome.UNREACHABLE, errno="ETIMEDOUT",
               waited_us=3_100_000.0)
    for number in range(5)
]  # fmt: skip


async def test_destination_is_looked_for_among_all_failures_and_never_claimed_for_counts_of_everything() -> None:
    busy = [connection("curl", "10.0.0.1:443", ago_s=1 + number / 10) for number in range(300)]
    text = await asked("how many connections to 10.99.0.77", [*busy, *AWAY])
    assert text.startswith("5 attempts to `10.99.0.77` failed in the last hour. `python3` cannot reach the host")
    assert "5 connection attempts to `10.99.0.77` in the last hour [T2]: 5 host unreachable" in text
    drops = await asked("drops to 10.99.0.77", [drop("curl")])
    assert drops.startswith("No dropped skbs to 10.99.0.77 in the last minute.")
    assert ", to `10.99.0.77`, last minute." in drops.split("Understood: ")[1]


async def test_slow_counts_what_waited_in_vain_and_acquits_only_where_nothing_did() -> None:
    recent = [replace(event, time=NOW - timedelta(seconds=number)) for number, event in enumerate(AWAY, 1)]
    text = await asked("is the network slow?", [*HEALTHY, *REFUSED, *recent])
    assert text.startswith("Connecting is fast, but 5 attempts failed after waiting a second or more, most often")
    assert "in the service" not in text
    assert "Check that `10.99.0.77:80`" in text
    places = [connection("curl", f"10.0.{number}.1:443", ago_s=1 + number / 10) for number in range(12)]
    assert "in the service" not in await asked("is the network slow?", places), "two places are not in the table"
    assert "in the service" in await asked("is the network slow?", HEALTHY)


async def test_drops_that_may_have_another_cause_are_not_evidence() -> None:
    silent = [connection("curl", ago_s=number, outcome=Outcome.TIMED_OUT, errno="ETIMEDOUT") for number in range(1, 4)]
    wall = drop("curl", "NETFILTER_DROP", ago_s=3)
    proven = await asked("why is curl failing", [*silent, wall])
    assert "a firewall rule on this host" in proven
    assert "can't be seen from this host" not in proven
    other = connection("curl", "10.0.0.9:25", outcome=Outcome.REFUSED)
    text = await asked("why is curl failing", [*silent, other, wall])
    assert "a firewall rule on this host" not in text
    assert "can't be seen from this host" in text
    assert "Not tied to these attempts: 1 skb lost" in text
    aimed = await asked("why can't curl reach 10.2.0.14", [*silent, other, wall])
    assert "NETFILTER_DROP" not in aimed


async def test_failures_of_one_destination_are_no_share_of_attempts_to_anywhere() -> None:
    text = await asked("why is curl failing", [*HEALTHY, connection("curl", outcome=Outcome.REFUSED)])
    assert "1 failed attempt (of 13 attempts to anywhere)" in text


async def test_drop_reason_that_is_asked_for_is_the_headline() -> None:
    events = [drop("nc", "QDISC_DROP", ago_s=number) for number in range(1, 9)]
    text = await asked("how many NO_SOCKET drops?", [*events, drop("curl"), drop("curl")])
    assert text.startswith("2 skbs dropped as `NO_SOCKET` in the last minute [T1], most (2) of `curl` at")
    assert "points to packets for a port on this host that nobody listens on" in text
    missed = await asked("is the firewall dropping something?", events)
    assert missed.startswith("No skb was dropped as `NETFILTER_DROP` in the last minute.")


async def test_errno_that_is_asked_for_is_matched() -> None:
    denied = connection("java", "10.0.0.1:443", outcome=Outcome.NO_ROUTE, errno="EACCES")
    text = await asked("what is EACCES?", [*REFUSED, denied])
    assert text.startswith("`java` has no local route to `10.0.0.1:443`: 1 of 38 failed attempts (`EACCES`")
    assert "errno `EACCES`" in text
    missed = await asked("what is EPERM?", REFUSED)
    assert missed.startswith("No failed attempt with `EPERM` in the last 5 minutes [T1].")


async def test_processes_are_ranked_by_what_the_summary_counts() -> None:
    rows = [connection("a", f"10.0.1.{n}:80", ago_s=n, outcome=Outcome.REFUSED) for n in range(1, 60)]
    others = [connection(name, outcome=Outcome.REFUSED) for name in ("b", "c", "d")]
    text = await asked("top 4 processes by failures", [*rows, *others, *HEALTHY])
    assert text.startswith("4 processes had failed connections in the last 5 minutes: `a` (59), `b` (1), `c` (1) and")


async def test_number_that_is_asked_for_comes_first() -> None:
    text = await asked("how many failed connections in the last 10 minutes?", [*REFUSED, *HEALTHY])
    assert text.startswith("37 attempts failed in the last 10 minutes. ")
    timeouts = await asked("how many connections of checkout were refused?", [*REFUSED, *HEALTHY])
    assert timeouts.startswith("37 attempts of `checkout` that ended as")


async def test_local_sockets_and_pid_stay_in_the_next_steps() -> None:
    text = await asked("failures including local sockets", [*REFUSED, connection("nc", "", outcome=Outcome.FAILED)])
    assert "`failures --process checkout --duration 300 --include-local`" in text
    assert "with local sockets" in text
    counts = await asked("how many connections of pid 7", REFUSED)
    assert "`failures --pid 7 --duration 60`" in counts


async def test_window_that_ends_before_now_leaves_out_what_came_later() -> None:
    earlier = connection("nc", "10.0.0.9:25", ago_s=300, outcome=Outcome.RESET)
    text = await asked("failures between 14:00 and 14:05", [*REFUSED, earlier])
    assert text.startswith("`nc` is reset after connecting to `10.0.0.9:25`: the one failed attempt (")
    assert "checkout" not in text
    assert "`failures --process nc --since 2026-11-23T14:00:00Z --until 2026-11-23T14:05:00Z`" in text
    assert "Understood: failed connections, from 14:00:00 to 14:05:00." in text


async def test_window_has_one_spelling() -> None:
    places = [drop("nc", f"R_{number}", ago_s=1) for number in range(11)]
    text = await asked("drops in the last 967 minutes", [*places, drop("nc", "X", harmless=True)])
    assert "16 h 7 min" in text
    assert "seconds" not in text


async def test_server_that_is_down_is_told_once_and_readably() -> None:
    down = SourceUnreachable("GET http://[::1]:9/api", "nothing <listens>", "start ebpf-server")
    text = await asked("analyze my system", (), error=down)
    assert text.startswith("`get_network_summary`, `list_connections`, `get_packet_drop_summary`, `analyze_patterns`")
    assert text.count("nothing <listens>") == 1
    assert "http://[::1]:9/api" in text


async def test_source_of_the_data_is_told() -> None:
    assert (await asked("is this live data?", HEALTHY)).startswith("Yes, these are real events, from `")


@pytest.mark.parametrize(
    ("said", "answer"),
    [("thanks", "You're welcome."), ("hello", "Hello. "), ("what can you do?", "Without a language model I can")],
)
async def test_small_talk_is_answered(said: str, answer: str) -> None:
    assert (await asked(said, ())).startswith(answer)
