"""Resize a picture: up to ten sizes of it in one job, each saved as an artifact."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length, OneOf, Range

from millrace.handlers.image.formats import CONTENT_TYPES, NAMES, SUFFIXES, TARGET_TITLES, target_of
from millrace.handlers.image.sizes import (
    MAX_OUTPUT_PIXELS,
    MAX_SIDE,
    Output,
    name_outputs,
    plan_outputs,
    too_much_asked,
)
from millrace.jobs.handler import FileId, JobContext, JobHandler, JobResult, Payload

SAVING_COST = 6
"""How much longer a pixel takes to compress than to read."""

FIT_TITLES = {"contain": "Whole picture, inside the size", "cover": "Fill the size, crop the rest"}


def _side(title: str, other: str) -> fields.Integer:
    return fields.Integer(
        strict=True,
        validate=Range(1, MAX_SIDE, error=f"Must be from 1 to {MAX_SIDE:,} pixels."),
        metadata={"title": title, "description": f"In pixels. Left empty, it follows from the {other}."},
    )


class SizePayload(Schema):
    """One size to make."""

    width = _side("Width", "height")
    height = _side("Height", "width")
    fit = fields.String(
        load_default="contain",
        validate=OneOf(tuple(FIT_TITLES)),
        metadata={
            "title": "Fit",
            "description": "How a picture of another shape gets into width and height.",
            "x-enum-titles": FIT_TITLES,
        },
    )

    @validates_schema
    def _has_sides(self, size: Payload, **_: Any) -> None:
        missing = sorted({"width", "height"} - size.keys(), reverse=True)
        if len(missing) == 2:
            raise ValidationError({"width": ["Give a width, a height or both."]})
        if missing and size["fit"] == "cover":
            raise ValidationError({missing[0]: [f"To fill and crop, give a {missing[0]} too."]})


class ImagePayload(Schema):
    """A picture and what to make of it."""

    file_id = FileId(
        required=True,
        accept=CONTENT_TYPES,
        metadata={"title": "Picture", "description": f"{NAMES}; up to 100 megapixels."},
    )
    sizes = fields.List(
        fields.Nested(SizePayload),
        required=True,
        validate=Length(1, 10, error="Give 1 to 10 sizes."),
        metadata={
            "title": "Sizes",
            "description": "Each becomes a picture of its own.",
            "default": [{"width": 1600, "height": 1600, "fit": "contain"}],
        },
    )
    format = fields.String(
        load_default="same",
        validate=OneOf(tuple(TARGET_TITLES)),
        metadata={
            "title": "Format",
            "description": "“Same” turns GIF, TIFF and BMP into PNG. In JPEG, what is transparent becomes white.",
            "x-enum-titles": TARGET_TITLES,
        },
    )
    quality = fields.Integer(
        strict=True,
        load_default=82,
        validate=Range(1, 100, error="Must be from 1 to 100."),
        metadata={"title": "Quality", "description": "From 1, smallest, to 100, best. PNG is always exact."},
    )
    strip_metadata = fields.Boolean(
        load_default=True,
        metadata={
            "title": "Remove camera data and location",
            "description": "Otherwise EXIF data stay. Pictures are turned upright in any case and keep their colours.",
        },
    )
    enlarge = fields.Boolean(
        load_default=False,
        metadata={
            "title": "Enlarge small pictures",
            "description": "Otherwise what is smaller than a size is not blown up to it.",
        },
    )

    @validates_schema
    def _is_bounded(self, payload: Payload, **_: Any) -> None:
        pixels = sum(size.get("width", 0) * size.get("height", 0) for size in payload["sizes"])
        if pixels > MAX_OUTPUT_PIXELS:
            raise ValidationError(too_much_asked(pixels), "sizes")


class ResizeImage(JobHandler):
    """Decodes the picture once, no larger than needed, and makes each size from that."""

    type = "image"
    title = "Resize an image"
    description = (
        "Makes up to ten sizes of a picture: fitted or cropped, converted, upright, without camera data. "
        "Of an animation or of several pages, the first picture is taken."
    )
    payload_schema = ImagePayload
    example: ClassVar[Mapping[str, Any]] = {
        "file_id": "00000000-0000-7000-8000-000000000000",
        "sizes": [{"width": 1600}, {"width": 400, "height": 400, "fit": "cover"}],
        "format": "webp",
    }
    # Hungry for CPU and memory: an operator can limit or pause these alone.
    queue = "images"

    def summarize(self, payload: Payload, file_names: Mapping[str, str]) -> str:
        count = len(payload["sizes"])
        what = f"{count} sizes" if count > 1 else "1 size"
        target = "" if payload["format"] == "same" else f", {TARGET_TITLES[payload['format']]}"
        return f"{file_names.get(payload['file_id'], 'picture')} → {what}{target}"

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        # Pillow loads when the first picture comes, not in every process that knows this type.
        from millrace.handlers.image.picture import Picture

        with context.open_input(payload["file_id"]) as stream:
            name = str(stream.name)
            context.progress(0, f"Reading {name}")
            picture = Picture(stream, context.log)
            outputs = plan_outputs(picture.size, payload["sizes"], enlarge=payload["enlarge"])
            picture.decode(max(output.scale for output in outputs))
        target = target_of(picture.format, payload["format"])
        options = picture.save_options(target, payload["quality"], keep_exif=not payload["strip_metadata"])
        steps = _Steps(context, picture.pixels, outputs)
        saved: list[dict[str, Any]] = []
        names = name_outputs(name, outputs, SUFFIXES[target])
        for number, (output, output_name) in enumerate(zip(outputs, names, strict=True), 1):
            steps.begin("Making", number, output, costs=picture.pixels)
            made = picture.make(output, target)
            steps.begin("Saving", number, output, costs=SAVING_COST * output.pixels)
            path = context.scratch_folder / "output"
            made.save(path, target, **options)
            size_bytes = path.stat().st_size
            context.save_artifact(output_name, path)
            saved.append(
                {"name": output_name, "width": output.width, "height": output.height, "size_bytes": size_bytes}
            )
        context.progress(1, "Done")
        return {"outputs": saved}


class _Steps:
    """Tells progress by the pixels that were gone over: to read the picture, to make each output, to save it."""

    def __init__(self, context: JobContext, pixels: int, outputs: Sequence[Output]) -> None:
        self._context = context
        self._count = len(outputs)
        self._done = pixels
        self._total = pixels + sum(pixels + SAVING_COST * output.pixels for output in outputs)

    def begin(self, verb: str, number: int, output: Output, *, costs: int) -> None:
        """Tell that a step begins; it counts as done when the next one begins."""
        size = f"{output.width} × {output.height} ({number} of {self._count})"
        self._context.progress(self._done / self._total, f"{verb} {size}")
        self._done += costs
