"""The one place that turns what the openai SDK raises, and what a provider reports, into netspy's model errors.

It quotes providers in at most one short line, never a key, and keeps no exception of the SDK as a cause: those carry
the provider's whole text, and a careless server may repeat the key in it.
"""

import logging
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from json import JSONDecodeError

from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError, OpenAIError
from pydantic import ValidationError

from bot.domain.errors import (
    ImagesRefused,
    ModelBusy,
    ModelError,
    ModelRefused,
    ModelSilent,
    ModelTruncated,
    ModelUnreachable,
)
from bot.llm.image_refusals import is_about_images, takes_none

log = logging.getLogger("netspy.llm")

MAX_QUOTE = 200
"""Characters of a provider's own words."""

KEY = "set {key} to a key that this server accepts"
MODEL = "name another model in NETSPY_MODELS"
SERVER = "check {url} (most servers want it to end in /v1) and that the server runs"
AGAIN = f"ask again, or {MODEL}"
REWORD = f"put the question in other words, or {MODEL}"

_RATE_LIMIT = ("its rate limit is reached{wait}", f"wait a little, or {MODEL}", "model-rate-limit")
_QUESTION = ("it refused the question: {message}", REWORD, "question-refused")
_TOO_LONG = (
    "the question with its history is too long for this model",
    "begin a new thread, or name a model with a larger context in NETSPY_MODELS",
    "question-too-long",
)
_ADD_CREDITS = "add credits to the account behind {key}, or set another key"
_BY_CODE = {
    "insufficient_quota": (
        "the account's credits are spent (insufficient_quota)",
        _ADD_CREDITS,
        "model-credits",
    ),
    "billing_not_active": ("the account pays for nothing (billing_not_active)", _ADD_CREDITS, "model-credits"),
    "unsupported_country_region_territory": (
        "it does not serve the country that this machine asks from",
        "name a model elsewhere in NETSPY_MODELS",
        "model-region",
    ),
    "context_length_exceeded": _TOO_LONG,
    "exceed_context_size_error": _TOO_LONG,  # llama.cpp's word for it
    "content_filter": ("its content filter refused the question", REWORD, "question-refused"),
    "model_not_found": (
        "it has no such model",
        f"{MODEL}, or check that the key may use this one",
        "model-unknown",
    ),
    "rate_limit_exceeded": _RATE_LIMIT,
    "rate_limit_error": _RATE_LIMIT,
    "invalid_prompt": _QUESTION,
    "bio_policy": _QUESTION,
    "misalignment_policy_violation": _QUESTION,
}
_BY_STATUS = {
    401: ("it refused the API key (401)", KEY, "model-key"),
    403: ("it denied access (403): {message}", f"{KEY}, or {MODEL}", "model-permission"),
    404: ("it knows no such model or path (404): {message}", f"{MODEL}, or {SERVER}", "model-unknown"),
    429: _RATE_LIMIT,
}


class EmptyAnswer(ModelError):
    """The answer has neither text nor calls."""


class TakesNoImages(ImagesRefused):
    """It would refuse any image, not these only."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What is tried, and what its errors must know: the `secret` that they hide, and what `key` and `url` are set by.

    `images`: some are sent.
    """

    what: str
    secret: str = ""
    key: str = "OPENAI_API_KEY"
    url: str = "OPENAI_BASE_URL"
    images: bool = False

    def remedy(self, text: str) -> str:
        """One of the remedies of this file, with the settings to look at."""
        return text.format(key=self.key, url=self.url)


@contextmanager
def translated(asking: Asking, *, broken: type[ModelError] = ModelUnreachable) -> Iterator[None]:
    """Raise model errors instead of the SDK's. `broken` is what a lost connection or corrupt data means just here."""
    try:
        yield
    except (OpenAIError, TimeoutError, JSONDecodeError, UnicodeDecodeError, ValidationError) as error:
        log.debug("model.failed", extra={"cause": type(error).__name__, "request_id": getattr(error, "request_id", "")})
        raise _translate(error, asking, broken) from None


