"""A policy file: what it means, and a sentence for everything that is wrong with it."""

from ipaddress import IPv4Network
from pathlib import Path

import pytest

from bot.domain.errors import InvalidSettings
from bot.domain.query import EVERYTHING, Limits, Scope
from bot.policy.covering import unknown_names
from bot.policy_file import parse_policy, read_policy

WHOLE = """
direct_messages = false
[limits]
per_user = 20
[[rules]]
name = "payments"
users = ["U012"]
groups = ["S0123"]
roles = ["123456789012345678"]
kinds = ["member", "guest"]
platforms = ["slack", "discord"]
workspaces = ["T1"]
channels = ["C1"]
tools = ["list_*", "jira__search"]
commands = []
models = []
changes = true
[rules.scope]
processes = ["checkout*"]
pids = [7]
nodes = ["node-a"]
namespaces = ["pay"]
networks = ["10.2.0.0/16"]
[[rules]]
refuse = true
reason = "Ask in #payments."
"""


def test_a_whole_file_is_read() -> None:
    policy = parse_policy(WHOLE.encode(), file="p.toml")
    payments, rest = policy.rules
    assert (policy.direct_messages, policy.per_user, policy.per_channel) == (False, 20, None)
    assert payments.groups == {"S0123", "123456789012345678"}
    assert payments.kinds == {"member", "guest"}
    assert (payments.tools, payments.commands, payments.models) == (("list_*", "jira__search"), (), ())
    limits = Limits(
        processes=frozenset({"checkout*"}),
        pids=frozenset({7}),
        nodes=frozenset({"node-a"}),
        namespaces=frozenset({"pay"}),
        networks=frozenset({IPv4Network("10.2.0.0/16")}),
    )
    assert payments.scope == Scope(frozenset({limits}))
    assert (rest.name, rest.refuse, rest.reason) == ("rule 2", True, "Ask in #payments")
    assert rest.kinds == {"member", "guest", "outsider"}, "a rule that refuses is for everybody"
    assert rest.scope == EVERYTHING


ALL = "[[rules]]\nname = 'all'\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it has no rules, so nobody would be answered"),
        ("rules = []", "it has no rules, so nobody would be answered"),
        ("[[rules]\n", "p.toml: it is no TOML"),
        ("[[rules]]\nrefuse = true", "it locks everyone out: no rule admits anybody"),
        ("[[rules]]\ntools = []\ncommands = []", "it locks everyone out"),
        ("direct_mesages = true\n" + ALL, "p.toml: there is no key 'direct_mesages'. Did you mean direct_messages?"),
        (ALL + "chanels = ['C1']", "p.toml, rule 'all': there is no key 'chanels'. Did you mean channels?"),
        (
            ALL + "[rules.scope]\nprocess = ['a']",
            "rule 'all' scope: there is no key 'process'. Did you mean processes?",
        ),
        (ALL + "[limits]\nuser = 1", "p.toml, limits: there is no key 'user'"),
        (ALL + "refuse = 'no'", "p.toml, rule 'all' refuse: this is neither true nor false"),
        (ALL + "tools = 'list_*'", "p.toml, rule 'all' tools: this is no array"),
        (ALL + "tools = [1]", "p.toml, rule 'all' tools: this is no text"),
        (ALL + "tools = ['a b']", "rule 'all' tools: that is no name of a tool, command or model"),
        (
            ALL + "kinds = ['members']",
            "rule 'all' kinds: there is nothing of that name. Write member, guest or outsider",
        ),
        (ALL + "kinds = []", "rule 'all' kinds: this is empty"),
        (ALL + "platforms = ['teams']", "rule 'all' platforms: there is nothing of that name. Write slack or discord"),
        (ALL + "[limits]\nper_user = 0", "limits.per_user: this is too small"),
        (ALL + "[limits]\nper_user = true", "limits.per_user: this is no whole number"),
        (ALL + "channels = ['#net']", "rule 'all' channels: '#net' is no id. Write the platform's own ids, not names"),
        (ALL + "channels = ['D012']", "'D012' is no id"),
        (
            ALL + "users = ['dana']",
            "'dana' is no id. Write the platform's own ids, not names: Slack's begin with U or W",
        ),
        (ALL + "roles = ['S1']", "'S1' is no id. Write the platform's own ids, not names: Discord's are numbers"),
        (ALL + "reason = 'x'", "rule 'all' reason: the rule refuses nothing"),
        (ALL + "[rules.scope]", "rule 'all' scope: it limits nothing"),
        (ALL + "[rules.scope]\npids = [0]", "rule 'all' scope.pids: this is too small"),
        (ALL + "[rules.scope]\nnetworks = ['10.2.3.4/16']", "'10.2.3.4/16' is no network. Did you mean 10.2.0.0/16?"),
        (ALL + "[rules.scope]\nnetworks = ['office']", "'office' is no network. Write one such as 10.2.0.0/16"),
        (ALL + "[rules.scope]\nprocesses = ['']", "rule 'all' scope.processes: this is empty"),
        (ALL + "[[rules]]\nusers = ['U01']", "rule 'rule 2': it can never match: rule 'all' before it takes all"),
        (ALL + "users = ['U01']\n[[rules]]\nname = 'all'\nusers = ['U02']", "two rules have this name"),
        (
            ALL + "platforms = ['discord']\nchannels = ['C01']",
            "it can never match: none of its channels is one of discord",
        ),
    ],
)
def test_what_is_wrong_is_said_with_file_rule_and_key(text: str, said: str) -> None:
    with pytest.raises(InvalidSettings) as raised:
        parse_policy(text.encode(), file="p.toml")
    assert said in str(raised.value)


def test_a_rule_is_reachable_where_an_earlier_one_takes_only_a_part() -> None:
    parse_policy(
        b"[[rules]]\nusers=['U01']\n[[rules]]\nusers=['U01','U02']\n[[rules]]\nchannels=['C01']\n"
        b"[[rules]]\nkinds=['guest']\n[[rules]]\n",
        file="p.toml",
    )


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a = [" * 5000, b"#" * (1 << 21)])
def test_a_file_that_is_no_policy_is_refused_in_a_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_bytes(content)
    with pytest.raises(InvalidSettings, match="TOML"):
        read_policy(tmp_path / "p.toml", variable="NETSPY_POLICY")


def test_a_file_that_cannot_be_read_is_refused_in_a_sentence(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.toml"):
        with pytest.raises(InvalidSettings, match=r"NETSPY_POLICY: .*(is a directory|no such file)"):
            read_policy(path, variable="NETSPY_POLICY")


def test_names_that_mean_nothing_are_found() -> None:
    policy = parse_policy(
        b"[[rules]]\ntools=['list_*','lost_tool']\ncommands=['forgt']\nmodels=['gpt-9','gpt-6*']", file="p.toml"
    )
    wrong = list(unknown_names(policy, tools={"list_connections"}, commands={"forget"}, models={"gpt-6"}))
    assert wrong == [
        "rule 'rule 1' names the tool lost_tool",
        "rule 'rule 1' names the command forgt",
        "rule 'rule 1' names the model gpt-9",
    ]
    assert len(list(unknown_names(policy, tools=("list_x", "lost_tool"), commands=("forgt",), models=()))) == 0


def test_the_example_can_be_used_as_it_is() -> None:
    policy = read_policy(Path(__file__).parent.parent.parent / "deploy/policy.toml", variable="NETSPY_POLICY")
    assert [rule.name for rule in policy.rules][-1] == "members, everywhere else"
    assert (policy.per_user, policy.per_channel) == (20, 60)
