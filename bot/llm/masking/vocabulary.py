"""Which columns and arguments hold names, of what kind; and which words tell nothing about anybody's network. Pure."""

import re
from typing import Final, Literal, TypeAlias, get_args

Kind: TypeAlias = Literal[
    "ip", "net", "host", "node", "process", "pod", "namespace", "container", "user", "name"
]  # fmt: skip
"""What a placeholder stands for; it begins with that."""
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

_HOSTS = (
    *("address", "addresses", "addr", "destination", "dest", "dst", "source", "src", "from", "to", "local", "remote"),
    *("peer", "resolver", "server", "client", "lookup", "domain", "fqdn", "url", "host", "hosts", "hostname", "ip"),
    *("endpoint", "upstream", "backend", "target"),
)
_KIND_OF: Final[dict[str, Kind]] = {
    **dict.fromkeys(_HOSTS, "host"),
    **dict.fromkeys(("process", "processes", "comm", "command", "cmd", "program", "app", "application"), "process"),
    **dict.fromkeys(("executable", "exe", "service", "unit", "daemon", "job"), "process"),
    **dict.fromkeys(("node", "nodes", "machine", "cluster"), "node"),
    **dict.fromkeys(("pod", "pods", "workload", "deployment", "replicaset"), "pod"),
    **dict.fromkeys(("namespace", "namespaces", "tenant"), "namespace"),
    **dict.fromkeys(("container", "containers", "image"), "container"),
    **dict.fromkeys(("user", "username", "owner", "author", "login", "email", "account", "person"), "user"),
    **dict.fromkeys(("name", "names"), "name"),
}
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")

NOT_NAMES: Final = frozenset(
    {
        *("", "*", "-", "?", "(unknown)", "(local socket)", "(none)", "localhost", "localhost.localdomain"),
        *("localdomain", "null", "none", "unknown", "n/a", "true", "false", "yes", "no", "all", "others"),
    }
)
"""What stands in the place of a name, and what every machine is called by."""

_WORDS = """
a about above accept accepted after again all also always am an and any are as ask at back bad be because been
before begin below between both but by call calls can cannot changed check close closed column command compare
connect connected connection connections container cpu data date did dns do does done down drop dropped drops
each else end error errors even event events every explain fail failed failing fails fast few file find first for
from gave get go going gone good got had has have he help her here high him his host hosts hour how i icmp id if in
info init internal into ip is it its job just kernel keep kill know last late latency less let like limit line list
listen load local log long look lookup lost low made make many may me mean minute more most much my name names net
network new next no node nodes none normal not nothing now of off often ok old on once one only open or other our
out over own packet packets per pid ping please pod pods port problem process processes query queue reach read
real reason recent refused remote reply reset resets result results retry right row run running same scan see seen
send sent server service services she should show side since slow so socket sockets some start state status still
stop such summary sure system table talk tcp tell test than that the their them then there these they this those
time timeout times to today too top traffic trend try two type udp under unknown until up us use used user using
value very via wait waited wait was watch way we web well were what when where which while who why will with
without word work working worst would write yes yet you your
"""
ORDINARY: Final = frozenset(_WORDS.split())
"""Words that people and netspy write anyway: in running text they are not taken for names of processes."""


def kind_named(title: str) -> Kind | None:
    """What a column or an argument of this name holds; None where it need not be a name."""
    kinds = [_KIND_OF[word.lower()] for word in _WORD.findall(title) if word.lower() in _KIND_OF]
    return next((kind for kind in reversed(kinds) if kind != "name"), kinds[-1] if kinds else None)
