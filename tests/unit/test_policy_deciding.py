"""Which rule decides about a person in a place, and what a direct message may see."""

from dataclasses import replace
from ipaddress import IPv4Network

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.message import Author, Channel
from bot.domain.query import EVERYTHING, Limits, Scope
from bot.domain.turn import ToolSpec
from bot.policy.deciding import Refusal, decision, direct_decision
from bot.policy.marks import marks_of, may_be_shown
from bot.policy.permit import Permit, union
from bot.policy.rules import DEFAULT, Policy, Rule

C1, C2 = Channel("slack", "T1", "C1"), Channel("slack", "T1", "C2")
DANA = Author("U1", "dana", groups=frozenset({"S1"}))
GUEST = Author("U2", "gil", "guest")
ALERT = Author("alertmanager", "Alertmanager", "service")
CHECKOUT = Scope(frozenset({Limits(processes=frozenset({"checkout*"}))}))
BILLING = Scope(frozenset({Limits(namespaces=frozenset({"billing"}))}))
LIST = ToolSpec("list_connections", "", {}, read_only=True)
READS = ToolSpec("db__query", "", {}, read_only=True, server="db")
WRITES = ToolSpec("db__drop", "", {}, server="db")


def policy(*rules: Rule, direct_messages: bool = True) -> Policy:
    return Policy(rules=rules, direct_messages=direct_messages)


def rule(name: str = "r", **more: object) -> Rule:
    return replace(Rule(name=name), **more)  # type: ignore[arg-type]  # what a test gives is a rule's


def permitted(found: object) -> Permit:
    assert isinstance(found, Permit), found
    return found


def refused(found: object) -> Refusal:
    assert isinstance(found, Refusal), found
    return found


def test_without_a_file_members_may_everything_that_changes_nothing_and_others_nothing() -> None:
    found = permitted(decision(DEFAULT, DANA, C1))
    assert found.scope == EVERYTHING
    assert found.models is None
    assert found.tool(LIST).is_permitted
    assert found.tool(READS).is_permitted
    assert "may change something" in found.tool(WRITES).reason
    assert "guests" in refused(decision(DEFAULT, GUEST, C1)).reason
    assert "other workspaces" in refused(decision(DEFAULT, Author("U3", "o", "outsider"), C1)).reason


def test_the_first_rule_that_matches_decides() -> None:
    rules = policy(
        rule("no", users=frozenset({"U9"}), refuse=True, reason="ask in #net"),
        rule("group", groups=frozenset({"S1"}), scope=CHECKOUT),
        rule("all"),
    )
    assert refused(decision(rules, Author("U9", "x"), C1)) == Refusal("ask in #net", "ask whoever runs netspy", "no")
    assert permitted(decision(rules, DANA, C1)).scope == CHECKOUT
    assert permitted(decision(rules, Author("U5", "x"), C1)).rule == "all"


def test_a_place_is_platform_workspace_and_channel_and_all_have_to_fit() -> None:
    rules = policy(rule(platforms=frozenset({"slack"}), workspaces=frozenset({"T1"}), channels=frozenset({"C1"})))
    permitted(decision(rules, DANA, C1))
    for elsewhere in (C2, replace(C1, platform="discord"), replace(C1, workspace="T2")):
        assert "admits you to nothing" in refused(decision(rules, DANA, elsewhere)).reason


def test_a_guest_needs_a_rule_for_guests_even_where_one_names_them() -> None:
    refused(decision(policy(rule(users=frozenset({"U2"}))), GUEST, C1))
    permitted(decision(policy(rule(users=frozenset({"U2"}), kinds=frozenset({"guest"}))), GUEST, C1))


def test_the_terminal_may_everything_whatever_the_policy_says() -> None:
    nothing = policy(rule(refuse=True))
    for platform in ("terminal", "api"):
        found = permitted(decision(nothing, Author("root", "root"), Channel(platform, "", "")))
        assert found.tool(WRITES).is_permitted


