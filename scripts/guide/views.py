"""Views of one street, good and bad ones, with the zone and what the agent's own detector finds in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import cache
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from agent.adapters.onnx import OnnxDetector
from agent.adapters.pictures import Caption, close_up, wide, zone_map
from agent.core.taxonomy import CLASSES
from agent.core.types import Box, Image
from scripts.render.camera import Camera
from scripts.render.film import Film
from scripts.render.light import DAY, Light
from scripts.render.scene import Actor, Key, Scene
from scripts.render.street import Street
from scripts.render.things import Bin, Car, Person, Thing

MODEL = Path(__file__).resolve().parents[2] / "models" / "street-nano.onnx"
"""The model that comes with the repository."""
CERTAIN = 0.35
"""The `min_score` of illegal_parking: what the detector is less sure of opens nothing."""
VEHICLES = {"car", "bus", "truck"}
MAX_BYTES = 150_000
SUB_STREAM_PX = (640, 360)
NOON = datetime(2026, 5, 12, 12, 0, 0, tzinfo=timezone(timedelta(hours=8)))
KERB = ((-10.5, 12.6), (13.0, 12.6), (13.0, 15.75), (-10.5, 15.75))
"""The no-parking strip: the lane's edge at the far kerb, metres of the street."""
_STEPS = 40
"""Points along each side of a patch of ground: only those before the camera are drawn."""
_YELLOW, _RED, _WHITE, _DARK = (0, 215, 255), (60, 60, 255), (255, 255, 255), (24, 24, 24)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


STREET = Street(trees=(-13.0, -6.6, 6.2, 13.5))


@dataclass(frozen=True, kw_only=True)
class View:
    """One way to look at the street. `glare`: where the low sun stands in the picture, 0..1. `osd`: text over it."""

    camera: Camera
    street: Street = STREET
    light: Light = DAY
    glare: tuple[float, float] | None = None
    osd: bool = False


def _stands(name: str, thing: Thing, x_m: float, y_m: float, heading_deg: float = 180.0) -> Actor:
    return Actor(name, thing, (Key(0, x_m, y_m, heading_deg), Key(10, x_m, y_m, heading_deg)))


PARKED = ("red", "blue", "silver")
"""Who stands where nobody may."""
CAST = (
    _stands("red", Car("sedan", "red"), -3.6, 14.6),
    _stands("blue", Car("suv", "blue"), 3.6, 14.6),
    _stands("silver", Car("hatchback", "silver"), 9.5, 14.6),
    _stands("walker", Person((0.30, 0.10, 0.06)), 1.0, 18.2),
    _stands("bin", Bin(), -0.2, 16.7, 0.0),
)
USUAL = Camera(SUB_STREAM_PX, (0.0, -3.0, 6.0), yaw_deg=5.0, pitch_deg=15.0, view_deg=58.0)
GOOD = View(camera=USUAL)
_UNLIT = Light(
    sun=(0.0, 0.0, 0.0),
    zenith=(0.030, 0.024, 0.020),
    horizon=(0.034, 0.034, 0.036),
    ground=(0.02, 0.02, 0.02),
    noise=9.0,
)
_EVENING = Light(sun=(0.5, 0.8, 1.1), height_deg=9.0, bearing_deg=178.0, exposure=0.42)
BAD: tuple[View, ...] = (
    View(camera=Camera(SUB_STREAM_PX, (-17.0, 14.3, 2.0), yaw_deg=88.0, pitch_deg=2.0, view_deg=50.0)),
    View(camera=Camera(SUB_STREAM_PX, (-34.0, -28.0, 9.0), yaw_deg=41.0, pitch_deg=8.0, view_deg=88.0)),
    View(
        camera=replace(USUAL, place_m=(0.0, -3.0, 8.2), pitch_deg=21.0),
        street=Street(trees=(-2.2, 2.4), tree_y=4.2),
    ),
    View(camera=replace(USUAL, pitch_deg=9.0), light=_EVENING, glare=(0.53, 0.30)),
    View(camera=USUAL, light=_UNLIT),
    View(camera=USUAL, osd=True),
)
"""Too low and along the row; too far; a tree in front; against the sun; no light at night; text over the zone."""


def paint(view: View) -> Image:
    """What the camera sends, (H, W, 3) uint8 BGR."""
    scene = Scene(
        name="view", actors=CAST, camera=view.camera, street=view.street, light=view.light, seed=11, duration_s=1.0
    )
    image = Film(scene).shot(0.0).image
    if view.glare is not None:
        image = _dazzled(image, view.glare)
    if view.osd:
        lines = ("2026-05-12 Tue 12:00:00", "NO.3 EAST GATE / ZHONGSHAN RD")
        for text, x, y in zip(lines, (0.03, 0.10), (0.56, 0.63), strict=True):
            _written(image, text, (round(x * image.shape[1]), round(y * image.shape[0])), 1.0, _WHITE)
    return image


def zone_of(camera: Camera, ground: Sequence[tuple[float, float]] = KERB) -> list[tuple[float, float]]:
    """A patch of the street in 0..1 of the picture; what is behind the camera or outside is cut off."""
    edge = [*ground, ground[0]]
    fine = [
        (a[0] + (b[0] - a[0]) * t / _STEPS, a[1] + (b[1] - a[1]) * t / _STEPS)
        for a, b in pairwise(edge)
        for t in range(_STEPS)
    ]
    points = np.array([(x, y, 0.0) for x, y in fine], np.float32)
    ahead = (points - camera.place) @ camera.axes[2] > 1.0
    pixels, _ = camera.project(points[ahead])
    shares = np.clip(pixels / np.array(camera.size_px, np.float32), 0.0, 1.0)
    return [(float(x), float(y)) for x, y in shares]


