"""What a workflow and its parameters may be called. Pure."""

import re
from typing import Final

from bot.tools.registry import TOOLS

NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")
A_NAME: Final = "use up to 32 small letters, digits and dashes, the first a letter"

OF_TOOLS: Final = frozenset(name for tool in TOOLS for name in (tool.name, tool.command))
WORDS: Final = frozenset(
    {
        *("help", "tools", "status", "quiet", "listen", "quit", "exit", "ask", "new", "again", "diff", "why", "forget"),
        *("more", "stop", "csv", "page", "edit", "delete", "watch", "chat", "workflows"),
        *("serve", "mcp", "collect", "doctor", "privacy", "record"),
    }
)
"""What people write to netspy itself, in a chat or a shell."""
FLAGS: Final = frozenset({"server", "verbose", "new", "json", "tool", "help", "version", "more"})
"""Flags of the command line, and a name that platforms need for themselves."""
