"""Options of the whole suite, and what it needs from its surroundings."""

import os
import signal
from collections.abc import Iterator

import hypothesis
import pytest

from bot.conversation import sending
from tests.postgres import Postgres, find_programs

# A deadline per example would be a wall-clock assertion.
hypothesis.settings.register_profile("netspy", deadline=None)
hypothesis.settings.load_profile("netspy")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--bench-rounds", type=int, default=1, help="measured rounds of each benchmark; 1 only checks that it runs"
    )


def pytest_configure() -> None:
    """A shell starts background jobs with SIGINT ignored, and programs pass that on: tests of Ctrl-C could not work."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply that could not be sent or stored is tried again at once."""
    monkeypatch.setattr(sending, "SENDING_WAITS_S", (0.0, 0.0))
    monkeypatch.setattr(sending, "FIRST_WAIT_S", 0.0)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server, started when the first test asks for it. In CI it has to be there."""
    programs = find_programs()
    if programs is None:
        why = "PostgreSQL is not installed (apt-get install postgresql)"
        if os.environ.get("CI") == "true":
            raise RuntimeError(why)
        pytest.skip(why)
    server = Postgres(programs)
    yield server
    server.remove()


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    """A new, empty database. (The server runs again, in case that the last test ended early.)"""
    postgres.start()
    return postgres.create_database()
