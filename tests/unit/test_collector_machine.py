"""What the collector reads of a machine: symbols, cgroups, names of reasons; and whether it can run there."""

import os
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.errors import CannotCollect
from bot.ebpf.collector.btf import Btf, reason_names
from bot.ebpf.collector.cgroups import Cgroups
from bot.ebpf.collector.preflight import Machine, preflight, this_machine
from bot.ebpf.collector.symbols import Symbols

EVERYTHING = (1 << 41) - 1
SYS_ADMIN, PERFMON_AND_BPF, DAC_READ_SEARCH = 1 << 21, 1 << 38 | 1 << 39, 1 << 2
GOOD = Machine(
    system="Linux",
    architecture="x86_64",
    has_btf=True,
    has_tracefs=True,
    is_locked_down=False,
    is_in_user_namespace=False,
    is_root=True,
    capabilities=EVERYTHING,
    load_library=lambda: None,
)


def no_library() -> None:
    raise CannotCollect("loading libbpf", "libbpf is not installed", "install it: apt-get install libbpf1")


def test_a_machine_that_has_everything_can_collect() -> None:
    assert preflight(GOOD) is None
    assert preflight(replace(GOOD, capabilities=SYS_ADMIN)) is None
    assert preflight(replace(GOOD, capabilities=PERFMON_AND_BPF)) is None
    assert preflight(replace(GOOD, has_tracefs=False)) is None, "we may mount it"


@pytest.mark.parametrize(
    ("machine", "reason", "remedy"),
    [
        (replace(GOOD, system="Darwin"), "this is Darwin", "on Linux"),
        (replace(GOOD, architecture="riscv64"), "riscv64", "x86_64 or aarch64"),
        (replace(GOOD, has_btf=False), "no BTF", "CONFIG_DEBUG_INFO_BTF"),
        (replace(GOOD, is_locked_down=True), "locked down", "lockdown="),
        (replace(GOOD, is_in_user_namespace=True), "user namespace", "own root"),
        (replace(GOOD, capabilities=0), "CAP_BPF and CAP_PERFMON", "as root"),
        (replace(GOOD, capabilities=1 << 39), "needs CAP_PERFMON", "as root"),
        (replace(GOOD, is_root=False, capabilities=PERFMON_AND_BPF), "CAP_DAC_READ_SEARCH", "as root"),
        (replace(GOOD, has_tracefs=False, capabilities=PERFMON_AND_BPF), "tracefs is not mounted", "mount -t tracefs"),
        (replace(GOOD, load_library=no_library), "libbpf is not installed", "apt-get install libbpf1"),
    ],
)
def test_what_stands_in_the_way_is_said_with_a_remedy(machine: Machine, reason: str, remedy: str) -> None:
    obstacle = preflight(machine)
    assert obstacle is not None
    assert reason in obstacle.reason
    assert remedy in obstacle.remedy


def test_an_unprivileged_user_with_all_that_is_needed_can_collect() -> None:
    rights = PERFMON_AND_BPF | DAC_READ_SEARCH
    assert preflight(replace(GOOD, is_root=False, capabilities=rights)) is None


