"""For each fault the question that somebody would ask: the planner alone finds the cause, in the first rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import pytest

from tests.kernel.asking import Answer, asked
from tests.kernel.provoking import Scenario
from tests.kernel.scenarios import (
    ABSENT_HOST,
    CLOSED_PORT,
    DATAGRAMS,
    FIRST_SYN,
    FULL_ACCEPT_QUEUE,
    HASTY,
    HEALTH,
    IMPATIENT,
    INPUT_DROP,
    INPUT_ICMP,
    INPUT_RESET,
    NAME_SERVER_TROUBLE,
    NO_DESCRIPTORS,
    NO_DESCRIPTORS_FOR_MANY,
    OUTPUT_DROP,
    RESETTING_SERVER,
    SLOW_SERVER,
    SYN_FLOOD,
    UNREAD_DATA,
)
from tests.kernel.scenarios_on_the_way import ASYMMETRIC_ROUTE, FORGETFUL_ROUTER, LOOP, NARROW_ROUTER
from tests.kernel.seeing import Seen, seeing


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`cause` is how cells of a row begin that is among the first; `said` is what the prose has of it."""

    scenario: Scenario
    question: str
    cause: Mapping[str, str]
    said: tuple[str, ...]
    unsaid: tuple[str, ...] = field(default=("IP_INADDRERRORS",))
    """Causes of something else that happens meanwhile."""

    def __str__(self) -> str:
        return self.question


