"""Files that people attach in Slack: what a message tells of them, and their content.

https://docs.slack.dev/reference/objects/file-object. Nobody but Slack is ever sent the bot's token.
"""

from typing import Any

from adapters.attached import file_ref
from adapters.downloads import Answer, Downloads, Hosts, asked_of
from bot.domain.errors import UnusableFile
from bot.domain.message import FileRef

HOSTS = (".slack.com",)
HTML = "text/html"
WEB_PAGES = frozenset({HTML, "application/vnd.slack-docs"})
"""What is a web page itself: the second is a canvas."""
FORBIDDEN = frozenset({401, 403})
PASTE = "paste what matters into the message"
SCOPE = "whoever runs netspy adds the scope files:read to the app and installs it again"
_UNREADABLE = {
    "external": ("another service keeps it, and Slack has only a link", "attach the file itself"),
    "check_file_info": ("it comes from another workspace, and Slack does not hand it out", PASTE),
    "access_denied": ("Slack does not let netspy read it", PASTE),
    "tombstone": ("it was deleted", "attach it again"),
    "file_not_found": ("it was deleted", "attach it again"),
    "hidden_by_limit": ("Slack hides it: the workspace's plan keeps no older files", PASTE),
}
"""What stands in the place of a URL where there is none -> why, and what to do."""
_NO_URL = ("Slack does not say where it is", PASTE)


def files_of(message: dict[str, Any]) -> tuple[FileRef, ...]:
    """All that an event or a message of Slack's names."""
    found = message.get("files")
    return tuple(_ref(each) for each in found if isinstance(each, dict)) if isinstance(found, list) else ()


def downloads(*, api_url: str, token: str, proxy: str | None) -> Downloads:
    """`api_url`: its server is Slack too."""
    headers = {"Authorization": f"Bearer {token}"}
    return Downloads(hosts=Hosts(HOSTS, api_url), objection=_objection, headers=headers, proxy=proxy)


def refuse_unreadable(file: FileRef) -> None:
    """Raises: UnusableFile for a file of which Slack told no URL."""
    if "://" not in file.id:
        got, remedy = _UNREADABLE.get(file.id, _NO_URL)
        raise UnusableFile(asked_of(file), got, remedy)


def _ref(file: dict[str, Any]) -> FileRef:
    name = file.get("name") or file.get("title")
    return file_ref(_where(file), name=name, size=file.get("size"), media_type=file.get("mimetype"))


def _where(file: dict[str, Any]) -> str:
    """The URL of a file, or the word for why there is none."""
    access, mode = file.get("file_access") or "visible", file.get("mode")
    if access != "visible":
        return str(access)
    if file.get("is_external") or mode == "external":
        return "external"
    if mode in _UNREADABLE:
        return str(mode)
    return str(file.get("url_private_download") or file.get("url_private") or "")


def _objection(file: FileRef, answer: Answer) -> UnusableFile | None:
    """Without the scope Slack answers with its sign-in page as if all were well, or forwards to it."""
    is_page = answer.media_type == HTML and (answer.moved or file.media_type not in WEB_PAGES)
    if answer.status in FORBIDDEN or (answer.status == 200 and is_page):
        return UnusableFile(asked_of(file), "Slack answers with its sign-in page instead", SCOPE)
    return None
