"""MCP servers by hand, line by line over standard input and output: an older protocol, and everything that breaks it.

`python tests/loopback/mcp_lines.py MODE`. It imports nothing heavy, so it starts at once.
"""

import json
import signal
import sys
from collections.abc import Iterator
from typing import Any

TOOL: dict[str, Any] = {"name": "old", "description": "Says its arguments.", "inputSchema": {"type": "object"}}

HELLO = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"tools": {"listChanged": True}},
    "serverInfo": {"name": "old", "version": "1"},
}


def send(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def requests() -> Iterator[dict[str, Any]]:
    for line in sys.stdin:
        message = json.loads(line)
        if "id" in message:
            yield message


def answer(mode: str, request: dict[str, Any], tools: list[dict[str, Any]]) -> dict[str, Any]:
    params = request.get("params", {})
    match request["method"], mode:
        case "initialize", _:
            return {"result": HELLO}
        case "tools/list", "bad-list":
            return {"result": {"tools": [{"name": "no schema"}]}}
        case "tools/list", mode if mode != "no-tools":
            return {"result": listed(int(params.get("cursor") or 0), tools, endless=mode == "endless")}
        case "tools/call", "bad-answer":
            return {"result": {"content": "not a list"}}
        case "tools/call", _:
            return {"result": {"content": [{"type": "text", "text": json.dumps(params["arguments"])}]}}
    return {"error": {"code": -32601, "message": "Method not found"}}


def listed(page: int, tools: list[dict[str, Any]], *, endless: bool) -> dict[str, Any]:
    more = {"nextCursor": str(page + 1)} if endless else {}
    return {"tools": [{**tool, "name": f"{tool['name']}{page or ''}"} for tool in tools], **more}


def speak(mode: str) -> None:
    tools = [TOOL]
    for request in requests():
        if request["method"] == "tools/call" and mode == "changing" and len(tools) == 1:
            tools.append({**TOOL, "name": "newer"})
            send({"method": "notifications/tools/list_changed"})
        send({"id": request["id"], **answer(mode, request, tools)})


def misbehave(mode: str) -> None:
    """What these modes do before they speak, if they ever do."""
    match mode:
        case "dies":
            print("Traceback ...", file=sys.stderr)
            sys.exit(f"no configuration for {sys.argv[-1]}")
        case "noisy":
            sys.stderr.write("chatter " * 100_000)
        case "garbage":
            print("Welcome to my server!", flush=True)
        case "endless-line":
            while True:
                sys.stdout.write("x" * 65536)
        case "stubborn":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        case "mute":
            for _ in sys.stdin:
                pass


def main(mode: str) -> None:
    misbehave(mode)
    speak(mode)
    while mode == "stubborn":
        signal.pause()


if __name__ == "__main__":
    main(sys.argv[1])
