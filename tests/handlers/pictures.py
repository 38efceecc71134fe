"""Real pictures for tests: made by Pillow, some of them broken on purpose."""

import io
import struct
import zlib
from typing import Any

from PIL import Image

RED, GREEN, BLUE, YELLOW = (220, 30, 30), (30, 160, 60), (40, 60, 200), (230, 210, 40)
Colour = tuple[int, ...]

ORIENTATION, MAKE, GPS = 0x0112, 0x010F, 0x8825
# How an upright picture lies in a file whose EXIF orientation is the key.
LAID = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def quarters(width: int = 80, height: int = 60, mode: str = "RGB") -> Image.Image:
    """Red and green above, blue and yellow below: tells which way is up."""
    image = Image.new("RGB", (width, height), YELLOW)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image.convert(mode)


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    """`image` as the content of a file."""
    content = io.BytesIO()
    image.save(content, form, **options)
    return content.getvalue()


def camera_data(orientation: int = 1) -> Image.Exif:
    """What a phone writes: how it was held, its maker, where it was."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[MAKE] = "Millrace Optics"
    exif[GPS] = {1: "N", 2: (47.0, 22.0, 36.0)}
    return exif


def photo(width: int = 80, height: int = 60, orientation: int = 1, form: str = "JPEG") -> bytes:
    """`quarters` as a camera held in some way stores it; width and height are those of the upright picture."""
    image = quarters(width, height)
    laid = LAID[orientation]
    stored = image if laid is None else image.transpose(laid)
    return encoded(stored, form, exif=camera_data(orientation).tobytes(), quality=95)


def noise(width: int, height: int) -> Image.Image:
    """Detail everywhere, as in a photo of grass."""
    return Image.merge("RGB", [Image.effect_noise((width, height), spread) for spread in (30, 50, 70)])


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims so many pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(10_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def is_close(found: Any, expected: Colour, tolerance: int = 12) -> bool:
    """Whether a pixel is `expected`, give or take what compression does."""
    return all(abs(a - b) <= tolerance for a, b in zip(found, expected, strict=True))


def corners(image: Image.Image) -> list[Any]:
    """Colours well inside the four quarters: above left and right, below left and right."""
    image = image.convert("RGB")
    places = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)]
    return [image.getpixel((int(x * image.width), int(y * image.height))) for x, y in places]


def is_upright(image: Image.Image) -> bool:
    """Whether `image` is `quarters` with the right side up, in the right colours."""
    return all(is_close(*pair) for pair in zip(corners(image), (RED, GREEN, BLUE, YELLOW), strict=True))
