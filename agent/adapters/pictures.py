"""Evidence pictures: what a person sees of an incident, as JPEG small enough for one packet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import cv2
import numpy as np

from agent.core.quantities import format_duration
from agent.core.types import Box, Image

Points = Sequence[tuple[float, float]]

MAX_JPEG_BYTES = 750_000
"""In base 64 this is 1,000,000 bytes of the 1 MiB that an evidence packet may have; the rest is for what it says."""
CLOSE_UP_WIDTH_PX = 320
"""A close-up is enlarged to at least this width: smaller ones are stamps on a dispatcher's screen."""

_LONGEST_CLOSE_UP_PX = 1280
_QUALITIES = (90, 80, 70, 60, 50)
_SHRINK = 0.75
_SMALLEST_SIDE_PX = 16
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_ZONE_COLOUR = (0, 215, 255)
_BOX_COLOUR = (60, 60, 255)
_DARK = (24, 24, 24)
_WHITE = (255, 255, 255)
_FILL = 0.12
_TEXT_SHARE = 0.024
_SMALLEST_TEXT_PX = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """What the bar under a picture says. `at` is shown in its own time zone, with its offset from UTC."""

    camera: str
    zone: str
    at: datetime
    dwell_s: float | None

    def items(self) -> tuple[str, ...]:
        """The texts in their order, ASCII only: OpenCV's fonts have no other letters, so those are left out."""
        offset = self.at.strftime("%z")
        time = self.at.strftime("%Y-%m-%d %H:%M:%S ") + (f"UTC{offset[:3]}:{offset[3:5]}" if offset else "")
        dwell = "" if self.dwell_s is None else f"dwell {format_duration(round(self.dwell_s))}"
        texts = (self.camera, self.zone, time, dwell)
        return tuple(ascii_text for text in texts if (ascii_text := text.encode("ascii", "ignore").decode().strip()))


def wide(
    image: Image, zone_n: Points, boxes_n: Sequence[Box], caption: Caption, max_bytes: int = MAX_JPEG_BYTES
) -> bytes:
    """The whole picture with the zone, the objects and a caption bar below it (nothing of the picture is hidden).

    Args:
        image: (H, W, 3) uint8 BGR; not changed.
        zone_n: corner points, 0..1 of the picture. boxes_n: x1 y1 x2 y2, 0..1.
        caption: the bar's text. max_bytes: upper limit of the JPEG.
    """
    height, width = image.shape[:2]
    line, size = _line_px(image), np.array([width, height], np.float64)
    canvas = _outlined(image, zone_n)
    for box in boxes_n:
        (x1, y1), (x2, y2) = (np.rint(np.array(corner) * size).astype(int).tolist() for corner in (box[:2], box[2:]))
        cv2.rectangle(canvas, (x1, y1), (x2, y2), _WHITE, line + 2)
        cv2.rectangle(canvas, (x1, y1), (x2, y2), _BOX_COLOUR, line)
    return encode_jpeg(np.vstack([canvas, _caption_bar(caption.items(), width, height)]), max_bytes)


def zone_map(image: Image, zones_n: Mapping[str, Points], caption: Caption, max_bytes: int = MAX_JPEG_BYTES) -> bytes:
    """The whole picture with every zone and its name, to see whether they lie where they should.

    Args:
        image: (H, W, 3) uint8 BGR; not changed. zones_n: corner points, 0..1 of the picture, by name (ASCII).
    """
    height, width = image.shape[:2]
    text_px, line = max(_SMALLEST_TEXT_PX, round(height * _TEXT_SHARE)), _line_px(image)
    scale = cv2.getFontScaleFromHeight(_FONT, text_px, line)
    canvas = image.copy()
    for name, zone_n in zones_n.items():
        canvas = _outlined(canvas, zone_n)
        x, y = (round(share * side) for share, side in zip(zone_n[0], (width, height), strict=True))
        x, y = min(x + text_px // 2, width - text_px), min(y + 2 * text_px, height - text_px // 2)
        cv2.putText(canvas, name, (x, y), _FONT, scale, _DARK, line + 2, cv2.LINE_AA)
        cv2.putText(canvas, name, (x, y), _FONT, scale, _ZONE_COLOUR, line, cv2.LINE_AA)
    return encode_jpeg(np.vstack([canvas, _caption_bar(caption.items(), width, height)]), max_bytes)


def close_up(image: Image, box_n: Box, margin: float = 0.3, max_bytes: int = MAX_JPEG_BYTES) -> bytes:
    """One object with some surroundings, without any drawing on it.

    Args:
        image: (H, W, 3) uint8 BGR.
        box_n: x1 y1 x2 y2, 0..1 of the picture.
        margin: share of the box's width and height added on each side; ends at the picture's edge.
        max_bytes: upper limit of the JPEG.

    Returns:
        A JPEG at least `CLOSE_UP_WIDTH_PX` wide, unless that made it higher than 1280 pixels.
    """
    height, width = image.shape[:2]
    x1, y1, x2, y2 = box_n[0] * width, box_n[1] * height, box_n[2] * width, box_n[3] * height
    across, down = (x2 - x1) * margin, (y2 - y1) * margin
    left, right = _within(x1 - across, x2 + across, width)
    top, bottom = _within(y1 - down, y2 + down, height)
    crop = image[top:bottom, left:right]
    scale = min(CLOSE_UP_WIDTH_PX / (right - left), _LONGEST_CLOSE_UP_PX / max(right - left, bottom - top))
    if scale > 1.0:
        larger = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))
        crop = np.asarray(cv2.resize(crop, larger, interpolation=cv2.INTER_CUBIC), np.uint8)
    return encode_jpeg(crop, max_bytes)


