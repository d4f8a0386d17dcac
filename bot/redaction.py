"""The values of secrets, and lines of logs without them, whoever wrote the line: netspy, a library or a traceback.

It knows values by the names of what they are set by, nothing of settings. The command hands them in when it starts.
Secrets that are quoted elsewhere are the business of whoever quotes a peer: this is the last net, not the first.
"""

import json
import logging
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from urllib.parse import quote

HIDDEN = "***"
_CREDENTIALS = re.compile(r"\b(Bearer|Basic|Bot)\s+[^\s'\"]{12,}", re.IGNORECASE)
"""Long enough to be no word of a sentence about bots."""
_LEAST = 8
"""A shorter value stands in innocent words too, and guards nothing."""


class Secrets:
    """Of pairs of a name and a value; `repr` shows none of them."""

    def __init__(self, values: Iterable[tuple[str, str]]) -> None:
        found = {form: name for name, value in values if len(value) >= _LEAST for form in _forms(value)}
        self._names = dict(sorted(found.items(), key=lambda each: -len(each[0])))  # one may hold another

    def hidden_in(self, text: str) -> str:
        """The text with `***` and the name of its setting in the place of each value."""
        for form, name in self._names.items():
            text = text.replace(form, f"{HIDDEN}{name}{HIDDEN}")
        return text


NO_SECRETS = Secrets(())


def without_credentials(text: str) -> str:
    """For who quotes a peer and does not know the secret: what stands in a header of HTTP that the peer repeats."""
    return _CREDENTIALS.sub(rf"\1 {HIDDEN}", text)


class Redacting(logging.Formatter):
    """Another formatter's lines, without secrets."""

    def __init__(self, formatter: logging.Formatter, secrets: Secrets) -> None:
        super().__init__()
        self._formatter = formatter
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        return self._secrets.hidden_in(self._formatter.format(record))


def redact_logs(secrets: Secrets) -> None:
    """From here on none of them stands in what any logger writes."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(Redacting(handler.formatter or logging.Formatter(), secrets))


def _forms(value: str) -> Iterator[str]:
    """As it is, and as it stands in URLs, in JSON, in what Python writes of it, and in headers of HTTP."""
    yield value
    yield quote(value, safe="")
    yield json.dumps(value)[1:-1]
    yield repr(value)[1:-1]
    yield b64encode(value.encode(errors="replace")).decode().rstrip("=")
