"""The policy that is in force: read when netspy starts, and again on SIGHUP. A bad new file changes nothing.

`serve` holds it; the desk asks it for the policy of the moment, `doctor` for its state.
"""

import asyncio
import logging
import signal
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.conversation.command_names import ALWAYS, COMMAND_NAMES
from bot.domain.errors import InvalidSettings
from bot.domain.ports import Check
from bot.policy.covering import unknown_names
from bot.policy.rules import DEFAULT, Policy
from bot.policy_file import read_policy
from bot.settings import Settings

log = logging.getLogger("netspy.policy")

VARIABLE = "NETSPY_POLICY"


class PolicyBook:
    """`path` is where it is written; None: the policy that holds without a file."""

    def __init__(self, path: Path | None) -> None:
        """Raises: InvalidSettings."""
        self._path = path
        self._policy = _read(path)

    def current(self) -> Policy:
        return self._policy

    def reload(self) -> bool:
        """Read the file again. Returns whether it is in force now; where it is bad, what was in force stays so."""
        try:
            self._policy = _read(self._path)
        except InvalidSettings as error:
            told = {"cause": str(error), "rules_kept": len(self._policy.rules)}
            log.error("policy.refused", extra=told)  # noqa: TRY400 (the sentence is all that is needed)
            return False
        log.info("policy.loaded", extra=self._told)
        return True

    @property
    def _told(self) -> dict[str, object]:
        return {"file": self._policy.file or "none", "rules": len(self._policy.rules)}

    @contextmanager
    def reloading(self) -> Iterator[None]:
        """Inside this block, SIGHUP makes netspy read the file again; the log tells what is in force from the start."""
        loop, before = asyncio.get_running_loop(), signal.getsignal(signal.SIGHUP)
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        log.info("policy.in_force", extra=self._told)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGHUP)
            signal.signal(signal.SIGHUP, before or signal.SIG_DFL)


def policy_book(settings: Settings) -> PolicyBook:
    """Raises: InvalidSettings."""
    return PolicyBook(Path(settings.policy) if settings.policy else None)


def check_policy(policy: Policy, *, tools: Collection[str], models: Collection[str], has_others: bool) -> Check:
    """What the policy is, and which of its names mean nothing. `has_others`: other MCP servers have tools, too."""
    where = policy.file or "no file: members, where netspy is, everything that changes nothing"
    commands = (*COMMAND_NAMES, *ALWAYS)
    wrong = list(unknown_names(policy, tools=tools, commands=commands, models=models))
    if not wrong:
        return Check("policy", "ok", where)
    unless = ", unless another MCP server has it" if has_others else ""
    return Check("policy", "warning", f"{where}: {'; '.join(wrong)}, which does not exist{unless}", "correct the names")


def _read(path: Path | None) -> Policy:
    return read_policy(path, variable=VARIABLE) if path else DEFAULT
