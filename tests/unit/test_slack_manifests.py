"""The manifests of the Slack app: what they ask for is what the code needs, in a form that Slack takes."""

from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # it ships no types

from adapters.slack.home import PROMPTS
from adapters.slack.listeners import INVESTIGATE
from adapters.slack.scopes import EVENTS, REQUIRED, SCOPES, missing

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
FULL, MINIMAL = "slack-manifest.yaml", "slack-manifest-minimal.yaml"
LONGEST = {
    "display_information.name": 35,
    "display_information.description": 140,
    "features.agent_view.agent_description": 300,
}
"""Characters (https://github.com/slackapi/manifest-schema, schemas/manifest.schema.1.0.0.json)."""
MAX_SHORTCUT_NAME, MAX_SHORTCUT_DESCRIPTION = 24, 150
MAX_PROMPTS = 4

both = pytest.mark.parametrize("name", [FULL, MINIMAL])


def manifest(name: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((DEPLOY / name).read_text())
    return read


def scopes(name: str) -> list[str]:
    return list(manifest(name)["oauth_config"]["scopes"]["bot"])


def events(name: str) -> list[str]:
    return list(manifest(name)["settings"]["event_subscriptions"]["bot_events"])


def test_the_full_app_asks_for_all_that_netspy_can_use_and_no_more() -> None:
    assert scopes(FULL) == sorted(SCOPES)
    assert events(FULL) == sorted(EVENTS)


def test_the_minimal_app_reads_no_history() -> None:
    assert [scope for scope in scopes(MINIMAL) if scope.endswith(":history")] == []
    assert events(MINIMAL) == ["app_mention"]
    assert scopes(MINIMAL) == sorted(scopes(MINIMAL))


def test_what_the_minimal_app_lacks_is_no_fault() -> None:
    lacking = missing(scopes(MINIMAL))
    for_policies = ("usergroups:read", "channels:read", "groups:read", "mpim:read")
    histories = ("channels:history", "groups:history", "mpim:history", "im:history")
    assert lacking == (*for_policies, "files:read", *histories, "assistant:write", "reactions:write")
    assert not REQUIRED & set(lacking)


@both
def test_every_event_comes_with_its_scope(name: str) -> None:
    needed = {EVENTS[event] for event in events(name)} - {None}
    assert needed <= set(scopes(name))


@both
def test_the_shortcut_is_the_one_that_the_adapter_listens_to(name: str) -> None:
    (shortcut,) = manifest(name)["features"]["shortcuts"]
    assert (shortcut["callback_id"], shortcut["type"]) == (INVESTIGATE, "message")
    assert len(shortcut["name"]) <= MAX_SHORTCUT_NAME
    assert len(shortcut["description"]) <= MAX_SHORTCUT_DESCRIPTION


@both
def test_the_command_comes_escaped_like_a_message(name: str) -> None:
    (command,) = manifest(name)["features"]["slash_commands"]
    assert (command["command"], command["should_escape"]) == ("/netspy", True)


@both
def test_people_may_write_to_it_and_press_buttons(name: str) -> None:
    read = manifest(name)
    home = read["features"]["app_home"]
    assert (home["messages_tab_enabled"], home["messages_tab_read_only_enabled"]) == (True, False)
    assert read["settings"]["interactivity"]["is_enabled"] is True
    assert read["settings"]["socket_mode_enabled"] is True


def test_the_prompts_are_those_that_the_adapter_sets() -> None:
    prompts = manifest(FULL)["features"]["agent_view"]["suggested_prompts"]
    assert [(prompt["title"], prompt["message"]) for prompt in prompts] == list(PROMPTS)
    assert len(prompts) <= MAX_PROMPTS


@both
def test_no_text_is_longer_than_slack_takes(name: str) -> None:
    read = manifest(name)
    for path, longest in LONGEST.items():
        value: Any = read
        for key in path.split("."):
            value = value.get(key, {})
        assert len(value) <= longest, path


def test_only_an_agent_asks_for_the_scope_of_agents() -> None:
    assert "agent_view" in manifest(FULL)["features"]
    assert "agent_view" not in manifest(MINIMAL)["features"]
    assert "assistant:write" not in scopes(MINIMAL)


def test_missing_names_scopes_by_how_much_is_lost() -> None:
    assert missing([]) == tuple(SCOPES)
    assert missing(SCOPES) == ()
    assert missing({"chat:write", "commands", "admin"})[0] == "app_mentions:read"
    assert set(SCOPES) >= REQUIRED | {scope for scope in EVENTS.values() if scope}
