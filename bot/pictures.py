"""The kinds of pictures that netspy passes on, by how their files begin and end. Pure.

What calls itself a picture and begins like none is passed on to nobody: not to a chat, and not to a model.
"""

import re
from collections.abc import Mapping
from pathlib import PurePath

_BEGINNINGS: Mapping[str, re.Pattern[bytes]] = {
    "png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "jpg": re.compile(rb"\xff\xd8\xff"),
    "gif": re.compile(rb"GIF8[79]a"),
    "webp": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
}
MEDIA_TYPES: Mapping[str, str] = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}


def suffix_of(content: bytes) -> str | None:
    """What the name of a picture with this content ends in; None for what is no picture of these kinds."""
    return next((suffix for suffix, begins in _BEGINNINGS.items() if begins.match(content)), None)


def media_type_of(name: str) -> str | None:
    """What a file is by the end of its name; None where that is no picture of these kinds."""
    return MEDIA_TYPES.get(PurePath(name.lower()).suffix.lstrip("."))
