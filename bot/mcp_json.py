"""Reads the file of MCP servers that NETSPY_MCP_CONFIG names. `bot/tools/foreign/config.py` knows what it says."""

from pathlib import Path

from bot.domain.errors import InvalidSettings
from bot.setting_values import finding_of
from bot.settings import Settings, environment
from bot.tools.foreign.config import read_servers
from bot.tools.foreign.servers import ForeignServer

VARIABLE = "NETSPY_MCP_CONFIG"
MAX_BYTES = 1024 * 1024


def servers_of(settings: Settings) -> tuple[ForeignServer, ...]:
    """None where no file is named. Raises: InvalidSettings."""
    if settings.mcp_config is None:
        return ()
    path = Path(settings.mcp_config).expanduser()
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        remedy = "name a file that netspy may read, or unset it"
        raise InvalidSettings(VARIABLE, f"{path}: {reason}", remedy, finding=finding_of(error)) from None
    if len(text) > MAX_BYTES:
        raise InvalidSettings(VARIABLE, f"{path} is larger than {MAX_BYTES:,} bytes", "name an mcp.json")
    return read_servers(text.decode(errors="replace"), file=str(path), environment=environment())
