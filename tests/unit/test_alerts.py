"""Notifications of Alertmanager: what they mean, and what is asked about them."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.alerts.asking import LONGEST_S, SHORTEST_S, Known, command_for, headline, question
from bot.alerts.webhook import group_of
from bot.domain.errors import InvalidArguments, InvalidSettings
from bot.domain.message import Command
from bot.setting_values import alert_channels
from tests.alert_groups import alert, group, labelled, notification
from tests.fakes import NOW

KNOWN = Known({"process_name": {"checkout", "a-very-long-nam"}, "pod": {"checkout-7f"}, "node": {"node-a", "10.0.0.5"}})
LATER = labelled().since
assert LATER
ASKED = LATER + timedelta(minutes=10)


def asked(**labels: str) -> Command:
    return command_for(labelled(**labels), KNOWN, now=ASKED)


def test_a_notification_is_a_group_of_those_that_fire() -> None:
    found = group(alert("a"), alert("b"), alert("c", status="resolved"))
    assert (found.receiver, found.name, len(found.firing)) == ("payments-oncall", "CheckoutErrors", 2)
    assert not found.is_resolved
    assert found.since == LATER


def test_a_group_is_resolved_when_all_of_it_is() -> None:
    assert group(alert("a", status="resolved")).is_resolved


def test_an_alert_that_fires_anew_is_another_one() -> None:
    before, again = group(alert("a")), group(alert("a", starts_at="2026-11-23T15:00:00Z"))
    assert before.firing.isdisjoint(again.firing)
    assert before.firing == group(alert("a")).firing


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "the body: invalid json"),
        (b"[]", "the body: input should be an object"),
        (json.dumps(notification(version="3")).encode(), "version: input should be '4'"),
        (json.dumps(notification(alerts=[])).encode(), "alerts: list should have at least 1 item"),
        (json.dumps(notification(alerts=[{"status": "firing"}])).encode(), "alerts.0.startsAt: field required"),
        (json.dumps(notification(alert(starts_at="14:02"))).encode(), "alerts.0.startsAt: "),
        (json.dumps(notification(groupKey="x" * 5000)).encode(), "groupKey: "),
    ],
)
def test_what_is_no_notification_is_refused_with_the_field(body: bytes, told: str) -> None:
    with pytest.raises(InvalidArguments) as caught:
        group_of(body)
    assert caught.value.got.startswith(told)


@pytest.mark.parametrize(
    ("labels", "command"),
    [
        ({"process": "checkout"}, Command("investigate", {"process_name": "checkout", "duration": 900})),
        ({"app": "checkout", "instance": "node-a:9100"},
         Command("investigate", {"process_name": "checkout", "duration": 900, "node": "node-a"})),
        ({"comm": "a-very-long-name-indeed"},
         Command("investigate", {"process_name": "a-very-long-nam", "duration": 900})),
        ({"job": "kube-state-metrics", "pod": "checkout-7f"}, Command("pod", {"pod": "checkout-7f", "duration": 900})),
        ({"instance": "10.0.0.5:9100"}, Command("incident", {"duration": 900, "node": "10.0.0.5"})),
        ({"process": "--node=x", "node": "elsewhere"}, Command("incident", {"duration": 900})),
        ({}, Command("incident", {"duration": 900})),
    ],
)  # fmt: skip
def test_labels_become_arguments_where_they_name_something_that_is_here(
    labels: dict[str, str], command: Command
) -> None:
    assert asked(**labels) == command


@pytest.mark.parametrize(("ago", "duration_s"), [(timedelta(0), SHORTEST_S), (timedelta(days=3), LONGEST_S)])
def test_the_window_begins_a_while_before_the_first_alert(ago: timedelta, duration_s: int) -> None:
    assert command_for(replace(labelled(), since=NOW - ago), KNOWN, now=NOW).arguments["duration"] == duration_s


def test_the_first_line_says_what_fires_since_when_and_where() -> None:
    found = group(alert("a"), alert("b"))
    assert headline(found) == (
        "`CheckoutErrors` fires (2 alerts) since 2026-11-23 14:02 UTC: severity `critical`."
        "\n\nCheckout answers with errors"
    )


def test_texts_of_alerts_are_cut_and_stay_on_their_line() -> None:
    hostile: dict[str, Any] = {"alertname": "x\n\x1b[31m" + "y" * 200, "pod": "p\u202eq"}
    found = replace(labelled(), labels=hostile, annotations={"summary": "[z](http://evil) @here\n" * 1000})
    first, second = headline(found).split("\n\n")
    assert "\x1b" not in first + second
    assert "\u202e" not in first
    assert len(second) == 300
    assert not set("[]@") & set(second)
    assert "\n" not in question(found)


def test_channels_of_receivers_are_read() -> None:
    found = alert_channels("pay=oncall=slack/C1, *=discord/42")
    assert found == {"pay=oncall": ("slack", "C1"), "*": ("discord", "42")}
    assert alert_channels("") == {}


@pytest.mark.parametrize("text", ["slack/C1", "a=teams/C1", "a=slack", "a=/C1", "a=slack/", "a=slack/C1,a=slack/C2"])
def test_channels_of_receivers_that_cannot_be_read_say_how_to_write_them(text: str) -> None:
    with pytest.raises(InvalidSettings, match="RECEIVER=slack/CHANNEL"):
        alert_channels(text)
