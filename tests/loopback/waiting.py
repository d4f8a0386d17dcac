"""Waits for a condition, of this process or of another one."""

import asyncio
from collections.abc import Callable

PATIENCE_S = 60.0
"""Far beyond what anything here takes: it only ends tests that fail."""


async def until(
    holds: Callable[[], object], told: Callable[[], object] = lambda: "", *, timeout_s: float = PATIENCE_S
) -> None:
    """Returns once `holds()` is true. Raises: AssertionError with what `told()` says by then."""
    clock = asyncio.get_running_loop().time
    end = clock() + timeout_s
    while not holds():
        assert clock() < end, f"not within {timeout_s:g} s: {told()}"
        await asyncio.sleep(0.005)
