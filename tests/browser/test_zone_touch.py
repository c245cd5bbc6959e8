"""Two fingers on the picture of the zone editor, and the cars in it; in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Response, expect

from tests.browser.console_box import PHONE, ConsoleBox, page_of, screenshot
from tests.browser.zone_page import PAVEMENT, at, drawn, fingers, market_street, near, open_editor, seen, zone_in_hand

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleBox]:
    with market_street(tmp_path_factory.mktemp("touch")) as running:
        yield running


def test_two_fingers_come_closer_and_move_the_picture(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en", look=PHONE) as page:
        open_editor(page)
        assert seen(page) == pytest.approx([0, 0, 1, 1])
        fingers(page, [(0.4, 0.5), (0.6, 0.5)], [(0.35, 0.5), (0.65, 0.5)], [(0.3, 0.5), (0.7, 0.5)])
        left, top, width, height = seen(page)
        assert (width, height) == pytest.approx((0.5, 0.5), abs=0.01), "fingers twice as far apart: twice as large"
        assert (left + 0.5 * width, top + 0.5 * height) == pytest.approx((0.5, 0.5), abs=0.01), "around them"
        fingers(page, [(0.4, 0.5), (0.6, 0.5)], [(0.5, 0.6), (0.7, 0.6)], [(0.6, 0.7), (0.8, 0.7)])
        assert seen(page) == pytest.approx([left - 0.1, top - 0.1, width, height], abs=0.01), "both go along: moved"
        fingers(page, [(0.3, 0.5), (0.7, 0.5)], [(0.4, 0.5), (0.6, 0.5)], [(0.45, 0.5), (0.55, 0.5)])
        assert seen(page) == pytest.approx([0, 0, 1, 1], abs=0.001), "never smaller than the whole picture"


def test_two_fingers_change_no_zone(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en", look=PHONE) as page:
        open_editor(page)
        corner = (0.1, 0.3)
        fingers(page, [corner], [corner, (0.6, 0.6)], [(0.2, 0.4), (0.5, 0.5)], [(0.25, 0.45), (0.45, 0.5)])
        assert near(drawn(page)["人行道"], PAVEMENT, 0.001)
        page.get_by_role("button", name="Whole picture").tap()
        fingers(page, [corner], [(0.2, 0.4)], [(0.2, 0.4), (0.6, 0.6)], [(0.1, 0.4), (0.7, 0.6)])
        assert near(drawn(page)["人行道"], PAVEMENT, 0.001), "also one that was being dragged"
        page.get_by_role("button", name="Whole picture").tap()
        drag_on = [corner, (0.15, 0.35), (0.2, 0.4)]
        fingers(page, *([place] for place in drag_on))
        assert near(drawn(page)["人行道"][:1], [(0.2, 0.4)]), "and one finger drags again"
        expect(page.get_by_role("button", name="Redo")).to_be_disabled()


def test_a_corner_is_found_where_it_is_seen_closer(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en", look=PHONE) as page:
        open_editor(page)
        fingers(page, [(0.05, 0.3), (0.15, 0.3)], [(0.03, 0.3), (0.17, 0.3)], [(0.01, 0.3), (0.19, 0.3)])
        left, top, width, height = seen(page)

        def there(x: float, y: float) -> tuple[float, float]:
            return (x - left) / width, (y - top) / height

        fingers(page, [there(0.1, 0.3)], [there(0.15, 0.35)], [there(0.2, 0.4)])
        assert near(zone_in_hand(page, "pavement")["polygon"], [(0.2, 0.4), *map(tuple, PAVEMENT[1:])], 0.005)


TWO_CARS = """async () => {
    const { look } = await (await fetch("/api/cameras/gate")).json();
    const whole = ([x1, y1, x2, y2]) => x1 > 0.005 && y1 > 0.005 && x2 < 0.995 && y2 < 0.995;
    const cars = (look?.boxes ?? []).filter((box) => ["car", "truck", "bus"].includes(box.class_name));
    const ends = cars.filter((box) => box.score >= 0.35 && whole(box.box_n)).map((box) => box.box_n[3]);
    return Math.max(...ends) - Math.min(...ends) > 0.03;
}"""
TAKEN_OR_NOT = """() => localStorage.getItem("car.gate") !== null
    || document.querySelector(".hint").textContent.startsWith("No near")"""


def is_whole(x1: float, y1: float, x2: float, y2: float) -> bool:
    """Not cut by the edge of the picture."""
    return min(x1, y1) > 0.005 and max(x2, y2) < 0.995


def test_the_cars_in_the_picture_are_taken_for_the_car_box(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        open_editor(page)
        page.get_by_role("button", name="Car size").click()
        answers: list[Response] = []
        page.on("response", lambda answer: answers.append(answer))
        while page.evaluate("localStorage.getItem('car.gate')") is None:
            page.wait_for_function(TWO_CARS)
            page.evaluate("document.querySelector('.hint').textContent = ''")  # what was said of the try before
            page.get_by_role("button", name="Take the cars in the picture").click()
            page.wait_for_function(TAKEN_OR_NOT)  # not, where one has driven off, or looks were too quick
        look = next(one for one in reversed(answers) if one.url.endswith("/api/cameras/gate")).json()["look"]
        picture = next(one for one in reversed(answers) if "/picture" in one.url)
        assert picture.headers["etag"].startswith(f'"{look["tag"]}-'), "they are in the picture that is shown"
        found = [one for one in look["boxes"] if one["score"] >= 0.35 and is_whole(*one["box_n"])]
        cars = [one["box_n"] for one in found if one["class_name"] == "car"]
        if not cars or max(y2 for *_, y2 in cars) - min(y2 for *_, y2 in cars) <= 0.03:
            cars = [one["box_n"] for one in found if one["class_name"] in ("car", "truck", "bus")]
        far, close = (choose(cars, key=lambda box_n: box_n[3]) for choose in (min, max))
        kept = page.evaluate("JSON.parse(localStorage.getItem('car.gate'))")
        for name, (x1, y1, x2, y2) in {"near": close, "far": far}.items():
            assert [kept[name][key] for key in "xywh"] == pytest.approx([x1, y1, x2 - x1, y2 - y1])
        drawn = page.locator(".car rect[data-car=near]")
        assert float(drawn.get_attribute("width") or 0) == pytest.approx((close[2] - close[0]) * 1000)
        page.mouse.move(*at(page, (close[0] + close[2]) / 2, close[3]))
        width, height = map(float, str(page.locator(".ghost").get_attribute("data-ghost")).split())
        assert (width, height) == pytest.approx((close[2] - close[0], close[3] - close[1]), abs=0.01)
        expect(page.locator(".hint")).to_contain_text("Choose a zone")
        screenshot(page, "zones-cars-desktop")


def test_where_no_cars_are_seen_that_is_said(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="zh-CN") as page:
        open_editor(page)
        page.get_by_role("button", name="车身比例").click()
        page.route("**/api/cameras/gate", lambda route: route.fulfill(json={"look": {"boxes": []}}))
        page.get_by_role("button", name="按画面中的车设置").click()
        expect(page.locator(".hint")).to_contain_text("请手动拖动")
        assert page.evaluate("localStorage.getItem('car.gate')") is None