def reported(
    asking: Asking, code: str | None, message: str, *, status: int | None = None, wait_s: float | None = None
) -> ModelError:
    """The error that a provider names by code, by HTTP status, or only in words. `wait_s` is the wait it asks for."""
    asked = asking.what
    if asking.images and code not in _BY_CODE and is_about_images(code, message, status):
        kind = TakesNoImages if takes_none(message) else ImagesRefused
        return kind(asked, f"it refused the images: {message}", f"ask without them, or {MODEL}")
    known = _BY_CODE.get(code or "") or _BY_STATUS.get(status or 0)
    if known is _RATE_LIMIT:
        got, remedy, _ = known
        wait = "" if wait_s is None else f", it asks to wait {wait_s:g} s"
        return ModelBusy(asked, got.format(wait=wait), remedy, retry_after_s=wait_s)
    if known:
        got, remedy, finding = known
        return ModelRefused(asked, got.format(message=message), asking.remedy(remedy), finding=finding)
    if status is not None and 400 <= status < 500 and status != 408:
        remedy = asking.remedy(f"{MODEL}, or {SERVER}")
        return ModelRefused(asked, f"it refused the request ({status}): {message}", remedy)
    failed = f"it failed with status {status}" if status else "it reported a failure"
    return ModelUnreachable(asked, f"{failed}: {message}", AGAIN)


def empty(asked: str) -> ModelError:
    return EmptyAnswer(asked, "its answer is empty: no text and no function call", AGAIN)


def too_long(asked: str) -> ModelError:
    """Not a truncation: the same question would run into the same limit."""
    return ModelError(asked, "the answer ran into the model's output limit", AGAIN)


def quoted(text: str, secret: str = "") -> str:
    """A provider's words as one short line without the key."""
    line = " ".join((text.replace(secret, "***") if secret else text).split())
    return line if len(line) <= MAX_QUOTE else f"{line[:MAX_QUOTE]}..."


def _translate(error: Exception, asking: Asking, broken: type[ModelError]) -> ModelError:
    match error:
        case APIStatusError():
            message = quoted(_message(error), asking.secret)
            wait_s = _wait_s(error.response.headers)
            return reported(asking, _code(error), message, status=error.status_code, wait_s=wait_s)
        case APIConnectionError():
            return _connection(error, asking, broken)
        case APIError():
            code = _code(error)
            status = int(code) if code and code.isdecimal() else None
            return reported(asking, code, quoted(_message(error), asking.secret), status=status)
        case TimeoutError():
            return _late(asking.what)
    remedy = asking.remedy(f"ask again; {SERVER}")
    return broken(asking.what, "a piece of the answer is not what the API promises", remedy)


def _connection(error: APIConnectionError, asking: Asking, broken: type[ModelError]) -> ModelError:
    asked, server = asking.what, asking.remedy(SERVER)
    cause, begun = type(error.__cause__).__name__, broken is ModelTruncated
    if tls := _tls_failure(error):
        remedy = f"write http:// where the server has no TLS, let this host trust its certificate, or {server}"
        return ModelUnreachable(asked, f"no TLS connection ({quoted(tls)})", remedy, finding="no-tls")
    if cause == "ConnectTimeout":
        return ModelSilent(asked, "no connection in time", server)
    if cause == "ConnectError":
        return ModelUnreachable(asked, "no connection: nothing answers there, or the name is unknown", server)
    if isinstance(error, APITimeoutError):
        return ModelSilent(asked, "it fell silent in the middle of the answer", AGAIN) if begun else _late(asked)
    got = "the connection broke off in the middle of the answer" if begun else "the connection broke"
    return broken(asked, f"{got} ({cause})", AGAIN)


def _tls_failure(error: BaseException | None) -> str:
    """OpenSSL's words, which stand deep behind the SDK's; empty where it said none."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return str(getattr(error, "verify_message", "") or error) if error else ""


def _late(asked: str) -> ModelError:
    return ModelSilent(asked, "no answer began in time", AGAIN)


def _code(error: APIError) -> str | None:
    """`insufficient_quota` and its like stand in `code` or in `type`, and servers differ in which one they fill."""
    return next((code for code in (error.code, error.type) if code in _BY_CODE), error.code)


def _message(error: APIError) -> str:
    body = error.body
    return str(body.get("message") or error.message) if isinstance(body, dict) else error.message


def _wait_s(headers: Mapping[str, str]) -> float | None:
    """The wait that the provider names as a number. A date is left unread: its clock is not ours."""
    for name, per_s in (("retry-after-ms", 1000), ("retry-after", 1)):
        if re.fullmatch(r"\d{1,9}(\.\d+)?", value := headers.get(name, "")):
            return float(value) / per_s
    return None
