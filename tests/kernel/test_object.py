"""The committed object is what the sources compile to: the same instructions, the same types."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bot.ebpf.collector import loader
from tests.elf import sections
from tests.kernel.conftest import skip_or_fail

ROOT = Path(__file__).parent.parent.parent
CLANG = "14"
"""Of the committed object. Other versions write other instructions for the same sources."""


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    missing = [name for name in ("clang", "llvm-strip", "make") if not shutil.which(name)]
    if missing or not Path("/usr/include/bpf/bpf_helpers.h").exists():
        skip_or_fail("clang, llvm or libbpf-dev is not installed (apt-get install clang llvm libbpf-dev)")
    version = subprocess.run(["clang", "-dumpversion"], check=True, capture_output=True, text=True).stdout.split(".")[0]
    if version != CLANG:
        skip_or_fail(f"this is clang {version}; the object was compiled by clang {CLANG}")
    out = tmp_path_factory.mktemp("bpf") / "rebuilt.o"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    subprocess.run(["make", "-s", "bpf", f"BPF_OBJECT={out}"], cwd=ROOT, check=True, env=clean)
    return out


def meaning(file: Path) -> dict[str, bytes]:
    """Programs, maps, licence, types and relocations."""
    kept = (".text", "tp/", ".rel", ".BTF", ".maps", "license")
    return {name: data for name, data in sections(file).items() if name.startswith(kept)}


def test_the_committed_object_is_what_the_sources_compile_to(rebuilt: Path) -> None:
    ours, theirs = meaning(loader.OBJECT), meaning(rebuilt)
    assert [name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)] == []
    assert len([name for name in ours if name.startswith("tp/")]) == 17


def test_the_object_tells_nothing_of_the_machine_that_compiled_it() -> None:
    data = loader.OBJECT.read_bytes()
    assert b"/home/" not in data
    assert b"./tcp.h" in data
    assert str(ROOT).encode() not in data
