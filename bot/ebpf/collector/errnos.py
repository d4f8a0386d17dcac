"""What the kernel's programs report as failures of calls and sockets, by name."""

from errno import EINTR, errorcode
from typing import Final

RESTARTED: Final = range(512, 517)
"""What the kernel says to itself in the place of EINTR."""


def errno_name(number: int) -> str | None:
    """Of a positive number; the number itself where it has no name. None for 0: all went well."""
    named = EINTR if number in RESTARTED else number
    return errorcode.get(named, str(named)) if named else None
