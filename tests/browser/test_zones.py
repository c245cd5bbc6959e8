"""Zones drawn on the real picture of a camera that runs, in a real browser; saved, in force, taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Browser, Page, expect

from tests.browser.console_box import (
    DESKTOP,
    PHONE,
    ROOT,
    VIEWER,
    ConsoleBox,
    accessible,
    console_box,
    page_of,
    screenshot,
)
from tests.browser.zone_page import at, drag, draw, drawn, in_force, near, open_editor
from tests.cameras import MAIN, PASSWORD, USER, simulated_camera
from tests.listener import Listener

pytestmark = pytest.mark.server
SKY = [[0.4, 0.02], [0.6, 0.02], [0.6, 0.12], [0.4, 0.12]]
STREET = [(0.05, 0.35), (0.95, 0.35), (0.95, 0.95), (0.05, 0.95)]


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleBox]:
    with simulated_camera(ROOT / "demo" / "street.mp4") as camera:
        gate = {
            "id": "gate",
            "name": "文三路",
            "url": camera.url(MAIN),
            "username": USER,
            "password": PASSWORD,
            "main_stream": "off",
            "zones": [{"id": "sky", "name": "天空", "polygon": SKY, "rules": {"illegal_parking": {}}}],
        }
        more = {"commands": {"probation": "10s"}}
        with console_box(tmp_path_factory.mktemp("zones"), cameras=[gate], more=more) as running:
            text = running.config.read_text()
            running.config.write_text(text)
            yield running


def geometry(page: Page, call: str) -> Any:
    return page.evaluate(f"import('/static/zones/geometry.js').then((g) => {call})")


def test_geometry(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box) as page:
        page.goto("/")
        square = "[[0,0],[1,0],[1,1],[0,1]]"
        assert geometry(page, f"g.split({square}, [0.5, 0.4], [0.5, 0.6])") == [
            [[0.5, 0], [1, 0], [1, 1], [0.5, 1]],
            [[0.5, 1], [0, 1], [0, 0], [0.5, 0]],
        ]
        assert geometry(page, f"g.split({square}, [1.5, 0], [1.5, 1])") is None
        assert geometry(page, f"g.split({square}, [0.5, 0.5], [0.5, 0.5])") is None
        parts = geometry(page, f"g.split({square}, [0, 0], [1, 1])")
        assert [len(part) for part in parts] == [3, 3], "through two corners"
        u_shape = "[[0,0],[1,0],[1,1],[0.7,1],[0.7,0.3],[0.3,0.3],[0.3,1],[0,1]]"
        left, right = geometry(page, f"g.split({u_shape}, [-0.1, 0.6], [0.4, 0.6])")
        sizes = sorted(geometry(page, f"[{left}, {right}].map(g.area)"))
        assert sizes == pytest.approx([0.12, 0.6]), "only the arm that the line was drawn across is cut"
        assert geometry(page, "g.crossesItself([[0,0],[1,1],[1,0],[0,1]])") is True
        assert geometry(page, f"g.crossesItself({square})") is False
        assert geometry(page, "g.moved([[0.1,0.1],[0.2,0.1],[0.2,0.2]], -0.5, 0.1)") == [
            [0, 0.2],
            [0.1, 0.2],
            [0.1, 0.3],
        ]
        near_box, far_box = "{x:0.5,y:0.6,w:0.3,h:0.2}", "{x:0.4,y:0.3,w:0.1,h:0.1}"
        assert geometry(page, f"g.carAt({near_box}, {far_box}, 0.6)") == pytest.approx({"w": 0.2, "h": 0.15})
        assert geometry(page, f"g.carAt({near_box}, {far_box}, 0)")["w"] == pytest.approx(0.004)
        assert geometry(page, "g.proposal([[0.1,0.1,0.2,0.2],[0.5,0.5,0.8,0.8],[0.3,0.3,0.4,0.4]])")["near"]["y"] == 0.5
        assert geometry(page, "g.proposal([[0.1,0.1,0.2,0.2]])") is None
        assert geometry(page, "[[0.1,0.1,0.2,0.2],[0,0.1,0.2,0.2],[0.1,0.1,0.2,1]].map(g.whole)") == [
            True,
            False,
            False,
        ]
        free = "g.freeSide([[0.2,0.5],[0.4,0.7],[0.8,0.5]], shop)"
        shops = "[[0.5,0.1],[0.5,0.9],[0.4,0.69],[0.4,0.71]]"
        sides = geometry(page, f"{shops}.map((shop) => [[0.5,0.2],[0.5,0.8]].map((place) => g.inside(place, {free})))")
        assert sides == [[True, False], [False, True], [True, False], [False, True]], "the side that the shop is on"


def test_a_zone_that_is_drawn_and_saved_reports_what_parks_in_it(browser: Browser, box: ConsoleBox) -> None:
    with Listener(box.broker.port) as centre, page_of(browser, box, lang="en") as page:
        open_editor(page)
        before = in_force(page)
        draw(page, STREET)
        expect(page.locator(".zone-names button")).to_have_count(2)
        assert near(drawn(page)["zone-1"], STREET)
        page.get_by_label("Id", exact=True).fill("kerb")
        page.get_by_label("Name", exact=True).fill("东门路缘")
        page.get_by_label("Stands how long").fill("5s")
        page.get_by_role("button", name="Show changes").click()
        expect(page.locator(".diff")).to_contain_text("+  - id: kerb")
        assert PASSWORD not in page.content()
        accessible(page)
        screenshot(page, "zones-changes-desktop")
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".status .badge")).to_have_text("on probation")
        now = in_force(page)
        assert now["version"] != before["version"]
        assert [zone["id"] for zone in now["zones"]] == ["sky", "kerb"]
        assert near(now["zones"][1]["polygon"], STREET)

        def reported() -> bool:
            events = [json.loads(arrived.payload) for arrived in centre.on("/event")]
            return any(event["data"]["zone"] == "kerb" for event in events)

        centre.wait_until(reported)
        expect(page.locator(".status .badge")).to_have_text("in force", timeout=30_000)
        written = yaml.safe_load(box.config.read_text())["cameras"][0]
        assert written["password"] == PASSWORD
        assert written["zones"][1]["name"] == "东门路缘"


def test_an_outline_that_crosses_itself_is_told_at_its_field(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="zh-CN") as page:
        open_editor(page)
        page.get_by_role("button", name="画新区域").click()
        for corner in [(0.2, 0.2), (0.8, 0.8), (0.8, 0.2), (0.2, 0.8), (0.2, 0.2)]:
            page.mouse.click(*at(page, *corner))
        expect(page.locator("#p-polygon")).to_contain_text("相交")
        expect(page.get_by_role("button", name="保存")).to_be_disabled()
        page.get_by_label("停留多久算违规").fill("三分钟")
        page.keyboard.press("Tab")
        expect(page.locator("[id='p-rules.illegal_parking.dwell']")).to_contain_text("三分钟")
        expect(page.get_by_label("停留多久算违规")).to_have_attribute("aria-invalid", "true")
        accessible(page)
        screenshot(page, "zones-problem-desktop")
        page.get_by_role("button", name="撤销").click()
        page.get_by_role("button", name="撤销").click()
        expect(page.locator("#p-polygon")).to_be_empty()
        expect(page.get_by_role("button", name="撤销")).to_be_disabled()


def test_what_the_box_does_not_even_look_at_is_told_at_its_field(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="zh-CN") as page:
        open_editor(page)
        page.get_by_label("名称", exact=True).fill("长" * 30_000)
        page.keyboard.press("Tab")
        expect(page.locator("#p-name")).to_contain_text("每个区域或时间表最多 20000 个字符")
        expect(page.get_by_label("名称", exact=True)).to_have_attribute("aria-invalid", "true")
        expect(page.get_by_role("button", name="保存")).to_be_disabled()
        expect(page.get_by_role("alert")).to_have_text("请先改正标出的问题。")
        page.get_by_label("名称", exact=True).fill("路缘")
        page.keyboard.press("Tab")
        expect(page.locator("#p-name")).to_be_empty()
        expect(page.get_by_role("alert")).to_have_count(0)
        expect(page.get_by_role("button", name="保存")).to_be_enabled()


def test_drag_insert_split_copy_and_undo(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        open_editor(page)
        draw(page, [(0.2, 0.3), (0.8, 0.3), (0.8, 0.7), (0.2, 0.7)])
        [name] = [name for name in drawn(page) if name.startswith("zone-")]
        drag(page, (0.2, 0.3), (0.1, 0.2))
        assert near(drawn(page)[name], [(0.1, 0.2), (0.8, 0.3), (0.8, 0.7), (0.2, 0.7)])
        drag(page, (0.5, 0.7), (0.5, 0.9))
        assert near(drawn(page)[name], [(0.1, 0.2), (0.8, 0.3), (0.8, 0.7), (0.5, 0.9), (0.2, 0.7)])
        drag(page, (0.4, 0.5), (0.45, 0.45))
        assert near(drawn(page)[name][:1], [(0.15, 0.15)])
        for _ in range(3):
            page.keyboard.press("Control+z")
        assert near(drawn(page)[name], [(0.2, 0.3), (0.8, 0.3), (0.8, 0.7), (0.2, 0.7)])
        page.keyboard.press("Control+y")
        assert near(drawn(page)[name][:1], [(0.1, 0.2)])
        page.keyboard.press("Control+z")
        zones = len(drawn(page))
        page.get_by_role("button", name="Split").click()
        page.mouse.click(*at(page, 0.5, 0.2))
        page.mouse.click(*at(page, 0.5, 0.8))
        parts = drawn(page)
        assert len(parts) == zones + 1
        assert near([sorted({round(x, 1) for x, _ in points}) for key, points in parts.items() if key.startswith(name)],
                    [[0.5, 0.8], [0.2, 0.5]]) or near(
            [sorted({round(x, 1) for x, _ in points}) for key, points in parts.items() if key.startswith(name)],
            [[0.2, 0.5], [0.5, 0.8]])  # fmt: skip
        page.get_by_role("button", name="Copy").click()
        assert len(drawn(page)) == zones + 2
        page.get_by_role("button", name="Delete zone").click()
        assert len(drawn(page)) == zones + 1
        page.get_by_role("button", name="Zoom in").click()
        page.get_by_role("button", name="Whole picture").click()
        screenshot(page, "zones-split-desktop")


def test_by_keyboard_alone(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        open_editor(page)
        page.get_by_role("button", name="New zone", exact=True).focus()
        page.keyboard.press("Enter")
        for moves in [("ArrowLeft", 2), ("ArrowDown", 2), ("ArrowRight", 4)]:
            for _ in range(moves[1]):
                page.keyboard.press(f"Shift+{moves[0]}")
            page.keyboard.press("Space")
        page.keyboard.press("Enter")
        [name] = [name for name in drawn(page) if name.startswith("zone-")]
        assert near(drawn(page)[name], [(0.4, 0.5), (0.4, 0.6), (0.6, 0.6)], 0.001)
        corner = page.get_by_role("button", name="Corner 1, ")
        corner.focus()
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Shift+ArrowLeft")
        assert near(drawn(page)[name], [(0.35, 0.495), (0.4, 0.6), (0.6, 0.6)], 0.001)
        page.get_by_role("button", name="Add a corner on edge 2").focus()
        page.keyboard.press("Enter")
        assert len(drawn(page)[name]) == 4
        expect(page.get_by_role("button", name="Corner 3, ")).to_be_focused()
        page.keyboard.press("Delete")
        assert len(drawn(page)[name]) == 3
        page.get_by_role("button", name=f"Zone {name}, chosen").focus()
        page.keyboard.press("Shift+ArrowDown")
        assert near(drawn(page)[name][1:2], [(0.4, 0.65)], 0.001)


def test_on_a_phone_with_a_finger(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en", look=PHONE) as page:
        open_editor(page)
        draw(page, [(0.2, 0.3), (0.8, 0.3), (0.8, 0.8)], touch=True)
        [name] = [name for name in drawn(page) if name.startswith("zone-")]
        assert near(drawn(page)[name], [(0.2, 0.3), (0.8, 0.3), (0.8, 0.8)], 0.02)
        page.touchscreen.tap(*at(page, 0.5, 0.3))
        assert len(drawn(page)[name]) == 4, "a tap on the dot of an edge puts a corner in"
        page.touchscreen.tap(*at(page, 0.5, 0.3))
        page.get_by_role("button", name="Delete corner").click()
        assert len(drawn(page)[name]) == 3
        page.get_by_role("button", name="Car size").click()
        page.touchscreen.tap(*at(page, 0.1, 0.9))
        expect(page.locator(".zone-canvas .car")).to_have_count(2)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing sticks out"
        accessible(page)
        screenshot(page, "zones-phone-en")
    with page_of(browser, box, lang="zh-CN", look=PHONE) as page:
        open_editor(page)
        screenshot(page, "zones-phone-zh")


def test_the_car_box_is_kept_and_scales_with_depth(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        open_editor(page)
        page.get_by_role("button", name="Car size").click()
        drag(page, (0.65, 0.7), (0.75, 0.75))
        kept = json.loads(page.evaluate("localStorage.getItem('car.gate')"))
        assert kept["near"]["x"] == pytest.approx(0.65, abs=0.01)
        sizes = []
        for y in (0.35, 0.9):
            page.mouse.move(*at(page, 0.2, y))
            sizes.append(float(str(page.locator(".ghost").get_attribute("data-ghost")).split()[0]))
        assert sizes[1] > 2 * sizes[0]
        screenshot(page, "zones-car-desktop")


def test_two_operators_and_the_way_back(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as mine, page_of(browser, box, lang="en") as other:
        for page in (mine, other):
            open_editor(page)
        was = in_force(mine)
        for page, name in ((mine, "mine"), (other, "other")):
            page.locator(".zone-names button").first.click()
            page.get_by_label("Name", exact=True).fill(name)
            page.keyboard.press("Tab")
            if page is mine:
                page.get_by_role("button", name="Save").click()
                expect(page.locator(".status .badge")).to_have_text("on probation")
                expect(page.locator(".status .badge")).to_have_text("in force", timeout=30_000)
        expect(other.locator(".conflict")).to_contain_text("王芳 changed the configuration at")
        mine.get_by_role("button", name="Versions").click()
        mine.locator("tbody tr").first.get_by_role("button").click()
        expect(mine.locator(".diff")).to_contain_text("-    name: mine")
        screenshot(mine, "zones-versions-desktop")
        mine.get_by_role("button", name="Go back to version").click()
        expect(mine.locator(".status .badge")).to_have_text("on probation")
        assert in_force(mine)["version"] == was["version"]
        expect(mine.locator(".status .badge")).to_have_text("in force", timeout=30_000)


def test_a_draft_goes_to_be_tried(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        open_editor(page)
        page.get_by_label("Stands how long").first.fill("77s")
        page.get_by_role("button", name="Try it").click()
        page.wait_for_url("**/#/whatif")
        draft = page.evaluate("sessionStorage.getItem('draft')")
        assert "77s" in draft
        assert PASSWORD not in draft


def test_a_viewer_looks_but_changes_nothing(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en", look=DESKTOP) as page:
        open_editor(page, VIEWER)
        expect(page.get_by_role("button", name="Save")).to_have_count(0)
        expect(page.get_by_label("Name", exact=True)).to_be_disabled()
        codes = page.evaluate(
            """() => Promise.all(["draft", "save"].map((what) => fetch(`/api/zones/gate/${what}`, {method: "POST",
                headers: {"Content-Type": "application/json"}, body: "{}"}).then((answer) => answer.status)))"""
        )
        assert codes == [403, 403]


def test_the_texts_are_whole() -> None:
    folder = ROOT / "agent/console/static/texts"
    texts = [json.loads(Path(folder / lang / "zones.json").read_text("utf-8")) for lang in ("en", "zh-CN")]
    assert texts[0].keys() == texts[1].keys()
