"""A reason's explanation as a table that reads well in a terminal of 80 cells."""

from datetime import UTC, datetime

import pytest

from bot.domain.errors import InvalidArguments
from bot.tables.layout import lay_out
from bot.tools.drop_reason_tables import CELL, explain_drop_reason
from bot.tools.drop_reasons import all_reasons

PREFIXES = {"drop": "SKB_DROP_REASON_", "reset": "SK_RST_REASON_"}
NAMES = [PREFIXES[each.kind] + each.name for each in all_reasons()]
BARE = sorted({each.name for each in all_reasons()})


@pytest.mark.parametrize("name", [*NAMES, *BARE])
def test_nothing_is_cut_in_80_cells(name: str) -> None:
    _, table = explain_drop_reason(name)
    laid = lay_out(table, width=80, zone=UTC, now=datetime(2026, 1, 1, tzinfo=UTC))
    assert laid.header.split() == ["about", "what"]
    assert not any("…" in line for line in laid.lines)
    assert all(len(str(what)) <= CELL for _, what in table.rows)


@pytest.mark.parametrize("name", NAMES)
def test_every_table_says_meaning_causes_and_what_to_check(name: str) -> None:
    _, table = explain_drop_reason(name)
    abouts = [about for about, _ in table.rows if about]
    assert abouts[:4] == ["meaning", "usual causes", "check next", "harmless"]
    assert len(table.rows) <= 26


def test_the_table_of_a_reason() -> None:
    said, table = explain_drop_reason("skb_drop_reason_fq_flow_limit")
    assert said == (
        "FQ_FLOW_LIMIT: One flow has more packets in the fq qdisc than flow_limit (100 unless set otherwise) allows. "
        "Harmless: sometimes; local TCP is held back before; UDP and tunnels lose"
    )
    assert table.title == "FQ_FLOW_LIMIT: drop reason"
    assert table.rows == (
        ("meaning", "One flow has more packets in the fq qdisc than flow_limit (100"),
        ("", "unless set otherwise) allows."),
        ("usual causes", "1. One UDP or QUIC socket sends in bursts."),
        ("", "2. Forwarded traffic of many users in one flow, such as a"),
        ("", "tunnel."),
        ("check next", "1. tc -s -d qdisc show dev IF: flows_plimit"),
        ("", "2. tc qdisc change dev IF root fq flow_limit N"),
        ("harmless", "sometimes: local TCP is held back before; UDP and tunnels lose"),
        ("counted in", "skbs, not packets: with GSO one skb may stand for 40 packets"),
        ("since", "kernel 6.14"),
    )


def test_a_name_of_both_a_drop_and_a_reset_says_both() -> None:
    _, table = explain_drop_reason("NO_SOCKET")
    assert table.title == "NO_SOCKET: drop reason and reset reason"
    assert "as a reset" in [about for about, _ in table.rows]


def test_a_reset_is_not_counted_in_skbs() -> None:
    _, table = explain_drop_reason("SK_RST_REASON_NO_SOCKET")
    assert "counted in" not in [about for about, _ in table.rows]


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvalidArguments, match="NETFILTER_DROP") as refused:
        explain_drop_reason("netfilter_dropped")
    assert str(refused.value).startswith(
        "drop reason 'netfilter_dropped': no kernel that netspy knows has it. Did you mean"
    )


def test_a_name_like_no_other_is_refused_on_one_short_line() -> None:
    with pytest.raises(InvalidArguments, match="list_packet_drops") as refused:
        explain_drop_reason("@\n" * 500)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 250


def test_a_bare_number_is_refused_with_the_reason_why() -> None:
    with pytest.raises(InvalidArguments, match="Numbers shift between kernels"):
        explain_drop_reason("131075")
