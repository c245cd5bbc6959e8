"""Cars stand close together: each clock can be read, none covers another, whatever the size of the picture."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from scripts.render.camera import Camera
from scripts.render.film import Film
from scripts.render.light import DAY
from scripts.render.scene import Actor, Key, Lens, Scene
from scripts.render.street import Street
from scripts.render.things import Car
from scripts.render.video import write_video
from tests.browser.console_box import (
    DESKTOP,
    PHONE,
    VIEWER,
    ConsoleBox,
    accessible,
    console_box,
    log_in,
    page_of,
    screenshot,
)

pytestmark = pytest.mark.server
LOOKS = {"phone": PHONE, "desktop": DESKTOP}
CARS = (
    Car("sedan", "red"),
    Car("suv", "blue"),
    Car("hatchback", "silver"),
    Car("van", "white"),
    Car("sedan", "yellow"),
    Car("suv", "grey"),
    Car("hatchback", "black"),
)
ROW = [[0.0, 0.4], [1.0, 0.4], [1.0, 0.75], [0.0, 0.75]]
PLATES = "[...document.querySelectorAll('.clock .plate')].map(it => it.getBoundingClientRect().toJSON())"


def car_park(path: Path) -> Path:
    """Half a minute of seven cars that stand side by side, all the time."""
    row = tuple(
        Actor(f"car-{i}", car, (Key(0, 3.0 * i - 9, 13.0, 90.0), Key(99, 3.0 * i - 9, 13.0, 90.0)))
        for i, car in enumerate(CARS)
    )
    camera = Camera(size_px=(960, 540), place_m=(0.0, -3.0, 6.0), yaw_deg=0.0, pitch_deg=15.0, view_deg=72.0)
    scene = Scene(
        name="row",
        actors=row,
        camera=camera,
        street=Street(),
        light=DAY,
        lens=Lens(noise=0.8),
        seed=11,
        duration_s=1.0,
        fps=1,
    )
    still = next(iter(Film(scene).shots())).image
    grain = np.random.default_rng(11)
    pictures = (
        np.clip(still + grain.normal(0, 3, still.shape), 0, 255).astype(np.uint8)  # no camera gives the same twice
        for _ in range(30)
    )
    write_video(path, pictures, size_px=(960, 540), fps=1)
    return path


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleBox]:
    folder = tmp_path_factory.mktemp("clocks")
    zone: dict[str, Any] = {"id": "row", "name": "消防通道", "polygon": ROW}
    zone["rules"] = {"illegal_parking": {"dwell": "30s"}}
    park = {"id": "park", "name": "停车场", "url": f"file:{car_park(folder / 'row.mp4')}", "zones": [zone]}
    with console_box(folder, cameras=[park]) as running:
        yield running


def shown(page: Page, least: int) -> list[dict[str, float]]:
    """The plates of one look, once there are so many."""
    page.wait_for_function("n => document.querySelectorAll('.clock .plate').length >= n", arg=least)
    return list(page.evaluate(PLATES))


def check_apart(plates: list[dict[str, float]], view: dict[str, float]) -> None:
    for a, b in combinations(plates, 2):
        beside = a["right"] <= b["left"] or b["right"] <= a["left"]
        assert beside or a["bottom"] <= b["top"] or b["bottom"] <= a["top"], f"{a} covers {b}"
    for it in plates:
        assert view["left"] - 1 <= it["left"] and it["right"] <= view["right"] + 1, f"{it} is cut off"
        assert view["top"] - 1 <= it["top"] and it["bottom"] <= view["bottom"] + 1, f"{it} is cut off"


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_no_clock_covers_another(browser: Browser, box: ConsoleBox, size: str, lang: str) -> None:
    with page_of(browser, box, lang=lang, look=LOOKS[size]) as page:
        log_in(page, VIEWER)
        plates = shown(page, 6)
        check_apart(plates, page.locator(".view").evaluate("it => it.getBoundingClientRect().toJSON()"))
        tallest = max(it["height"] for it in plates)
        assert tallest >= 20, "as large as before: to be read on the ladder"
        accessible(page)
        screenshot(page, f"clocks-wall-{lang[:2]}-{size}")
        page.locator("[data-camera=park]").click()
        expect(page.locator(".standing li")).to_have_count(len(CARS))
        check_apart(shown(page, len(CARS)), page.locator(".view").evaluate("it => it.getBoundingClientRect().toJSON()"))
        expect(page.locator(".rest")).to_have_count(0)
        screenshot(page, f"clocks-large-{lang[:2]}-{size}")


def test_places_are_apart_the_same_each_time_and_the_longest_stay(browser: Browser, box: ConsoleBox) -> None:
    """Any number of plates of any width, in pictures of any shape."""
    grain = np.random.default_rng(7)
    with page_of(browser, box) as page:
        log_in(page, VIEWER)
        for _ in range(60):
            width, height = 1000.0, float(grain.choice([420, 562, 750, 1777]))
            high = float(grain.uniform(40, 140))
            plates = [
                {"x": x, "y": y, "wide": high * wide, "high": high}
                for x, y, wide in grain.uniform((-50, -80, 2.7), (1050, height, 3.7), (int(grain.integers(0, 40)), 3))
            ]
            given: dict[str, Any] = {"width": width, "height": height, "share": float(grain.choice([0.25, 1.0]))}
            given["rest"] = {"wide": high * 2, "high": high}
            arrange = "([plates, given]) => import('/static/plates.js').then(it => it.arranged(plates, given))"
            found = page.evaluate(arrange, [plates, given])
            assert found == page.evaluate(arrange, [plates, given])
            placed = [
                {**place, "right": place["x"] + plate["wide"], "bottom": place["y"] + plate["high"]}
                for plate, place in zip(plates, found["places"], strict=True)
                if place
            ]
            if len(placed) < len(plates):
                rest = found["rest"]
                placed.append({**rest, "right": rest["x"] + rest["wide"], "bottom": rest["y"] + rest["high"]})
            else:
                assert found["rest"] is None
            assert not plates or found["places"][0], "what matters most is shown"
            edges = [{"left": it["x"], "top": it["y"], **it} for it in placed]
            check_apart(edges, {"left": 0, "top": 0, "right": width, "bottom": height})
            covered = sum(
                plate["wide"] * plate["high"] for plate, place in zip(plates, found["places"], strict=True) if place
            )
            assert covered <= given["share"] * width * height
