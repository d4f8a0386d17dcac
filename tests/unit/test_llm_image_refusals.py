"""Refusals as servers word them."""

import pytest

from bot.llm.image_refusals import is_about_images, takes_none


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "Invalid content type. image_url is only supported by certain models."),
        (400, "this model does not support image input (ref: b8bd630e)"),
        (404, "No endpoints found that support image input"),
        (400, "facebook/opt-125m is not a multimodal model"),
        (500, "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"),
        (422, "Failed to deserialize the JSON body: unknown variant `image_url`, expected `text`"),
        (400, "Image inputs are not enabled for this model"),
        (None, "This model doesn't support images"),
    ],
)
def test_a_model_that_takes_none_is_known_by_its_words(status: int | None, message: str) -> None:
    assert is_about_images(None, message, status)
    assert takes_none(message)


@pytest.mark.parametrize(
    ("code", "status", "message"),
    [
        ("invalid_image_format", 400, "You uploaded an unsupported image."),
        ("image_too_large", None, "no"),
        (None, 400, "The image is larger than 5 MB"),
        (None, 400, "Failed to load image or audio file"),
        (None, 413, "Payload too large"),
        (None, 422, "Input should be a valid string"),
        (None, 400, "messages[1].content must be a string"),
        (None, 422, "Input should be 'text'"),
    ],
)
def test_an_image_that_is_refused_is_no_model_that_takes_none(
    code: str | None, status: int | None, message: str
) -> None:
    assert is_about_images(code, message, status)
    assert not takes_none(message)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "unknown parameter: tools"),
        (401, "your key may not read images"),
        (429, "too many images a minute"),
        (500, "the image of this container crashed"),
        (None, "the connection to the image store broke"),
        (404, "no such model"),
    ],
)
def test_other_refusals_are_about_something_else(status: int | None, message: str) -> None:
    assert not is_about_images(None, message, status)
