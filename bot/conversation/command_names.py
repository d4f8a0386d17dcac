"""Which command without a tool a message is: the names that a policy permits or refuses. Pure."""

from bot.conversation import thread_commands
from bot.domain.message import Message

_HOUSE = {"status": "status", "/status": "status", "quiet": "quiet", "be quiet": "quiet", "listen": "listen"}
ALWAYS = ("help",)
"""What needs no permission: it says how netspy is asked."""
COMMAND_NAMES = (*dict.fromkeys(_HOUSE.values()), "tools", *(each.name for each in thread_commands.COMMANDS))


def house_command(message: Message) -> str:
    """`status`, `quiet` or `listen`; empty for any other message."""
    return _HOUSE.get(message.text.strip().lower(), "")


def command_names(message: Message) -> tuple[str, ...]:
    """Those of `COMMAND_NAMES` that a message is; none for a question, and for a command that runs a tool.

    `again` of a `status` is both.
    """
    about = thread_commands.read(message)
    is_tools = message.text.lower().split() == ["tools"]
    return tuple(filter(None, (about.verb if about else "", "tools" if is_tools else "", house_command(message))))
