"""Evidence pictures, looked at by decoding what was made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import cv2
import numpy as np
import pytest

from agent.adapters.pictures import MAX_JPEG_BYTES, Caption, close_up, encode_jpeg, wide
from agent.core.types import Image

AT = datetime(2026, 3, 1, 23, 5, 9, tzinfo=timezone(timedelta(hours=8)))
CAPTION = Caption(camera="gate-3", zone="bus-lane", at=AT, dwell_s=185.2)
ZONE = [(0.1, 0.5), (0.9, 0.5), (0.9, 0.9), (0.1, 0.9)]
BOX = (0.2, 0.6, 0.4, 0.8)


def decoded(jpeg: bytes) -> Image:
    assert jpeg.startswith(b"\xff\xd8")
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def flat(level: int, width: int = 640, height: int = 360) -> Image:
    return np.full((height, width, 3), level, np.uint8)


def noise(width: int, height: int) -> Image:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_wide_marks_zone_and_box_and_leaves_the_rest_and_the_original_alone() -> None:
    image = flat(120)
    seen = decoded(wide(image, ZONE, [BOX], CAPTION))
    assert (image == 120).all()
    assert seen.shape[1] == 640
    assert abs(seen[40:150, 100:500].astype(int) - 120).max() <= 3  # outside: untouched
    assert (seen[200:210, 300:500].astype(int) - 120)[..., 0].mean() < -8  # inside the zone: less blue
    blue, green, red = seen[216:219, 140:240].reshape(-1, 3).mean(axis=0)  # upper edge of the box
    assert red > blue + 25
    assert red > green + 25


@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize(("width", "height"), [(320, 240), (704, 576), (1920, 1080)])
def test_caption_is_light_on_dark_below_the_picture_at_every_size(level: int, width: int, height: int) -> None:
    seen = decoded(wide(flat(level, width, height), ZONE, [BOX], CAPTION))
    bar = seen[height + 1 :]
    assert 0.03 < len(bar) / height < 0.2
    assert np.median(bar) < 40
    text = bar.min(axis=2) > 200
    assert text.any()
    rows = np.flatnonzero(text.any(axis=1))
    assert rows[0] > 0
    assert rows[-1] < len(bar) - 1
    assert not text[:, -3:].any()  # nothing runs out of the picture


def test_caption_says_where_when_and_how_long_in_ascii() -> None:
    assert CAPTION.items() == ("gate-3", "bus-lane", "2026-03-01 23:05:09 UTC+08:00", "dwell 3m5s")
    chinese = Caption(camera="北门-3", zone="公交车道", at=AT.astimezone(UTC), dwell_s=0)
    assert chinese.items() == ("-3", "2026-03-01 15:05:09 UTC+00:00", "dwell 0s")


def test_a_zone_or_box_beyond_the_picture_is_drawn_as_far_as_it_goes() -> None:
    beyond = [(-0.5, 0.5), (1.5, 0.5), (1.5, 1.5), (-0.5, 1.5)]
    assert decoded(wide(flat(120), beyond, [(-0.2, 0.4, 1.3, 1.2)], CAPTION)).shape[1] == 640
    assert decoded(wide(flat(120), [], [], CAPTION)).shape[1] == 640


def test_close_up_shows_the_object_with_its_surroundings() -> None:
    image = flat(0, 1000, 1000)
    image[400:600, 300:700] = 255
    seen = decoded(close_up(image, (0.3, 0.4, 0.7, 0.6)))
    assert seen.shape == (320, 640, 3)  # 200 x 400 and 30 % on each side
    white = seen[..., 0] > 127
    assert [int(v) for v in np.flatnonzero(white.any(axis=1))[[0, -1]]] == pytest.approx([60, 259], abs=1)
    assert [int(v) for v in np.flatnonzero(white.any(axis=0))[[0, -1]]] == pytest.approx([120, 519], abs=1)


@pytest.mark.parametrize(
    ("box", "shape"),
    [
        ((0.0, 0.0, 0.02, 0.04), (320, 320)),  # small: enlarged
        ((0.98, 0.96, 1.0, 1.0), (320, 320)),  # in the corner: less margin, still enlarged
        ((0.5, 0.5, 0.5, 0.5), (320, 320)),  # no extent: one pixel
        ((0.4, 0.0, 0.402, 1.0), (1280, 9)),  # a line: height is bounded
        ((-1.0, -1.0, 3.0, 3.0), (360, 640)),  # all of it
    ],
)
def test_close_up_of_any_box_has_a_usable_size(box: tuple[float, float, float, float], shape: tuple[int, int]) -> None:
    height, width = decoded(close_up(noise(640, 360), box)).shape[:2]
    assert (height, width) == pytest.approx(shape, rel=0.25)
    assert max(height, width) <= 1280


def test_jpeg_gets_as_small_as_it_must() -> None:
    image = noise(800, 600)
    full = encode_jpeg(image, 10_000_000)
    assert decoded(full).shape == image.shape
    for limit in (len(full) - 1, len(full) // 3, 20_000, 2_000):
        jpeg = encode_jpeg(image, limit)
        assert limit * 0.3 <= len(jpeg) <= limit
    with pytest.raises(ValueError, match="fits into 100 bytes"):
        encode_jpeg(image, 100)


def test_pictures_fit_into_one_packet_by_themselves() -> None:
    image = noise(1920, 1080)
    assert len(wide(image, ZONE, [BOX], CAPTION)) <= MAX_JPEG_BYTES
    assert len(close_up(image, (0.0, 0.0, 1.0, 1.0))) <= MAX_JPEG_BYTES
