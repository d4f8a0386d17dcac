"""What a message may be made of. Pure: a payload in, flaws or nothing out.

https://docs.discord.com/developers/resources/message#create-message
"""

from collections.abc import Iterator
from typing import Any

from tests.loopback import discord_components as components
from tests.loopback import discord_embeds as embeds
from tests.loopback.discord_forms import Shape, demand, flag, many, one_of, snowflake, text, whole
from tests.loopback.discord_message import File
from tests.loopback.discord_refusals import EMPTY_MESSAGE, TOO_LARGE, Flaw, Path, Refused, flawed

CONTENT = 2000
NONCE = 25
FILES = 10
FILE_BYTES = 10 * 1024 * 1024
"""https://docs.discord.com/developers/reference#uploading-files: of a server without boosts."""
LISTED_MENTIONS = 100
SUPPRESS_EMBEDS, EPHEMERAL, LOADING, SUPPRESS_NOTIFICATIONS = 1 << 2, 1 << 6, 1 << 7, 1 << 12
HAS_THREAD = 1 << 5
COMPONENTS_V2 = 1 << 15


def _listed_or_parsed(value: Any, path: Path) -> Iterator[Flaw]:
    for name in ("users", "roles"):
        if value.get(name) and name in (value.get("parse") or ()):
            said = f'parse:["{name}"] and {name}: [ids...] are mutually exclusive.'
            yield Flaw((*path, name), "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", said)


def _nonce(value: Any, path: Path) -> Iterator[Flaw]:
    """A string or an integer."""
    yield from text(NONCE)(str(value) if isinstance(value, int) else value, path)


def _known_flags(value: Any, path: Path) -> Iterator[Flaw]:
    """The newer kind of components is beyond this loopback, and makes content an error with Discord too."""
    yield from whole(0, (1 << 32) - 1)(value, path)
    if isinstance(value, int) and value & COMPONENTS_V2:
        yield Flaw(path, "UNION_TYPE_CHOICES", "This loopback knows no components of version 2")


_MENTIONS = Shape(
    optional={
        "parse": many(one_of("roles", "users", "everyone"), 3),
        "roles": many(snowflake, LISTED_MENTIONS),
        "users": many(snowflake, LISTED_MENTIONS),
        "replied_user": flag,
    },
    also=(_listed_or_parsed,),
)
_REFERENCE = Shape({"message_id": snowflake}, {"channel_id": snowflake, "fail_if_not_exists": flag})
_ATTACHMENT = Shape({"id": snowflake}, {"filename": text(1024), "description": text(1024)})
MESSAGE = Shape(
    optional={
        "content": text(CONTENT),
        "embeds": embeds.check,
        "components": components.check,
        "allowed_mentions": _MENTIONS,
        "message_reference": _REFERENCE,
        "attachments": many(_ATTACHMENT, FILES),
        "flags": _known_flags,
        "nonce": _nonce,
        "enforce_nonce": flag,
        "tts": flag,
    }
)
KNOWN = frozenset(MESSAGE.optional)


def check(body: Any, files: dict[str, File], *, kept: frozenset[str] = frozenset(), at: Path = ()) -> None:
    """`kept`: ids of attachments that an edited message already has. Raises: Refused."""
    demand(MESSAGE(body, at))
    if len(files) > FILES:
        raise flawed((*at, "files"), "BASE_TYPE_MAX_LENGTH", f"Must be {FILES} or fewer in length.")
    if any(len(file.content) > FILE_BYTES for file in files.values()):
        raise Refused(TOO_LARGE)
    for place, one in enumerate(body.get("attachments") or ()):
        if str(one["id"]) not in {*files, *kept}:
            where = (*at, "attachments", str(place), "id")
            raise flawed(where, "ATTACHMENT_NOT_FOUND", "The uploaded attachment could not be found")


def demand_content(body: dict[str, Any], files: dict[str, File]) -> None:
    """Raises: Refused when a message would show nothing."""
    if not (str(body.get("content") or "").strip() or body.get("embeds") or body.get("components") or files):
        raise Refused(EMPTY_MESSAGE)
