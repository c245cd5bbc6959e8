"""Teaching a bin zone from kept pictures in the browser, until the running agent reads it. The photos are real."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from agent.adapters.clock import SystemClock
from agent.adapters.onnx.features import FeatureExtractor
from agent.adapters.onnx.zone_reader import Lens
from agent.adapters.zone_album import ZoneAlbum
from agent.adapters.zone_pictures import cropped, taken
from agent.app.places import ALBUM
from tests.browser.console_box import (
    PHONE,
    ROOT,
    VIEWER,
    ConsoleBox,
    accessible,
    console_box,
    log_in,
    page_of,
    screenshot,
)
from tests.films import standing, write_film
from tests.street_zones import SIZE_PX, ZONE, street_windows

pytestmark = pytest.mark.server
MODEL = ROOT / "models" / "street-nano.onnx"
MOST = 40


@dataclass
class School:
    """A box whose album holds real pictures of a zone. `truth`: whether each is full, by its number."""

    box: ConsoleBox
    truth: dict[int, bool] = field(default_factory=dict)


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    folder = tmp_path_factory.mktemp("teach")
    windows = list(islice(street_windows(), MOST + 1))
    full = [window for window in windows if window.full]
    film = write_film(folder / "bin.mp4", standing(full[-1].image, 40, seed=1), SIZE_PX)
    truth = filled(folder / "data" / ALBUM, [(window.image, window.full) for window in windows[:MOST]])
    zone = {"id": "heap", "name": "垃圾桶", "polygon": [list(corner) for corner in ZONE]}
    camera = {
        "id": "gate",
        "name": "东门",
        "url": f"file:{film}",
        "zones": [{**zone, "rules": {"garbage_overflow": {"place": "bin"}}}],
    }
    with console_box(folder, cameras=[camera], more={"model": {"file": str(MODEL), "workers": 1}}) as box:
        yield School(box, truth)


def filled(folder: Path, pictures: list[tuple[object, bool]]) -> dict[int, bool]:
    """The album as the agent would have filled it in the last hours."""
    extractor = FeatureExtractor.load(MODEL)
    lens, album, now, truth = Lens(extractor.sha256, lambda: extractor), ZoneAlbum(folder), SystemClock().now().utc, {}
    for n, (image, full) in enumerate(pictures):
        number = round((now - timedelta(minutes=10 * (len(pictures) - n))).timestamp() * 1000)
        album.keep(("gate", "heap"), taken(lens, ZONE, image, number=number, why="time"), cropped(image, ZONE))  # type: ignore[arg-type]
        truth[number] = full
    return truth


def reading(page: Page) -> float | None:
    """What the running agent says of the zone; somebody has to watch it for that."""
    shown: float | None = page.evaluate(
        """async () => {
          await fetch('/api/cameras/gate/picture');
          return (await (await fetch('/api/cameras/gate')).json()).zones[0].full;
        }"""
    )
    return shown


def test_marking_training_switching_on_and_off(browser: Browser, school: School) -> None:
    with page_of(browser, school.box) as page:
        log_in(page)
        assert reading(page) is None, "it was taught nothing yet"
        page.get_by_role("link", name="示教").click()
        page.get_by_role("link", name="东门 · 垃圾桶").click()
        page.locator(".tile").nth(MOST - 1).wait_for()
        train = page.get_by_role("button", name="开始学习")
        train.click()
        expect(page.locator(".lesson .fault")).to_contain_text("图片太少")
        mark_by_keyboard(page, school)
        expect(page.locator(".counts")).to_contain_text(f"满溢 {sum(school.truth.values())}")
        train.click()
        expect(page.locator(".lesson dd").nth(2)).to_have_text(re.compile(r"^(0\.[89]\d\d|1\.000)$"))
        points = page.locator(".curve polyline").get_attribute("points")
        assert points is not None
        assert len(points.split()) >= MOST
        assert reading(page) is None, "nothing is switched on yet"
        accessible(page)
        screenshot(page, "teach-desktop")
        page.get_by_role("button", name="启用", exact=True).click()
        expect(page.get_by_text("已启用，数秒内生效。")).to_be_visible()
        page.wait_for_function(
            """async () => {
              await fetch('/api/cameras/gate/picture');
              const camera = await (await fetch('/api/cameras/gate')).json();
              return camera.zones[0].full > 0.5;
            }"""
        )
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="停用").click()
        expect(page.locator(".page .badge").first).to_have_text("未示教")
        page.get_by_role("link", name="操作记录").click()
        expect(page.locator("tbody")).to_contain_text("启用示教")
        expect(page.locator("tbody")).to_contain_text("gate/heap")


def mark_by_keyboard(page: Page, school: School) -> None:
    """Each picture by arrow keys, C and F."""
    first = page.locator(".tile").first
    first.focus()
    for _ in range(page.locator(".tile").count()):
        number = page.evaluate("Number(document.activeElement.dataset.picture)")
        if number in school.truth:
            page.keyboard.press("f" if school.truth[number] else "c")
        else:
            page.keyboard.press("ArrowRight")


def test_touch_and_both_roles_on_a_phone(browser: Browser, school: School) -> None:
    with page_of(browser, school.box, lang="en", look=PHONE) as page:
        log_in(page)
        page.goto("/#/teach/gate/heap")
        tile = page.locator(".tile").last
        tile.wait_for()
        seen = []
        for _ in range(3):
            tile.tap()
            seen.append(tile.get_attribute("data-mark"))
        assert sorted(map(str, seen)) == ["", "clean", "full"]
        page.get_by_role("button", name="Take a picture now").tap()
        expect(page.get_by_text("A picture is kept with the next look.")).to_be_visible()
        page.wait_for_function(
            """async () => (await (await fetch('/api/teach/gate/heap/pictures?limit=100')).json())
              .pictures.some((it) => it.why === 'asked')"""
        )
        accessible(page)
        screenshot(page, "teach-phone")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    with page_of(browser, school.box, lang="en", look=PHONE) as page:
        log_in(page, VIEWER)
        page.goto("/#/teach/gate/heap")
        page.locator(".tile").first.wait_for()
        expect(page.get_by_role("button", name="Train")).to_have_count(0)
        page.locator(".tile").first.tap()
        assert page.evaluate("fetch('/api/teach/gate/heap/train', {method: 'POST'}).then((it) => it.status)") == 403


def test_zones_that_are_none_are_told(browser: Browser, school: School) -> None:
    with page_of(browser, school.box, lang="en") as page:
        log_in(page, VIEWER)
        page.goto("/#/teach/gate/none")
        expect(page.get_by_role("alert")).to_contain_text("no zone none")
