"""Reads the files of workflows that NETSPY_WORKFLOWS names. `bot/tools/workflows` knows what they say.

Nothing that is wrong with them stops netspy: it is a problem beside the workflows that can be used.
"""

from pathlib import Path

from bot.domain.errors import InvalidSettings
from bot.setting_values import finding_of
from bot.settings import Settings
from bot.tools.workflows.merging import with_shipped
from bot.tools.workflows.reading import MAX_BYTES, read_workflows
from bot.tools.workflows.workflow import Workflows

VARIABLE = "NETSPY_WORKFLOWS"
_REMEDY = "name a TOML file, or a folder of them, that netspy may read"


def workflows_of(settings: Settings) -> Workflows:
    """Those that come with netspy, and those of the file, or of all `.toml` files of the folder, by name."""
    if settings.workflows is None:
        return with_shipped({})
    path = Path(settings.workflows)
    try:
        path = path.expanduser()
        files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
    except OSError as error:
        return with_shipped({str(path): _unreadable(path, error)})
    except RuntimeError:
        return with_shipped({str(path): _wrong(path, "that person has no home here")})
    read = {str(file): _read(file) for file in files}
    return with_shipped(read or {str(path): _wrong(path, "the folder holds no .toml file")})


def _read(path: Path) -> Workflows:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        return _unreadable(path, error)
    return read_workflows(content, file=str(path))


def _unreadable(path: Path, error: OSError) -> Workflows:
    return _wrong(path, (error.strerror or "it cannot be read").lower(), finding_of(error))


def _wrong(path: Path, got: str, finding: str = "") -> Workflows:
    return Workflows(problems=(InvalidSettings(f"{VARIABLE}, {path}", got, _REMEDY, finding=finding),))
