"""Whole turns about figures and lists: talkers, retransmits, changes, trends, sockets, reasons and the source."""

from dataclasses import replace
from datetime import timedelta

from bot.domain.network import Endpoint, Outcome
from bot.domain.sockets import SocketState
from tests.dialog.test_planner_causes import SILENT, asked, dropped
from tests.fakes import NOW, FakeEbpf, connection, drop
from tests.network_events import (
    STATUS,
    accepted,
    counted,
    listener,
    open_connection,
    open_sockets,
    reset,
    retransmit,
)


async def test_talkers_are_ranked_by_what_is_asked_for() -> None:
    big = replace(connection("backup"), sent_bytes=2 << 20, received_bytes=10)
    small = [replace(connection("curl", "10.0.0.9:80"), sent_bytes=1000, received_bytes=10, retransmits=7)] * 2
    source = FakeEbpf([big, *small])
    text = await asked("who sends the most data?", source)
    assert text.startswith(
        "`backup` moved the most in the last hour: 2.0 MiB (2.0 MiB sent, 10 B received) over 1 conn"
    )
    assert "- Behind it: `curl`" in text
    by_count = await asked("top talkers by connections", source)
    assert by_count.startswith(
        "`curl` has the most connections in the last hour: 2, 66.7% of what the table shows [T1]."
    )
    pairs = await asked("who talks to whom", source)
    assert pairs.startswith("`backup` to `10.2.0.14:5432` moved the most")


async def test_retransmits_are_told_with_their_cause_or_that_it_cannot_be_seen() -> None:
    again = [retransmit(state="ESTABLISHED", role="client", ago_s=number) for number in (1, 2)]
    text = await asked("any retransmits?", FakeEbpf(again))
    assert text.startswith(
        "2 segments of `curl` to `10.2.0.14:5432` had to be sent again, in `ESTABLISHED`: where they or"
    )
    assert "can't be seen from this node [T1]." in text
    seen = await asked("any retransmits?", FakeEbpf([*again, dropped("QDISC_DROP")]))
    assert "dropped 1 skb on the way there as `QDISC_DROP`, which points to a full queue on this host" in seen
    assert "can't be seen from this node" not in seen


async def test_who_resets_is_told_before_what_was_sent_again() -> None:
    sent = reset("hooks", "out", reason="TCP_ABORT_ON_CLOSE", role="client")
    text = await asked("who resets our connections?", FakeEbpf((sent, *([retransmit()] * 5))))
    assert text.startswith(
        "`hooks` on this machine sends 1 RST to `10.2.0.14:5432` as `TCP_ABORT_ON_CLOSE`: the program closes with data"
    )
    received = await asked("who resets curl?", FakeEbpf([reset(role="client")]))
    assert received.startswith("`10.2.0.14:5432` resets `curl` 1 time [T1].")


async def test_counters_of_everybody_are_no_cause_of_what_one_process_meets() -> None:
    source = FakeEbpf([retransmit(state="ESTABLISHED")], counted=counted(listen_overflows=12, listen_drops=0))
    assert "12 `listen overflows` (full accept queues" in await asked("tcp health", source)
    assert "listen overflows" not in await asked("retransmits of curl", source)


async def test_change_for_the_worse_comes_before_one_for_the_better() -> None:
    before = [connection("curl", ago_s=400.0 + number, outcome=Outcome.REFUSED) for number in range(5)]
    after = [
        connection("wget", "10.0.0.9:80", ago_s=float(number + 1), outcome=Outcome.TIMED_OUT) for number in range(4)
    ]
    text = await asked("what changed?", FakeEbpf([*before, *after]))
    assert text.startswith(
        "It got worse in the last 5 minutes, compared with the same time before: `wget` to `10.0.0.9:80`, `timed out`: "
        "0 → 4 [T1]."
    )
    assert "- But: `curl` to `10.2.0.14:5432`, `refused`: 5 → 0." in text
    better = await asked("did that help?", FakeEbpf(before))
    assert better.startswith("It got better in the last 5 minutes, compared with the same time before: `curl` to")
    same = await asked("did that help?", FakeEbpf([connection(ago_s=10), connection(ago_s=310)]))
    assert same.startswith("Nothing changed by more than half in the last 5 minutes")


async def test_begin_of_failures_is_told() -> None:
    events = [connection(ago_s=600.0 + 30 * number) for number in range(60)]
    failed = [connection(ago_s=30.0 * number + 1, outcome=Outcome.REFUSED) for number in range(10)]
    text = await asked("when did curl start failing?", FakeEbpf([*events, *failed]))
    assert text.startswith("Failures (`refused`) began at 14:01:00, most at 14:03:00 (4 in one slot), and go on [T1].")
    over = [connection(ago_s=1800.0 + number, outcome=Outcome.REFUSED) for number in range(10)]
    ended = await asked("when did the failures begin?", FakeEbpf([*events, *over]))
    assert "and ended after 13:3" in ended.split("\n")[0]


async def test_listeners_are_named_and_a_port_without_one_too() -> None:
    source = FakeEbpf(open=open_sockets(listener("nginx", 80)))
    assert (await asked("who listens?", source)).startswith("1 listener [T1]: `nginx` at `0.0.0.0:80`.")
    nobody = await asked("who listens on port 8080?", source)
    assert nobody.startswith("Nobody on this machine listens on port 8080 now.")


async def test_handshakes_that_stay_half_open_are_a_flood() -> None:
    half = [
        replace(open_connection("", Endpoint(f"10.88.0.{number}", 1024)), state=SocketState.SYN_RECV,
                local=Endpoint("10.0.0.1", 8454), retransmits_now=2)
        for number in range(1, 6)
    ]  # fmt: skip
    text = await asked("is somebody flooding port 8454?", FakeEbpf(open=open_sockets(*half)))
    assert text.startswith("5 handshakes at `10.0.0.1:8454` are half open, from `10.88.0.1`, `10.88.0.2`, `10.88")
    assert "as in a SYN flood." in text


async def test_reason_is_explained_with_how_often_it_occurs() -> None:
    text = await asked("what does NO_SOCKET mean?", FakeEbpf([drop(), drop()]))
    assert text.startswith("NO_SOCKET: ")
    assert "- 2 skbs dropped as `NO_SOCKET` in the last 5 minutes [T2]" in text
    assert "1. Where it happens: `droplist --reason NO_SOCKET`." in text


async def test_source_says_what_does_not_run_and_what_was_lost() -> None:
    text = await asked("what do you record?", FakeEbpf(state=STATUS))
    assert text.startswith("Yes, these are real events, from `this machine`. This machine, 1 of 2 programs running")
    assert "- 1 program does not run: `dns_query`." in text
    assert "- Lost: 3 events of kind `connection`." in text


async def test_incoming_connections_are_told_from_those_that_go_out() -> None:
    source = FakeEbpf([accepted(), connection(), accepted("sshd", ago_s=30)])
    text = await asked("who connects to us?", source)
    assert text.startswith("2 connections were accepted in the last hour [T1], most by `nginx` (1) and `sshd` (1).")
    assert "The newest at 14:06:59: `nginx` from `10.0.0.9:50000`." in text


async def test_window_in_the_past_is_told_with_both_ends() -> None:
    early = replace(connection(outcome=Outcome.REFUSED), time=NOW - timedelta(minutes=50))
    text = await asked("failures between 13:00 and 13:30", FakeEbpf([early, *SILENT]))
    assert text.startswith("`curl` is refused by `10.2.0.14:5432`")
    assert "Understood: failed connections, from 13:00:00 to 13:30:00." in text
