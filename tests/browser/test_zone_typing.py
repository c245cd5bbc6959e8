"""What is typed in the form of a zone counts as it is typed; in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.console_box import PHONE, ConsoleBox, accessible, page_of, screenshot
from tests.browser.zone_page import drawn, market_street, open_editor, zone_in_hand

pytestmark = pytest.mark.server
RULE = "rules.stall_encroachment"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleBox]:
    with market_street(tmp_path_factory.mktemp("typing")) as running:
        yield running


def pavement(page: Page) -> dict[str, Any]:
    return zone_in_hand(page, "pavement")


def test_a_name_counts_while_it_is_typed_and_is_one_step_of_undo(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        open_editor(page)
        name = page.get_by_label("Name", exact=True)
        name.click()
        page.keyboard.press("End")
        page.keyboard.type("east")
        assert pavement(page)["name"] == "人行道east"
        expect(name).to_be_focused()
        expect(page.get_by_role("button", name="Save")).to_be_enabled()
        expect(page.locator(".zone-names button")).to_have_text("人行道east")
        assert list(drawn(page)) == ["人行道east"]
        page.keyboard.press("Tab")
        page.get_by_label("Stands how long").fill("9m")
        page.get_by_role("button", name="Undo").click()
        assert (pavement(page)["name"], pavement(page)["rules"]["stall_encroachment"]["dwell"]) == ("人行道east", "5m")
        page.get_by_role("button", name="Undo").click()
        expect(name).to_have_value("人行道")
        expect(page.get_by_role("button", name="Undo")).to_be_disabled()
        page.get_by_role("button", name="Redo").click()
        expect(name).to_have_value("人行道east")


def test_what_was_typed_and_taken_back_by_hand_is_no_step(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        open_editor(page)
        page.get_by_label("Name", exact=True).click()
        page.keyboard.press("End")
        page.keyboard.type("x")
        expect(page.get_by_role("button", name="Undo")).to_be_enabled()
        page.keyboard.press("Backspace")
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Undo")).to_be_disabled()
        expect(page.locator(".zone-names .badge")).to_be_hidden()


def test_a_word_counts_once_the_input_method_has_made_it(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box) as page:
        open_editor(page)
        page.get_by_label("名称", exact=True).click()
        page.keyboard.press("End")
        keys = page.context.new_cdp_session(page)
        keys.send("Input.imeSetComposition", {"text": "dong", "selectionStart": 4, "selectionEnd": 4})
        expect(page.get_by_label("名称", exact=True)).to_have_value("人行道dong")
        assert pavement(page)["name"] == "人行道"
        keys.send("Input.insertText", {"text": "东"})
        assert pavement(page)["name"] == "人行道东"
        page.get_by_role("button", name="撤销").click()
        expect(page.get_by_role("button", name="撤销")).to_be_disabled()


def test_times_and_numbers_count_while_they_are_typed_too(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        open_editor(page)
        start = page.locator(f"[id='f-{RULE}.calendar.active[0].from']")
        start.click()
        page.keyboard.press("Control+A")
        page.keyboard.type("08:")
        expect(page.locator(f"[id='p-{RULE}.calendar.active[0].from']")).to_contain_text("08:")
        page.keyboard.type("30")
        expect(page.locator(f"[id='p-{RULE}.calendar.active[0].from']")).to_be_empty()
        assert pavement(page)["rules"]["stall_encroachment"]["calendar"]["active"][0] == {"from": "08:30"}
        page.get_by_label("Least score").first.click()
        page.keyboard.type("0.6")
        assert pavement(page)["rules"]["stall_encroachment"]["min_score"] == 0.6
        for _ in range(2):
            page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("button", name="Undo")).to_be_disabled()


@pytest.mark.parametrize("look", [PHONE, {"viewport": {"width": 1280, "height": 800}}], ids=["phone", "desktop"])
def test_ids_and_names_that_are_there_twice_are_told_at_the_field_that_is_typed_in(
    browser: Browser, box: ConsoleBox, look: dict[str, Any]
) -> None:
    with page_of(browser, box, look=look) as page:
        open_editor(page)
        page.get_by_role("button", name="复制").click()
        page.get_by_label("名称", exact=True).fill("人行道")
        expect(page.locator("#p-name")).to_have_text("本摄像机另有同名区域，容易弄混。")
        expect(page.get_by_role("button", name="保存")).to_be_enabled()
        page.locator(".zone-names button").first.click()
        page.get_by_label("编号", exact=True).fill("pavement-2")
        expect(page.locator("#p-id")).to_have_text("本摄像机已有区域用了这个编号，请另取一个。")
        expect(page.get_by_label("编号", exact=True)).to_have_attribute("aria-invalid", "true")
        expect(page.get_by_role("button", name="保存")).to_be_disabled()
        with page.expect_response("**/draft"):
            page.get_by_label("编号", exact=True).press("End")
            page.keyboard.type("!")
        expect(page.locator("#p-id")).to_contain_text("应为")
        page.keyboard.press("Backspace")
        accessible(page)
        screenshot(page, f"zones-doubles-{'phone' if look is PHONE else 'desktop'}")
        page.get_by_label("编号", exact=True).fill("pavement")
        expect(page.locator("#p-id")).to_be_empty()
        page.get_by_label("名称", exact=True).fill("人行道西")
        expect(page.locator("#p-name")).to_be_empty()


def test_what_was_typed_right_before_it_is_saved(browser: Browser, box: ConsoleBox) -> None:
    waiting: list[Route] = []
    with page_of(browser, box, lang="en") as page:
        page.clock.install()
        open_editor(page)
        page.clock.run_for(1_000)
        page.route("**/draft", lambda route: waiting.append(route))
        page.get_by_label("Name", exact=True).fill("at the last moment")
        with page.expect_request("**/draft"):
            page.get_by_role("button", name="Save").click()
        page.clock.run_for(5_000)  # a slow box: the check after a change would come due meanwhile
        with page.expect_response("**/save") as saved:
            for route in waiting:
                route.continue_()
        assert saved.value.status == 200
