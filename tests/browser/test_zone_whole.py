"""A zone and its goods line are moved, copied and cut as one; in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from agent.core.zones import Zone
from tests.browser.console_box import PHONE, ConsoleBox, page_of, screenshot
from tests.browser.zone_page import PAVEMENT, at, drag, fingers, market_street, near, open_editor, zone_in_hand

pytestmark = pytest.mark.server
RULE = "stall_encroachment"
MIDDLE = [[0.3, 0.3], [0.7, 0.3], [0.7, 0.7], [0.3, 0.7]]


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleBox]:
    with market_street(tmp_path_factory.mktemp("whole")) as running:
        yield running


def with_line(points: list[list[float]], shop: list[float]) -> dict[str, Any]:
    rule = {"dwell": "5m", "goods_line": {"points": points, "shop": shop}}
    return {"id": "kerb", "polygon": MIDDLE, "rules": {RULE: rule, "illegal_parking": {}}}


def call(page: Page, name: str, *given: object) -> Any:
    arguments = ", ".join(json.dumps(one) for one in given)
    return page.evaluate(f"import('/static/zones/whole.js').then((whole) => whole.{name}({arguments}))")


def watched(zone: dict[str, Any]) -> BaseGeometry:
    """Where goods may not stand, as the box reckons it."""
    line = zone["rules"][RULE]["goods_line"]
    return Zone.of("", zone["polygon"]).beyond(line["points"], line["shop"]).ground


@pytest.mark.parametrize(
    ("points", "shop"),
    [
        ([[0.2, 0.5], [0.8, 0.6]], [0.5, 0.4]),
        ([[0.0, 0.45], [1.0, 0.5]], [0.5, 0.0]),
        ([[0.0, 0.45], [0.5, 0.6], [1.0, 0.5]], [0.1, 0.02]),
        ([[0.45, 1.0], [0.4, 0.4], [0.5, 0.35], [0.5, 0.0]], [0.98, 0.5]),
        ([[0.5, 0.1], [0.55, 0.25]], [0.9, 0.2]),
        ([[0.28, 0.34], [0.5, 0.5], [0.72, 0.34]], [0.5, 0.1]),
    ],
)
def test_goods_may_stand_at_the_same_part_of_a_zone_wherever_it_is_moved(
    browser: Browser, box: ConsoleBox, points: list[list[float]], shop: list[float]
) -> None:
    zone = with_line(points, shop)
    with page_of(browser, box) as page:
        page.goto("/")
        for by in [(0.1, 0.05), (-0.2, 0.25), (0.29, -0.29), (-0.29, 0.0), (0.0, 0.29), (2.0, 2.0), (-2.0, 0.1)]:
            moved = call(page, "shifted", zone, *by)
            dx, dy = (new - old for new, old in zip(moved["polygon"][0], MIDDLE[0], strict=True))
            wanted = translate(watched(zone), dx, dy)
            assert watched(moved).symmetric_difference(wanted).area < 1e-4, by
            line = moved["rules"][RULE]["goods_line"]
            assert all(0 <= v <= 1 for point in [*line["points"], line["shop"]] for v in point)
            assert (dx, dy) == pytest.approx(by, abs=0.02) or max(map(abs, by)) > 1, "a line holds no zone back"
            back = call(page, "shifted", moved, -dx, -dy)
            assert watched(back).symmetric_difference(watched(zone)).area < 1e-4, "there and back again"


def test_each_part_of_a_zone_that_is_cut_is_watched_as_before(browser: Browser, box: ConsoleBox) -> None:
    zone = with_line([[0.2, 0.5], [0.8, 0.5]], [0.5, 0.4])
    with page_of(browser, box) as page:
        page.goto("/")
        both = call(page, "halves", zone, [0.5, 0.2], [0.5, 0.8])
        assert both["told"] == ["cut"]
        assert sum(watched(part).area for part in both["zones"]) == pytest.approx(watched(zone).area)
        level = call(page, "halves", zone, [0.2, 0.5], [0.8, 0.5])
        assert sorted(level["told"]) == ["cut", "cut_beyond", "cut_free"]
        upper, lower = sorted(level["zones"], key=lambda part: min(y for _, y in part["polygon"]))
        assert upper["rules"] == {"illegal_parking": {}}, "goods may stand everywhere there"
        assert lower["rules"] == {RULE: {"dwell": "5m"}, "illegal_parking": {}}, "and nowhere there"
        lower_half = call(page, "halves", zone, [0.2, 0.6], [0.8, 0.6])
        assert sorted(lower_half["told"]) == ["cut", "cut_beyond"]
        assert call(page, "halves", zone, [0.1, 0.1], [0.2, 0.1]) is None


def test_a_copy_is_beside_its_zone_also_at_the_edge(browser: Browser, box: ConsoleBox) -> None:
    zone = with_line([[0.2, 0.5], [0.8, 0.5]], [0.5, 0.4])
    corner = {**zone, "polygon": [[0.6, 0.6], [1, 0.6], [1, 1], [0.6, 1]]}
    with page_of(browser, box) as page:
        page.goto("/")
        assert call(page, "copied", zone)["rules"][RULE]["goods_line"]["points"] == [[0.23, 0.53], [0.83, 0.53]]
        assert call(page, "copied", corner)["polygon"][0] == [0.57, 0.57]


def draw_line(page: Page) -> None:
    page.get_by_role("button", name="Draw the line").click()
    for place in [(0.1, 0.5), (0.9, 0.6), (0.9, 0.6), (0.5, 0.35)]:
        page.mouse.click(*at(page, *place))


def line(page: Page, zone: str = "pavement") -> list[list[float]]:
    found = zone_in_hand(page, zone)["rules"][RULE]["goods_line"]
    return [*found["points"], found["shop"]]


def test_a_zone_is_dragged_with_its_line_and_one_undo_brings_both_back(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        open_editor(page)
        draw_line(page)
        before = line(page)
        drag(page, (0.3, 0.8), (0.35, 0.75))
        assert near(zone_in_hand(page, "pavement")["polygon"], [[x + 0.05, y - 0.05] for x, y in PAVEMENT])
        assert near(line(page), [[x + 0.05, y - 0.05] for x, y in before])
        screenshot(page, "zones-line-moved-desktop")
        page.get_by_role("button", name="Undo").click()
        assert (zone_in_hand(page, "pavement")["polygon"], line(page)) == (PAVEMENT, before)
        page.get_by_role("button", name="Zone 人行道, chosen").focus()
        page.keyboard.press("Shift+ArrowDown")
        assert near(line(page), [[x, y + 0.05] for x, y in before], 0.001)
        page.keyboard.press("Control+z")
        assert line(page) == before


def test_a_zone_is_copied_and_cut_with_its_line(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        open_editor(page)
        draw_line(page)
        before = line(page)
        page.get_by_role("button", name="Copy").click()
        assert near(line(page, "pavement-2"), [[x + 0.03, y + 0.03] for x, y in before], 0.001)
        expect(page.get_by_label("Name", exact=True)).to_have_value("人行道 2")
        page.get_by_role("button", name="Undo").click()
        page.get_by_role("button", name="Split").click()
        for place in [(0.05, 0.75), (0.95, 0.75)]:
            page.mouse.click(*at(page, *place))
        expect(page.locator(".hint")).to_contain_text("that half has no line any more")
        assert line(page) == before
        assert "goods_line" not in zone_in_hand(page, "pavement-2")["rules"][RULE]
        page.get_by_role("button", name="Undo").click()
        assert (zone_in_hand(page, "pavement")["polygon"], line(page)) == (PAVEMENT, before)


def test_a_second_finger_takes_a_drag_back_and_the_fields_are_those_of_the_zone(
    browser: Browser, box: ConsoleBox
) -> None:
    with page_of(browser, box, lang="en", look=PHONE) as page:
        open_editor(page)
        fingers(page, [(0.5, 0.8)], [(0.5, 0.7)], [(0.5, 0.7), (0.2, 0.4)])
        page.get_by_label("Stands how long").fill("9m")
        page.keyboard.press("Tab")
        assert zone_in_hand(page, "pavement")["polygon"] == PAVEMENT
        assert zone_in_hand(page, "pavement")["rules"][RULE]["dwell"] == "9m"
