"""What people see before they ask: the App Home, suggested prompts, help and status. Pure."""

from collections.abc import Sequence

from adapters.slack.limits import MAX_SECTION
from bot.domain.command_help import CommandHelp
from bot.domain.json_types import JsonObject
from bot.domain.ports import Check
from bot.tables.text import plain

PROMPTS = (
    ("What failed?", "Which connections failed in the last 10 minutes, and why?"),
    ("What is dropped?", "Which packets did the kernel drop in the last 10 minutes, and why?"),
    ("Who talks to whom?", "Which processes made the most connections in the last 10 minutes?"),
    ("Anything unusual?", "Is there anything unusual in the traffic of the last hour?"),
)
"""Title and message; four at most (https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts)."""
_EXAMPLE = "which processes had failed connections in the last 10 minutes?"


def prompts() -> list[dict[str, str]]:
    return [{"title": title, "message": message} for title, message in PROMPTS]


def home(checks: Sequence[Check], commands: Sequence[CommandHelp], *, mention: str) -> JsonObject:
    """The view of the App Home (https://docs.slack.dev/reference/views/home-tab-views)."""
    return {"type": "home", "blocks": [*status(checks), *help_blocks(commands, mention=mention)]}


def closed(why: str) -> JsonObject:
    """What those are shown there who may not ask: netspy's state names machines."""
    return {"type": "home", "blocks": [_section(why)]}


def status(checks: Sequence[Check]) -> list[JsonObject]:
    """Whether netspy's parts are well, one line each."""
    said = [f"{check.part} {check.state}: {check.detail}" + _remedy(check) for check in checks]
    return [_header("Status"), *(_context(line) for line in said)]


def help_blocks(commands: Sequence[CommandHelp], *, mention: str) -> list[JsonObject]:
    listed = "\n".join(f"{entry.usage}: {entry.summary}" for entry in commands)
    how = (
        f"Mention {mention} in a channel, write to it directly, or use /netspy. Ask in plain words, such as "
        f'"{_EXAMPLE}", and go on in the thread. Or use a command, which needs no language model:'
    )
    return [_header("How to ask"), _section(how), _section(listed)]


def details(entry: CommandHelp) -> list[JsonObject]:
    """What one command takes."""
    flags = "\n".join(f"{flag.written}: {flag.meaning}" for flag in entry.flags)
    return [_section(f"{entry.usage}: {entry.summary}"), *([_section(flags)] if flags else [])]


def _remedy(check: Check) -> str:
    return f" ({check.remedy})" if check.remedy else ""


def _header(text: str) -> JsonObject:
    return {"type": "header", "text": {"type": "plain_text", "text": text}}


def _section(text: str) -> JsonObject:
    cut = "\n".join(map(plain, text.split("\n")))[:MAX_SECTION]
    return {"type": "section", "text": {"type": "plain_text", "text": cut, "emoji": False}}


def _context(text: str) -> JsonObject:
    return {"type": "context", "elements": [{"type": "plain_text", "text": plain(text)[:MAX_SECTION], "emoji": False}]}
