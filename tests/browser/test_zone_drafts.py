"""Edits that are not saved: whose they are, and what becomes of them when the box is away; in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.console_box import (
    DESKTOP,
    OPERATOR,
    PHONE,
    VIEWER,
    ConsoleBox,
    console_box,
    log_in,
    page_of,
    screenshot,
)
from tests.browser.zone_page import in_force, market_street, open_editor

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleBox]:
    with market_street(tmp_path_factory.mktemp("drafts")) as running:
        yield running


def log_out(page: Page) -> None:
    page.get_by_role("button", name="Log out").click()
    page.locator("#password").wait_for()


def test_a_draft_is_gone_for_whoever_comes_after_its_owner(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        open_editor(page)
        page.get_by_label("Name", exact=True).fill("draft")
        log_out(page)
        for who in (VIEWER, OPERATOR):
            open_editor(page, who)
            expect(page.get_by_label("Name", exact=True)).to_have_value("人行道")
            log_out(page)


def test_a_draft_waits_for_its_owner_where_the_login_ran_out(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        open_editor(page)
        page.get_by_label("Name", exact=True).fill("draft")
        for who, name in ((VIEWER, "人行道"), (OPERATOR, "draft")):
            page.context.clear_cookies()
            page.reload()
            page.locator("#password").wait_for()
            log_in(page, who)
            page.goto("/#/zones/gate")
            expect(page.get_by_label("Name", exact=True)).to_have_value(name)


def rename(page: Page, name: str) -> None:
    page.get_by_label(re.compile("^(Name|名称)$")).fill(name)


def press_save(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^(Save|保存)$")).click()


def settled(page: Page) -> None:
    expect(page.locator(".status .badge")).to_have_text(re.compile("in force|已生效"), timeout=30_000)


def save_without_answer(page: Page, name: str, *, arrives: bool, known: str) -> None:
    """The box is away from then on, until it was told that this is not known."""
    rename(page, name)
    page.route("**/api/me", lambda route: route.abort())
    page.route("**/save", lambda route: (route.fetch() if arrives else None, route.abort()))
    press_save(page)
    told = page.locator(".answer")
    expect(told).to_contain_text(re.compile("not known whether|还不知道"))
    screenshot(page, f"zones-not-known-{name}")
    page.unroute("**/save")
    page.unroute("**/api/me")
    expect(told).to_contain_text(re.compile(known))
    assert (in_force(page)["zones"][0]["name"] == name) is arrives


@pytest.mark.parametrize(("look", "lang"), [(DESKTOP, "en"), (PHONE, "zh-CN")])
def test_a_save_without_an_answer_is_looked_up(
    browser: Browser, box: ConsoleBox, look: dict[str, Any], lang: str
) -> None:
    with page_of(browser, box, lang=lang, look=look) as page:
        open_editor(page)
        save_without_answer(page, f"not {lang}", arrives=False, known="not in force|没有生效")
        save_without_answer(page, f"so {lang}", arrives=True, known="was made|已经保存")
        expect(page.locator(".zone-names .badge")).to_be_hidden()
        settled(page)


def test_an_answer_that_breaks_off_is_no_answer(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        open_editor(page)
        rename(page, "cut")
        page.route(
            "**/save", lambda route: route.fulfill(status=200, content_type="application/json", body='{"state": ')
        )
        page.route("**/api/me", lambda route: route.abort())
        press_save(page)
        expect(page.get_by_role("alert")).to_contain_text("not known whether")
        page.unroute("**/api/me")
        expect(page.locator(".answer")).to_contain_text("not in force")


def test_a_fault_of_the_connection_goes_with_it(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        open_editor(page)
        page.route("**/draft", lambda route: route.abort())
        rename(page, "away")
        expect(page.get_by_role("alert")).to_contain_text("does not answer")
        page.unroute("**/draft")
        expect(page.get_by_role("alert")).to_have_count(0)


def test_the_page_says_that_the_box_is_away_and_goes_on(browser: Browser, tmp_path: Path) -> None:
    with console_box(tmp_path, users=False) as box, page_of(browser, box, lang="en") as page:
        page.goto("/#/zones/street")
        page.locator("svg[data-picture=there]").wait_for()
        box.agent.stop()
        expect(page.locator("#trouble")).to_contain_text("No connection to the box")
        rename(page, "meanwhile")
        expect(page.get_by_role("alert")).to_contain_text("does not answer")
        press_save(page)
        box.agent.start()
        expect(page.locator("#trouble")).to_be_empty()
        expect(page.get_by_role("alert")).to_have_count(0)
        press_save(page)
        expect(page.locator(".status .badge")).to_have_text("on probation")
