"""What is known about every reason for which the kernel drops an skb or sends a reset."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from bot.ebpf.collector import btf, harmless
from bot.tools.drop_reasons import Explanation, all_reasons, explain, meanings, nearest
from tests.test_architecture import ROOT

RECORDING = ROOT / "bot/ebpf/recording/lab-2026-11-26.jsonl"
MISLEADING = [
    ("IP_INHDR", "TTL"),
    ("SK_RST_REASON_TCP_STATE", "SO_LINGER"),
    ("TCP_ABORT_ON_CLOSE", "unread"),
    ("NOT_SPECIFIED", "FIN"),
    ("QUEUE_PURGE", "close"),
    ("TCP_OLD_SEQUENCE", "keepalive"),
    ("CONSUMED", "nothing was lost"),
]


def known(kind: str) -> set[str]:
    return {each.name for each in all_reasons() if each.kind == kind}


@pytest.mark.skipif(not btf.KERNEL.exists(), reason="this kernel has no BTF")
def test_every_reason_of_the_running_kernel_is_explained() -> None:
    names = btf.reason_names()
    assert set(names.drop.values()) - known("drop") == set()
    assert set(names.reset.values()) - known("reset") == set()


def test_every_reason_in_the_recording_is_explained() -> None:
    events = [json.loads(line) for line in RECORDING.read_text().splitlines()[1:]]
    seen = {(event["event"], event["reason"]) for event in events if event.get("reason")}
    assert len(seen) > 5
    assert {reason for event, reason in seen if event == "drop"} - known("drop") == set()
    assert {reason for event, reason in seen if event.startswith("tcp_reset")} - known("reset") == set()


def test_every_reason_that_the_collector_calls_harmless_is_explained_so() -> None:
    tree = ast.parse(Path(harmless.__file__).read_text())
    words = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    named = {word for word in words if word.isupper()}
    assert named >= {"QUEUE_PURGE", "NOT_SPECIFIED", "TCP_OLD_SEQUENCE"}
    told = {each.name: each.harmless for each in all_reasons() if each.kind == "drop" and each.name in named}
    depends = {"NOT_SPECIFIED", "IP_INNOROUTES", "QDISC_DROP"}
    assert told == {name: "sometimes" if name in depends else "usually" for name in told}
    assert named - told.keys() <= {"CONSUMED"}


@pytest.mark.parametrize("reason", all_reasons(), ids=lambda reason: f"{reason.kind}-{reason.name}")
def test_no_field_is_empty_or_a_filler(reason: Explanation) -> None:
    texts = [reason.meaning, *reason.causes, *reason.next, reason.because]
    assert all(text.strip() == text and len(text) > 5 for text in texts)
    assert 1 <= len(reason.causes) <= 4
    assert 1 <= len(reason.next) <= 4
    assert reason.harmless in {"usually", "sometimes", "never"}
    assert reason.since is None or tuple(map(int, reason.since.split("."))) >= (5, 17)
    assert not any("your configuration" in text for text in texts)


def test_a_name_or_alias_stands_for_one_reason_of_its_kind() -> None:
    words = [(each.kind, word) for each in all_reasons() for word in (each.name, *each.aliases)]
    assert len(words) == len(set(words))


@pytest.mark.parametrize("name", ["NO_SOCKET", "no_socket", "SKB_DROP_REASON_NO_SOCKET", " skb_drop_reason_no_socket "])
def test_case_and_prefix_do_not_matter(name: str) -> None:
    found = explain(name)
    assert found is not None
    assert (found.kind, found.name) == ("drop", "NO_SOCKET")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SKB_CONSUMED", "CONSUMED"),
        ("SKB_NOT_DROPPED_YET", "NOT_DROPPED_YET"),
        ("SKB_CSUM", "SKB_CSUM"),
        ("SKB_DROP_REASON_SKB_CSUM", "SKB_CSUM"),
        ("___RX_DROP_U_REPLAY", "RX_DROP_U_REPLAY"),
    ],
)
def test_names_that_begin_like_a_prefix_are_told_apart(name: str, meant: str) -> None:
    found = explain(name)
    assert found is not None
    assert found.name == meant


@pytest.mark.parametrize(("old", "new"), [("PTYPE_ABSENT", "UNHANDLED_PROTO"), ("VXLAN_NO_REMOTE", "NO_TX_TARGET")])
def test_an_old_name_finds_the_reason_of_today(old: str, new: str) -> None:
    found = explain(old)
    assert found is not None
    assert found.name == new


def test_the_prefix_says_whether_a_drop_or_a_reset_is_meant() -> None:
    assert [each.kind for each in meanings("SKB_DROP_REASON_TCP_FLAGS")] == ["drop"]
    assert [each.kind for each in meanings("SK_RST_REASON_TCP_FLAGS")] == ["reset"]
    assert [each.kind for each in meanings("TCP_FLAGS")] == ["drop", "reset"]
    assert meanings("SKB_DROP_REASON_TCP_STATE") == ()


@pytest.mark.parametrize(("name", "word"), MISLEADING)
def test_the_meaning_of_a_misleading_name_says_what_it_hides(name: str, word: str) -> None:
    found = explain(name)
    assert found is not None
    assert word in found.meaning


def test_an_unknown_name_has_near_ones() -> None:
    assert explain("NETFILTER_DORP") is None
    assert nearest("skb_drop_reason_netfilter_dorp")[0] == "NETFILTER_DROP"
    assert nearest("@@@") == ()


def test_a_command_that_explains_nothing_reads_no_toml() -> None:
    code = "import sys, bot.tools.drop_reasons; print('tomllib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "False\n"
