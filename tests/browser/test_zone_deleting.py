"""What a save would delete: whoever saves is asked first, and warned of a camera that watches for nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.console_box import DESKTOP, PHONE, ConsoleBox, accessible, page_of, screenshot
from tests.browser.zone_page import draw, in_force, market_street, open_editor

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleBox]:
    with market_street(tmp_path_factory.mktemp("deleting")) as running:
        yield running


def button(page: Page, name: str) -> Any:
    return page.get_by_role("button", name=re.compile(f"^({name})$"))


@pytest.mark.parametrize(("look", "lang"), [(DESKTOP, "en"), (PHONE, "zh-CN")])
def test_the_last_zone_is_not_deleted_without_a_question(
    browser: Browser, box: ConsoleBox, look: dict[str, Any], lang: str
) -> None:
    before = in_force_of(browser, box)
    with page_of(browser, box, lang=lang, look=look) as page:
        open_editor(page)
        button(page, "Delete zone|删除区域").click()
        expect(page.locator(".elsewhere")).to_contain_text(re.compile("nothing will be reported|不会上报任何事件"))
        button(page, "Save|保存").click()
        asked = page.get_by_role("alertdialog")
        expect(asked).to_contain_text("人行道")
        expect(asked).to_contain_text(re.compile("Rule removed|规则已取消"))
        expect(button(page, "Do not save yet|先不保存")).to_be_focused()
        accessible(page)
        screenshot(page, f"zones-delete-{'phone' if look is PHONE else 'desktop'}-{lang}")
        button(page, "Do not save yet|先不保存").click()
        expect(asked).to_have_count(0)
        assert in_force(page) == before
        button(page, "Save|保存").click()
        expect(asked).to_be_visible()
        button(page, "Undo|撤销").click()
        expect(asked).to_have_count(0)
        assert in_force(page) == before


def in_force_of(browser: Browser, box: ConsoleBox) -> dict[str, Any]:
    with page_of(browser, box) as page:
        open_editor(page)
        return in_force(page)


def test_a_rule_goes_after_yes_and_nothing_is_asked_of_what_only_comes(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        open_editor(page)
        draw(page, [(0.2, 0.2), (0.4, 0.2), (0.4, 0.4)])
        page.get_by_label("Illegal parking").check()
        button(page, "Save").click()
        expect(page.locator(".status .badge")).to_have_text("in force", timeout=30_000)
        assert len(in_force(page)["zones"]) == 2
        page.locator(".zone-names button").last.click()
        page.get_by_label("Illegal parking").uncheck()
        button(page, "Save").click()
        expect(page.get_by_role("alertdialog")).to_contain_text("zone-1: Illegal parking")
        button(page, "Save and delete them").click()
        expect(page.locator(".status .badge")).to_have_text("on probation")
        assert in_force(page)["zones"][1].get("rules", {}) == {}
