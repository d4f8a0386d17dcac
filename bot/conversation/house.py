"""Commands about netspy itself and this thread: they need no tool and no model, but what the desk stands on."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.checking import Asking, checked
from bot.conversation.command_names import house_command
from bot.domain.message import Message
from bot.domain.ports import ChatModel, Check, EbpfSource, ToolHost
from bot.domain.query import EVERYTHING, Scope
from bot.domain.stores import ThreadStore

STATUS_S = 5.0
"""How long a part may take to say how it is: somebody waits."""
_QUIET = "Quiet: in this thread I answer only when I am mentioned. `listen` makes me answer everything again."
_LISTENING = "Listening: in this thread I answer follow-up questions without a mention."


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    sources: Callable[[Scope], EbpfSource]
    model: ChatModel
    store: ThreadStore
    host: ToolHost

    async def answer(self, message: Message, scope: Scope) -> str | None:
        """The Markdown that answers `status`, `quiet` or `listen`; None for other messages. Raises: StorageError."""
        match house_command(message):
            case "status":
                return "\n".join(map(_line, await self.status(scope)))
            case "quiet":
                await self.store.hush(message.key, quiet=True)
                return _QUIET
            case "listen":
                await self.store.hush(message.key, quiet=False)
                return _LISTENING
        return None

    async def status(self, scope: Scope = EVERYTHING) -> tuple[Check, ...]:
        """Source (as far as the scope shows it), model, storage, and other MCP servers."""
        asked: dict[str, Asking] = {
            "source": self.sources(scope).check,
            "model": self.model.check,
            "storage": self.store.check,
            "mcp": self.host.check,
        }
        return await checked(asked, deadline_s=STATUS_S)


def _line(check: Check) -> str:
    remedy = f" ({check.remedy})" if check.remedy else ""
    return f"- **{check.part}** {check.state}: {check.detail}{remedy}"
