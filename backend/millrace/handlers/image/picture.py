"""Reads a stranger's picture safely, and makes smaller ones of it. All that knows Pillow.

What costs memory or time is decided by the file's header, before a pixel is decoded.
"""

import contextlib
import io
import struct
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from PIL import Image, ImageCms, UnidentifiedImageError

from millrace.handlers.image.formats import NAMES, READABLE
from millrace.handlers.image.sizes import Output
from millrace.jobs.handler import JobLog, PermanentFailure

MAX_PIXELS = 100_000_000
SUPERSAMPLING = 2.0
"""How much larger than its largest output a picture is kept, so that scaling down has enough to average."""

_SAVE_OPTIONS: Mapping[str, Mapping[str, Any]] = {"JPEG": {"optimize": True, "progressive": True}}
_MAX_EXIF_BYTES = 65_000
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# A TIFF tells these beside how its own pixels lie: description, maker, model, software, date, artist, copyright,
# and where the camera's data and the location stand.
_TIFF_EXIF = frozenset({0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298, 0x8769, 0x8825})
_SIGNATURE_BYTES = 16
# What Pillow raises on content that is broken in one way or another, found by damaging pictures at random.
_MISREAD = (SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, RuntimeError, struct.error)
_BROKEN = (OSError, EOFError, *_MISREAD)

# Pillow's own guard, behind the look at the header here: an error at twice this.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


