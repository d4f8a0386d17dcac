"""Whole turns about causes: the planner over tables as the real tools make them, for each tool that has a reader."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.conversation.loop import ToolLoop
from bot.conversation.transcript import Nowhere, Transcript
from bot.domain.message import ThreadKey
from bot.domain.network import Drop, Endpoint, Event, Outcome
from bot.domain.turn import ModelRequest
from bot.llm.offline import Planner
from bot.tools.direct import DirectHost
from tests.fakes import NOW, FakeEbpf, connection, drop
from tests.network_events import (
    DB,
    accept_failed,
    listener,
    lookup,
    open_sockets,
)


async def asked(question: str, source: FakeEbpf) -> str:
    transcript = Transcript(Nowhere())
    request = ModelRequest(
        thread=ThreadKey("test", "", "", "1"), instructions="", history=(), question=question, now=NOW
    )
    await ToolLoop(Planner(), DirectHost(source)).run(request, transcript)
    return transcript.answer


def dropped(reason: str, *, to: Endpoint = DB, source: Endpoint | None = None) -> Drop:
    return replace(drop("swapper", reason, pid=0), destination=to, source=source)


SILENT = [connection(ago_s=number, outcome=Outcome.UNANSWERED, waited_us=2e6) for number in (1, 2, 3)]
QUICK = [replace(connection(ago_s=number, waited_us=400.0), retransmits=0) for number in (1, 2)]


@pytest.mark.parametrize(
    ("events", "cause"),
    [
        ([dropped("NETFILTER_DROP")], "dropped 1 skb on the way there as `NETFILTER_DROP`, which points to a firewall"),
        ([dropped("IP_RPFILTER", to=Endpoint("10.0.0.1", 40000), source=DB)] * 2, "dropped 2 skbs of the replies as"),
        ([dropped("TX_RING_FULL")], "dropped 1 skb on the way there as `TX_RING_FULL`."),
    ],
    ids=["on the way there", "of the replies", "for a reason of which nothing is known"],
)
async def test_what_this_machine_dropped_is_named_as_the_cause(events: Sequence[Event], cause: str) -> None:
    text = await asked("why is curl failing?", FakeEbpf([*SILENT, *events]))
    first = text.split("\n")[0]
    assert first.startswith("`curl` gets no reply from `10.2.0.14:5432`: all 3 of its attempts (after 2.0 s) [T1]. ")
    assert f"This machine {cause}" in first
    assert "can't be seen from this host" not in text


@pytest.mark.parametrize(
    "harmless",
    [
        dropped("NETFILTER_DROP", to=Endpoint("10.9.9.9", 80)),
        dropped("IP_INADDRERRORS", to=Endpoint("10.88.0.1", 1024), source=DB),
        replace(dropped("NETFILTER_DROP"), harmless=True),
    ],
    ids=["to somebody else", "of replies to somebody else", "harmless"],
)
async def test_what_has_nothing_to_do_with_it_is_no_cause(harmless: Event) -> None:
    text = await asked("why can't curl reach 10.2.0.14:5432?", FakeEbpf([*SILENT, harmless]))
    assert "This machine dropped" not in text
    assert "Where packets towards it or its replies were lost can't be seen from this host." in text


async def test_refusal_is_not_explained_by_replies_that_were_lost() -> None:
    refused = connection(outcome=Outcome.REFUSED, errno="ECONNREFUSED")
    lost = dropped("NETFILTER_DROP", to=Endpoint("10.0.0.1", 40000), source=DB)
    text = await asked("why is curl refused?", FakeEbpf([refused, lost]))
    assert "nothing listens on that port, or a firewall there rejects it." in text.split("\n")[0]
    rejected = await asked("why is curl refused?", FakeEbpf([refused, dropped("NETFILTER_DROP")]))
    assert "nothing listens" not in rejected
    assert "a firewall rule on this host" in rejected.split("\n")[0]


async def test_full_accept_queue_answers_though_no_attempt_failed() -> None:
    pending = connection(to="10.0.0.1:8453", outcome=Outcome.PENDING, waited_us=None)
    made = replace(connection(to="10.0.0.1:8453", ago_s=2), retransmits=0)
    source = FakeEbpf([pending, made], open=open_sockets(listener("shop", 8453, backlog=129)))
    text = await asked("why does curl wait for 10.0.0.1:8453?", source)
    assert text.startswith("The accept queue there is full (129 wait where 128 fit): its program accepts too slowly")
    assert "The accept queue of `shop` at `0.0.0.0:8453` is full (129 wait where 128 fit)" in text
    assert "1. The listener and its queue now: `sockets --state LISTEN --port 8453`." in text


async def test_server_without_descriptors_is_told_from_a_slow_network() -> None:
    made = replace(connection(to="10.0.0.1:8452"), retransmits=0)
    text = await asked("why is 10.0.0.1:8452 slow?", FakeEbpf([made, accept_failed()]))
    assert text.startswith(
        "The server there is on this machine and could not accept: `EMFILE` 1 time, for want of file"
    )


async def test_slow_server_is_told_from_a_slow_network() -> None:
    long = [replace(event, duration_us=2_500_000.0) for event in QUICK]
    text = await asked("is the network slow?", FakeEbpf(long))
    assert text.startswith(
        "It is not the network but the server, or what it waits for: to `10.2.0.14:5432` 2 handshakes"
    )
    assert "no retransmit, open for 2.5 s [T1]." in text
    lossy = await asked("is the network slow?", FakeEbpf([replace(event, retransmits=3) for event in long]))
    assert lossy.startswith("Connecting is fast, but 6 segments had to be sent again")
    assert "acquits" not in lossy
    assert "acquits" in text


async def test_second_of_a_lost_syn_is_told() -> None:
    text = await asked("why is curl so slow?", FakeEbpf([replace(connection(waited_us=1_020_000.0), retransmits=1)]))
    assert text.startswith(
        "Connecting is slow, a SYN or the reply to it was lost: to `10.2.0.14:5432` 1 handshake took"
    )
    assert "a SYN is sent again after 1, 3 and 7 s" in text
    assert "1. What had to be sent again: `health --process curl --duration 300`." in text


async def test_names_that_keep_a_program_waiting_come_before_those_that_do_not_exist() -> None:
    events = [lookup("a.lab", "NXDOMAIN"), lookup("b.lab", None, ms=None), lookup("c.lab", ms=1500), lookup("d.lab")]
    text = await asked("why does curl wait for names?", FakeEbpf(events))
    assert text.startswith("1 look-up got no answer: `b.lab` (1), asked of `10.0.0.53` [T1]. Its program waits until")
    assert "- Answers came late for `c.lab` (1.5 s), from `10.0.0.53`." in text
    assert "- Not found or refused: `a.lab` (`NXDOMAIN`, 1)." in text
    assert "1. Ask by hand: `dig @10.0.0.53 b.lab`." in text


async def test_names_that_are_answered_are_healthy() -> None:
    text = await asked("is dns ok?", FakeEbpf([lookup("d.lab"), lookup("e.lab", ms=7)]))
    assert text.startswith(
        "DNS answers: 2 look-ups in the last hour, none failed; the slowest took 7.0 ms, `e.lab` [T1]."
    )
    assert "Next steps" not in text