def test_a_machine_is_read_from_its_files(tmp_path: Path) -> None:
    files = {
        "proc/self/status": "Name:\tx\nCapEff:\t000000c000000000\n",
        "proc/self/uid_map": "         0       1000          1\n",
        "sys/kernel/security/lockdown": "none integrity [confidentiality]\n",
        "sys/kernel/btf/vmlinux": "",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    machine = this_machine(tmp_path)
    assert machine.capabilities == PERFMON_AND_BPF
    assert (machine.is_in_user_namespace, machine.is_locked_down, machine.has_btf) == (True, True, True)
    assert (machine.system, machine.architecture) == (os.uname().sysname, os.uname().machine)


def test_a_machine_without_such_files_has_no_rights_and_no_restrictions(tmp_path: Path) -> None:
    machine = this_machine(tmp_path)
    assert (machine.capabilities, machine.is_in_user_namespace, machine.is_locked_down, machine.has_btf) == (
        0,
        False,
        False,
        False,
    )


def test_an_address_in_the_kernel_is_a_function_and_an_offset(tmp_path: Path) -> None:
    listed = tmp_path / "kallsyms"
    listed.write_text(
        "ffffffff81000200 T later\nffffffff81000100 t tcp_v4_rcv\n"
        "ffffffff81000150 d some_data\nffffffffc0000000 t nft_do_chain\t[nf_tables]\n"
    )
    name = Symbols(listed)
    assert name(0xFFFFFFFF810001FF) == "tcp_v4_rcv+0xff"
    assert name(0xFFFFFFFF81000200) == "later+0x0"
    assert name(0xFFFFFFFFC0000003) == "nft_do_chain+0x3"
    assert name(0x10) is None


@pytest.mark.parametrize("content", ["", "0000000000000000 T hidden\n0000000000000000 t from_us\n"])
def test_addresses_have_no_names_where_the_kernel_hides_them(tmp_path: Path, content: str) -> None:
    listed = tmp_path / "kallsyms"
    listed.write_text(content)
    assert Symbols(listed)(0xFFFFFFFF81000200) is None
    assert Symbols(tmp_path / "missing")(1) is None


def test_a_cgroup_is_found_by_its_number_also_when_it_was_made_later(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").touch()
    (tmp_path / "system.slice" / "nginx.service").mkdir(parents=True)
    path = Cgroups((tmp_path / "absent", tmp_path))
    assert path((tmp_path / "system.slice" / "nginx.service").stat().st_ino) == "/system.slice/nginx.service"
    assert path(tmp_path.stat().st_ino) == "/"
    later = tmp_path / "later"
    later.mkdir()
    assert path(later.stat().st_ino) == "/later"
    assert path(1) is None


def test_a_cgroup_that_is_gone_keeps_the_name_it_had(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").touch()
    gone = tmp_path / "gone"
    gone.mkdir()
    number = gone.stat().st_ino
    path = Cgroups((tmp_path,))
    assert path(number) == "/gone"
    gone.rmdir()
    path(1)
    assert path(number) == "/gone"


def test_without_cgroups_of_version_2_none_has_a_path(tmp_path: Path) -> None:
    assert Cgroups((tmp_path,))(tmp_path.stat().st_ino) is None


def btf_of(*enums: tuple[str, dict[str, int]]) -> bytes:
    """BTF with an integer, a struct of one field, and enums behind them."""
    strings, types = bytearray(b"\0"), bytearray()

    def text(name: str) -> int:
        strings.extend(name.encode() + b"\0")
        return len(strings) - len(name) - 1

    types += struct.pack("<IIII", text("int"), 1 << 24, 4, 32)
    types += struct.pack("<III", text("holder"), 4 << 24 | 1, 4) + struct.pack("<III", text("field"), 1, 0)
    for name, values in enums:
        types += struct.pack("<III", text(name), 6 << 24 | len(values), 4)
        types += b"".join(struct.pack("<Ii", text(each), value) for each, value in values.items())
    return struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(strings)) + types + strings


def test_names_of_reasons_are_read_from_the_kernels_own_types(tmp_path: Path) -> None:
    drop = {"SKB_NOT_DROPPED_YET": 0, "SKB_CONSUMED": 1, "SKB_DROP_REASON_NO_SOCKET": 3}
    kernel = tmp_path / "vmlinux"
    kernel.write_bytes(
        btf_of(("other", {"A": 1}), ("skb_drop_reason", drop), ("sk_rst_reason", {"SK_RST_REASON_TCP_STATE": 9}))
    )
    names = reason_names(kernel)
    assert names.drop == {0: "NOT_DROPPED_YET", 1: "CONSUMED", 3: "NO_SOCKET"}
    assert names.reset == {9: "TCP_STATE"}


def test_a_kernel_without_reasons_has_no_names_for_them(tmp_path: Path) -> None:
    kernel = tmp_path / "vmlinux"
    kernel.write_bytes(btf_of(("other", {"A": 1})))
    assert reason_names(kernel).drop == {}


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"\xeb\x9f" + bytes(30)])
def test_what_is_no_btf_is_an_error(content: bytes) -> None:
    with pytest.raises(ValueError, match="no BTF"):
        Btf(content)
