"""How the JSON of servers is read that follow OpenAI's API more or less. Pure."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

MAX_NAME = 100


class Lenient(BaseModel):
    """Only what is read; every field may be missing or null."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def name_of(given: object) -> str:
    """What a server calls something, where that is a text; nothing depends on it."""
    return given[:MAX_NAME] if isinstance(given, str) else ""


def encodable(value: Any) -> Any:
    """A JSON value with every half of a surrogate pair replaced: JSON can say one, and no encoding can carry it."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {encodable(key): encodable(part) for key, part in value.items()}
    return [encodable(part) for part in value] if isinstance(value, list) else value
