"""The systemd units, as systemd itself reads them."""

from configparser import RawConfigParser
from pathlib import Path

import pytest

from tests.deploy.tools import DEPLOY, GRACE_S, RIGHTS, program, run

UNITS = ("netspy.service", "netspy-collect.service")
MAX_EXPOSURE = {"netspy.service": 14, "netspy-collect.service": 30}
"""Of a hundred (systemd-analyze security)."""


class Unit(RawConfigParser):
    """Settings of the section Service, of which the last one counts."""

    def __init__(self, name: str) -> None:
        super().__init__(strict=False, delimiters=("=",), comment_prefixes=("#",), interpolation=None)
        self.optionxform = str  # type: ignore[assignment,method-assign]  # names as they are written
        self.read(DEPLOY / "systemd" / name)

    def __getitem__(self, name: str) -> str:  # type: ignore[override]  # a setting, not a section
        return self.get("Service", name)


@pytest.mark.parametrize("name", UNITS)
def test_systemd_understands_every_line(name: str, tmp_path: Path) -> None:
    """But the path of what is started, which is another machine's."""
    text = (DEPLOY / "systemd" / name).read_text().replace("/opt/netspy/bin/netspy", "/bin/true")
    (tmp_path / name).write_text(text)
    done = run([program("systemd-analyze", "apt-get install systemd"), "verify", "--man=no", str(tmp_path / name)])
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", UNITS)
def test_systemd_calls_it_well_confined(name: str) -> None:
    analyze = program("systemd-analyze", "apt-get install systemd")
    threshold = f"--threshold={MAX_EXPOSURE[name]}"
    done = run([analyze, "security", "--offline=true", threshold, str(DEPLOY / "systemd" / name)])
    assert done.returncode == 0, done.stdout


def test_the_bot_has_no_rights_and_time_to_end() -> None:
    unit = Unit("netspy.service")
    assert unit["CapabilityBoundingSet"] == ""
    assert int(unit["TimeoutStopSec"]) > GRACE_S + 10
    assert unit["ExecReload"] == "/bin/kill -HUP $MAINPID"


def test_the_collector_has_the_same_rights_as_in_a_container() -> None:
    unit = Unit("netspy-collect.service")
    wanted = " ".join(f"CAP_{right}" for right in RIGHTS)
    assert (unit["CapabilityBoundingSet"], unit["AmbientCapabilities"]) == (wanted, wanted)


def test_the_collector_keeps_what_two_usual_settings_would_take_away() -> None:
    """ProtectKernelTunables hides /proc/kallsyms, ProtectKernelLogs takes CAP_SYSLOG away."""
    unit = Unit("netspy-collect.service")
    assert not {"ProtectKernelTunables", "ProtectKernelLogs"} & set(unit.options("Service"))
