"""Pictures of a zone that is clean or full: parts of real street photos, and rendered bins.

No film of a bin that fills is to be had. So a "camera" shows a window of one photo after the other; in the middle of
each, in `ZONE`, there is a heap of rubbish or none. For the same place in another light there is the renderer.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from agent.adapters.labelled import read_picture
from agent.core.types import Image
from scripts.render.camera import Camera
from scripts.render.film import Film
from scripts.render.light import Light
from scripts.render.scene import Actor, Key, Lens, Scene, Weather
from scripts.render.street import Street
from scripts.render.things import Bin
from tests.shared_data import shared

SIZE_PX = (640, 480)
ZONE: tuple[tuple[float, float], ...] = ((0.17, 0.17), (0.83, 0.17), (0.83, 0.83), (0.17, 0.83))
"""Of the windows: two thirds of each side."""
_ROOT = Path(__file__).parents[1]
_TRIES = 60


@dataclass(frozen=True)
class StreetWindow:
    """(480, 640, 3) uint8 BGR out of one photo, and whether a heap stands in its `ZONE`."""

    photo: str
    full: bool
    image: Image


def street_windows(seed: int = 5) -> Iterator[StreetWindow]:
    """One window with and one without a heap of each photo of `amsterdam.csv` that has room for them.

    Windows without have the sizes of those with; their zone touches no box of the list, "unknown" ones included.
    """
    dice = np.random.default_rng(seed)
    for photo, boxes in sorted(_marked().items()):
        file = shared("garbage", "amsterdam_unlabelled") / photo
        image = read_picture(file)
        height, width = image.shape[:2]
        scale = np.array([width, height, width, height])
        for kind, box in boxes:
            window = _around(box * scale)
            if kind != "garbage" or not _inside(window, (width, height)):
                continue
            yield StreetWindow(photo, True, _cut(image, window))
            others = [other * scale for _, other in boxes]
            if (empty := _elsewhere(window, others, (width, height), dice)) is not None:
                yield StreetWindow(photo, False, _cut(image, empty))
            break


def _marked() -> dict[str, list[tuple[str, np.ndarray[tuple[int], np.dtype[np.float64]]]]]:
    marked = defaultdict(list)
    with (_ROOT / "scripts/training/amsterdam.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            marked[row["picture"]].append((row["kind"], np.array([float(row[k]) for k in ("x1", "y1", "x2", "y2")])))
    return marked


Edges = np.ndarray[tuple[int], np.dtype[np.float64]]


def _around(box: Edges) -> Edges:
    """The window, of `SIZE_PX`'s shape, in whose zone the box just fits."""
    middle, size = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
    shape = np.array(SIZE_PX)
    half = shape * max(size / shape) * 1.5 / 2
    return np.concatenate([middle - half, middle + half])


def _inside(window: Edges, size: tuple[int, int]) -> bool:
    return bool((window[:2] >= 0).all() and (window[2:] <= size).all())


def _elsewhere(window: Edges, boxes: Sequence[Edges], size: tuple[int, int], dice: np.random.Generator) -> Edges | None:
    """A window of the same size whose zone touches none of the boxes, in the lower part of the photo: the street."""
    extent = window[2:] - window[:2]
    room = np.array(size) - extent
    for _ in range(_TRIES):
        corner = np.array([dice.uniform(0, room[0]), dice.uniform(min(0.2 * size[1], room[1]), room[1])])
        low, high = corner + 0.17 * extent, corner + 0.83 * extent
        if all((high <= box[:2]).any() or (low >= box[2:]).any() for box in boxes):
            return np.concatenate([corner, corner + extent])
    return None


def _cut(image: Image, window: Edges) -> Image:
    x1, y1, x2, y2 = window.round().astype(int).tolist()
    return np.asarray(cv2.resize(image[y1:y2, x1:x2], SIZE_PX, interpolation=cv2.INTER_AREA), np.uint8)


BIN_PLACE = (-0.2, 16.7)
BIN_ZONE: tuple[tuple[float, float], ...] = ((0.354, 0.422), (0.475, 0.422), (0.475, 0.583), (0.354, 0.583))


def rendered_bin(light: Light, fills: Sequence[float], weather: Weather | None = None) -> Iterator[Image]:
    """(540, 960, 3) uint8 BGR pictures of one bin, in `BIN_ZONE`, in one light: one for each fill, full above 1."""
    film: Film | None = None
    for number, fill in enumerate(fills):
        scene = Scene(
            name="bin",
            actors=(Actor("bin", Bin(fill=fill), (Key(0, *BIN_PLACE, 0), Key(60, *BIN_PLACE, 0))),),
            camera=Camera(size_px=(960, 540), place_m=(0.0, -3.0, 6.0), yaw_deg=5.0, pitch_deg=15.0, view_deg=58.0),
            street=Street(trees=(-13.0, -6.6, 6.2, 13.5)),
            light=light,
            weather=weather or Weather(),
            lens=Lens(jpeg=60),
            seed=11,
            duration_s=10.0,
        )
        film = Film(scene) if film is None else film.recast(scene)
        yield film.shot(0.1 * number).image
