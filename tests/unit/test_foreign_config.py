"""mcp.json as other MCP clients write it, with netspy's own keys; and that no secret is ever told."""

import json

import pytest

from bot.domain.errors import InvalidSettings
from bot.domain.json_types import Json
from bot.tools.foreign.config import MAX_SERVERS, read_servers
from bot.tools.foreign.servers import ForeignServer, Program, Remote

ENVIRONMENT = {"TOKEN": "hush-hush", "EMPTY": ""}


def read(servers: Json) -> tuple[ForeignServer, ...]:
    return read_servers(json.dumps({"mcpServers": servers}), file="mcp.json", environment=ENVIRONMENT)


def refusal(servers: Json) -> str:
    with pytest.raises(InvalidSettings) as caught:
        read(servers)
    return str(caught.value)


def test_a_program_and_a_remote_server_are_read_in_the_order_of_the_file() -> None:
    entries: Json = {
        "git": {"command": "uvx", "args": ["git-mcp", "--repo", "."], "env": {"A": "1"}, "cwd": "/srv"},
        "web": {"type": "http", "url": "https://h/mcp", "headers": {"Authorization": "Bearer x"}},
    }
    git, web = read(entries)
    assert git.place == Program("uvx", ("git-mcp", "--repo", "."), {"A": "1"}, "/srv")
    assert web.place == Remote("https://h/mcp", {"Authorization": "Bearer x"})
    assert (git.name, git.prefix, git.timeout_s, web.name) == ("git", "git", 20.0, "web")


def test_a_server_that_is_disabled_is_left_out_and_keys_of_other_clients_are_passed_over() -> None:
    entries: Json = {"a": {"command": "x", "disabled": True}, "b": {"command": "x", "autoApprove": ["y"], "icon": 7}}
    assert [server.name for server in read(entries)] == ["b"]


def test_variables_are_put_in_everywhere_and_noted_as_secrets() -> None:
    (server,) = read({"a": {"url": "http://${TOKEN}@h/", "headers": {"X": "v=${TOKEN} ${EMPTY:-none} ${NO:-}"}}})
    assert server.place == Remote("http://hush-hush@h/", {"X": "v=hush-hush none "})
    assert server.redacted("it said hush-hush twice: hush-hush") == "it said ${TOKEN} twice: ${TOKEN}"
    assert "hush" not in repr(server)


def test_a_program_hides_its_arguments_and_environment_too() -> None:
    (server,) = read({"a": {"command": "x", "args": ["--key=${TOKEN}"], "env": {"KEY": "${TOKEN}"}}})
    assert server.place == Program("x", ("--key=hush-hush",), {"KEY": "hush-hush"})
    assert "hush" not in repr(server)


@pytest.mark.parametrize("variable", ["MISSING", "EMPTY"])
def test_a_variable_that_is_not_set_is_named_with_its_file_and_server(variable: str) -> None:
    told = refusal({"git": {"command": "x", "env": {"KEY": f"${{{variable}}}", "OTHER": "${TOKEN}"}}})
    assert told == (
        f"mcp.json, server 'git': the variable {variable} is not set. Set {variable} in the environment, or in .env"
    )


@pytest.mark.parametrize(
    ("servers", "told"),
    [
        ({"a": {}}, "it needs either a command or a url"),
        ({"a": {"command": "x", "url": "http://h"}}, "it needs either a command or a url"),
        ({"a": {"url": "ftp://hush-hush/"}}, "it is no URL of an HTTP server"),
        ({"a": {"url": "http://[hush-hush/"}}, "it is no URL of an HTTP server"),
        ({"a": {"url": "http://h", "headers": {"A": "hush-hush\nB: c"}}}, "'A' can't be sent"),
        ({"a": {"url": "http://h", "headers": {"A b": "hush-hush"}}}, "'A b' can't be sent"),
        ({"a": {"command": "x", "args": ["hush-hush\x00"]}}, "a command can't hold a NUL character"),
        ({"a": {"command": "x", "args": "hush-hush"}}, "server 'a': args: input should be a valid list"),
        ({"a": {"command": "x", "timeout_s": "hush-hush"}}, "server 'a': timeout_s: input should be a valid number"),
        ({"a": {"command": "x", "timeout_s": 0}}, "server 'a': timeout_s"),
        ({"a": {"command": "x", "prefix": "a b"}}, "server 'a': prefix"),
        ({"a": {"url": "http://h", "type": "sse"}}, "server 'a': type"),
        ({"a": {"command": "x", "denied": ["y"]}}, "'denied': there is no such key. Did you mean deny?"),
        ({"a": {"command": "x", "excludeTools": ["y"]}}, "'excludeTools': there is no such key. Did you mean deny?"),
        ({"a": {"command": "x", "timeout": 5}}, "'timeout': there is no such key. Did you mean timeout_s?"),
        ({"a": "hush-hush"}, "server 'a': input should be a valid dictionary"),
        ({"a\nb": {"command": "x"}}, "that is no name"),
        ({"": {"command": "x"}}, "that is no name"),
        ({str(n): {"command": "x"} for n in range(MAX_SERVERS + 1)}, "it names 33 servers"),
        ("hush-hush", "it holds no object called mcpServers"),
    ],
)
def test_what_cannot_be_used_is_named_and_not_quoted(servers: Json, told: str) -> None:
    said = refusal(servers)
    assert said.startswith("mcp.json")
    assert told in said
    assert "hush" not in said


@pytest.mark.parametrize("text", ["{", "[]", "[" * 100_000, '"x"', ""])
def test_what_is_no_such_file_is_refused(text: str) -> None:
    with pytest.raises(InvalidSettings, match=r"^mcp.json: it (is no JSON|holds no object)"):
        read_servers(text, file="mcp.json", environment={})


def test_allowed_tools_are_offered_but_for_denied_ones() -> None:
    (server,) = read({"a": {"command": "x", "allow": ["get_*", "list"], "deny": ["*_secret"]}})
    offered = [name for name in ("get_a", "get_secret", "list", "list_all", "GET_a") if server.may_offer(name)]
    assert offered == ["get_a", "list"]
    (open_to_all,) = read({"a": {"command": "x", "deny": ["rm"]}})
    assert (open_to_all.may_offer("anything"), open_to_all.may_offer("rm")) == (True, False)


def test_a_short_value_is_not_replaced_in_innocent_words() -> None:
    server = ForeignServer(
        name="a", place=Program("x"), prefix="a", secrets={"N": "1", "LONG": "1234", "LONGER": "12345"}
    )
    assert server.redacted("1 of 12345, 1234") == "1 of ${LONGER}, ${LONG}"
