"""Edits that are not saved: whose they are, and what becomes of them when the box is away; in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.console_box import OPERATOR, VIEWER, ConsoleBox, log_in, page_of
from tests.browser.zone_page import market_street, open_editor

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