def test_what_a_rule_permits_is_named_by_patterns() -> None:
    found = permitted(decision(policy(rule(tools=("list_*",), commands=("why",), models=("gpt-?",))), DANA, C1))
    assert found.tool(LIST).is_permitted
    assert not found.tool(replace(LIST, name="dns_lookups")).is_permitted
    assert "dns_lookups" in found.tool(replace(LIST, uses=frozenset({"dns_lookups"}))).reason
    assert (found.command("why"), found.command("forget")) == (True, False)
    assert found.models == ("gpt-?",)


def test_tools_of_other_servers_are_refused_where_only_a_part_may_be_seen() -> None:
    found = permitted(decision(policy(rule(scope=CHECKOUT, changes=True)), DANA, C1))
    assert "know no such part" in found.tool(READS).reason
    assert found.tool(LIST).scope == CHECKOUT


def test_a_direct_message_may_what_the_shared_channels_may_and_no_more() -> None:
    rules = policy(
        rule("one", channels=frozenset({"C1"}), scope=CHECKOUT),
        rule("two", channels=frozenset({"C2"}), scope=BILLING, tools=("list_*",)),
        rule("rest"),
    )
    dm = Channel("slack", "T1", "D1", direct=True)
    assert permitted(direct_decision(rules, DANA, dm, {"C1"})).scope == CHECKOUT
    both = permitted(direct_decision(rules, DANA, dm, {"C1", "C2"}))
    assert both.scope == union([CHECKOUT, BILLING])
    assert both.tool(LIST).scope == union([CHECKOUT, BILLING])
    assert both.tool(replace(LIST, name="dns_lookups")).scope == CHECKOUT
    assert permitted(direct_decision(rules, DANA, dm, {"C1", "C3"})).scope == EVERYTHING
    assert "in no channel that you are in" in refused(direct_decision(rules, DANA, dm, ())).reason
    assert (
        "no direct messages" in refused(direct_decision(replace(rules, direct_messages=False), DANA, dm, {"C1"})).reason
    )


def test_a_model_is_told_in_a_direct_message_only_what_every_shared_channel_lets_it_be_told() -> None:
    rules = policy(
        rule("a", channels=frozenset({"C1"}), models=("gpt-*",)),
        rule("b", channels=frozenset({"C2"}), models=("gpt-7", "local")),
        rule("c", channels=frozenset({"C3"}), models=()),
        rule("d"),
    )
    dm = Channel("slack", "T1", "D1", direct=True)
    assert permitted(direct_decision(rules, DANA, dm, {"C1", "C4"})).models == ("gpt-*",)
    assert permitted(direct_decision(rules, DANA, dm, {"C1", "C2"})).models == ("gpt-7",)
    assert permitted(direct_decision(rules, DANA, dm, {"C1", "C3"})).models == ()


def test_where_nobody_knows_a_channels_workspace_only_what_both_rules_permit_is_permitted() -> None:
    dm = Channel("discord", "direct", "900", direct=True)
    narrow_first = policy(rule("w", workspaces=frozenset({"77"}), scope=CHECKOUT), rule("rest"))
    assert permitted(direct_decision(narrow_first, DANA, dm, {"11"})).scope == CHECKOUT
    wide_first = policy(rule("w", workspaces=frozenset({"77"})), rule("rest", scope=CHECKOUT))
    assert permitted(direct_decision(wide_first, DANA, dm, {"11"})).scope == CHECKOUT
    apart = policy(rule("w", workspaces=frozenset({"77"}), scope=BILLING), rule("rest", scope=CHECKOUT))
    assert permitted(direct_decision(apart, DANA, dm, {"11"})).scope == Scope(frozenset())
    alone = policy(rule("w", workspaces=frozenset({"77"})))
    refused(direct_decision(alone, DANA, dm, {"11"}))
    named = policy(rule("w", workspaces=frozenset({"77"}), channels=frozenset({"11"})))
    refused(direct_decision(named, DANA, dm, {"11"}))
    no_alert_either = policy(rule("w", workspaces=frozenset({"77"}), refuse=True), rule("rest"))
    refused(decision(no_alert_either, ALERT, Channel("discord", "", "11")))
    perhaps = policy(rule("w", workspaces=frozenset({"77"}), scope=CHECKOUT), rule("rest"))
    assert permitted(decision(perhaps, ALERT, Channel("discord", "", "11"))).scope == CHECKOUT


