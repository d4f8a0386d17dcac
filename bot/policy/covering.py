"""Which rules can never decide, and which names in a policy mean nothing that there is. Pure."""

from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase

from bot.policy.rules import Ids, Policy, Rule


def covers(earlier: Rule, later: Rule) -> bool:
    """Whether all that the later rule is for, the earlier one takes already."""
    places = ((earlier.platforms, later.platforms), (earlier.workspaces, later.workspaces))
    everywhere = all(_takes(*pair) for pair in (*places, (earlier.channels, later.channels)))
    return everywhere and later.kinds <= earlier.kinds and _takes_all_of(earlier, later)


def unknown_names(
    policy: Policy, *, tools: Collection[str], commands: Collection[str], models: Collection[str]
) -> Iterator[str]:
    """What rules name that does not exist, as clauses. Without any `models` there is nothing to compare theirs with."""
    for rule in policy.rules:
        for what, names, known in (
            ("tool", rule.tools, tools),
            ("command", rule.commands, commands),
            ("model", rule.models, models),
        ):
            wrong = [name for name in names if not any(fnmatchcase(each, name) for each in known) and name != "*"]
            if wrong and (known or what != "model"):
                yield f"rule {rule.name!a} names the {what} {', '.join(wrong)}"


def _takes(earlier: Ids, later: Ids) -> bool:
    """An empty condition is open."""
    return not earlier or (bool(later) and later <= earlier)


def _takes_all_of(earlier: Rule, later: Rule) -> bool:
    if earlier.is_for_anybody:
        return True
    return not later.is_for_anybody and later.users <= earlier.users and later.groups <= earlier.groups
