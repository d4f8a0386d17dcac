"""What the tests of the kernel programs need: root, a kernel with BTF, libbpf, network namespaces."""

import os
import shutil
from collections.abc import Iterator

import pytest

from bot.ebpf.collector.preflight import preflight
from tests.kernel import namespaces
from tests.kernel.watching import Watch, watching


def skip_or_fail(why: str) -> None:
    """In CI everything has to be there."""
    if os.environ.get("CI") == "true":
        raise RuntimeError(why)
    pytest.skip(why)


@pytest.fixture(scope="session")
def kernel() -> None:
    """That eBPF programs can run here."""
    obstacle = preflight()
    if obstacle:
        skip_or_fail(f"{obstacle.reason}: {obstacle.remedy}")


@pytest.fixture(scope="session")
def with_namespaces(kernel: None) -> None:
    missing = [name for name in namespaces.PROGRAMS if not shutil.which(name)]
    if missing:
        skip_or_fail(f"{' and '.join(missing)} not installed (apt-get install iproute2 nftables)")


@pytest.fixture
def pair(with_namespaces: None) -> Iterator[namespaces.Pair]:
    with namespaces.pair() as made:
        yield made


@pytest.fixture
def watch(kernel: None) -> Iterator[Watch]:
    with watching() as made:
        yield made
