"""Tools for each scope: what one of them keeps is shared by all who may see the same, and by nobody else."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from bot.domain.ports import ToolHost
from bot.domain.query import EVERYTHING, Scope

MAX_HOSTS: Final = 64
"""Scopes for which tools are kept; those that were asked for longest ago are made anew."""


def by_scope(build: Callable[[Scope], ToolHost]) -> Callable[[Scope], ToolHost]:
    """One host for each scope, that of everything for good."""
    everything, limited = build(EVERYTHING), lru_cache(maxsize=MAX_HOSTS)(build)
    return lambda scope: everything if scope.is_everything else limited(scope)