def test_an_alert_is_answered_as_the_channels_members_are() -> None:
    admins = rule("admins", users=frozenset({"U1"}), channels=frozenset({"C1"}), changes=True)
    rules = policy(admins, rule("all", channels=frozenset({"C1"}), scope=CHECKOUT, changes=True))
    found = permitted(decision(rules, ALERT, C1))
    assert (found.scope, found.rule) == (CHECKOUT, "all")
    assert not found.tool(replace(WRITES, server="")).reason
    refused(decision(rules, ALERT, C2))
    only_admins = permitted(decision(policy(admins, rule("none", refuse=True)), ALERT, C1))
    assert only_admins.rule == "admins"
    assert "may change" in only_admins.tool(WRITES).reason
    refused(decision(policy(rule("guests", kinds=frozenset({"guest"}))), ALERT, C1))


limits = st.builds(
    Limits,
    processes=st.frozensets(st.sampled_from(["a*", "b", "?c"]), max_size=2),
    pids=st.frozensets(st.integers(1, 3), max_size=2),
    networks=st.frozensets(st.sampled_from([IPv4Network("10.0.0.0/8"), IPv4Network("10.1.0.0/16")]), max_size=1),
)
scopes = st.one_of(st.just(EVERYTHING), st.frozensets(limits, max_size=3).map(Scope))
ids = st.frozensets(st.sampled_from(["C1", "C2", "C3"]), max_size=2)
rules_ = st.builds(
    Rule,
    name=st.just("r"),
    users=st.frozensets(st.sampled_from(["U1", "U2"]), max_size=1),
    workspaces=st.frozensets(st.sampled_from(["T1", "T2"]), max_size=1),
    channels=ids,
    refuse=st.booleans(),
    scope=scopes,
    tools=st.sampled_from([("*",), ("list_*",), ()]),
)


@given(st.lists(rules_, max_size=5), ids, st.sampled_from(["T1", "direct"]))
@settings(max_examples=300, deadline=None)
def test_a_direct_message_never_sees_what_no_shared_channel_shows(
    rules: list[Rule], shared: frozenset[str], workspace: str
) -> None:
    """Wherever the channels really are."""
    told = policy(*rules)
    dm = direct_decision(told, DANA, Channel("slack", workspace, "D1", direct=True), shared)
    if isinstance(dm, Refusal):
        return
    for place in ("T1", "T2") if workspace == "direct" else (workspace,):
        there = [decision(told, DANA, Channel("slack", place, channel)) for channel in shared]
        verdicts = [each.tool(LIST) for each in there if isinstance(each, Permit)]
        seen = union(verdict.scope for verdict in verdicts if verdict.is_permitted)
        if dm.tool(LIST).is_permitted:
            assert any(verdict.is_permitted for verdict in verdicts)
            assert may_be_shown(marks_of(dm.tool(LIST).scope), marks_of(seen))


@given(scopes, scopes)
def test_what_was_made_under_a_part_of_what_is_seen_now_may_be_shown(one: Scope, other: Scope) -> None:
    assert may_be_shown(marks_of(one), marks_of(union([one, other])))
    assert may_be_shown(marks_of(one), marks_of(EVERYTHING))
    if one.any_of is not None and other.any_of is not None:
        assert may_be_shown(marks_of(one), marks_of(other)) == (one.any_of <= other.any_of)
    assert not may_be_shown(None, marks_of(Scope(frozenset({Limits(pids=frozenset({1}))}))))
