"""How the collector's programs are told of."""

from collections.abc import Collection, Mapping


def running(programs: Collection[str], missing: Mapping[str, str]) -> str:
    """`17 of 17 programs`, of those that run and those that do not."""
    return f"{len(programs)} of {len(programs) + len(missing)} programs"
