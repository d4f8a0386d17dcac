"""Slack's upload in three steps, on a workspace: ask for a URL, send the bytes there, complete.

https://docs.slack.dev/messaging/working-with-files#upload
"""

from typing import Any

from tests.loopback import slack_events as events
from tests.loopback.slack_arguments import Arguments
from tests.loopback.slack_message import File, Message
from tests.loopback.slack_rules import Refused
from tests.loopback.slack_schema import Shape, fault, many, text
from tests.loopback.slack_workspace import BOT, BOT_ID, Upload, Workspace

_COMPLETED = many(Shape({"id": text(255)}, {"title": text(3000), "highlight_type": text(50)}), 1, 10)


def get_upload_url(space: Workspace, given: Arguments) -> dict[str, Any]:
    size_bytes = given.whole("length", 0)
    if size_bytes <= 0:
        raise Refused("invalid_arguments", [fault("must be greater than 0", "/length")])
    file = File(space.new_id("F"), given.text("filename"), size_bytes)
    file.url = f"{space.base_url}files-pri/{file.id}/{file.name}"
    space.files[file.id] = file
    return {"file_id": file.id, "upload_url": f"{space.base_url}upload/v1/{file.id}"}


def take(space: Workspace, file_id: str, content: bytes) -> bool:
    """The bytes of an upload; False when they are not what was announced, or not expected."""
    file = space.files.get(file_id)
    if file is None or file.content is not None or len(content) != file.size_bytes:
        return False
    file.content = content
    return True


def complete(space: Workspace, given: Arguments) -> dict[str, Any]:
    if found := [*_COMPLETED(given["files"], "/files")]:
        raise Refused("invalid_arguments", found)
    channel, thread = given.text("channel_id") or given.text("channels"), given.text("thread_ts") or None
    if channel:
        space.channel_for(channel, write=True)
    if thread:
        space.root(channel, thread)
    files = [_completed(space, one) for one in given["files"]]
    comment = given.text("initial_comment")
    space.uploads += [Upload(file, channel or None, thread, comment) for file in files]
    if channel:
        message = Message(space.new_ts(), channel, BOT, comment, thread=thread, bot_id=BOT_ID, files=files)
        space.happened.extend(events.posted(space, space.keep(message)))
    return {"files": [file.json for file in files]}


def info(space: Workspace, given: Arguments) -> dict[str, Any]:
    file = space.files.get(given.text("file"))
    if file is None or file.content is None:
        raise Refused("file_not_found")
    return {"file": file.json}


def _completed(space: Workspace, one: dict[str, str]) -> File:
    file = space.files.get(one["id"])
    if file is None or file.content is None:
        raise Refused("file_not_found")
    file.title = one.get("title", file.name)
    return file
