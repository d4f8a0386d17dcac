"""DNS messages from the wire, honest and hostile, and whose they are."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ebpf.collector import dns
from tests.dns_messages import AAAA, CNAME, A, message, name, record
from tests.unit.collector_events import EPOCH_NS, address, decoder, raw

HOST = name(b"www", b"example", b"test")


def parsed(content: bytes) -> dns.DnsMessage:
    found = dns.parse(content)
    assert found is not None
    return found


def test_a_reply_tells_its_question_and_its_addresses_behind_aliases() -> None:
    reply = message(
        HOST,
        record(CNAME, b"\3cdn\xc0\x10"),
        record(A, address("192.0.2.1"), owner=b"\3cdn\xc0\x10"),
        record(AAAA, address("2001:db8::1"), owner=HOST),
    )
    assert parsed(reply) == dns.DnsMessage(7, "NOERROR", "www.example.test", A, ("192.0.2.1", "2001:db8::1"))


@pytest.mark.parametrize(
    ("flags", "rcode"), [(0x8183, "NXDOMAIN"), (0x8182, "SERVFAIL"), (0x8185, "REFUSED"), (0x818B, "RCODE11")]
)
def test_a_refusal_has_its_name(flags: int, rcode: str) -> None:
    assert parsed(message(HOST, flags=flags)).rcode == rcode


def test_a_message_cut_anywhere_tells_what_is_left_of_it() -> None:
    whole = message(HOST, record(A, address("192.0.2.1")), record(A, address("192.0.2.2")))
    for size in range(len(whole)):
        found = dns.parse(whole[:size])
        assert (found is None) == (size < 12)
        if found:
            assert found.qname in (None, "www.example.test")
            assert ("192.0.2.1", "192.0.2.2")[: len(found.answers)] == found.answers


def test_a_name_of_odd_bytes_is_written_out() -> None:
    assert parsed(message(name(b"a.b", b"\0\xff", b"<!all>"))).qname == "a\\046b.\\000\\255.\\060\\033all\\062"
    assert parsed(message(b"\0")).qname == ""


@pytest.mark.parametrize(
    "question",
    [b"\xc0\x0c", b"\x40abc", name(*[b"x" * 60] * 5), b"\x3fabc"],
    ids=["pointer", "unknown form", "too long", "beyond the end"],
)
def test_what_is_no_name_is_none(question: bytes) -> None:
    assert parsed(message(question)).qname is None


def test_an_address_of_a_wrong_length_is_none() -> None:
    assert parsed(message(HOST, record(A, b"123"), record(AAAA, b"1234"))).answers == ()


@given(st.binary(max_size=600))
def test_no_bytes_make_it_fail(content: bytes) -> None:
    dns.parse(content)


@given(st.binary(max_size=500))
def test_no_bytes_behind_a_question_make_it_fail(content: bytes) -> None:
    header = struct.pack(">HHHHHH", 1, 0x8180, 1, 65535, 0, 0)
    assert parsed(header + HOST + b"\0\1\0\1" + content).qname == "www.example.test"


def query(**fields: int | bytes) -> bytes:
    values: dict[str, int | bytes] = {"proto": 17, "sport": 5000, "dport": 53, "ts": 1_000_000, **fields}
    return raw("dns_query", message(HOST, flags=0x100), **values)


def reply(content: bytes | None = None, **fields: int | bytes) -> bytes:
    values: dict[str, int | bytes] = {
        "proto": 17,
        "sport": 53,
        "dport": 5000,
        "ts": 3_500_000,
        "pid": 1,
        "comm": b"ksoftirqd",
    }
    return raw("dns_reply", message(HOST) if content is None else content, **values | fields)


def asked_and_answered(*events: bytes) -> list[tuple[object, object, object]]:
    found = decoder().batch(events, epoch_ns=EPOCH_NS)
    return [(each["pid"], each["comm"], each.get("latency_us")) for each in found]


def test_a_reply_belongs_to_whoever_asked_however_letters_are_written() -> None:
    shouted = message(name(b"WWW", b"eXample", b"TEST"))
    assert asked_and_answered(query(), reply(shouted)) == [(42, "curl", None), (42, "curl", 2500.0)]


def test_a_query_that_was_sent_twice_waits_from_its_first_time_on() -> None:
    assert asked_and_answered(query(), query(ts=2_000_000), reply())[-1] == (42, "curl", 2500.0)


@pytest.mark.parametrize(
    "other",
    [reply(netns=1), reply(dport=5001), reply(message(HOST, number=8)), reply(message(HOST, kind=AAAA))],
    ids=["namespace", "port", "id", "type"],
)
def test_a_reply_to_something_else_has_no_asker(other: bytes) -> None:
    assert asked_and_answered(query(), other)[-1] == (None, None, None)


def test_a_second_reply_has_no_asker() -> None:
    assert asked_and_answered(query(), reply(), reply())[-1] == (None, None, None)


def test_queries_that_nobody_answers_are_forgotten_at_last() -> None:
    of_ports, of_one_port = dns.WaitingQueries[int](), dns.WaitingQueries[int]()
    for number in range(5000):
        of_ports.ask(number, "question", number)
        of_one_port.ask("port", number, number)
    assert [of_ports.answer(number, "question") for number in (0, 903, 904, 4999)] == [None, None, 904, 4999]
    assert [of_one_port.answer("port", number) for number in (0, 4743, 4744, 4999)] == [None, None, 4744, 4999]


def test_a_reply_that_could_not_be_read_answers_the_only_query_of_its_port() -> None:
    *_, unreadable = decoder().batch([query(), reply(b"cut")], epoch_ns=EPOCH_NS)
    assert (unreadable["pid"], unreadable["latency_us"], unreadable["rcode"]) == (42, 2500.0, None)
    assert (unreadable["qname"], unreadable["qtype"], unreadable["id"]) == ("www.example.test", A, 7)
    assert unreadable["answers"] is None


def test_a_reply_that_could_not_be_read_is_not_guessed_among_several_queries() -> None:
    other = raw("dns_query", message(HOST, number=8), proto=17, sport=5000, dport=53)
    assert asked_and_answered(query(), other, reply(b"cut"))[-1] == (None, None, None)
