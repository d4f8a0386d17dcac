"""Which logs are written, and which are not."""

import logging
from collections.abc import Iterator
from io import StringIO

import pytest

from bot import telemetry

CHANGED = ("", "netspy", "mcp.client", "client")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in CHANGED]
    before = [(logger, logger.level, logger.handlers[:]) for logger in loggers]
    yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers


def test_what_the_mcp_client_says_of_a_foreign_server_is_not_written() -> None:
    written = StringIO()
    telemetry.configure("debug", written)
    for name in ("mcp.client.stdio", "mcp.client.streamable_http", "client"):
        logging.getLogger(name).error("Failed to parse hush-hush")
    logging.getLogger("mcp.server.runner").error("ours")
    logging.getLogger("netspy.tools").warning("mcp.lost", extra={"server": "sky"})
    assert "hush" not in written.getvalue()
    assert "ours" in written.getvalue()
    assert "mcp.lost server=sky" in written.getvalue()