_FIREWALL = ("This machine dropped", "`NETFILTER_DROP`", "a firewall rule")
QUESTIONS = (
    Asked(
        scenario=CLOSED_PORT,
        question="why can't cart reach 10.99.0.2:8081?",
        cause={"process": "cart", "destination": "10.99.0.2:8081", "outcome": "refused"},
        said=("`cart` is refused by `10.99.0.2:8081`", "nothing listens on that port", "`NO_SOCKET`"),
        unsaid=("IP_INADDRERRORS", "NETFILTER_DROP"),
    ),
    Asked(
        scenario=INPUT_DROP,
        question="why does billing hang connecting to 10.99.0.2:8443?",
        cause={"process": "billing", "outcome": "timed out", "seen here": "NETFILTER_DROP"},
        said=("`billing` times out connecting to", *_FIREWALL),
    ),
    Asked(
        scenario=IMPATIENT,
        question="ledger can't connect to 10.99.0.2:8443, why",
        cause={"process": "ledger", "outcome": "gave up, no reply", "seen here": "NETFILTER_DROP"},
        said=("`ledger` gets no reply from", *_FIREWALL),
    ),
    Asked(
        scenario=INPUT_RESET,
        question="why is mailer refused by 10.99.0.2:8444?",
        cause={"process": "mailer", "outcome": "refused", "seen here": "NETFILTER_DROP"},
        said=("`mailer` is refused by", *_FIREWALL),
        unsaid=("IP_INADDRERRORS", "nothing listens"),
    ),
    Asked(
        scenario=OUTPUT_DROP,
        question="is 10.99.0.2:8445 down for uploader?",
        cause={"process": "uploader", "outcome": "gave up, no reply", "seen here": "NETFILTER_DROP"},
        said=("`uploader` gets no reply from", *_FIREWALL),
    ),
    Asked(
        scenario=INPUT_ICMP,
        question="why is search rejected by 10.99.0.2:8446?",
        cause={"process": "search", "outcome": "rejected by ICMP", "seen here": "NETFILTER_DROP"},
        said=("`search` is rejected by ICMP on its way to", *_FIREWALL),
    ),
    Asked(
        scenario=HASTY,
        question="finder fails to reach 10.99.0.2:8456",
        cause={"process": "finder", "outcome": "rejected by ICMP", "seen here": "NETFILTER_DROP"},
        said=("`finder` is rejected by ICMP on its way to", *_FIREWALL),
    ),
    Asked(
        scenario=ABSENT_HOST,
        question="inventory can't reach 10.99.0.77, is it down?",
        cause={"process": "inventory", "outcome": "host unreachable", "seen here": "NEIGH_FAILED"},
        said=("`inventory` cannot reach the host of `10.99.0.77:80`", "answers no ARP or neighbour request"),
    ),
    Asked(
        scenario=FIRST_SYN,
        question="why is login exactly 1 s slow?",
        cause={"destination": "10.99.0.2:8447", "seen here": "NETFILTER_DROP", "retrans": "1"},
        said=(*_FIREWALL, "took 1.0 s, 1 retransmit", "a SYN is sent again after 1, 3 and 7 s"),
    ),
    Asked(
        scenario=DATAGRAMS,
        question="why can't metrics-agent send to 10.99.0.2:8125?",
        cause={"process": "metrics-agent", "destination": "10.99.0.2:8125", "outcome": "refused"},
        said=("`metrics-agent` is refused by `10.99.0.2:8125`", "nothing listens on that port"),
        unsaid=("IP_INADDRERRORS", "NETFILTER_DROP"),
    ),
    Asked(
        scenario=NO_DESCRIPTORS,
        question="why does chat get no answer from 10.99.0.2:8452?",
        cause={"destination": "10.99.0.2:8452", "seen here": "accept: EMFILE"},
        said=("could not accept: `EMFILE`", "for want of file descriptors", "To `10.99.0.2:8452`"),
    ),
    Asked(
        scenario=NO_DESCRIPTORS_FOR_MANY,
        question="why does player wait for 10.99.0.2:8457?",
        cause={"destination": "10.99.0.2:8457", "seen here": "accept"},
        said=("accept", "To `10.99.0.2:8457`", "The accept queue of `lobby` at `0.0.0.0:8457` is full"),
    ),
    Asked(
        scenario=FULL_ACCEPT_QUEUE,
        question="why does kiosk wait for 10.99.0.2:8453?",
        cause={"destination": "10.99.0.2:8453", "seen here": "accept queue full"},
        said=("The accept queue there is full (3 wait where 2 fit)", "The accept queue of `tickets` at"),
    ),
    Asked(
        scenario=SYN_FLOOD,
        question="is somebody flooding port 8454?",
        cause={"state": "SYN_RECV", "local": "10.99.0.2:8454", "remote": "10.88.0."},
        said=("handshakes at `10.99.0.2:8454` are half open, from `10.88.0.", "as in a SYN flood"),
    ),
    Asked(
        scenario=SLOW_SERVER,
        question="is the network slow for thumbnails?",
        cause={"destination": "10.99.0.2:8449", "retrans": "0"},
        said=("It is not the network but the server", "no retransmit, open for 2.0 s", "acquits the network"),
        unsaid=("IP_INADDRERRORS", "NETFILTER_DROP", "Next steps"),
    ),
    Asked(
        scenario=RESETTING_SERVER,
        question="who resets webhook?",
        cause={"process": "webhook", "destination": "10.99.0.2:8450", "seen here": "reset by hooks: TCP_STATE"},
        said=("`10.99.0.2:8450` resets `webhook` 1 time", "`hooks` on this machine sent the RST as `TCP_STATE`"),
    ),
    Asked(
        scenario=UNREAD_DATA,
        question="who resets the connections of telemetry?",
        cause={
            "process": "telemetry",
            "destination": "10.99.0.2:8451",
            "seen here": "reset by sink: TCP_ABORT_ON_CLOSE",
        },
        said=("`10.99.0.2:8451` resets `telemetry` 1 time", "the program closes with data that it has not read"),
    ),
    Asked(
        scenario=NAME_SERVER_TROUBLE,
        question="which names does asker not find in dns?",
        cause={"name": "missing.lab", "answer": "NXDOMAIN"},
        said=("`missing.lab` (`NXDOMAIN`, 1)", "`broken.lab` (`SERVFAIL`, 1)", "`private.lab` (`REFUSED`, 1)"),
    ),
    Asked(
        scenario=NARROW_ROUTER,
        question="is backup losing packets?",
        cause={"process": "backup", "in state": "ESTABLISHED", "seen here": "QDISC_DROP"},
        said=("of `backup` to `10.96.2.1:8460` had to be sent again", "`QDISC_DROP`", "a full queue"),
    ),
    Asked(
        scenario=FORGETFUL_ROUTER,
        question="why does consumer hang?",
        cause={"destination": "10.96.2.1:8461", "seen here": "NETFILTER_DROP"},
        said=(*_FIREWALL, "`consumer` holds a connection in `ESTABLISHED` to `10.96.2.1:8461`: unanswered"),
    ),
    Asked(
        scenario=LOOP,
        question="why can't scraper reach 10.66.0.9?",
        cause={"process": "scraper", "destination": "10.66.0.9:80", "seen here": "IP_INHDR"},
        said=("`scraper` is rejected by ICMP on its way to `10.66.0.9:80`", "a routing loop"),
    ),
    Asked(
        scenario=ASYMMETRIC_ROUTE,
        question="why does vpn get no reply from 10.99.0.2:8462?",
        cause={"process": "vpn", "outcome": "gave up, no reply", "seen here": "IP_RPFILTER"},
        said=("`vpn` gets no reply from `10.99.0.2:8462`", "the reverse path filter"),
    ),
)
SCENARIOS = tuple(dict.fromkeys((HEALTH, *(each.scenario for each in QUESTIONS))))
"""Health first: it rests before there is trouble that could be told of it."""


