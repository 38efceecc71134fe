"""Which pixels become which size, and what the results are called."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.handlers.image import ImagePayload
from millrace.handlers.image.sizes import MAX_SIDE, Output, name_outputs, plan_outputs
from millrace.jobs.handler import PermanentFailure

sides = st.integers(1, MAX_SIDE)


def planned(source: tuple[int, int], *, enlarge: bool = False, **size: Any) -> Output:
    (output,) = plan_outputs(source, [{"fit": "contain", **size}], enlarge=enlarge)
    return output


@pytest.mark.parametrize(
    ("source", "size", "expected"),
    [
        ((4000, 3000), {"width": 800}, (800, 600)),
        ((4000, 3000), {"height": 600}, (800, 600)),
        ((4000, 3000), {"width": 800, "height": 100}, (133, 100)),
        ((3000, 4000), {"width": 800, "height": 800}, (600, 800)),
        ((640, 480), {"width": 800}, (640, 480)),
        ((640, 480), {"width": 320, "height": 10_000}, (320, 240)),
        ((5000, 1), {"width": 100}, (100, 1)),
    ],
)
def test_a_whole_picture_fits_inside_and_keeps_its_shape(
    source: tuple[int, int], size: dict[str, Any], expected: tuple[int, int]
) -> None:
    output = planned(source, **size)
    assert (output.width, output.height) == expected
    assert output.box == (0, 0, *source)


def test_a_filled_size_is_exact_and_crops_evenly() -> None:
    output = planned((4000, 3000), width=400, height=400, fit="cover")
    assert (output.width, output.height) == (400, 400)
    assert output.box == (500, 0, 3500, 3000)


def test_a_filled_size_of_a_small_picture_keeps_the_shape_that_was_asked_for() -> None:
    output = planned((300, 200), width=400, height=400, fit="cover")
    assert (output.width, output.height) == (200, 200)
    assert output.box == (50, 0, 250, 200)


def test_a_picture_is_enlarged_where_that_was_asked_for() -> None:
    assert planned((100, 50), enlarge=True, width=200).width == 200
    output = planned((100, 50), enlarge=True, width=200, height=200, fit="cover")
    assert (output.width, output.height) == (200, 200)


@given(source=st.tuples(sides, sides), width=sides, height=sides, fit=st.sampled_from(["contain", "cover"]))
def test_no_output_exceeds_its_size_its_source_or_the_edge(
    source: tuple[int, int], width: int, height: int, fit: str
) -> None:
    try:
        output = planned(source, width=width, height=height, fit=fit)
    except PermanentFailure:
        return
    assert 1 <= output.width <= min(width, source[0])
    assert 1 <= output.height <= min(height, source[1])
    left, top, right, bottom = output.box
    assert -1e-6 <= left < right <= source[0] + 1e-6
    assert -1e-6 <= top < bottom <= source[1] + 1e-6


def test_a_side_that_follows_and_grows_too_long_is_refused() -> None:
    with pytest.raises(PermanentFailure, match="both a width and a height") as failure:
        planned((10, 20_000), width=10)
    assert failure.value.code == "image_too_large"


def test_too_many_pixels_in_all_are_refused() -> None:
    with pytest.raises(PermanentFailure, match="120 megapixels") as failure:
        plan_outputs((6000, 4000), [{"width": 6000, "fit": "contain"}] * 5, enlarge=False)
    assert failure.value.code == "image_too_large"


def test_names_come_from_the_input_and_differ() -> None:
    outputs = [planned((400, 300), width=width) for width in (200, 100, 200, 200, 20)]
    assert name_outputs("Été.v2.jpeg", outputs, "webp") == [
        "Été.v2-200x150.webp",
        "Été.v2-100x75.webp",
        "Été.v2-200x150-2.webp",
        "Été.v2-200x150-3.webp",
        "Été.v2-20x15.webp",
    ]


@pytest.mark.parametrize(("source", "stem"), [(".jpg", ".jpg"), ("x" * 200 + ".png", "x" * 50), ("photo", "photo")])
def test_names_of_any_input_are_usable(source: str, stem: str) -> None:
    assert name_outputs(source, [planned((9, 9), width=5)], "png") == [f"{stem}-5x5.png"]


@pytest.mark.parametrize(
    ("size", "field", "message"),
    [
        ({}, "width", "a width, a height or both"),
        ({"width": 100, "fit": "cover"}, "height", "give a height too"),
        ({"height": 100, "fit": "cover"}, "width", "give a width too"),
        ({"width": 0}, "width", "from 1 to 10,000"),
        ({"width": 10_001}, "width", "from 1 to 10,000"),
        ({"width": 1.5}, "width", "integer"),
        ({"width": "800"}, "width", "integer"),
        ({"width": 8, "fit": "stretch"}, "fit", "Must be one of"),
    ],
)
def test_a_wrong_size_is_told_beside_its_field(size: dict[str, object], field: str, message: str) -> None:
    problems: Any = ImagePayload().validate({"file_id": "x", "sizes": [{"width": 5}, size]})
    assert message in problems["sizes"][1][field][0]


def test_too_many_pixels_are_told_before_the_job_begins() -> None:
    sizes = [{"width": 10_000, "height": 10_000}, {"width": 1000, "height": 1000}]
    assert "101 megapixels" in ImagePayload().validate({"file_id": "x", "sizes": sizes})["sizes"][0]


def test_no_size_and_eleven_sizes_are_refused() -> None:
    for sizes in ([], [{"width": 5}] * 11):
        assert ImagePayload().validate({"file_id": "x", "sizes": sizes})["sizes"] == ["Give 1 to 10 sizes."]