def encode_jpeg(image: Image, max_bytes: int = MAX_JPEG_BYTES) -> bytes:
    """The best JPEG that fits: first the quality goes down, then the size.

    Raises:
        ValueError: not even a picture of 16 pixels fits (the limit is a mistake).
    """
    for quality in _QUALITIES:
        jpeg = _jpeg(image, quality)
        if len(jpeg) <= max_bytes:
            return jpeg
    while min(image.shape[:2]) * _SHRINK >= _SMALLEST_SIDE_PX:
        height, width = (max(1, round(side * _SHRINK)) for side in image.shape[:2])
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        jpeg = _jpeg(image, _QUALITIES[-1])
        if len(jpeg) <= max_bytes:
            return jpeg
    raise ValueError(f"no JPEG of this picture fits into {max_bytes} bytes")


def _line_px(image: Image) -> int:
    """How wide a line is drawn."""
    return max(1, round(int(min(image.shape[:2])) / 300))


def _outlined(image: Image, zone_n: Points) -> Image:
    """A copy with one zone filled lightly and its outline drawn."""
    canvas, line = image.copy(), _line_px(image)
    size = np.array([image.shape[1], image.shape[0]], np.float64)
    corners = np.rint(np.array(zone_n, np.float64).reshape(-1, 2) * size).astype(np.int32)
    if len(corners):
        filled = canvas.copy()
        cv2.fillPoly(filled, [corners], _ZONE_COLOUR)
        canvas = np.asarray(cv2.addWeighted(filled, _FILL, canvas, 1.0 - _FILL, 0.0), np.uint8)
        cv2.polylines(canvas, [corners], isClosed=True, color=_DARK, thickness=line + 2, lineType=cv2.LINE_AA)
        cv2.polylines(canvas, [corners], isClosed=True, color=_ZONE_COLOUR, thickness=line, lineType=cv2.LINE_AA)
    return canvas


def _jpeg(image: Image, quality: int) -> bytes:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()


def _within(low: float, high: float, limit: int) -> tuple[int, int]:
    """Whole pixels that cover low..high, at least one, inside 0..limit."""
    start = min(max(int(np.floor(low)), 0), limit - 1)
    return start, min(max(int(np.ceil(high)), start + 1), limit)


def _caption_bar(items: Sequence[str], width: int, height: int) -> Image:
    """(h, W, 3) dark strip with the texts in white, in as many lines as they need. Scales with the picture."""
    text_px = max(_SMALLEST_TEXT_PX, round(height * _TEXT_SHARE))
    thickness = max(1, round(text_px / 12))
    scale = cv2.getFontScaleFromHeight(_FONT, text_px, thickness)
    pad = max(4, text_px // 2)
    lines = _lines(items, width - 2 * pad, scale, thickness)
    step = text_px + pad
    bar = np.full((len(lines) * step + pad, width, 3), _DARK, np.uint8)
    for i, text in enumerate(lines):
        cv2.putText(bar, text, (pad, (i + 1) * step), _FONT, scale, _WHITE, thickness, cv2.LINE_AA)
    return bar


def _lines(items: Sequence[str], room_px: int, scale: float, thickness: int) -> list[str]:
    """Items joined as long as a line has room; a longer item stands alone and is cut by the edge."""
    lines: list[str] = []
    for item in items:
        joined = f"{lines[-1]}  |  {item}" if lines else item
        if lines and cv2.getTextSize(joined, _FONT, scale, thickness)[0][0] <= room_px:
            lines[-1] = joined
        else:
            lines.append(item)
    return lines