@pytest.fixture(scope="module")
def seen(with_namespaces: None) -> Iterator[Seen]:
    with seeing(SCENARIOS) as all_of_them:
        yield all_of_them


def ask(question: str, seen: Seen) -> Answer:
    return seen.told(partial(asked, question))


@pytest.mark.parametrize("about", QUESTIONS, ids=str)
def test_cause_is_among_the_first_rows_and_said(about: Asked, seen: Seen) -> None:
    answer = ask(about.question, seen)
    assert any(has(row, about.cause) for row in answer.top), answer.top
    for said in about.said:
        assert said in answer.prose
    for unsaid in about.unsaid:
        assert unsaid not in answer.prose


def has(row: Mapping[str, object], expected: Mapping[str, str]) -> bool:
    """Counts may be whole numbers or not; an exact number is meant where the expectation is one."""
    return all(_begins(row.get(name), value) for name, value in expected.items())


def _begins(cell: object, value: str) -> bool:
    if isinstance(cell, int | float):
        return cell == float(value)
    return isinstance(cell, str) and cell.startswith(value)


def test_first_the_names_are_told_that_a_program_waits_for(seen: Seen) -> None:
    answer = ask("why does asker wait for names?", seen)
    assert answer.prose.startswith("1 look-up got no answer: `silent.lab` (1), asked of `10.99.0.2` [T1].")
    assert answer.top[0]["name"] == "silent.lab"
    assert "Answers came late for `slow.lab` (1.5 s), from `10.99.0.2`." in answer.prose


def test_who_gets_no_answer_in_a_flood_is_told_that_the_listener_loses_packets(seen: Seen) -> None:
    answer = ask("why does customer get no answer from 10.99.0.2:8454?", seen)
    assert "handshakes wait for their last packet where 8 fit: SYNs come faster than they are completed" in answer.prose
    assert "can't be seen from this host" not in answer.prose


@pytest.mark.parametrize(
    "question",
    [
        "is anything wrong with steady?",
        "why does steady hang?",
        "is steady slow?",
        "any resets or retransmits of steady?",
        "does steady lose packets?",
        "is dns ok for steady?",
    ],
)
def test_of_a_healthy_program_nothing_is_wrong(question: str, seen: Seen) -> None:
    answer = ask(question, seen)
    first = answer.prose.split("\n")[0]
    for trouble in ("dropped", "refused", "no reply", "full", "SYN", "sent again, ", "lost"):
        assert trouble not in first
    assert "Next steps" not in answer.prose, answer.prose
