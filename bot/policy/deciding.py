"""Who is answered where: the rule that decides about a person in a channel, or in a direct message. Pure.

In a direct message a person may do what they may do in any of the channels that they share with netspy. Of those only
the ids are known: where a direct message belongs to no workspace, a rule that names workspaces may decide about a
channel or not, and then only what it permits *and* the next rule permits is permitted.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from bot.domain.message import Author, Channel, PersonKind
from bot.policy.permit import EVERYTHING_PERMITTED, Permit, Way
from bot.policy.rules import OPEN_PLATFORMS, Policy, Rule

_WORKSPACE = re.compile(r"[TE][A-Z0-9]+|[0-9]+")
"""Ids of workspaces, enterprises and guilds; what stands there in Discord's direct messages is none."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """`reason` is a clause; `rule` is empty where none decided."""

    reason: str
    remedy: str
    rule: str = ""


Decision: TypeAlias = Permit | Refusal

_NOBODY: dict[PersonKind, Refusal] = {
    "member": Refusal("the policy admits you to nothing here", "ask whoever runs netspy"),
    "guest": Refusal("guests are not answered here", "ask a full member to ask it"),
    "outsider": Refusal("people of other workspaces are not answered here", "ask somebody of this one to ask it"),
    "service": Refusal("the policy admits nobody here", "ask whoever runs netspy"),
}
_REFUSE_THE_REST = Rule(name="", refuse=True)
"""What stands behind all rules."""
_NONE_DIRECT = Refusal("netspy answers no direct messages", "ask in a channel")
_NO_CHANNEL = Refusal("netspy is in no channel that you are in", "invite it to one of yours, or join one of its")


def decision(policy: Policy, author: Author, channel: Channel) -> Decision:
    """About a channel, which is no direct message."""
    if channel.platform in OPEN_PLATFORMS:
        return EVERYTHING_PERMITTED
    if author.kind == "service":
        return _of_service(policy, channel)
    return _decided(tuple(_deciding(policy, author, channel)), author.kind)


def direct_decision(policy: Policy, author: Author, where: Channel, shared: Collection[str]) -> Decision:
    """About a direct message; `shared` are the ids of the channels that the person and netspy are both in."""
    if where.platform in OPEN_PLATFORMS:
        return EVERYTHING_PERMITTED
    if not policy.direct_messages:
        return _NONE_DIRECT
    places = (Channel(where.platform, where.workspace, channel) for channel in sorted(shared))
    decisions = [decision(policy, author, place) for place in places]
    ways = dict.fromkeys(way for each in decisions if isinstance(each, Permit) for way in each.ways)
    if ways:
        return Permit(tuple(ways))
    return next((each for each in decisions if isinstance(each, Refusal)), _NO_CHANNEL)


def _decided(way: Way, kind: PersonKind) -> Decision:
    refusing = next((rule for rule in way if rule.refuse), None)
    if refusing is _REFUSE_THE_REST:
        return _NOBODY[kind]
    if refusing is not None:
        return Refusal(refusing.reason or "the policy refuses it here", "ask whoever runs netspy", refusing.name)
    return Permit((way,))


def _deciding(policy: Policy, author: Author, channel: Channel) -> Iterator[Rule]:
    """The rules that may decide, up to the first one that certainly does."""
    for rule in (*policy.rules, _REFUSE_THE_REST):
        if rule is _REFUSE_THE_REST or _is_about(rule, author):
            is_there = _is_there(rule, channel)
            if is_there is not False:
                yield rule
            if is_there:
                return


def _is_about(rule: Rule, author: Author) -> bool:
    is_one = rule.is_for_anybody or author.id in rule.users or not author.groups.isdisjoint(rule.groups)
    return author.kind in rule.kinds and is_one


def _is_there(rule: Rule, channel: Channel) -> bool | None:
    """None: nobody knows, as the rule names workspaces, and of the channel it isn't known in which one it is."""
    if rule.platforms and channel.platform not in rule.platforms:
        return False
    if rule.channels and channel.id not in rule.channels:
        return False
    if not rule.workspaces or channel.workspace in rule.workspaces:
        return True
    return False if _WORKSPACE.fullmatch(channel.workspace) else None


def _of_service(policy: Policy, channel: Channel) -> Decision:
    """Where any member is answered, an alert is: as all members are, or, where that are some only, as all of these."""
    some: list[Rule] = []
    perhaps: list[Rule] = []
    for rule in policy.rules:
        is_there = _is_there(rule, channel)
        if "member" not in rule.kinds or is_there is False:
            continue
        if rule.is_for_anybody and is_there:
            some = some if rule.refuse else [rule]
            break
        if is_there is None:
            perhaps.append(rule)
        elif not rule.refuse:
            some.append(rule)
    if not some or any(rule.refuse for rule in perhaps):
        return _NOBODY["service"]
    return Permit(((*perhaps, *some),)).unchanging()
