"""What a collector's HTTP side is asked, from query strings and bodies."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from urllib.parse import parse_qsl

import pytest

from bot.domain.errors import InvalidArguments
from bot.domain.network import EVENT_TYPES, EventKind, Outcome, Window
from bot.domain.query import Aggregate, EventQuery, Filter, Limits, Measure, Scope, Target
from bot.domain.sockets import SocketQuery, SocketState
from bot.ebpf.agent import questions
from tests.fakes import NOW

LATER = datetime(2200, 1, 1, tzinfo=UTC)
ALL = Filter(failed_local_lookups=True)


def events(asked: str = "") -> EventQuery:
    return questions.events(parse_qsl(asked, keep_blank_values=True), NOW)


def aggregate(asked: str = "") -> Aggregate:
    return questions.aggregate(parse_qsl(asked, keep_blank_values=True), NOW)


def sought(asked: str = "") -> questions.Sought:
    return questions.sought(parse_qsl(asked, keep_blank_values=True))


def counted(asked: str = "") -> questions.Counted:
    return questions.counted(parse_qsl(asked, keep_blank_values=True))


def at(second: float) -> datetime:
    return datetime(2026, 11, 23, 14, 0, tzinfo=UTC) + timedelta(seconds=second)


def test_nothing_given_asks_for_the_newest_attempts_of_a_minute() -> None:
    assert events() == EventQuery(kind="connection", window=Window.last(60, NOW), filter=Filter(), limit=100)


def test_every_parameter_of_events_is_obeyed() -> None:
    asked = events(
        "kind=connection&process=a%26b&pid=7&outcome=refused&outcome=gave+up,+no+reply&harmless=false&uid=0"
        "&errno=econnrefused&protocol=tcp&direction=out&node=n&namespace=shop&pod=cart-1&container=web"
        "&destination=db.Internal.:5432&failed_local_lookups=true&until=1m&duration=1.5h&limit=20000"
    )
    until = NOW - timedelta(minutes=1)
    assert asked == EventQuery(
        kind="connection",
        window=Window(until - timedelta(minutes=90), until),
        filter=Filter(
            pid=7,
            process="a&b",
            uid=0,
            target=Target(name="db.internal", port=5432),
            protocol="TCP",
            direction="out",
            outcomes=frozenset({Outcome.REFUSED, Outcome.UNANSWERED}),
            errno="ECONNREFUSED",
            node="n",
            namespace="shop",
            pod="cart-1",
            container="web",
            failed_local_lookups=True,
            harmless=False,
        ),
        limit=20_000,
    )


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_every_kind_can_be_asked_for(kind: EventKind) -> None:
    assert events(f"kind={kind}").kind == aggregate(f"kind={kind}").kind == kind


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("process=cur*", Filter(process_pattern="cur*")),
        ("process=cur%3F", Filter(process_pattern="cur?")),
        ("comm=cur*", Filter(process="cur*")),
        ("process=c*&comm=cur*", Filter(process="cur*", process_pattern="c*")),
        ("process=curl", Filter(process="curl")),
        ("kind=dns&lookup=*.Example.com.", Filter(lookup="*.example.com")),
        ("kind=drop&reason=NO_SOCKET&harmless=false", Filter(reason="NO_SOCKET", harmless=False)),
        ("kind=reset&direction=in", Filter(direction="in")),
        ("destination=10.0.0.0/8", Filter(target=Target(network=ip_network("10.0.0.0/8")))),
        ("destination=10.0.0.0/8&port=5432", Filter(target=Target(network=ip_network("10.0.0.0/8"), port=5432))),
        ("destination=10.0.0.1:80&port=80", Filter(target=Target(network=ip_network("10.0.0.1"), port=80))),
        ("destination=[2001:db8::1]:80", Filter(target=Target(network=ip_network("2001:db8::1"), port=80))),
        ("destination=:80", Filter(target=Target(port=80))),
        ("port=80", Filter(target=Target(port=80))),
        ("errno=111", Filter(errno="ECONNREFUSED")),
        ("errno=EWOULDBLOCK", Filter(errno="EAGAIN")),
        ("errno=9999", Filter(errno="9999")),
        ('within=[{"pids":[7]}]', Filter(within=Scope(frozenset({Limits(pids=frozenset({7}))})))),
        ("within=[]", Filter(within=Scope(frozenset()))),
    ],
)
def test_filters_are_read(asked: str, wanted: Filter) -> None:
    assert events(asked).filter == wanted


def test_groups_and_figures_are_lists_or_given_again() -> None:
    asked = aggregate("group_by=process,outcome&group_by=port&measures=p50:waited_us,sum:sent_bytes&top=3")
    assert asked.group_by == ("process", "outcome", "port")
    assert asked.measures == (Measure("p50", "waited_us"), Measure("sum", "sent_bytes"))
    assert asked.top == 3


def test_groups_can_be_of_slots_and_by_their_figures() -> None:
    asked = aggregate("group_by=slot&slot=60&by=p95:waited_us")
    assert (asked.group_by, asked.slot_s, asked.by) == (("slot",), 60, Measure("p95", "waited_us"))


def test_largest_hundred_groups_are_the_default_and_nothing_else_is() -> None:
    assert aggregate() == Aggregate(kind="connection", window=Window.last(60, NOW), top=100)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23T14:00:01Z", at(1)),
        ("2026-11-23t14:00:01z", at(1)),
        ("2026-11-23T15:00:01%2B01:00", at(1)),
        ("2026-11-23T15:00:01+01:00", at(1)),
        ("2026-11-23 14:00:01.5Z", at(1.5)),
        ("2026-11-23T14:00:01.000001Z", at(1.000001)),
        ("2026-11-23T14:00:01.000000001Z", at(1.000001)),
        ("2026-11-23T14:00:01.000001000Z", at(1.000001)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("90s", NOW - timedelta(seconds=90)),
        ("500ms", NOW - timedelta(seconds=0.5)),
        ("2d", NOW - timedelta(days=2)),
    ],
)
def test_since_is_a_moment_or_how_long_ago_that_is(text: str, expected: datetime) -> None:
    assert events(f"since={text}").window == Window(expected, NOW)


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("10m", 600), ("0.25s", 0.25), ("3650d", 3650 * 86_400)])
def test_duration_is_in_seconds_unless_it_says_otherwise(text: str, seconds: float) -> None:
    assert events(f"duration={text}").window == Window.last(seconds, NOW)


def test_duration_begins_no_earlier_than_the_calendar() -> None:
    since = events("until=0001-01-02T00:00:00Z&duration=7d").window.since
    assert since == datetime(1, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("limit=abc", "limit: 'abc' was given. Allowed is a whole number from 1 to 20,000"),
        ("limit=0", "limit: '0' was given. Allowed is"),
        ("limit=20001", "limit: '20001' was given. Allowed is"),
        ("limit=1_0", "limit: '1_0' was given"),
        ("limit=%D9%A1", r"limit: '\u0661' was given"),
        ("limit=" + "9" * 500, "limit: '9999"),
        ("limit=1&limit=2", "limit: it was given 2 times. Give it once"),
        ("limt=1", "'limt': there is no such parameter. Did you mean limit?"),
        ("x=1", "'x': there is no such parameter. There are kind, process, comm, pid, uid,"),
        ("kind=drops", "kind: 'drops' was given. Did you mean drop? Allowed is one of: connection | accept | drop |"),
        ("uid=-1", "uid: '-1' was given. Allowed is a whole number from 0 to 4,294,967,295"),
        ("destination=10.0.0.1/8", "destination: '10.0.0.1/8' was given. Allowed is an address, a CIDR such as"),
        ("destination=a:99999", "destination: 'a:99999' was given. Allowed is an address, a CIDR such as"),
        ("destination=a:80&port=81", "port: 81 was given, and the destination has port 80. Give one"),
        ("process=a&comm=b", "comm: it was given together with another exact name. Give one of the two"),
        ("direction=inn", "direction: 'inn' was given. Did you mean in? Allowed is one of: in | out"),
        ("errno=ECONREFUSED", "errno: 'ECONREFUSED' was given. Did you mean ECONNREFUSED? Allowed is the name of an"),
        ("errno=errorcode", "errno: 'errorcode' was given. "),
        ("errno=", "errno: '' was given. Allowed is the name of an errno"),
        ("kind=drop&outcome=refused", "outcome: no event of the kind drop can meet this condition. It is one on conn"),
        ("kind=drop&errno=EPERM", "errno: no event of the kind drop can meet this condition. It is one on connection"),
        ("reason=NO_SOCKET", "reason: no event of the kind connection can meet this condition. It is one on drop |"),
        ("kind=drop&lookup=a", "lookup: no event of the kind drop can meet this condition. It is one on dns"),
        ("direction=in", "direction: no event of the kind connection can meet this condition. It is one on accept |"),
        ("kind=listen&direction=out", "direction: no event of the kind listen can meet this condition. It is one on"),
        ("kind=", "kind: '' was given. Allowed is one of"),
        (
            "outcome=refuse",
            "outcome: 'refuse' was given. Did you mean refused? Allowed is one of: connected | refused |",
        ),
        ("harmless=yes", "harmless: 'yes' was given. Allowed is true or false"),
        ("pid=-1", "pid: '-1' was given. Allowed is a whole number from 0 to 4,294,967,295"),
        ("pid=4294967296", "pid: '4294967296' was given"),
        ("since=yesterday", "since: 'yesterday' was given. Allowed is an RFC 3339 time such as"),
        ("since=2026-11-23T14:00:00", "since: '2026-11-23T14:00:00' was given"),
        ("since=2026-13-23T14:00:00Z", "since: '2026-13-23T14:00:00Z' was given"),
        ("since=60", "since: '60' was given"),
        ("until=9999-12-31T23:59:59-01:00", "until: '9999-12-31T23:59:59-01:00' was given"),
        ("until=9999-12-31T23:59:59.9999999Z", "until: '9999-12-31T23:59:59.9999999Z' was given"),
        ("since=1m&until=2m", "since: 2026-11-23T14:06:00+00:00 was given, which is behind until, 2026-11-23T14:05:00"),
        ("since=1m&duration=1m", "duration: it was given together with since. Give one of the two"),
        ("duration=0", "duration: '0' was given. Allowed is a time such as 500ms"),
        ("duration=-5", "duration: '-5' was given"),
        ("duration=999999999d", "duration: '999999999d' was given"),
        ("duration=nan", "duration: 'nan' was given"),
        (
            'within=[{"pid":[7]}]',
            "within: '[{\"pid\":[7]}]' was given. There is no condition 'pid'. Allowed is a JSON list",
        ),
        ("within=", "within: '' was given. It is not JSON. Allowed is a JSON list of limits such as"),
        ("within=[]&within=[{}]", "within: it was given 2 times. Give it once"),
        ("%1b[31m=1", r"'\x1b[31m': there is no such parameter"),
    ],
)
def test_what_is_not_allowed_is_refused_by_name(asked: str, said: str) -> None:
    with pytest.raises(InvalidArguments) as refused:
        events(asked)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("group_by=proces", "group_by: 'proces' was given. Did you mean process? Allowed is one of: process | pid |"),
        ("group_by=process,", "group_by: '' was given. Allowed is"),
        ("measures=p50", "measures: 'p50' was given. Allowed is FIGURE:FIELD such as p50:waited_us"),
        ("measures=summ:waited_us", "measures: 'summ:waited_us' was given. Did you mean sum?"),
        ("measures=p50:waited", "measures: 'p50:waited' was given. Did you mean waited_us?"),
        ("group_by=slot", "group_by: slot was given, and no length of slots. Give slot=SECONDS too"),
        ("slot=0", "slot: '0' was given. Allowed is a whole number from 1 to"),
        ("by=p50", "by: 'p50' was given. Allowed is FIGURE:FIELD such as p50:waited_us"),
        ("kind=drop&outcome=refused", "outcome: no event of the kind drop can meet this condition"),
        ("top=0", "top: '0' was given. Allowed is a whole number from 1 to 20,000"),
        ("limit=5", "'limit': there is no such parameter. There are kind"),
    ],
)
def test_what_is_not_allowed_of_groups_is_refused_by_name(asked: str, said: str) -> None:
    with pytest.raises(InvalidArguments) as refused:
        aggregate(asked)
    assert str(refused.value).startswith(said)


def sockets(asked: str = "") -> SocketQuery:
    return questions.sockets(parse_qsl(asked, keep_blank_values=True))


def counters(asked: str = "") -> Window:
    return questions.counters(parse_qsl(asked, keep_blank_values=True), NOW)


def test_open_sockets_are_all_of_them_unless_told_otherwise() -> None:
    assert sockets() == SocketQuery()
    some = frozenset({SocketState.LISTEN, SocketState.SYN_RECV, SocketState.TIME_WAIT})
    assert sockets("state=LISTEN,SYN_RECV&state=TIME_WAIT&limit=7") == SocketQuery(states=some, limit=7)
    assert sockets("holders=false") == SocketQuery(holders=False)


def test_counters_are_asked_of_a_window_as_events_are() -> None:
    assert counters() == Window.last(60, NOW)
    until = NOW - timedelta(minutes=1)
    assert counters("until=1m&duration=90s") == Window(until - timedelta(seconds=90), until)
    assert counters("since=2026-11-23T14:00:00Z") == Window(at(0), NOW)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("state=LISTN", "state: 'LISTN' was given. Did you mean LISTEN? Allowed is one of: ESTABLISHED | "),
        ("state=", "state: '' was given. Allowed is"),
        ("limit=0", "limit: '0' was given. Allowed is a whole number from 1 to 20,000"),
        ("limit=20001", "limit: '20001' was given."),
        ("pid=7", "'pid': there is no such parameter. There are state, holders, limit"),
    ],
)
def test_what_is_not_allowed_of_sockets_is_refused_by_name(asked: str, said: str) -> None:
    with pytest.raises(InvalidArguments) as refused:
        sockets(asked)
    assert str(refused.value).startswith(said)


def test_what_is_not_allowed_of_counters_is_refused_by_name() -> None:
    with pytest.raises(InvalidArguments, match=r"^'limit': there is no such parameter. There are since, until, dur"):
        counters("limit=7")


def test_ebpf_servers_defaults_are_any_event_of_any_time() -> None:
    asked = sought()
    assert (asked.kinds, asked.filter, asked.limit) == (("connection", "drop"), ALL, 100)
    assert asked.window == Window(datetime(1970, 1, 1, tzinfo=UTC), LATER)
    assert asked.echo == {"limit": 100}


@pytest.mark.parametrize("asked", ["type=&pid=&command=&since=&until=&limit=", "pid=0&limit=0", "process_name=curl"])
def test_empty_and_zero_are_any_and_strangers_are_ignored_as_ebpf_server_does(asked: str) -> None:
    assert sought(asked) == sought()


def test_ebpf_servers_parameters_are_obeyed_and_echoed() -> None:
    asked = sought(
        "type=packet_drop&pid=7&command=curl&limit=3&since=2026-11-23T14:00:00Z&until=2026-11-23T14:00:00.999999999Z"
    )
    assert asked.queries() == [
        EventQuery(
            kind="drop",
            window=Window(at(0), at(1)),
            filter=Filter(pid=7, process="curl", failed_local_lookups=True),
            limit=3,
        )
    ]
    assert asked.echo == {
        "type": "packet_drop",
        "pid": 7,
        "command": "curl",
        "since": "2026-11-23T14:00:00Z",
        "until": "2026-11-23T14:00:00Z",
        "limit": 3,
    }


def test_until_is_inclusive_as_ebpf_servers_is() -> None:
    assert sought("until=2026-11-23T14:00:01Z").window.until == at(1.000001)


def test_more_events_than_one_answer_holds_are_cut_and_that_is_echoed() -> None:
    assert (sought("limit=1000000").limit, sought("limit=1000000").echo) == (20_000, {"limit": 20_000})


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("type=drop", "type: 'drop' was given."),
        ("pid=-1", "pid: '-1' was given. Allowed is a whole number from 0"),
        ("since=now", "since: 'now' was given. Allowed is an RFC 3339 time such as"),
        ("since=10m", "since: '10m' was given"),
        ("until=9999-12-31T23:59:59.999999Z", "until: '9999-12-31T23:59:59.999999Z' was given"),
        ("limit=-5", "limit: '-5' was given"),
        ("limit=many", "limit: 'many' was given"),
    ],
)
def test_what_ebpf_server_silently_ignores_is_refused(asked: str, said: str) -> None:
    with pytest.raises(InvalidArguments) as refused:
        sought(asked)
    assert str(refused.value).startswith(said)


def test_summary_counts_a_minute_of_all_unless_told_otherwise() -> None:
    query = counted("duration_seconds=0").query("drop", NOW)
    assert query == Aggregate(kind="drop", window=Window(NOW - timedelta(seconds=60), LATER), filter=ALL)
    assert counted("pid=7&command=curl&duration_seconds=5") == questions.Counted(pid=7, command="curl", duration_s=5)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{}", (0, "", 60)),
        (b'{"pid":null,"process_name":"x","duration_seconds":5}', (0, "", 5)),
        (b'{"pid":7,"command":"curl"}', (7, "curl", 60)),
    ],
)
def test_summary_is_asked_by_a_body(body: bytes, expected: tuple[int, str, int]) -> None:
    asked = questions.counted_by_body(body)
    assert (asked.pid, asked.command, asked.duration_s) == expected


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "Invalid JSON: it is empty. Send an object with any of pid, command, duration_seconds"),
        (b"pid=7", "Invalid JSON: 'pid=7' was given. Send an object"),
        (b"\xff", r"Invalid JSON: '\ufffd' was given"),
        (b"[7]", "Invalid JSON: '[7]' was given. Send an object"),
        (b"[" * 100_000, "Invalid JSON: '[[[["),
        (b'{"pid":-1}', "pid: '-1' was given. Allowed is a whole number from 0"),
        (b'{"pid":"12"}', 'pid: "12" was given. Allowed is a whole number'),
        (b'{"pid":true}', "pid: true was given"),
        (b'{"pid":1.5}', "pid: 1.5 was given"),
        (b'{"command":7}', "command: 7 was given. Allowed is any text"),
        (b'{"duration_seconds":-5}', "duration_seconds: '-5' was given. Allowed is a whole number from 0"),
    ],
)
def test_body_that_ebpf_server_would_refuse_is_refused_with_the_reason(body: bytes, said: str) -> None:
    with pytest.raises(InvalidArguments) as refused:
        questions.counted_by_body(body)
    assert str(refused.value).startswith(said)
