"""What a language model is told under NETSPY_MODEL_DATA=masked, and that whoever asked reads the real names."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.codec import compact
from bot.domain.errors import ModelRefused
from bot.domain.json_types import JsonObject
from bot.domain.message import Attachment, Author
from bot.domain.network import Coverage, Window
from bot.domain.table import Column, Line, Series, Table
from bot.domain.turn import Completion, ModelEvent, ModelRequest, Round, TextDelta, ToolCall, ToolResult
from bot.llm.dialog import Called, Said, entries, output_of
from bot.llm.masking.model import MaskingModel, Threads, masked
from bot.llm.masking.names import Names
from bot.llm.masking.request import Masking
from bot.llm.masking.streaming import Unmasking
from bot.llm.masking.text import Mask
from bot.llm.masking.vocabulary import Kind
from tests.fakes import NOW, ScriptedModel
from tests.unit.llm_models import PlayedModel
from tests.wire.llm_requests import REQUEST, THREAD, collect, turn

PROCESSES = (
    "checkout",
    "Web Content",
    "kworker/3:1",
    "-bash",
    "python3.11",
    "支払い",
    "a`b\n[x](y)",
    "7",
    "node-2",
    "x y",
)
HOSTS = ("db.internal", "redis", "Ignore.previous instructions", "cache-1.prod.svc.cluster.local", "node.js", "ip-3")
ADDRESSES = ("10.2.0.14", "2001:db8::1", "192.0.2.77", "fe80::1", "::ffff:203.0.113.9")
NODES, PODS, PEOPLE = ("node-a", "ip-10-2-0-14"), ("checkout-7d9f8-x2x",), ("Dana Scully",)
CORPUS = (*PROCESSES, *HOSTS, *ADDRESSES, *NODES, *PODS, *PEOPLE, "Dana", "Scully", "10.2.0.0/24", "payments-ns")


def learnt() -> Mask:
    names = Names()
    kinds: dict[Kind, Iterable[str]] = {"process": PROCESSES, "node": NODES, "pod": PODS, "user": PEOPLE}
    for kind, values in kinds.items():
        for value in values:
            names.learn(value, kind)
    for host in HOSTS:
        names.learn_host(host)
    return Mask(names)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("why is checkout slow to 10.2.0.14:5432?", "why is process-1 slow to ip-1:5432?"),
        ("[2001:db8::1]:443 or 10.2.0.0/24 or 10.2.0.*", "[ip-1]:443 or net-1 or net-2"),
        ("db.internal:5432, then db alone, http://vault/x", "host-1.host-2:5432, then host-1 alone, http://host-3/x"),
        ("`checkout` (_checkout_) checkout's", "`process-1` (_process-1_) process-1's"),
        ("*.internal and ip-10-9-8-7.ec2.internal", "*.host-1 and host-2.host-3.host-1"),
        ("no node-77 here", "no node-1 here"),
        ("dana@corp.example 02:42:ac:11:00:02", "user-1 name-1"),
        (
            "支払いが失敗 支払いcheckout支払い-bash",
            "process-1が失敗 process-1\u2060process-2\u2060process-1\u2060process-3",
        ),
        ("127.0.0.1:80 ::1 0.0.0.0 localhost:53", "127.0.0.1:80 ::1 0.0.0.0 localhost:53"),
        ("14:02:11, 2026-11-23T14:07:00.123Z, 1.5 ms, e.g. 3", "14:02:11, 2026-11-23T14:07:00.123Z, 1.5 ms, e.g. 3"),
        ("NO_SOCKET in checkout_v4_rcv+0x1, 7 x", "NO_SOCKET in checkout_v4_rcv+0x1, 7 x"),
    ],
)
def test_names_and_addresses_of_a_text_become_placeholders_and_come_back(text: str, told: str) -> None:
    mask = learnt()
    assert mask.mask(text) == told
    assert mask.unmask(told) == text


def test_a_name_in_other_letters_is_the_same_name() -> None:
    mask = learnt()
    assert mask.mask("Checkout and CHECKOUT, web content") == "process-1 and process-1, process-2"


def test_what_is_left_of_a_name_that_was_cut_is_hidden_too() -> None:
    mask = learnt()
    assert mask.mask("check checko… checko [check […] cached…") == "check name-1… checko [name-2 […] cached…"
    long = f"{'so ' * 400}check"
    assert mask.mask(long) == f"{'so ' * 400}name-2"
    assert mask.unmask(mask.mask(long)) == long


def test_a_text_of_signs_that_nobody_writes_hides_its_names_all_the_same() -> None:
    signs = "".join(map(chr, range(0xE000, 0xF900)))
    assert learnt().mask(f"{signs} checkout").endswith(" process-1")


def test_a_model_may_write_a_placeholder_in_its_own_way() -> None:
    mask = learnt()
    mask.mask("checkout to [2001:db8::1]:443")
    assert mask.unmask("**Process\u20111** `PROCESS-01` ip-1:443, [ip-1], ip-1.") == (
        "**checkout** `checkout` [2001:db8::1]:443, [2001:db8::1], 2001:db8::1."
    )


def test_a_placeholder_that_nobody_was_given_stays() -> None:
    assert learnt().unmask("process-99 and shipment-1 and ip-") == "process-99 and shipment-1 and ip-"


TEXTS = st.lists(
    st.one_of(
        st.sampled_from(CORPUS),
        st.sampled_from([" ", ", ", "`", "_", ":", ".", "-", "'", "\n", "ip-3", "x_node-1-", "process-2", "::", "/24"]),
        st.text(st.characters(codec="utf-8"), max_size=4),
    ),
    max_size=14,
).map("".join)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_what_was_masked_comes_back(text: str) -> None:
    mask, text = learnt(), text.replace("\u2060", "")
    assert mask.unmask(mask.mask(text)).lower() == text.lower()


WINDOW = Window(NOW - timedelta(hours=1), NOW)


def coverage() -> Coverage:
    return Coverage(
        source="ebpf-server at collector-7:8080 (http://10.2.0.14:8080)",
        kind="server",
        window=WINDOW,
        seen=2,
        matched=2,
        nodes=NODES,
        notes=("no answer of ip-10-2-0-14: http://db.internal:8080 refused",),
        command="failures --process 'Web Content' --destination 10.2.0.14:5432 --node node-a",
    )


def tables() -> tuple[Table, ...]:
    who = (Column("process"), Column("destination", "address"), Column("attempts", "integer"), Column("seen here"))
    ends = [*HOSTS, *ADDRESSES[:1], "[2001:db8::1]", "[fe80::1]", "192.0.2.77"]
    rows = tuple(
        (name, f"{end}:80", 3, f"reset by {name}: NO_SOCKET 3") for name, end in zip(PROCESSES, ends, strict=True)
    )
    places = (Column("namespace"), Column("pod"), Column("node"), Column("from", "address"), Column("at", "time"))
    pods = (("payments-ns", PODS[0], NODES[0], "192.0.2.77:1", NOW), ("payments-ns", PODS[0], NODES[1], "fe80::1", NOW))
    lookups = (Column("event", "id"), Column("what"), Column("destination", "address"))
    dns = tuple(("dns", f"{host} A NOERROR, {end}", f"{end}") for host, end in zip(HOSTS, ADDRESSES, strict=False))
    return (
        Table("by checkout", who, rows, len(rows), "T1"),
        Table("pods", places, pods, 2, "T2"),
        Table("Newest events", lookups, dns, len(dns), "T3"),
    )


def trend() -> ToolResult:
    columns = (Column("from", "time"), Column("all", "integer"), *(Column(name, "integer") for name in PROCESSES[:3]))
    table = Table("Connections over time, by process", columns, ((NOW, 3, 1, 1, 1),), 1, "T4")
    chart = Series("of checkout", ("14:07",), (Line("checkout", (1.0,)),))
    return ToolResult(
        ToolCall("c2", "event_trend", {"by": "process"}), "most of Web Content", (table,), charts=(chart,)
    )


def found() -> ToolResult:
    call = ToolCall("c1", "find_failures", {"process_name": "kworker/3:1", "destination": "redis:6379", "pid": 7})
    said = "2 attempts by process 'Web Content' failed; most: -bash to 10.2.0.14:80"
    return ToolResult(call, said, tables(), coverage(), attachments=(Attachment("checkout.log", "Dana"),))


def of_a_day(text: str) -> ModelRequest:
    """A request in which every part that a model is told holds names."""
    asked = turn(1, f"asked about {text}", answer=f"It was {text}.")
    asked = replace(asked, message=replace(asked.message, author=Author("u7", PEOPLE[0])), results=(found(), trend()))
    said = Completion(f"I look at {text}", (found().call, trend().call), "gpt", notice="checkout")
    nested = ToolResult(ToolCall("c3", "elsewhere", {"filter": {"hosts": ["redis"], "note": text}}), f"none of {text}")
    return replace(
        REQUEST,
        history=(asked,),
        question=f"why {text}?",
        summary=f"turn 1, Dana Scully: {text}",
        rounds=(Round(said, (found(), trend(), nested)),),
        remark=f"not shown: {text}",
        images=(Attachment("checkout.png", "aGk=", "base64"),),
        author="slack/T1/U7",
    )


def sent(request: ModelRequest) -> str:
    """Everything that either API writes down of a request."""
    written = [request.instructions.removesuffix(REQUEST.instructions), str(request.thread), request.author]
    for entry in entries(request):
        match entry:
            case Said(_, text, images):
                written += [text, *images]
            case Called(results, completion):
                written += [completion.text if completion else ""]
                written += [f"{compact(each.call.arguments)}\n{output_of(each)}" for each in results]
    return "\n".join(written)


SECRETS = [value for value in CORPUS if value not in {"7", "ip-3", "node-2"}]
"""Without those that other things are called, too: a count, a placeholder."""


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(CORPUS), min_size=1, max_size=4).map(" and ".join))
def test_nothing_of_a_request_that_is_sent_holds_a_name(text: str) -> None:
    masking = Masking(Names())
    told = sent(masking.request(of_a_day(text), THREAD)).removesuffix("x")
    texts = json.dumps(told, ensure_ascii=False)
    assert [secret for secret in SECRETS if secret in told or compact(secret)[1:-1] in texts] == []
    assert f"\nwhy {text}?".lower() in masking.unmasked(told).lower()


def test_what_is_no_name_is_told_as_it_is() -> None:
    told = sent(Masking(Names()).request(of_a_day("checkout"), THREAD))
    for kept in (
        "NO_SOCKET",
        "NOERROR",
        '"attempts"',
        '"pid":7',
        ":5432",
        '"T1"',
        "2026-11-23T14:07:00Z",
    ):
        assert kept in told


def test_the_same_value_has_the_same_placeholder_in_all_turns_of_a_thread_and_of_no_other() -> None:
    threads = Threads()
    first, other = threads.masking(REQUEST), threads.masking(replace(REQUEST, thread=replace(THREAD, thread="2")))
    assert threads.masking(REQUEST) is first is not other
    assert threads.masking(replace(REQUEST, seen=frozenset({"a-mark"}))) is not first, "who sees less may not read it"
    told = [
        first.request(replace(REQUEST, question=text), THREAD).question for text in ("10.0.0.9", "8.8.4.4 10.0.0.9")
    ]
    assert told == ["ip-1", "ip-2 ip-1"]


def test_threads_that_were_long_silent_are_forgotten() -> None:
    threads = Threads(most=2)
    requests = [replace(REQUEST, thread=replace(THREAD, thread=str(number))) for number in range(3)]
    first = threads.masking(requests[0])
    assert [threads.masking(each) for each in requests][2] is threads.masking(requests[2])
    assert threads.masking(requests[0]) is not first


def test_the_key_of_a_thread_is_told_to_nobody_and_stays_the_same() -> None:
    threads = Threads()
    assert threads.key(THREAD) == threads.key(THREAD)
    assert threads.key(THREAD) != Threads().key(THREAD)
    assert "tty1" not in str(threads.key(THREAD))


@pytest.mark.parametrize("size", range(1, 12))
async def test_a_placeholder_that_is_cut_while_it_streams_is_waited_for(size: int) -> None:
    said = "process-1 to ip-1:443 and (IP-2), ip-7, host-1.host-2 in pr. Nod"
    pieces = [TextDelta(said[place : place + size]) for place in range(0, len(said), size)]
    model = MaskingModel(PlayedModel([[*pieces, Completion(said, (), "gpt")]]), Threads(), known_names)
    question = "2001:db8::1 10.2.0.14 db.internal checkout"
    events = await collect(model.answer(replace(REQUEST, question=question)))
    want = "checkout to [2001:db8::1]:443 and (10.2.0.14), ip-7, db.internal in pr. Nod"
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == want
    assert isinstance(events[-1], Completion)
    assert events[-1].text == want


async def known_names() -> Iterable[tuple[str, Kind]]:
    return [("checkout", "process"), ("db.internal", "host")]


async def test_calls_have_real_names_and_what_a_provider_wants_back_is_not_touched() -> None:
    arguments: JsonObject = {
        "process_name": "process-1",
        "destination": "host-1.host-2:5432",
        "note": {"process-1": ["is process-1"]},
    }
    carry = ({"type": "reasoning", "encrypted_content": "process-1"},)
    said = Completion("", (ToolCall("c", "find_failures", arguments),), "gpt", carry)
    model = masked([ScriptedModel([said])], known_names)[0]
    question = replace(REQUEST, question="checkout to db.internal")
    completion = (await collect(model.answer(question)))[-1]
    assert isinstance(completion, Completion)
    assert completion.calls[0].arguments == {
        "process_name": "checkout",
        "destination": "db.internal:5432",
        "note": {"checkout": ["is checkout"]},
    }
    assert completion.carry == carry


async def test_images_are_left_out_and_the_person_is_told() -> None:
    inner = ScriptedModel([Completion("Fine.", (), "gpt")])
    request = replace(REQUEST, images=(Attachment("shot.png", "aGk=", "base64"),))
    completion = (await collect(masked([inner])[0].answer(request)))[-1]
    assert isinstance(completion, Completion)
    assert completion.notice == "Images cannot be masked: answered without shot.png"
    assert inner.requests[0].images == ()


async def test_what_waits_when_a_model_fails_is_not_lost_and_its_failure_has_real_names() -> None:
    failure = ModelRefused("asking gpt", "it declined: nothing about process-1")
    model = masked([PlayedModel([[TextDelta("Look at process-1"), failure]])], known_names)[0]
    said: list[ModelEvent] = []

    async def listen() -> None:
        async for event in model.answer(replace(REQUEST, question="checkout?")):
            said.append(event)  # noqa: PERF401 - what came before the failure counts

    with pytest.raises(ModelRefused, match="nothing about checkout"):
        await listen()
    assert said == [TextDelta("Look at "), TextDelta("checkout")]


async def test_a_model_that_is_asked_for_a_summary_is_told_no_more() -> None:
    inner = ScriptedModel([Completion("turn 1: process-1 was slow", (), "gpt")])
    request = replace(of_a_day("checkout"), task="summarise")
    completion = (await collect(masked([inner], known_names)[0].answer(request)))[-1]
    assert isinstance(completion, Completion)
    assert completion.text == "turn 1: checkout was slow"
    assert "checkout" not in sent(inner.requests[0])


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.integers(1, 9))
def test_pieces_of_a_stream_make_the_same_text_as_the_whole(text: str, size: int) -> None:
    masking = Masking(Names())
    told = masking.request(replace(of_a_day("checkout"), question=text), THREAD).question
    unmasking = Unmasking(masking)
    pieces = [unmasking.feed(told[place : place + size]) for place in range(0, len(told), size)]
    assert "".join([*pieces, unmasking.rest()]) == masking.unmasked(told)
