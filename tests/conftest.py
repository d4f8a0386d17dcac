"""Options of the whole suite, and what it needs from its surroundings."""

import signal

import hypothesis
import pytest

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
