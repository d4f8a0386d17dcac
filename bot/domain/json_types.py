"""JSON as the type checker sees it: what crosses to models, MCP and storage."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
else:
    Json = Any  # at run time codecs read these annotations, and a recursive alias needs Python 3.12

JsonObject: TypeAlias = Mapping[str, Json]
