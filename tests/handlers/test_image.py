"""Real pictures go in; what comes out is read back and looked at."""

import resource
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms

from millrace.handlers.image import ResizeImage
from millrace.jobs.validation import load_payload
from tests.handlers import pictures
from tests.handlers.context import NotedContext
from tests.handlers.pictures import encoded, is_close, is_upright, photo, quarters


class Resizer:
    """Runs the job type on one picture and reads what it made."""

    def __init__(self, context: NotedContext) -> None:
        self.context = context
        self.result: Mapping[str, Any] = {}

    def run(self, content: bytes, name: str = "holiday.jpg", **payload: Any) -> list[Image.Image]:
        """The outputs, in order."""
        request = {"file_id": self.context.put_file(name, content), "sizes": [{"width": 40}], **payload}
        self.result = ResizeImage().run(load_payload(ResizeImage(), request), self.context) or {}
        made: list[Image.Image] = [
            Image.open(self.context.artifacts[output["name"]]) for output in self.result["outputs"]
        ]
        for image, output in zip(made, self.result["outputs"], strict=True):
            image.load()
            assert image.size == (output["width"], output["height"])
            assert self.context.artifacts[output["name"]].stat().st_size == output["size_bytes"]
        return made

    def one(self, content: bytes, name: str = "holiday.jpg", **payload: Any) -> Image.Image:
        """The only output."""
        (image,) = self.run(content, name, **payload)
        return image


@pytest.fixture
def resizer(tmp_path: Path) -> Resizer:
    return Resizer(NotedContext(tmp_path))


def test_a_large_photo_becomes_several_sizes_upright_and_without_camera_data(resizer: Resizer) -> None:
    content = photo(3000, 4000, orientation=6)
    sizes = [{"width": 1200}, {"width": 300, "height": 300, "fit": "cover"}, {"height": 100}]
    made = resizer.run(content, "Été.JPG", sizes=sizes, format="webp")
    assert [output["name"] for output in resizer.result["outputs"]] == [
        "Été-1200x1600.webp",
        "Été-300x300.webp",
        "Été-75x100.webp",
    ]
    for image in made:
        assert image.format == "WEBP"
        assert is_upright(image)
        assert dict(image.getexif()) == {}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_picture_is_turned_upright_however_it_was_taken(resizer: Resizer, form: str, orientation: int) -> None:
    image = resizer.one(photo(80, 60, orientation, form), sizes=[{"width": 40}], format="png")
    assert image.size == (40, 30)
    assert is_upright(image)


@pytest.mark.parametrize(
    ("form", "same"),
    [
        ("JPEG", "JPEG"),
        ("PNG", "PNG"),
        ("WEBP", "WEBP"),
        ("AVIF", "AVIF"),
        ("GIF", "PNG"),
        ("TIFF", "PNG"),
        ("BMP", "PNG"),
    ],
)
@pytest.mark.parametrize("wanted", ["same", "jpeg", "png", "webp"])
def test_every_format_is_read_and_converted(resizer: Resizer, form: str, same: str, wanted: str) -> None:
    image = resizer.one(encoded(quarters(), form), "a.picture", format=wanted)
    assert image.format == (same if wanted == "same" else wanted.upper())
    assert is_upright(image)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_stays_where_it_can_and_becomes_white_in_jpeg(resizer: Resizer, mode: str) -> None:
    clear = Image.new("RGBA", (80, 60), (0, 0, 0, 0))
    clear.paste((90, 90, 90, 255), (0, 0, 40, 60))
    content = encoded(clear.convert(mode), "PNG")
    for form in ("png", "webp"):
        image = resizer.one(content, "logo.png", format=form).convert("RGBA")
        assert is_close(image.getpixel((10, 15)), (90, 90, 90, 255))
        right = image.getpixel((35, 15))
        assert isinstance(right, tuple)
        assert right[3] == 0
    flat = resizer.one(content, "logo.png", format="jpeg")
    assert flat.mode == "RGB"
    assert is_close(flat.getpixel((10, 15)), (90, 90, 90))
    assert is_close(flat.getpixel((35, 15)), (255, 255, 255))


def test_a_cmyk_photo_becomes_rgb_in_its_colours(resizer: Resizer) -> None:
    image = resizer.one(encoded(quarters(mode="CMYK"), "JPEG", quality=95))
    assert (image.format, image.mode) == ("JPEG", "RGB")
    assert is_upright(image)


def test_a_lab_picture_becomes_srgb_in_its_colours(resizer: Resizer) -> None:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    in_lab = ImageCms.profileToProfile(quarters(), srgb, lab, outputMode="LAB")
    assert in_lab is not None
    assert is_upright(resizer.one(encoded(in_lab, "TIFF"), format="png"))


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_sixteen_bits_of_grey_are_scaled_and_not_cut_off(resizer: Resizer, form: str) -> None:
    deep = Image.new("I;16", (80, 60), 20_000)
    image = resizer.one(encoded(deep, form), "scan.png", format="png")
    assert image.mode == "L"
    assert image.getpixel((20, 15)) == 20_000 // 256


def test_black_and_white_becomes_grey(resizer: Resizer) -> None:
    assert resizer.one(encoded(quarters(mode="1"), "PNG"), format="png").mode == "L"


