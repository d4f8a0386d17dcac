"""The parts of a message as chunks of a stream, and as mere text. Pure."""

from collections.abc import Iterator, Sequence

from adapters.slack.markdown import escaped
from adapters.slack.post import Markdown, Part
from bot.domain.json_types import JsonObject


def rest_of(sent: Sequence[Part], parts: Sequence[Part]) -> list[JsonObject] | None:
    """The chunks that turn what was streamed into `parts`; None when nothing that only adds does."""
    known = len(sent)
    if not known:
        return chunks(parts)
    if known > len(parts) or list(parts[: known - 1]) != list(sent[:-1]):
        return None
    last, now = sent[-1], parts[known - 1]
    if last == now:
        return chunks(parts[known:])
    if isinstance(last, Markdown) and isinstance(now, Markdown) and now.text.startswith(last.text):
        return chunks([Markdown(now.text.removeprefix(last.text)), *parts[known:]])
    return None


def chunks(parts: Sequence[Part]) -> list[JsonObject]:
    """Parts as chunks of a stream (https://docs.slack.dev/reference/methods/chat.appendStream)."""
    return [
        {"type": "markdown_text", "text": part.text}
        if isinstance(part, Markdown)
        else {"type": "blocks", "blocks": list(part.blocks)}
        for part in parts
    ]


def texts(blocks: Sequence[JsonObject]) -> Iterator[str]:
    """The words of sections and contexts, as mrkdwn."""
    for block in blocks:
        elements = block.get("elements")
        for said in (block.get("text"), *(elements if isinstance(elements, list) else ())):
            if isinstance(said, dict) and isinstance(text := said.get("text"), str):
                yield text if said.get("type") == "mrkdwn" else escaped(text)