class Picture:
    """One picture that was uploaded.

    Raises (from every method that reads):
        PermanentFailure: `image_type`, `image_broken` or `image_too_large`, with a sentence for its owner.
    """

    def __init__(self, stream: BinaryIO, log: JobLog) -> None:
        self._name = str(stream.name)
        self._log = log
        with self._broken_named():
            self._image: Image.Image = self._open(stream)
            self.format = self._image.format or ""
            if self.format not in ("JPEG", "MPO"):
                # TIFF turns itself while it loads, PNG may tell its orientation at its end.
                self._image.load()
            self._exif = self._image.getexif()
            self._orientation = self._exif.pop(_ORIENTATION, 1)
            if self.format == "TIFF":
                for tag in self._exif.keys() - _TIFF_EXIF:
                    del self._exif[tag]
        self._profile: bytes | None = self._image.info.get("icc_profile")
        width, height = self._image.size
        self.size = (height, width) if self._orientation in (5, 6, 7, 8) else (width, height)
        """Width and height as people see the picture: upright."""

    def decode(self, scale: float) -> None:
        """Decode for outputs of at most `scale` times the picture's size: no larger than they need."""
        needed = min(1.0, scale * SUPERSAMPLING)
        with self._broken_named():
            width, height = self._image.size
            self._image.draft(None, (int(width * needed), int(height * needed)))
            self._image.load()
            surplus = int(min(self._image.width / (width * needed), self._image.height / (height * needed)))
            image = self._in_usual_colours(self._image)
            if surplus > 1:
                image = image.reduce(surplus)
            turn = _TURNS.get(self._orientation)
            self._image = image if turn is None else image.transpose(turn)

    @property
    def pixels(self) -> int:
        """How many pixels are held."""
        return self._image.width * self._image.height

    def make(self, output: Output, target: str) -> Image.Image:
        """The picture that `output` describes, fit to be saved in the format `target`."""
        across, down = self._image.width / self.size[0], self._image.height / self.size[1]
        left, top, right, bottom = output.box
        # Rounding must not push the box past the edge.
        box = (
            max(0.0, left * across),
            max(0.0, top * down),
            min(float(self._image.width), right * across),
            min(float(self._image.height), bottom * down),
        )
        made = self._image.resize(
            (output.width, output.height), Image.Resampling.LANCZOS, box, reducing_gap=SUPERSAMPLING
        )
        made.info = {}  # what Pillow copies from it on saving is decided in `save_options`
        return _flattened(made) if target == "JPEG" else made

    def save_options(self, target: str, quality: int, *, keep_exif: bool) -> dict[str, Any]:
        """What to tell Pillow on saving in the format `target`."""
        options: dict[str, Any] = {"quality": quality, **_SAVE_OPTIONS.get(target, {})}
        if self._profile:
            options["icc_profile"] = self._profile
        if keep_exif:
            exif = self._exif_bytes()
            if exif:
                options["exif"] = exif
        return options

    def _open(self, stream: BinaryIO) -> Image.Image:
        signature = stream.read(_SIGNATURE_BYTES)
        stream.seek(0)
        if not signature:
            raise PermanentFailure(f"“{self._name}” is empty.", code="image_broken")
        try:
            image = Image.open(stream, formats=READABLE)
        except UnidentifiedImageError as error:
            if _is_signed(signature):
                raise
            raise PermanentFailure(
                f"“{self._name}” is no picture that can be read here. Use {NAMES}.",
                code="image_type",
            ) from error
        if image.width * image.height > MAX_PIXELS:
            raise self._too_large(f"has {image.width:,} × {image.height:,} pixels")
        if getattr(image, "is_animated", False) and image.format != "MPO":
            self._log.warning(f"“{self._name}” holds more than one picture; the first is taken.")
        return image

    def _in_usual_colours(self, image: Image.Image) -> Image.Image:
        """`image` as L, RGB or RGBA of 8 bits; its profile stays where it still describes it."""
        if image.mode == "F":
            raise PermanentFailure(
                f"“{self._name}” stores brightness as fractions, which have no agreed range. Export it with 8 or 16 "
                "bits a channel.",
                code="image_type",
            )
        if image.mode.startswith("I"):
            # 16 bits a pixel; a plain conversion would cut off instead of scaling.
            image = image.convert("I").point(lambda value: value / 256).convert("L")
        profile, self._profile = self._profile, None
        if profile and image.mode in ("RGB", "RGBA", "P", "PA") and _space_of(profile) == b"RGB ":
            self._profile = profile
        if image.has_transparency_data:
            return _in_mode("RGBA", image)
        if image.mode == "LAB" or (profile and image.mode in ("CMYK", "L")):
            return self._in_srgb(image, profile)
        return _in_mode("L" if image.mode in ("1", "L") else "RGB", image)

    def _in_srgb(self, image: Image.Image, profile: bytes | None) -> Image.Image:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile)) if profile else ImageCms.createProfile("LAB")
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, *_BROKEN):
            self._log.warning(f"The colour profile of “{self._name}” can't be used; colours may differ a little.")
            converted = None
        return converted or image.convert("RGB")

    def _exif_bytes(self) -> bytes:
        try:
            exif = self._exif.tobytes()
        except _BROKEN:
            exif = b""
        if len(exif) > _MAX_EXIF_BYTES or (self._exif and not exif):
            self._log.warning(f"The camera data of “{self._name}” are too large or broken, and are left out.")
            return b""
        return exif

    @contextlib.contextmanager
    def _broken_named(self) -> Iterator[None]:
        """Turn what Pillow raises into what its owner can act on."""
        try:
            yield
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise self._too_large("is far too large to decode") from error
        except _BROKEN as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's fault, not the picture's
            self._log.debug(f"{type(error).__name__}: {error}")
            raise PermanentFailure(
                f"“{self._name}” is broken or incomplete, so it can't be read. Export it or upload it again.",
                code="image_broken",
            ) from error

    def _too_large(self, how: str) -> PermanentFailure:
        most = MAX_PIXELS // 10**6
        return PermanentFailure(f"“{self._name}” {how}; at most {most} megapixels are read.", code="image_too_large")


def _flattened(image: Image.Image) -> Image.Image:
    """`image` with white where it is transparent."""
    if image.mode != "RGBA":
        return image
    canvas = Image.new("RGB", image.size, "white")
    canvas.paste(image, mask=image.getchannel("A"))
    return canvas


def _is_signed(signature: bytes) -> bool:
    """Whether a file that begins like this claims to be of one of the formats read here."""
    accepts = (Image.OPEN[name][1] for name in READABLE if name in Image.OPEN)
    return any(accept is not None and accept(signature) for accept in accepts)


def _in_mode(mode: str, image: Image.Image) -> Image.Image:
    return image if image.mode == mode else image.convert(mode)  # `convert` would copy it all


def _space_of(profile: bytes) -> bytes:
    return profile[16:20]