@cache
def _detector() -> OnnxDetector:
    return OnnxDetector.load(MODEL)


def found(image: Image) -> list[Box]:
    """The vehicles that the agent's detector is certain of, in 0..1."""
    (seen,) = _detector().detect([image])
    height, width = image.shape[:2]
    return [
        (float(x1) / width, float(y1) / height, float(x2) / width, float(y2) / height)
        for (x1, y1, x2, y2), score, kind in zip(seen.boxes_px, seen.scores, seen.class_ids, strict=True)
        if score >= CERTAIN and CLASSES[kind] in VEHICLES
    ]


def good_view() -> bytes:
    """The view to aim at: the zone, and every parked car found."""
    image = paint(GOOD)
    return _jpeg(_marked(image, zone_of(GOOD.camera), found(image)))


def bad_views() -> bytes:
    """Six views to avoid, numbered, two in a row; boxes are what the detector still finds."""
    panels = []
    for number, view in enumerate(BAD, start=1):
        image = paint(view)
        panel = _marked(image, zone_of(view.camera), found(image))
        panel = np.asarray(cv2.resize(panel, (480, 270), interpolation=cv2.INTER_AREA), np.uint8)
        cv2.rectangle(panel, (0, 0), (34, 34), _DARK, cv2.FILLED)
        _written(panel, str(number), (8, 26), 0.9, _WHITE)
        panels.append(cv2.copyMakeBorder(panel, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=_WHITE))
    rows = [np.hstack(panels[i : i + 2]) for i in range(0, len(panels), 2)]
    return _jpeg(np.asarray(np.vstack(rows), np.uint8))


def zones() -> bytes:
    """Two zones as `cityeye doctor --pictures` draws them: on the ground, and one that is wrong."""
    wrong = ((0.02, 0.28), (0.98, 0.28), (0.98, 0.75), (0.02, 0.75))
    caption = Caption(camera="gate", zone="", at=NOON, dwell_s=None)
    pictures = []
    for name, zone in (("right", zone_of(USUAL)), ("wrong", list(wrong))):
        drawn = zone_map(paint(GOOD), {name: _corners(zone)}, caption)
        picture = cv2.imdecode(np.frombuffer(drawn, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None, "what was just encoded"
        pictures.append(cv2.copyMakeBorder(picture, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=_WHITE))
    return _jpeg(np.asarray(np.hstack(pictures), np.uint8))


def evidence() -> tuple[bytes, bytes]:
    """What the centre gets of the red car: the whole picture and the close-up, as the agent draws them."""
    large = replace(USUAL, size_px=(1280, 720))
    image = paint(View(camera=large))
    box = min(found(image), key=lambda box: box[0])
    caption = Caption(camera="gate", zone="kerb", at=NOON, dwell_s=185.0)
    whole = wide(image, _corners(zone_of(large)), [box], caption)
    picture = cv2.imdecode(np.frombuffer(whole, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None, "what was just encoded"
    small = cv2.resize(picture, (800, round(800 * picture.shape[0] / picture.shape[1])), interpolation=cv2.INTER_AREA)
    return _jpeg(np.asarray(small, np.uint8)), close_up(image, box, max_bytes=MAX_BYTES)


def _corners(zone: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Four corners of an outline that has many, the lower left one last, as a person would give them."""
    return list(zone) if len(zone) <= 8 else [zone[i] for i in range(0, len(zone), _STEPS)]


def _marked(image: Image, zone: Sequence[tuple[float, float]], boxes: Sequence[Box]) -> Image:
    """The zone in yellow, what was found in red."""
    canvas, size = image.copy(), np.array([image.shape[1], image.shape[0]], np.float64)
    corners = np.rint(np.array(zone) * size).astype(np.int32)
    filled = canvas.copy()
    cv2.fillPoly(filled, [corners], _YELLOW)
    canvas = np.asarray(cv2.addWeighted(filled, 0.18, canvas, 0.82, 0.0), np.uint8)
    cv2.polylines(canvas, [corners], True, _YELLOW, 2, cv2.LINE_AA)
    for box in boxes:
        (x1, y1), (x2, y2) = (np.rint(np.array(corner) * size).astype(int).tolist() for corner in (box[:2], box[2:]))
        cv2.rectangle(canvas, (x1, y1), (x2, y2), _WHITE, 4)
        cv2.rectangle(canvas, (x1, y1), (x2, y2), _RED, 2)
    return canvas


def _dazzled(image: Image, sun: tuple[float, float]) -> Image:
    """The sun in the lens: a disc that burns out, and a veil over everything."""
    height, width = image.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    away = np.hypot(x - sun[0] * width, y - sun[1] * height) / width
    veil = (0.30 + 1.6 * np.exp(-away / 0.10) + 0.7 * np.exp(-away / 0.35))[..., None]
    return np.asarray(np.clip(image * 0.55 + 255 * veil * np.array([0.75, 0.9, 1.0]) * 0.8, 0, 255), np.uint8)


def _written(image: Image, text: str, at_px: tuple[int, int], scale: float, colour: tuple[int, int, int]) -> None:
    cv2.putText(image, text, at_px, _FONT, scale, _DARK, 4, cv2.LINE_AA)
    cv2.putText(image, text, at_px, _FONT, scale, colour, 2, cv2.LINE_AA)


def _jpeg(image: Image) -> bytes:
    """The best quality that keeps within the size of a page's pictures."""
    for quality in (85, 80, 75, 70, 60, 50):
        done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if done and len(data) <= MAX_BYTES:
            return bytes(data)
    raise ValueError(f"expected a picture of at most {MAX_BYTES} bytes, found {len(data)} at the coarsest; shrink it")
