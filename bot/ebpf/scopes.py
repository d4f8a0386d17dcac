"""What a scope lets through, what two of them have in common, and which nodes one names. Pure.

Every source obeys it: those that have events as values by `sees`, the others with the judges that it is made of.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address
from itertools import chain, product
from typing import Final, TypeAlias, TypeVar

from bot.domain.network import UNNAMED, Endpoint
from bot.domain.query import EVERYTHING, Limits, Scope
from bot.targets import Somebodys, is_pattern, like

Network: TypeAlias = IPv4Network | IPv6Network
Networks: TypeAlias = frozenset[Network]
Texts: TypeAlias = frozenset[str]
Value = TypeVar("Value")

MAX_PATTERNS: Final = 64
"""That two patterns may have in common; what would be more is not seen."""
_NOTHING: Final = Scope(frozenset())
_MAPPED: Final = IPv6Network("::ffff:0:0/96")


def sees(owned: Somebodys, scope: Scope) -> bool:
    """Whether whoever has this scope may see an event or an open socket."""
    return scope.any_of is None or any(all(_conditions(owned, limits)) for limits in scope.any_of)


def is_named(process: str | None, names: Texts) -> bool:
    """A process that nobody knows has no name that any limit could mean."""
    return process is not None and process != UNNAMED and is_like(process, names)


def is_like(text: str | None, patterns: Texts) -> bool:
    return text is not None and any(like(text, pattern) for pattern in patterns)


def lies_in(address: str | None, networks: Networks) -> bool:
    """IPv4 within IPv6 is IPv4. What some servers tell in the place of an address lies nowhere."""
    place = _place(address) if address else None
    return place is not None and any(
        place[0] == version and place[1] & mask == base for version, mask, base in _bases(networks)
    )


def is_of_another(owned: object) -> bool:
    """Of an event that came while a process ran which may have nothing to do with it."""
    return getattr(owned, "owner", None) == "current"


def intersection(one: Scope, other: Scope) -> Scope:
    """What both let through, or less: never more.

    Less only where both name networks of which one end lies in one's and the other end in the other's.
    """
    if one.any_of is None or other.any_of is None:
        return other if one.any_of is None else one
    pairs = product(one.any_of, other.any_of)
    return Scope(frozenset(both for pair in pairs if (both := _both(*pair)) is not None))


def nodes_of(scope: Scope) -> Texts | None:
    """The only nodes of which anything can be seen; None where others may be, too."""
    if scope.any_of is None or not all(limits.nodes for limits in scope.any_of):
        return None
    return frozenset(node for limits in scope.any_of for node in limits.nodes)


def goes_by_nodes_only(scope: Scope) -> bool:
    """Whether it lets through all of its nodes, and nothing else limits it."""
    return scope.any_of is None or all(limits == Limits(nodes=limits.nodes) for limits in scope.any_of)


def on_node(scope: Scope, name: str, others: Texts) -> Scope:
    """The scope for a node that is asked by this name, whatever its rows call it.

    `others` are the names by which the others are asked: what is limited to them is nothing of this node.
    """
    if scope.any_of is None:
        return EVERYTHING
    return Scope(frozenset(_on_node(scope.any_of, name, others)))


def is_nothing(scope: Scope) -> bool:
    return scope == _NOTHING


def _on_node(any_of: frozenset[Limits], name: str, others: Texts) -> Iterator[Limits]:
    for limits in any_of:
        if not limits.nodes or name in limits.nodes:
            yield replace(limits, nodes=frozenset())
        elif elsewhere := limits.nodes - others:
            yield replace(limits, nodes=elsewhere)


def _conditions(owned: Somebodys, limits: Limits) -> Iterator[bool]:
    yield not limits.processes or (is_named(owned.process, limits.processes) and not is_of_another(owned))
    yield not limits.pids or (owned.pid in limits.pids and not is_of_another(owned))
    yield not limits.nodes or owned.node in limits.nodes
    yield not limits.namespaces or is_like(_namespace(owned), limits.namespaces)
    yield not limits.networks or any(lies_in(address, limits.networks) for address in _addresses(owned))


def _namespace(owned: Somebodys) -> str | None:
    return owned.workload.pod_namespace if owned.workload else None


def _addresses(owned: Somebodys) -> Iterator[str | None]:
    """Of both ends of an event, or of an open socket."""
    for name in ("source", "destination", "local", "remote"):
        end: Endpoint | None = getattr(owned, name, None)
        yield end.address if end else None


@lru_cache(maxsize=1 << 16)
def _place(address: str) -> tuple[int, int] | None:
    """The version of an address, and its number."""
    try:
        ip = ip_address(address)
    except ValueError:
        return None
    ip = (ip.ipv4_mapped or ip) if ip.version == 6 else ip
    return ip.version, int(ip)


@lru_cache(maxsize=1 << 10)
def _bases(networks: Networks) -> tuple[tuple[int, int, int], ...]:
    """Version, mask and number of each: a network itself takes five times as long to tell what lies in it."""
    plain = map(_plain, networks)
    return tuple((each.version, int(each.netmask), int(each.network_address)) for each in plain)


def _plain(network: Network) -> Network:
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        return IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
    return network


def _both(one: Limits, other: Limits) -> Limits | None:
    """None where nothing can meet both."""
    try:
        return Limits(
            processes=_met(one.processes, other.processes, _common),
            pids=_met(one.pids, other.pids, _same),
            nodes=_met(one.nodes, other.nodes, _same),
            namespaces=_met(one.namespaces, other.namespaces, _common),
            networks=_met(one.networks, other.networks, _smaller),
        )
    except LookupError:
        return None


def _met(
    one: frozenset[Value], other: frozenset[Value], common: Callable[[Value, Value], Iterable[Value]]
) -> frozenset[Value]:
    """The values of both conditions, an empty one of which is open. Raises: LookupError where there are none."""
    if not (one and other):
        return one or other
    met = frozenset(chain.from_iterable(common(*pair) for pair in product(one, other)))
    if not met:
        raise LookupError
    return met


def _same(one: Value, other: Value) -> Iterator[Value]:
    if one == other:
        yield one


def _smaller(one: Network, other: Network) -> Iterator[Network]:
    """Two networks lie one in the other, or have nothing in common."""
    one, other = _plain(one), _plain(other)
    if one.version == other.version and one.overlaps(other):
        yield max(one, other, key=lambda network: network.prefixlen)


def _common(one: str, other: str) -> Iterable[str]:
    """Patterns of which a text is exactly if it is of both."""
    return _meet(one, other) if is_pattern(one) or is_pattern(other) else _same(one, other)


@lru_cache(maxsize=1 << 12)
def _meet(one: str, other: str) -> Texts:
    if not one or not other:
        return frozenset({""} if set(one + other) <= {"*"} else ())
    if "*" not in (one[0], other[0]):
        letter = other[0] if one[0] == "?" else one[0]
        return _behind(letter, _meet(one[1:], other[1:])) if other[0] in ("?", letter) else frozenset()
    if one[0] == other[0]:
        return _behind("*", _meet(one[1:], other) | _meet(one, other[1:]))
    wild, plain = (one, other) if one[0] == "*" else (other, one)
    return _meet(wild[1:], plain) | _behind(plain[0], _meet(wild, plain[1:]))


def _behind(letter: str, patterns: Texts) -> Texts:
    """Two stars are one."""
    found = {letter + (rest.removeprefix("*") if letter == "*" else rest) for rest in patterns}
    return frozenset(sorted(found)[:MAX_PATTERNS])
