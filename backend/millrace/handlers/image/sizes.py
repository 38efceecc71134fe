"""Which pixels of a picture become which size, and what the results are called. Arithmetic only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from millrace.jobs.handler import PermanentFailure

MAX_SIDE = 10_000
MAX_OUTPUT_PIXELS = 100_000_000
MAX_STEM_LENGTH = 50


@dataclass(frozen=True, slots=True)
class Output:
    """One picture to make: `box` (left, top, right, bottom) of the source, scaled to `width` × `height`."""

    width: int
    height: int
    box: tuple[float, float, float, float]

    @property
    def pixels(self) -> int:
        """Its area."""
        return self.width * self.height

    @property
    def scale(self) -> float:
        """Its size in proportion to the part of the source that it shows."""
        left, top, right, bottom = self.box
        return max(self.width / (right - left), self.height / (bottom - top))


def plan_outputs(source: tuple[int, int], sizes: Sequence[Mapping[str, Any]], *, enlarge: bool) -> list[Output]:
    """What to make of a picture of `source` pixels (width, height) for each of `sizes`, in their order.

    Raises:
        PermanentFailure: A size follows from the picture's shape and turns out too large.
    """
    outputs = [_output(source, size, enlarge) for size in sizes]
    for output in outputs:
        if max(output.width, output.height) > MAX_SIDE:
            raise PermanentFailure(
                f"The picture has {source[0]:,} × {source[1]:,} pixels, so one size would become {output.width:,} × "
                f"{output.height:,}; at most {MAX_SIDE:,} a side are made. Give both a width and a height.",
                code="image_too_large",
            )
    pixels = sum(output.pixels for output in outputs)
    if pixels > MAX_OUTPUT_PIXELS:
        raise PermanentFailure(too_much_asked(pixels), code="image_too_large")
    return outputs


def too_much_asked(pixels: int) -> str:
    """What to say where the sizes of a job come to `pixels` in all."""
    return (
        f"Together the sizes come to {pixels / 1e6:,.0f} megapixels; one job makes at most "
        f"{MAX_OUTPUT_PIXELS // 10**6}. Give fewer or smaller sizes."
    )


def _output(source: tuple[int, int], size: Mapping[str, Any], enlarge: bool) -> Output:
    source_width, source_height = source
    scales = [
        wanted / there
        for wanted, there in ((size.get("width"), source_width), (size.get("height"), source_height))
        if wanted is not None
    ]
    if size["fit"] == "contain":
        scale = min(scales) if enlarge else min(1.0, *scales)
        box = (0.0, 0.0, float(source_width), float(source_height))
        return Output(_pixels(source_width * scale), _pixels(source_height * scale), box)
    scale = max(scales)
    part_width, part_height = size["width"] / scale, size["height"] / scale
    if not enlarge:
        scale = min(1.0, scale)
    left, top = (source_width - part_width) / 2, (source_height - part_height) / 2
    box = (left, top, left + part_width, top + part_height)
    return Output(_pixels(part_width * scale), _pixels(part_height * scale), box)


def _pixels(length: float) -> int:
    return max(1, round(length))


def name_outputs(source_name: str, outputs: Sequence[Output], suffix: str) -> list[str]:
    """A name for each of `outputs`, such as `holiday-800x600.webp`; no two are equal."""
    stem = PurePath(source_name).stem[:MAX_STEM_LENGTH].strip() or "picture"
    names: list[str] = []
    for output in outputs:
        base = f"{stem}-{output.width}x{output.height}"
        same = sum(name.startswith((f"{base}.", f"{base}-")) for name in names)
        names.append(f"{base}-{same + 1}.{suffix}" if same else f"{base}.{suffix}")
    return names
