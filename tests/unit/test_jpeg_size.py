"""The size of a JPEG by its head, whatever the bytes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.jpeg_size import jpeg_size_px


@pytest.mark.parametrize("options", [[], [cv2.IMWRITE_JPEG_PROGRESSIVE, 1], [cv2.IMWRITE_JPEG_RST_INTERVAL, 4]])
def test_a_picture(options: list[int]) -> None:
    jpeg = cv2.imencode(".jpg", np.zeros((48, 70, 3), np.uint8), options)[1].tobytes()
    assert jpeg_size_px(jpeg) == (70, 48)
    comment = b"\xff\xfe\x00\x06\xff\xc0\x01\x01"  # what looks like a frame in it is none
    assert jpeg_size_px(jpeg[:2] + b"\xff\xff\xff" + comment[1:] + jpeg[2:]) == (70, 48)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    for body in (data, b"\xff\xd8\xff" + data):
        jpeg_size_px(body)
