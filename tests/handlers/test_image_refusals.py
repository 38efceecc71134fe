"""Pictures that can't be read end the job at once, with a code and a sentence that their owner understands."""

import random
import time
from pathlib import Path

import pytest
from PIL import Image

from millrace.handlers.image import ResizeImage
from millrace.jobs.handler import PermanentFailure
from millrace.jobs.validation import load_payload
from tests.handlers.context import NotedContext
from tests.handlers.pictures import bomb, encoded, noise, photo, quarters


def failure_of(content: bytes, name: str, context: NotedContext) -> PermanentFailure:
    payload = load_payload(ResizeImage(), {"file_id": context.put_file(name, content), "sizes": [{"width": 40}]})
    with pytest.raises(PermanentFailure) as failure:
        ResizeImage().run(payload, context)
    assert name in failure.value.message
    assert failure.value.message.endswith(".")
    assert "<" not in failure.value.message  # no object's repr
    assert context.artifacts == {}
    return failure.value


@pytest.fixture
def context(tmp_path: Path) -> NotedContext:
    return NotedContext(tmp_path)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"])
def test_half_a_picture_is_broken(context: NotedContext, form: str) -> None:
    content = encoded(noise(200, 150), form)
    failure = failure_of(content[: len(content) // 2], "half.jpg", context)
    assert failure.code == "image_broken"
    assert "broken or incomplete" in failure.message


@pytest.mark.parametrize("content", [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n" + b"garbage" * 99, b"GIF89a"])
def test_a_beginning_and_no_picture_is_broken(context: NotedContext, content: bytes) -> None:
    assert failure_of(content, "stub.jpg", context).code == "image_broken"


def test_an_empty_file_is_told_to_be_empty(context: NotedContext) -> None:
    failure = failure_of(b"", "nothing.jpg", context)
    assert (failure.code, failure.message) == ("image_broken", "“nothing.jpg” is empty.")


@pytest.mark.parametrize("content", [b"Dear all,\n", b"%PDF-1.7\n", b"<svg/>", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\x00"])
def test_what_is_no_picture_is_told_to_be_none(context: NotedContext, content: bytes) -> None:
    failure = failure_of(content, "notes.jpg", context)
    assert failure.code == "image_type"
    assert "Use JPEG, PNG, WebP, GIF, TIFF, BMP or AVIF." in failure.message


def test_a_format_that_pillow_reads_and_millrace_does_not_is_refused(context: NotedContext) -> None:
    assert failure_of(encoded(quarters(), "PPM"), "old.ppm", context).code == "image_type"


@pytest.mark.parametrize(("width", "height"), [(60_000, 60_000), (100_000, 2_000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_is_refused_by_its_header(context: NotedContext, width: int, height: int) -> None:
    start = time.monotonic()
    failure = failure_of(bomb(width, height), "bomb.png", context)
    assert failure.code == "image_too_large"
    assert "at most 100 megapixels" in failure.message
    assert time.monotonic() - start < 1


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_picture_a_little_too_large_is_refused_with_its_size(context: NotedContext) -> None:
    assert "has 12,000 × 10,000 pixels" in failure_of(bomb(12_000, 10_000), "poster.png", context).message


def test_brightness_in_fractions_is_refused_with_advice(context: NotedContext) -> None:
    failure = failure_of(encoded(Image.new("F", (9, 9), 0.5), "TIFF"), "depth.tif", context)
    assert failure.code == "image_type"
    assert "8 or 16 bits" in failure.message


def test_somebody_elses_file_is_not_found(context: NotedContext) -> None:
    payload = load_payload(ResizeImage(), {"file_id": "x", "sizes": [{"width": 40}]})
    with pytest.raises(PermanentFailure) as failure:
        ResizeImage().run(payload, context)
    assert failure.value.code == "file_not_found"


@pytest.mark.filterwarnings("ignore")  # Pillow warns of what it repairs
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"])
def test_damage_anywhere_is_a_picture_or_a_refusal_and_never_a_crash(tmp_path: Path, form: str) -> None:
    draw, codes = random.Random(form), set()
    whole = photo(64, 48, orientation=6, form=form) if form not in ("GIF", "BMP") else encoded(quarters(64, 48), form)
    for number in range(60):
        damaged = bytearray(whole)
        for _ in range(draw.randint(1, 8)):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        context = NotedContext(tmp_path / str(number))
        file_id = context.put_file("damaged.jpg", bytes(damaged[: draw.randint(1, len(damaged))]))
        payload = load_payload(
            ResizeImage(), {"file_id": file_id, "sizes": [{"width": 20}], "strip_metadata": number % 2 == 0}
        )
        try:
            ResizeImage().run(payload, context)
        except PermanentFailure as failure:
            codes.add(failure.code)
    assert codes <= {"image_broken", "image_type", "image_too_large"}