def test_the_colour_profile_stays_with_the_colours_it_describes(resizer: Resizer) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for form in ("jpeg", "png", "webp"):
        kept = resizer.one(encoded(quarters(), "JPEG", icc_profile=profile), format=form)
        assert kept.info["icc_profile"] == profile
    of_other_space = resizer.one(encoded(quarters(mode="CMYK"), "JPEG", icc_profile=profile))
    assert "icc_profile" not in of_other_space.info
    assert resizer.context.log.of_level("warning")


def test_comments_and_text_are_removed_too(resizer: Resizer) -> None:
    for form in ("jpeg", "png"):
        image = resizer.one(encoded(quarters(), "JPEG", comment=b"taken at home"), format=form)
        assert b"taken at home" not in resizer.context.artifacts[resizer.result["outputs"][0]["name"]].read_bytes()
        assert "comment" not in image.info


@pytest.mark.parametrize("form", ["jpeg", "png", "webp", "same"])
@pytest.mark.parametrize("source", ["JPEG", "TIFF", "AVIF"])
def test_camera_data_stay_where_that_was_asked_for_but_not_the_rotation(
    resizer: Resizer, source: str, form: str
) -> None:
    image = resizer.one(photo(80, 60, 6, source), format=form, strip_metadata=False)
    exif = image.getexif()
    assert exif[pictures.MAKE] == "Millrace Optics"
    assert exif.get_ifd(pictures.GPS)[1] == "N"
    assert pictures.ORIENTATION not in exif or exif[pictures.ORIENTATION] == 1
    assert is_upright(image)


def test_quality_costs_bytes(resizer: Resizer) -> None:
    content = encoded(pictures.noise(400, 300), "PNG")
    for form in ("jpeg", "webp"):
        sizes = []
        for quality in (20, 80):
            resizer.run(content, sizes=[{"width": 300}], format=form, quality=quality)
            sizes.append(resizer.result["outputs"][0]["size_bytes"])
        assert sizes[0] < sizes[1] / 2


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_an_animation_the_first_picture_is_taken_and_the_log_says_so(resizer: Resizer, form: str) -> None:
    content = encoded(quarters(), form, save_all=True, append_images=[Image.new("RGB", (80, 60))])
    image = resizer.one(content, "dance.gif", format="png")
    assert is_upright(image)
    assert resizer.context.log.of_level("warning") == ["“dance.gif” holds more than one picture; the first is taken."]


def test_a_phones_jpeg_with_a_second_picture_behind_it_is_a_jpeg(resizer: Resizer) -> None:
    content = encoded(quarters(), "MPO", save_all=True, append_images=[quarters(20, 20)])
    assert resizer.one(content).format == "JPEG"
    assert resizer.context.log.of_level("warning") == []


def test_a_single_pixel_is_a_picture(resizer: Resizer) -> None:
    content = encoded(Image.new("RGB", (1, 1), "teal"), "PNG")
    sizes = [{"width": 10}, {"width": 10, "height": 10, "fit": "cover"}]
    assert [image.size for image in resizer.run(content, "dot.png", sizes=sizes)] == [(1, 1), (1, 1)]
    enlarged = resizer.run(content, "dot.png", sizes=sizes, enlarge=True)
    assert [image.getpixel((9, 9)) for image in enlarged] == [(0, 128, 128)] * 2


def test_equal_sizes_have_names_of_their_own(resizer: Resizer) -> None:
    sizes = [{"width": 40, "height": 40, "fit": fit} for fit in ("contain", "cover", "cover")]
    resizer.run(photo(60, 60), sizes=sizes)
    names = [output["name"] for output in resizer.result["outputs"]]
    assert names == ["holiday-40x40.jpg", "holiday-40x40-2.jpg", "holiday-40x40-3.jpg"]
    assert set(names) == set(resizer.context.artifacts)


def test_a_thin_picture_scales_without_a_crash(resizer: Resizer) -> None:
    content = encoded(Image.new("RGB", (10_000, 1), "teal"), "PNG")
    sizes = [{"width": 3}, {"width": 2, "height": 2, "fit": "cover"}]
    assert [image.size for image in resizer.run(content, sizes=sizes)] == [(3, 1), (1, 1)]


def test_progress_tells_what_is_being_done(resizer: Resizer) -> None:
    resizer.run(photo(400, 300), sizes=[{"width": 200}, {"width": 100}])
    assert [message for _, message in resizer.context.steps] == [
        "Reading holiday.jpg",
        "Making 200 × 150 (1 of 2)",
        "Saving 200 × 150 (1 of 2)",
        "Making 100 × 75 (2 of 2)",
        "Saving 100 × 75 (2 of 2)",
        "Done",
    ]


def test_its_summary_says_what_becomes_of_which_picture() -> None:
    sizes = [{"width": 1}, {"width": 2}, {"width": 3}]
    payload = load_payload(ResizeImage(), {"file_id": "x", "sizes": sizes, "format": "webp"})
    assert ResizeImage().summarize(payload, {"x": "holiday.jpg"}) == "holiday.jpg → 3 sizes, WebP"
    payload = load_payload(ResizeImage(), {"file_id": "x", "sizes": sizes[:1]})
    assert ResizeImage().summarize(payload, {"x": "holiday.jpg"}) == "holiday.jpg → 1 size"


def test_a_disk_that_fills_up_is_not_the_pictures_fault(resizer: Resizer) -> None:
    content = encoded(pictures.noise(400, 300), "PNG")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    file_id = resizer.context.put_file("noise.png", content)
    payload = load_payload(ResizeImage(), {"file_id": file_id, "sizes": [{"width": 400}]})
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            ResizeImage().run(payload, resizer.context)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
