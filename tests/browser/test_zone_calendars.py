"""The calendars of the file, which zones share, seen and changed in the zone editor; in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.console_box import (
    DESKTOP,
    PHONE,
    ROOT,
    SQUARE,
    VIEWER,
    ConsoleBox,
    accessible,
    console_box,
    page_of,
    screenshot,
    street,
)
from tests.browser.zone_page import PAVEMENT, in_force, open_editor
from tests.cameras import MAIN, PASSWORD, USER, simulated_camera

pytestmark = pytest.mark.server
SCHOOL = "上学 a.b"
TEXT = f"""\
calendars:   # as agreed with the school
  "{SCHOOL}":
    active:
      - days: [mon, tue]   # lessons
        from: 07:00        # bell
        to: "22:00"
    holidays: [2026-10-01]
  nights: {{active: [{{from: '20:00', to: '06:00'}}]}}   # nobody uses it yet
"""


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleBox]:
    def zone(name: str, polygon: list[list[float]]) -> dict[str, Any]:
        return {"id": "kerb", "name": name, "polygon": polygon, "rules": {"illegal_parking": {"calendar": SCHOOL}}}

    with simulated_camera(ROOT / "demo" / "street.mp4") as camera:
        login = {"username": USER, "password": PASSWORD}
        gate: dict[str, Any] = {"id": "gate", "name": "校门", "url": camera.url(MAIN), **login}
        gate |= {"main_stream": "off", "zones": [zone("人行道", PAVEMENT)]}
        cameras = [gate, street(zones=[zone("路边", SQUARE)])]
        more = {"commands": {"probation": "10s"}}
        folder = tmp_path_factory.mktemp("calendars")
        with console_box(folder, cameras=cameras, more=more, written=lambda text: text + TEXT) as running:
            yield running


def school(page: Page) -> Locator:
    return page.locator(f"[id='calendar-{SCHOOL}']")


def opened(page: Page) -> Locator:
    school(page).locator("summary").click()
    return school(page)


def start(page: Page) -> Locator:
    return page.locator(f"[id='f-calendars.{SCHOOL}.active[0].from']")


@pytest.mark.parametrize(("look", "lang"), [(DESKTOP, "en"), (PHONE, "zh-CN"), (DESKTOP, "zh-CN"), (PHONE, "en")])
def test_a_calendar_is_shown_whole_with_the_zones_that_it_holds_for(
    browser: Browser, box: ConsoleBox, look: dict[str, Any], lang: str
) -> None:
    with page_of(browser, box, lang=lang, look=look) as page:
        open_editor(page)
        page.get_by_role("button", name=re.compile(f"(Change|修改)“{SCHOOL}”|Change “{SCHOOL}”")).click()
        expect(school(page).locator("summary")).to_be_focused()
        expect(school(page)).to_contain_text("校门 · 人行道")
        expect(school(page)).to_contain_text("文三路 · 路边")
        expect(school(page)).to_contain_text(re.compile("for all 2 of these|以下 2 处共用"))
        expect(start(page)).to_have_value("07:00")
        expect(school(page).locator("input[type=date]")).to_have_value("2026-10-01")
        nights = page.locator("#calendar-nights")
        nights.locator("summary").click()
        expect(nights).to_contain_text(re.compile("No zone uses it|没有区域使用"))
        page.get_by_label(re.compile("^(Name|名称)$")).fill("东侧")
        expect(school(page)).to_contain_text("校门 · 东侧")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing sticks out"
        accessible(page)
        screenshot(page, f"zones-named-{'phone' if look is PHONE else 'desktop'}-{lang[:2]}")


def test_a_calendar_is_changed_for_all_its_zones_and_the_rest_stays(browser: Browser, box: ConsoleBox) -> None:
    text = box.config.read_text()
    with page_of(browser, box, lang="en") as page:
        open_editor(page)
        opened(page)
        start(page).fill("08:30")
        expect(page.locator(".zone-form .calendar .soft").first).to_contain_text("Mon, Tue 08:30–22:00")
        page.get_by_role("button", name="Show changes").click()
        expect(page.locator(".diff")).to_contain_text('+        from: "08:30"        # bell')
        screenshot(page, "zones-named-changes-desktop")
        page.get_by_role("button", name="Save").click()
        for word in ("on probation", "in force"):
            expect(page.locator(".status .badge")).to_have_text(word, timeout=30_000)
        after = box.config.read_text()
        assert after == text.replace("from: 07:00        # bell", 'from: "08:30"        # bell')
        page.goto("/#/zones/street")
        page.locator("svg[data-picture=there]").wait_for()
        opened(page)
        expect(start(page)).to_have_value("08:30")
        page.get_by_role("button", name="Versions").click()
        page.locator("tbody tr").first.get_by_role("button").click()
        expect(page.locator(".diff")).to_contain_text("+        from: 07:00        # bell")
        page.get_by_role("button", name="Go back to version").click()
        for word in ("on probation", "in force"):
            expect(page.locator(".status .badge")).to_have_text(word, timeout=30_000)
        assert box.config.read_text() == text


def test_what_is_wrong_in_a_calendar_is_told_there_and_undone_in_one_step(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box) as page:
        open_editor(page)
        opened(page)
        start(page).fill("7点")
        for day in "一二":
            school(page).get_by_label(day, exact=True).uncheck()
        expect(page.locator(f"[id='p-calendars.{SCHOOL}.active[0].from']")).to_contain_text("7点")
        expect(start(page)).to_have_attribute("aria-invalid", "true")
        expect(page.locator(f"[id='p-calendars.{SCHOOL}.active[0].days']")).to_have_text("请至少勾选一天。")
        school(page).get_by_role("button", name="加一个不管的日子").click()
        expect(page.locator(f"[id='p-calendars.{SCHOOL}.holidays[1]']")).to_have_text("请选择日期。")
        expect(page.get_by_role("button", name="保存")).to_be_disabled()
        expect(page.locator(".elsewhere")).to_be_empty()
        accessible(page)
        screenshot(page, "zones-named-problem-desktop-zh")
        for _ in range(4):
            page.get_by_role("button", name="撤销").click()
        expect(start(page)).to_have_value("07:00")
        expect(page.get_by_role("button", name="撤销")).to_be_disabled()
        expect(page.locator(".zone-form .problem span")).to_have_count(0)


def test_a_conflict_keeps_what_either_made_of_the_calendars(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as other, page_of(browser, box, lang="en") as mine:
        for page in (other, mine):
            open_editor(page)
            opened(page)
        start(mine).fill("09:00")
        school(other).locator("input[type=date]").fill("2026-10-05")
        other.get_by_role("button", name="Save").click()
        for word in ("on probation", "in force"):
            expect(other.locator(".status .badge")).to_have_text(word, timeout=30_000)
        mine.get_by_role("button", name="Save").click()
        mine.get_by_role("button", name="Keep mine").click()
        expect(mine.locator(".answer")).to_contain_text("with your changes made in it")
        expect(mine.locator(".answer li")).to_have_count(0)
        mine.get_by_role("button", name="Save").click()
        for word in ("on probation", "in force"):
            expect(mine.locator(".status .badge")).to_have_text(word, timeout=30_000)
        calendar = in_force(mine)["calendars"][SCHOOL]
        assert calendar["active"][0] == {"days": ["mon", "tue"], "from": "09:00", "to": "22:00"}
        assert calendar["holidays"] == ["2026-10-05"]


def test_a_viewer_sees_the_calendars_but_changes_none(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        open_editor(page, VIEWER)
        opened(page)
        expect(school(page)).to_contain_text("文三路 · 路边")
        expect(start(page)).to_be_disabled()
        expect(page.get_by_role("button", name="Change")).to_have_count(0)
