"""What an embed may hold. Pure.

https://docs.discord.com/developers/resources/message#embed-object-embed-limits
"""

from collections.abc import Iterator
from typing import Any

from tests.loopback.discord_forms import Shape, anything, flag, many, text, whole
from tests.loopback.discord_refusals import Flaw, Path

EMBEDS = 10
TITLE, DESCRIPTION, FIELDS, FIELD_NAME, FIELD_VALUE, FOOTER, AUTHOR = 256, 4096, 25, 256, 1024, 2048, 256
TOGETHER = 6000
"""Characters of all embeds of one message."""
LINK = 2048
_FIELD = Shape({"name": text(FIELD_NAME, 1), "value": text(FIELD_VALUE, 1)}, {"inline": flag})
_IMAGE = Shape({"url": text(LINK)})
_EMBED = Shape(
    optional={
        "title": text(TITLE),
        "description": text(DESCRIPTION),
        "fields": many(_FIELD, FIELDS),
        "footer": Shape({"text": text(FOOTER)}),
        "author": Shape({"name": text(AUTHOR, 1)}),
        "url": text(LINK),
        "color": whole(0, 0xFFFFFF),
        "image": _IMAGE,
        "thumbnail": _IMAGE,
        "timestamp": anything,
    }
)


def words(embed: dict[str, Any]) -> Iterator[str]:
    """What a reader sees of an embed, piece by piece."""
    yield from (embed[name] for name in ("title", "description") if embed.get(name))
    for one in embed.get("fields", ()):
        yield from (one["name"], one["value"])
    if embed.get("author"):
        yield embed["author"]["name"]
    if embed.get("footer"):
        yield embed["footer"]["text"]


def check(value: Any, path: Path) -> Iterator[Flaw]:
    found = [*many(_EMBED, EMBEDS)(value, path)]
    yield from found
    if not found and sum(len(word) for embed in value for word in words(embed)) > TOGETHER:
        yield Flaw(path, "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {TOGETHER}")
