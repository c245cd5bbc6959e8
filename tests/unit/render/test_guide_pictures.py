"""The pictures of the field guide come from their script, and show what the guide says of them."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.core.geometry import contained, iou
from agent.core.zones import Zone
from scripts.guide import views
from scripts.guide.car_size import Sight, table
from scripts.guide.terminal import terminal
from scripts.guide_pictures import FOLDER, diagrams, rendered
from scripts.render.film import Film
from scripts.render.scene import Scene
from scripts.scenes.case import normal

PICTURE_BYTES, ALL_BYTES = 150_000, 1_000_000
GUIDE = Path(__file__).parents[3] / "docs" / "field-guide.md"
AGAIN = "run: python -m scripts.guide_pictures"


def truth() -> dict[str, tuple[float, float, float, float]]:
    """Where everything is in the good view."""
    view = views.GOOD
    scene = Scene(name="view", actors=views.CAST, camera=view.camera, street=view.street, seed=11, duration_s=1.0)
    return {seen.name: normal(seen.box_px, view.camera) for seen in Film(scene).shot(0.0).seen}


def polygon(zone: str) -> list[tuple[float, float]]:
    """A zone as the guide says to write it."""
    found = re.search(rf"id: {zone}\n +polygon: \[(.+)\]$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    return [(float(x), float(y)) for x, y in re.findall(r"\[([\d.]+), ([\d.]+)\]", f"[{found[1]}]")]


def test_they_are_small() -> None:
    sizes = [file.stat().st_size for file in FOLDER.iterdir()]
    assert max(sizes) <= PICTURE_BYTES
    assert sum(sizes) <= ALL_BYTES


def test_the_diagrams_are_those_of_the_script() -> None:
    for name, data in diagrams().items():
        assert (FOLDER / name).read_bytes() == data, f"{name}: {AGAIN}"


def test_the_rendered_pictures_are_those_of_the_script() -> None:
    for name, data in rendered().items():
        made, kept = (cv2.imdecode(np.frombuffer(d, np.uint8), cv2.IMREAD_COLOR) for d in (data, _file(name)))
        assert made is not None and kept is not None
        assert made.shape == kept.shape, f"{name}: {AGAIN}"
        # Not byte by byte: another processor rounds light and boxes a little otherwise.
        assert float(np.abs(made.astype(int) - kept.astype(int)).mean()) < 2.0, f"{name}: {AGAIN}"


def _file(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def test_the_good_view_shows_every_parked_car_in_its_zone() -> None:
    boxes, zone = views.found(views.paint(views.GOOD)), Zone.of("kerb", tuple(polygon("kerb")))
    for name in views.PARKED:
        (box,) = (box for box in boxes if iou(box, truth()[name]) > 0.7)
        assert zone.overlap(box) >= 0.5, "the rule's own bar"


def test_the_zones_to_write_are_those_of_the_picture() -> None:
    drawn = Zone.of("drawn", tuple(views.zone_of(views.USUAL))).polygon
    written = Zone.of("written", tuple(polygon("kerb"))).polygon
    assert written.intersection(drawn).area / written.union(drawn).area > 0.9
    xs, ys = zip(*polygon("bins"), strict=True)
    assert contained(truth()["bin"], (min(xs), min(ys), max(xs), max(ys))) == pytest.approx(1.0)


def test_each_bad_view_loses_cars_as_the_guide_says() -> None:
    assert [len(views.found(views.paint(view))) for view in views.BAD] == [1, 0, 0, 1, 1, 2]


def test_widths_of_cars_are_told_by_class() -> None:
    seen = [Sight(0.05, found=False), Sight(0.05, found=True), Sight(0.12, found=True)]
    assert table(seen) == "4% to 6%: 50% of 2\n10% to 15%: 100% of 1"


def test_a_long_line_of_a_terminal_goes_on_below_its_text() -> None:
    picture = terminal("t", f"  ✓ video           {'word ' * 30}\n{' ' * 20}mend: do it")
    lines = re.findall(r'<text x="([\d.]+)" y="(\d+)"[^>]*>([^<]*)</text>', picture)
    assert [text for _, _, text in lines[:2]] == ["✓", "video"]
    assert len({x for x, _, _ in lines[2:]}) == 1, "all texts in one column"
    assert " ".join(text for _, _, text in lines[2:-1]).split() == ["word"] * 30
    assert lines[-1][2] == "mend: do it"
