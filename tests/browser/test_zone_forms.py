"""The goods line of a zone and the calendars of its rules, in a real browser; what is saved of them, byte by byte."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import yaml
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browser.console_box import PHONE, ConsoleBox, accessible, page_of, screenshot
from tests.browser.zone_page import (
    CALENDARS,
    NIGHTS,
    TEXT_OF_NIGHTS,
    at,
    drag,
    fingers,
    in_force,
    market_street,
    near,
    open_editor,
    zone_in_hand,
)

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleBox]:
    with market_street(tmp_path_factory.mktemp("tools")) as running:
        yield running


def line(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = zone_in_hand(page, "pavement")["rules"]["stall_encroachment"].get("goods_line", {})
    return found


def calendar(page: Page) -> Any:
    return zone_in_hand(page, "pavement")["rules"]["stall_encroachment"].get("calendar")


def changed_lines(before: str, after: str) -> tuple[list[str], list[str]]:
    """Those that are only in the one, and only in the other."""
    old, new = before.splitlines(), after.splitlines()
    return [one for one in old if one not in new], [one for one in new if one not in old]


def save(page: Page, words: Sequence[str] = ("Save", "on probation", "in force")) -> None:
    page.get_by_role("button", name=words[0]).click()
    for word in words[1:]:
        expect(page.locator(".status .badge")).to_have_text(word, timeout=30_000)


def test_a_goods_line_is_drawn_moved_saved_and_deleted_with_the_mouse(browser: Browser, box: ConsoleBox) -> None:
    text = box.config.read_text()
    with page_of(browser, box, lang="en") as page:
        open_editor(page)
        expect(page.locator(".goods")).to_have_count(0)
        page.get_by_role("button", name="Draw the line").click()
        for place in [(0.1, 0.5), (0.9, 0.6), (0.9, 0.6)]:
            page.mouse.click(*at(page, *place))
        expect(page.locator(".hint")).to_contain_text("shop's side")
        page.mouse.click(*at(page, 0.5, 0.35))
        assert near([*line(page)["points"], line(page)["shop"]], [(0.1, 0.5), (0.9, 0.6), (0.5, 0.35)])
        drag(page, (0.9, 0.6), (0.9, 0.5))
        drag(page, (0.5, 0.5), (0.5, 0.7))
        drag(page, (0.5, 0.35), (0.3, 0.4))
        assert near(line(page)["points"], [(0.1, 0.5), (0.5, 0.7), (0.9, 0.5)])
        assert near([line(page)["shop"]], [(0.3, 0.4)])
        drag(page, (0.2, 0.55), (0.2, 0.6))
        assert near(line(page)["points"], [(0.1, 0.55), (0.5, 0.75), (0.9, 0.55)]), "taken between its dots, all of it"
        page.mouse.click(*at(page, 0.5, 0.75))
        page.get_by_role("button", name="Delete corner").click()
        assert near(line(page)["points"], [(0.1, 0.55), (0.9, 0.55)])
        accessible(page)
        screenshot(page, "zones-line-desktop")
        save(page)
        drawn = line(page)
        gone, new = changed_lines(text, box.config.read_text())
        assert gone == []
        assert [one.strip() for one in new] == [f"goods_line: {{points: {drawn['points']}, shop: {drawn['shop']}}}"]
        page.get_by_role("button", name="Delete the line").click()
        expect(page.locator(".goods")).to_have_count(0)
        save(page)
        assert box.config.read_text() == text


def test_nothing_can_be_edited_while_a_save_waits_for_its_answer(browser: Browser, box: ConsoleBox) -> None:
    waiting: list[Route] = []
    with page_of(browser, box, lang="en") as page:
        open_editor(page)
        page.get_by_label("Name", exact=True).fill("pavement in front")
        page.keyboard.press("Tab")
        page.route("**/save", lambda route: waiting.append(route))
        with page.expect_request("**/save"):
            page.get_by_role("button", name="Save").click()
        expect(page.locator("[inert]")).to_have_count(1)
        waiting[0].abort()
        expect(page.locator("[inert]")).to_have_count(0)
        expect(page.get_by_role("button", name="Save")).to_be_enabled()


def test_a_line_that_leaves_no_part_is_told_at_its_field(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="zh-CN") as page:
        open_editor(page)
        page.get_by_role("button", name="画外摆线").click()
        for place in [(0.1, 0.2), (0.9, 0.2), (0.9, 0.2), (0.5, 0.5)]:
            page.mouse.click(*at(page, *place))
        told = page.locator("[id='p-rules.stall_encroachment.goods_line']")
        expect(told).to_contain_text("整个区域都在商铺一侧")
        accessible(page)
        screenshot(page, "zones-line-problem-desktop-zh")
        drag(page, (0.5, 0.2), (0.5, 0.5))
        expect(told).to_be_empty()


def test_a_goods_line_by_keyboard_alone(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        open_editor(page)
        page.get_by_role("button", name="Draw the line").focus()
        page.keyboard.press("Enter")
        expect(page.locator(".zone-canvas")).to_be_focused()
        for key in ["Shift+ArrowLeft"] * 8 + ["Space"] + ["Shift+ArrowRight"] * 16 + ["Space", "Enter"]:
            page.keyboard.press(key)
        for key in ["Shift+ArrowUp", "Shift+ArrowUp", "Space"]:
            page.keyboard.press(key)
        assert near([*line(page)["points"], line(page)["shop"]], [(0.1, 0.5), (0.9, 0.5), (0.5, 0.4)], 0.001)
        page.get_by_role("button", name="Add a point on part 1 of the goods line").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Point 2 of the goods line")).to_be_focused()
        page.keyboard.press("Shift+ArrowDown")
        assert near(line(page)["points"], [(0.1, 0.5), (0.5, 0.55), (0.9, 0.5)], 0.001)
        page.keyboard.press("Delete")
        assert near(line(page)["points"], [(0.1, 0.5), (0.9, 0.5)], 0.001)
        page.keyboard.press("Delete")
        expect(page.locator(".hint")).to_contain_text("at least two points")
        page.get_by_role("button", name="The shop's side of the goods line").focus()
        page.keyboard.press("ArrowLeft")
        assert near([line(page)["shop"]], [(0.495, 0.4)], 0.001)
        page.get_by_role("button", name="Goods line; arrow keys move it").focus()
        page.keyboard.press("Shift+ArrowDown")
        assert near([*line(page)["points"], line(page)["shop"]], [(0.1, 0.55), (0.9, 0.55), (0.495, 0.45)], 0.001)
        page.keyboard.press("Delete")
        assert line(page) == {}
        expect(page.locator(".zone-canvas")).to_be_focused()
        page.keyboard.press("Control+z")
        assert near(line(page)["points"], [(0.1, 0.55), (0.9, 0.55)], 0.001)


def test_a_goods_line_with_a_finger(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="zh-CN", look=PHONE) as page:
        open_editor(page)
        page.get_by_role("button", name="画外摆线").tap()
        for place in [(0.1, 0.5), (0.9, 0.6), (0.9, 0.6), (0.5, 0.35)]:
            page.touchscreen.tap(*at(page, *place))
        assert near([*line(page)["points"], line(page)["shop"]], [(0.1, 0.5), (0.9, 0.6), (0.5, 0.35)], 0.02)
        fingers(page, [(0.9, 0.6)], [(0.9, 0.65)], [(0.9, 0.7)])
        fingers(page, [(0.5, 0.6)], [(0.5, 0.7)], [(0.5, 0.75)])
        assert near(line(page)["points"], [(0.1, 0.5), (0.5, 0.75), (0.9, 0.7)], 0.02)
        accessible(page)
        screenshot(page, "zones-line-phone-zh")
        page.get_by_role("button", name="删除外摆线").tap()
        assert line(page) == {}


def group(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name=name, exact=True)


def test_windows_and_dates_of_a_calendar_are_edited_and_the_rest_stays(browser: Browser, box: ConsoleBox) -> None:
    text = box.config.read_text()
    was = yaml.safe_load(NIGHTS)
    with page_of(browser, box, lang="en") as page:
        open_editor(page)
        expect(page.get_by_label("In force", exact=True).first).to_have_value("own")
        assert calendar(page) == was
        expect(group(page, "In force, time 1").get_by_label("from")).to_have_value("07:00")
        expect(group(page, "In force, time 2").get_by_label("Sat")).to_be_checked()
        expect(group(page, "In force, time 2").get_by_label("Sun")).not_to_be_checked()
        night = group(page, "Allowed nevertheless (night market…), time 1")
        expect(night).to_contain_text("until the next day")
        night.get_by_label("to", exact=True).fill("23:30")
        night.get_by_label("Sun").check()
        expect(night).not_to_contain_text("until the next day")
        group(page, "In force, time 2").get_by_role("button", name="Delete").click()
        expect(page.get_by_role("button", name="Add a time", exact=True)).to_be_focused()
        page.get_by_role("button", name="Add a day off").click()
        page.keyboard.type("10012026")
        page.get_by_role("button", name="Add a day off").click()
        group(page, "Days off").locator("input").last.fill("2026-10-02")
        page.get_by_role("button", name="Add a working day").click()
        group(page, "Make-up working days (as a Monday)").locator("input").last.fill("2026-10-10")
        page.keyboard.press("Tab")
        wanted = {
            "active": [{"from": "07:00"}],
            "permitted": [{"days": ["fri", "sat", "sun"], "from": "18:00", "to": "23:30"}],
            "holidays": ["2026-10-01", "2026-10-02"],
            "workdays": ["2026-10-10"],
        }
        assert calendar(page) == wanted
        accessible(page)
        screenshot(page, "zones-calendar-desktop")
        save(page)
        gone, new = changed_lines(text, box.config.read_text())
        assert gone == [TEXT_OF_NIGHTS]
        assert len(new) == 1
        assert new[0].endswith("   # night market, as agreed")
        [zone] = in_force(page)["zones"]
        assert zone["rules"]["stall_encroachment"]["calendar"] == wanted


def test_what_is_wrong_in_a_calendar_is_told_at_its_field(browser: Browser, box: ConsoleBox) -> None:
    path = "rules.stall_encroachment.calendar"
    with page_of(browser, box, lang="zh-CN", look=PHONE) as page:
        open_editor(page)
        first = group(page, "管控时段，第 1 个")
        first.get_by_label("从").fill("7点")
        for day in "一二三四五六日":
            first.get_by_label(day, exact=True).uncheck()
        page.get_by_role("button", name="加一个不管的日子").tap()
        for place, text in {"active[0].from": "时刻", "active[0].days": "请至少勾选一天"}.items():
            expect(page.locator(f"[id='p-{path}.{place}']")).to_contain_text(text)
        expect(page.locator(f"[id='p-{path}.holidays[{len(calendar(page)['holidays']) - 1}]']")).to_contain_text(
            "请选择日期"
        )
        expect(first.get_by_label("从")).to_have_attribute("aria-invalid", "true")
        expect(page.get_by_role("button", name="保存")).to_be_disabled()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing sticks out"
        accessible(page)
        screenshot(page, "zones-calendar-phone-zh")
        first.get_by_label("从").fill("07：30")
        page.keyboard.press("Tab")
        assert calendar(page)["active"][0]["from"] == "07:30", "a full-width colon, as a Chinese keyboard gives it"


def test_a_calendar_of_the_file_is_taken_by_its_name_or_as_a_start(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="zh-CN") as page:
        open_editor(page)
        chosen = page.get_by_label("何时有效", exact=True)
        chosen.select_option(label="workday")
        assert calendar(page) == "workday"
        expect(page.locator(".calendar").first).to_contain_text("管控：一、二 07:00–22:00；不管：2026-10-01")
        chosen.select_option(label="自定时间……")
        assert calendar(page) == CALENDARS["workday"]
        chosen.select_option(label="一直有效")
        assert calendar(page) is None
        page.keyboard.press("Control+z")
        chosen.select_option(label="workday")
        save(page, ("保存", "试用中", "已生效"))
        [zone] = in_force(page)["zones"]
        assert zone["rules"]["stall_encroachment"]["calendar"] == "workday"
        assert "calendar: workday   # night market, as agreed" in box.config.read_text()
