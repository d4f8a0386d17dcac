"""The programs that read what is in `deploy/`, and what the collector may do wherever it is installed."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
TOOLS = ROOT / ".tools"

RIGHTS = ("BPF", "PERFMON", "SYSLOG", "SYS_PTRACE", "DAC_READ_SEARCH")
"""Capabilities with which the collector sees everything but the open sockets of other network namespaces.

`tests/kernel/test_least_rights.py` shows that they are enough.
"""
BOT_UID = 10001
GRACE_S = 25
"""The default of NETSPY_GRACE_S; a test says so."""


def skip_or_fail(why: str) -> None:
    """In CI everything has to be there."""
    if os.environ.get("CI") == "true":
        raise RuntimeError(why)
    pytest.skip(why)


def program(name: str, remedy: str = "make tools") -> str:
    """The path of an installed program, or of one of `make tools`."""
    found = shutil.which(name) or shutil.which(name, path=str(TOOLS / "bin"))
    if found is None:
        skip_or_fail(f"{name} is not installed ({remedy})")
    return str(found)


def run(words: Sequence[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """Without the settings of whoever runs the tests: only PATH and HOME, and what is given."""
    base = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, env={**base, **environment})
