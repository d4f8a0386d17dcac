"""What stands on the screen when a talk begins: the state of the parts, the thread that goes on, and how to begin.

It knows checks and looks, and only makes text. The adapter shows it.
"""

from collections.abc import Sequence

from adapters.terminal.render import Look, fold, painted
from adapters.terminal.threads import ClaimedThread
from bot.domain.ports import Check
from bot.tables.text import cut_end, plain
from bot.tables.units import human_duration

HINT = "Ask in plain words, or type help. quit leaves."
_CHECKS = 2


def banner(checks: Sequence[Check], look: Look, thread: ClaimedThread | None = None) -> str:
    """Three lines where all is well: two checks and a hint. What is not well is never left out nor cut."""
    worst_first = sorted(checks, key=lambda check: ("fault", "warning", "ok").index(check.state))
    chosen = [check for check in checks if check.state != "ok" or check in worst_first[:_CHECKS]]
    lines = [line for check in chosen for line in _said(check, look.width)]
    return "".join(f"{painted(line, 'dim', look)}\n" for line in (*lines, *_hint(thread, look))) + "\n"


def _said(check: Check, width: int) -> list[str]:
    if check.state == "ok":
        return [cut_end(plain(f"{check.part}: {check.detail}"), width)]
    remedy = f" ({check.remedy})" if check.remedy else ""
    return fold(f"{check.part} {check.state}: {check.detail}{remedy}", width, indent="  ")


def _hint(thread: ClaimedThread | None, look: Look) -> list[str]:
    if thread is None or thread.last_used is None:
        return fold(HINT, look.width)
    age_s = max(1.0, (look.now - thread.last_used).total_seconds())
    said = f"Thread resumed, last used {human_duration(age_s * 1e6)} ago (--new starts another). help, quit."
    return fold(said, look.width)
