"""Whether a provider's refusal is about images: servers agree neither on a code nor on a status for it. Pure.

It knows the words of OpenAI, OpenRouter, Ollama, llama.cpp, vLLM and of servers that check shapes only. It is asked
about requests that hold images; `errors.py` calls it.
"""

import re

_CODES = frozenset(
    {
        "invalid_image", "invalid_image_format", "invalid_base64_image", "invalid_image_url", "image_too_large",
        "image_too_small", "image_parse_error", "image_content_policy_violation", "invalid_image_mode",
        "image_file_too_large", "unsupported_image_media_type", "empty_image_file",
    }
)  # fmt: skip
"""OpenAI's, for an image that it does not like."""
_OTHER = frozenset({401, 403, 408, 429})
"""Statuses that say something else, whatever stands in the text."""
_TOO_LARGE = 413
_IMAGES = re.compile(r"\bimages?\b|image_url|input_image|\bvision\b|multi-?modal", re.IGNORECASE)
_TEXT_ONLY = re.compile(
    r"(must|should) be (a |an? valid )?(valid )?(string|'text')|expected (a )?(string|`text`)", re.IGNORECASE
)
"""The words of a server whose messages can be nothing but text."""
_NONE = re.compile(
    r"(not|n't|found that) support (\w+ )?(images?|image_url|vision|multi-?modal)"
    r"|(images?|image_url|vision)( inputs?)? (is|are) (not|only) (supported|enabled|available)"
    r"|not a multi-?modal model|mmproj|unknown variant `?(image_url|input_image)|required for image input",
    re.IGNORECASE,
)


def is_about_images(code: str | None, message: str, status: int | None) -> bool:
    """Whether the same request might be answered without its images. `status` is None inside of a stream."""
    if code in _CODES or status == _TOO_LARGE:
        return True
    if status in _OTHER:
        return False
    is_refused = status is not None and 400 <= status < 500
    return takes_none(message) or (is_refused and bool(_IMAGES.search(message) or _TEXT_ONLY.search(message)))


def takes_none(message: str) -> bool:
    """Whether that is so for every image."""
    return bool(_NONE.search(message))
