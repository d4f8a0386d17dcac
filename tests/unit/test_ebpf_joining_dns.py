"""Look-ups, and the names of addresses, from hand-written lines of a recording."""

from typing import Any

import pytest

from bot.domain.network import DnsLookup, Endpoint, Event
from bot.domain.workload import Workload
from bot.ebpf.recording.lookup_joining import AddressNames
from tests.recorded_lines import after, call, line, told

THERE = Endpoint("10.99.0.2", 8000)


def only(*lines: str) -> Event:
    (event,) = told(*lines)
    return event


def of_dns(event: str, at_us: int, **fields: object) -> str:
    flow = {"proto": "udp", "src": "10.99.0.1", "sport": 40000, "dst": "10.99.0.53", "dport": 53}
    back = {"proto": "udp", "src": "10.99.0.53", "sport": 53, "dst": "10.99.0.1", "dport": 40000}
    asked = {"qname": "db.lab", "qtype": 1, "id": 7, "cgroup": "/system.slice/cron.service"}
    return line(event, at_us, **{**(flow if event == "dns_query" else back), **asked, **fields})


def query(at_us: int, **fields: object) -> str:
    return of_dns("dns_query", at_us, **fields)


def reply(at_us: int, *answers: str, **fields: object) -> str:
    shape = {"rcode": "NOERROR", "answers": list(answers), "latency_us": at_us}
    return of_dns("dns_reply", at_us, **{**shape, **fields})


def lookups(*lines: str) -> list[DnsLookup]:
    return [each for each in told(*lines) if isinstance(each, DnsLookup)]


def test_a_question_to_dns_is_joined_with_its_answer() -> None:
    assert only(query(0), reply(250, "10.99.0.2", "fd99::2")) == DnsLookup(
        time=after(0),
        process="curl",
        pid=100,
        uid=0,
        workload=Workload(unit="cron.service"),
        destination=Endpoint("10.99.0.53", 53),
        name="db.lab",
        type="A",
        rcode="NOERROR",
        latency_us=250,
        answers=("10.99.0.2", "fd99::2"),
    )


def test_a_question_that_is_sent_again_is_one_look_up() -> None:
    (found,) = lookups(query(0), query(5_000_000), reply(5_000_100))
    assert (found.time, found.tries, found.latency_us) == (after(0), 2, 5_000_100)
    assert [each.tries for each in lookups(query(0), reply(9), query(20))] == [1, 1]


def test_a_reply_may_repeat_the_name_in_other_letters() -> None:
    (found,) = lookups(query(0, qname="dB.Lab"), reply(9, qname="Db.lAB"))
    assert (found.name, found.rcode) == ("dB.Lab", "NOERROR")


@pytest.mark.parametrize("other", [{"id": 8}, {"qtype": 28}, {"qname": "web.lab"}, {"sport": 40001}, {"netns": 2}])
def test_another_question_is_another_look_up(other: dict[str, Any]) -> None:
    first, second = lookups(query(0), query(10, **other), reply(20))
    assert (first.rcode, second.rcode) == ("NOERROR", None)


def test_what_nobody_asked_for_begins_nothing_and_names_nothing() -> None:
    assert lookups(reply(10, "10.99.0.2"), query(20)) == lookups(query(20))
    (found,) = [each for each in told(reply(10, "10.99.0.2"), call(0)) if not isinstance(each, DnsLookup)]
    assert found.destination == THERE


def test_an_answer_that_could_not_be_read_has_a_latency_only() -> None:
    (found,) = lookups(query(0), reply(30, rcode=None, answers=None))
    assert (found.rcode, found.answers, found.latency_us) == (None, (), 30)


def test_a_question_that_could_not_be_read_has_no_name() -> None:
    unread: dict[str, Any] = {"qname": None, "qtype": None, "id": None}
    (found,) = lookups(query(0, **unread), reply(30, **unread, rcode=None, answers=None))
    assert (found.name, found.type, found.latency_us) == (None, None, 30)


def test_types_of_questions_have_names() -> None:
    assert [lookups(query(0, qtype=kind))[0].type for kind in (28, 65, 99)] == ["AAAA", "HTTPS", "TYPE99"]


def test_destinations_have_the_name_that_dns_gave_them_last() -> None:
    asked = (query(0, qname="Old.lab"), reply(10, "10.99.0.2", qname="Old.lab"), call(20), query(30, qname="New.LAB"))
    events = told(*asked, reply(40, "10.99.0.2", "10.99.0.53", qname="New.LAB"))
    assert {(each.destination.address, each.destination.name) for each in events if each.destination} == {
        ("10.99.0.2", "new.lab"),
        ("10.99.0.53", "new.lab"),
    }


def test_names_of_addresses_are_bounded() -> None:
    names = AddressNames(max_names=2)
    for name, address in (("a", "10.0.0.1"), ("b", "10.0.0.2"), ("c", "10.0.0.1"), ("d", "10.0.0.3")):
        names.learn(name, [address])
    found = [names.named(only(call(0, dst=f"10.0.0.{last}"))).destination for last in (1, 2, 3)]
    assert [end.name for end in found if end] == ["c", None, "d"]


def test_the_root_is_no_name_for_an_address() -> None:
    (found,) = lookups(query(0, qname=""), reply(9, "10.99.0.53", qname=""))
    assert (found.name, found.destination.name) == ("", None)
    *_, named = lookups(query(0), reply(9, "10.99.0.53"), query(20, qname=""), reply(29, "10.99.0.53", qname=""))
    assert (named.name, named.destination.name) == ("", "db.lab")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (reply(0, answers="10.0.0.1"), "\"answers\" is '10.0.0.1'"),
        (reply(0, answers=[1]), '"answers" is [1]'),
        (query(0, id="7"), "\"id\" is '7'"),
    ],
)
def test_what_a_line_should_not_hold_is_named(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match="is ") as caught:
        told(text)
    assert str(caught.value) == complaint
