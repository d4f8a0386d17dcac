"""Options of the whole suite."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--bench-rounds", type=int, default=1, help="measured rounds of each benchmark; 1 only checks that it runs"
    )
