"""The kernel's clock since boot, which stamps its events and never steps, beside the one on the wall, which does."""

import time


def since_boot_ns() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def epoch_offset_ns() -> int:
    """What the wall clock is ahead of it just now; it changes when somebody sets the wall clock."""
    return time.time_ns() - since_boot_ns()
