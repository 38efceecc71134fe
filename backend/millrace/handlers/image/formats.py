"""Which formats of pictures are read and made, by their names in Pillow."""

# The rest of what Pillow reads is not worth exposing to strangers' files.
READABLE = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF")
NAMES = "JPEG, PNG, WebP, GIF, TIFF, BMP or AVIF"
CONTENT_TYPES = tuple(f"image/{name.lower()}" for name in READABLE)

TARGET_TITLES = {"same": "Same as the original", "jpeg": "JPEG", "png": "PNG", "webp": "WebP"}
SUFFIXES = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "AVIF": "avif"}
# MPO is what many phones write: a JPEG with a second picture behind it. What isn't here becomes PNG: browsers hardly
# show TIFF and BMP, and GIF has 256 colours.
_KEPT = {"JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG", "WEBP": "WEBP", "AVIF": "AVIF"}


def target_of(source: str, wanted: str) -> str:
    """The format to save in, where the picture came as `source` and the payload wants `wanted`."""
    return _KEPT.get(source, "PNG") if wanted == "same" else wanted.upper()
