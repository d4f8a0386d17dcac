"""The workflows that come with netspy: `shipped.toml` as values. It reads that file alone.

`summaries` is for help, which has to be printed at once: it needs neither pydantic nor the tools.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

# A path beside this file, not importlib.resources: that costs a one-shot command 30 ms of imports.
FILE: Final = Path(__file__).with_name("shipped.toml")


@cache
def summaries() -> Mapping[str, str]:
    """A line for each workflow, by its name."""
    return {name: table["summary"] for name, table in tomllib.loads(FILE.read_text()).items()}
