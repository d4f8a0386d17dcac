"""The `netspy` command. Exit status 0, 1 when it failed, 2 for a usage error, 130 on Ctrl-C.

Nothing heavy is imported before the words are understood, so that `--help` and a usage error answer at once.
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.domain.errors import InvalidSettings, NetspyError, UserError
from bot.usage import read

if TYPE_CHECKING:
    from bot.tools.workflows.workflow import Workflows


def main() -> None:
    sys.exit(run(sys.argv[1:]))


def run(words: Sequence[str]) -> int:
    """Do what the words say and return the exit status."""
    try:
        asked = read(words, _workflows)
        import asyncio

        from bot.modes import dispatch

        return asyncio.run(dispatch(asked))
    except (UserError, InvalidSettings) as error:
        return _fail(error, 2)
    except NetspyError as error:
        return _fail(error, 1)
    except KeyboardInterrupt:
        return 130


def _workflows() -> "Workflows":
    """Raises: InvalidSettings."""
    from bot.settings import load
    from bot.workflow_files import workflows_of

    return workflows_of(load())


def _fail(error: NetspyError, status: int) -> int:
    print(f"netspy: {error}", file=sys.stderr)
    return status
