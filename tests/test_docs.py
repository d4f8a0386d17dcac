"""README and `.env.example` name every setting, tool and target, and no other."""

import re
from pathlib import Path

from bot.settings import variables
from bot.tools.registry import TOOLS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
ENV_EXAMPLE = (ROOT / ".env.example").read_text()


def test_readme_has_a_row_for_every_setting_and_no_other() -> None:
    rows = re.findall(r"^\| `((?:NETSPY|OPENAI|SLACK|DISCORD|OTEL)_[A-Z_]+)` \|", README, re.MULTILINE)
    assert sorted(rows) == sorted(variables())


def test_env_example_sets_every_setting_and_no_other() -> None:
    names = re.findall(r"^#([A-Z_]+)=", ENV_EXAMPLE, re.MULTILINE)
    assert sorted(names) == sorted(variables())


def test_env_example_changes_nothing_when_copied() -> None:
    assert all(line.startswith("#") for line in ENV_EXAMPLE.splitlines() if line)


def test_readme_names_no_setting_that_does_not_exist() -> None:
    assert set(re.findall(r"\b(?:NETSPY|OPENAI|SLACK|DISCORD|OTEL)_[A-Z_]+\b", README)) <= set(variables())


def test_readme_names_every_tool_with_its_command() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| `(\w+)", README, re.MULTILINE))
    assert {name: command for name, command in rows.items() if not name.isupper()} == {
        tool.name: tool.command for tool in TOOLS
    }
