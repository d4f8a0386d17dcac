"""Files that people attach in Discord: what a message tells of them, and their content.

https://discord.com/developers/docs/resources/message#attachment-object. Their URLs are signed: no token is sent.
"""

from typing import Any

import discord

from adapters.attached import file_ref
from adapters.downloads import GONE, Answer, Downloads, Hosts, asked_of
from bot.domain.errors import UnusableFile
from bot.domain.message import FileRef

HOSTS = ("cdn.discordapp.com", "media.discordapp.net")
FORBIDDEN = 403


def files_of(message: discord.Message) -> tuple[FileRef, ...]:
    """Those of a message, and those of messages that it passes on."""
    passed_on = (attachment for snapshot in message.message_snapshots for attachment in snapshot.attachments)
    return tuple(
        file_ref(each.url, name=each.filename, size=each.size, media_type=each.content_type)
        for each in (*message.attachments, *passed_on)
    )


def files_of_payload(message: dict[str, Any]) -> tuple[FileRef, ...]:
    """The same of a message as an interaction tells of it."""
    return tuple(
        file_ref(str(each.get("url", "")), name=each.get("filename"), size=each.get("size"), media_type=kind)
        for each in message.get("attachments") or ()
        for kind in [each.get("content_type")]
    )


def downloads(api_url: str | None) -> Downloads:
    """`api_url`: a proxy of Discord, whose server is Discord too."""
    return Downloads(hosts=Hosts(HOSTS, api_url or ""), objection=_objection)


def _objection(file: FileRef, answer: Answer) -> UnusableFile | None:
    if answer.status in GONE or answer.status == FORBIDDEN:
        return UnusableFile(asked_of(file), "it was deleted, or its link is too old", "attach it again")
    return None
