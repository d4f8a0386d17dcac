"""Reads policy.toml: who may ask what where, and what they see of it. `policy_form.py` knows its form.

direct_messages = true
[limits]
per_user = 20
[[rules]]
name = "payments"
channels = ["C0123ABCD"]
tools = ["*"]
[rules.scope]
processes = ["checkout*"]

Whatever is wrong in it, nothing of it holds: a rule that was left out might be the one that keeps somebody away.
"""

import re
import tomllib
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from bot.domain.errors import InvalidSettings
from bot.domain.query import EVERYTHING, Limits, Scope
from bot.policy.covering import covers
from bot.policy.rules import Policy, Rule
from bot.policy_form import WrittenRule, WrittenScope, as_written, named
from bot.setting_values import finding_of

MAX_BYTES = 1024 * 1024
_REMEDY = "name a TOML file that netspy may read, or unset it"
_DISCORD = "[0-9]{15,20}"
_IDS = {
    "users": (f"[UW][A-Z0-9]{{2,}}|{_DISCORD}", "begin with U or W"),
    "groups": ("S[A-Z0-9]{2,}", "begin with S"),
    "roles": (_DISCORD, ""),
    "workspaces": (f"[TE][A-Z0-9]+|{_DISCORD}", "begin with T or E"),
    "channels": (f"[CG][A-Z0-9]+|{_DISCORD}", "begin with C or G"),
}
"""How ids are written, and what Slack's begin with; Discord's are numbers."""


def read_policy(path: Path, *, variable: str) -> Policy:
    """Raises: InvalidSettings."""
    try:
        with path.expanduser().open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be read"
        finding = finding_of(error) if isinstance(error, OSError) else ""
        raise InvalidSettings(variable, f"{path}: {reason.lower()}", _REMEDY, finding=finding) from None
    if len(content) > MAX_BYTES:
        raise InvalidSettings(variable, f"{path} is larger than {MAX_BYTES:,} bytes", _REMEDY)
    return parse_policy(content, file=str(path))


def parse_policy(content: bytes, *, file: str) -> Policy:
    """Raises: InvalidSettings, which names file, rule and key."""
    try:
        data = tomllib.loads(content.decode())
    except tomllib.TOMLDecodeError as error:
        raise InvalidSettings(file, f"it is no TOML: {str(error)[:200]}", "correct it") from None
    except (UnicodeDecodeError, RecursionError):
        raise InvalidSettings(file, "it is no TOML: it is not UTF-8, or far too deep", "correct it") from None
    written = as_written(data, file=file)
    rules = tuple(_rule(rule, number, file) for number, rule in enumerate(written.rules, 1))
    _refuse_contradictions(written.rules, file)
    _refuse_doubles(rules, file)
    _refuse_unreachable(rules, file)
    _refuse_lockout(rules, file)
    return Policy(
        rules=rules,
        direct_messages=written.direct_messages,
        per_user=written.limits.per_user,
        per_channel=written.limits.per_channel,
        file=file,
    )


def _rule(written: WrittenRule, number: int, file: str) -> Rule:
    name = written.name or f"rule {number}"
    asked = f"{file}, {named({'name': written.name}, number)}"
    for key, (form, begins) in _IDS.items():
        _check_ids(getattr(written, key), form, begins, f"{asked} {key}")
    if written.reason and not written.refuse:
        raise InvalidSettings(f"{asked} reason", "the rule refuses nothing", "write refuse = true, or leave it out")
    return Rule(
        name=name,
        users=frozenset(written.users),
        groups=frozenset((*written.groups, *written.roles)),
        kinds=written.whose,
        platforms=frozenset(written.platforms),
        workspaces=frozenset(written.workspaces),
        channels=frozenset(written.channels),
        refuse=written.refuse,
        reason=(written.reason or "").rstrip("."),
        tools=tuple(written.tools),
        commands=tuple(written.commands),
        models=tuple(written.models),
        changes=written.changes,
        scope=_scope(written.scope, f"{asked} scope"),
    )


def _check_ids(ids: Iterable[str], form: str, begins: str, asked: str) -> None:
    for each in ids:
        if not re.fullmatch(form, each):
            discords = "Discord's are numbers of 15 to 20 digits"
            told = f"Slack's {begins}, {discords}" if begins else discords
            told = told if "15" in form else f"Slack's {begins}"
            raise InvalidSettings(asked, f"{each[:60]!a} is no id", f"write the platform's own ids, not names: {told}")


def _scope(written: WrittenScope | None, asked: str) -> Scope:
    if written is None:
        return EVERYTHING
    limits = Limits(
        processes=frozenset(written.processes),
        pids=frozenset(written.pids),
        nodes=frozenset(written.nodes),
        namespaces=frozenset(written.namespaces),
        networks=frozenset(_network(text, f"{asked}.networks") for text in written.networks),
    )
    if limits == Limits():
        raise InvalidSettings(asked, "it limits nothing", "name what may be seen, or leave it out for everything")
    return Scope(frozenset({limits}))


def _network(text: str, asked: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError:
        pass
    try:
        meant = f"did you mean {ip_network(text, strict=False)}?"
    except ValueError:
        meant = "write one such as 10.2.0.0/16"
    raise InvalidSettings(asked, f"{text[:60]!a} is no network", meant)


def _refuse_contradictions(rules: Sequence[WrittenRule], file: str) -> None:
    """Rules of one platform that name ids of the other one only."""
    for number, rule in enumerate(rules, 1):
        who = [*rule.users, *rule.groups, *rule.roles]
        for key, ids in (
            ("channels", rule.channels),
            ("workspaces", rule.workspaces),
            ("users, groups and roles", who),
        ):
            platforms = {"discord" if each.isdecimal() else "slack" for each in ids}
            if ids and rule.platforms and platforms.isdisjoint(rule.platforms):
                asked = f"{file}, {named({'name': rule.name}, number)}"
                got = f"it can never match: none of its {key} is one of {' or '.join(rule.platforms)}"
                raise InvalidSettings(asked, got, "name others, or leave out platforms")


def _refuse_doubles(rules: Sequence[Rule], file: str) -> None:
    names = [rule.name for rule in rules]
    if double := next((name for number, name in enumerate(names) if name in names[:number]), None):
        remedy = "give them names of their own"
        raise InvalidSettings(f"{file}, rule {double[:60]!a}", "two rules have this name", remedy)


def _refuse_unreachable(rules: Sequence[Rule], file: str) -> None:
    for number, rule in enumerate(rules):
        if earlier := next((each for each in rules[:number] if covers(each, rule)), None):
            got = f"it can never match: rule {earlier.name[:60]!a} before it takes all that it is for"
            raise InvalidSettings(f"{file}, rule {rule.name[:60]!a}", got, "put it before that one, or delete it")


def _refuse_lockout(rules: Sequence[Rule], file: str) -> None:
    if not any(not rule.refuse and (rule.tools or rule.commands) for rule in rules):
        got = "it locks everyone out: no rule admits anybody to anything"
        raise InvalidSettings(file, got, "write a rule without refuse, and with tools")
