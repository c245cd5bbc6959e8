"""Two people at one incident, and one who presses twice."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.console_box import (
    PHONE,
    ConsoleBox,
    accessible,
    console_box,
    log_in,
    page_of,
    parked_street,
    screenshot,
)
from tests.browser.test_incidents import an_incident, asked
from tests.browser.test_incidents_live import do

pytestmark = pytest.mark.server
TOLERATED = {"reason": "tolerated"}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleBox]:
    folder = tmp_path_factory.mktemp("together")
    looking = {"model": {"workers": 1, "recheck": "0s"}}  # although nothing moves there
    with console_box(folder, cameras=[parked_street(folder)], more=looking) as running:
        yield running


def deaf(page: Page) -> None:
    """Let the page hear of nothing by itself: as in the moment before it does."""
    page.route("**/api/stream**", lambda route: route.abort())


def judged(page: Page, incident: str) -> str | None:
    found: str | None = asked(page, f"/api/incidents/{incident}")["incident"]["disposition"]
    return found


def test_a_dialog_that_is_open_tells_of_a_colleagues_judgement(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        log_in(page)
        incident = an_incident(page)
        page.get_by_role("button", name="Dismiss…").click()
        dialog = page.get_by_role("dialog")
        do(page, incident, "dismiss", TOLERATED)
        expect(dialog.get_by_role("alert")).to_contain_text(
            "王芳, at this box has dismissed this meanwhile: Tolerated."
        )
        dialog.get_by_role("button", name="Dismiss").click()
        again = dialog.get_by_role("button", name="Dismiss all the same")
        expect(again).to_be_focused()
        assert judged(page, incident) == "tolerated"
        accessible(page)
        screenshot(page, "incident-judged-meanwhile")
        dialog.get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("button", name="Take the dismissal back")).to_be_visible()
        assert judged(page, incident) == "tolerated"
        do(page, incident, "restore")


def test_who_has_heard_nothing_is_asked_again_and_may_insist(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="zh-CN", look=PHONE) as page:
        log_in(page)
        deaf(page)
        incident = an_incident(page)
        page.get_by_role("button", name="撤销……").click()
        do(page, incident, "dismiss", TOLERATED)
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="撤销").click()
        expect(dialog.get_by_role("alert")).to_contain_text("撤销为“允许存在”")
        assert judged(page, incident) == "tolerated"
        screenshot(page, "incident-judged-meanwhile-phone")
        dialog.get_by_role("button", name="仍要撤销").click()
        expect(dialog).to_be_hidden()
        expect(page.locator(".result")).to_contain_text("已撤销。")
        assert judged(page, incident) == "false_report"
        do(page, incident, "restore")


def test_a_dismissal_that_is_taken_back_twice(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        log_in(page)
        deaf(page)
        incident = an_incident(page)
        do(page, incident, "dismiss", TOLERATED)
        page.reload()
        back = page.get_by_role("button", name="Take the dismissal back")
        held: list[Route] = []
        page.route("**/restore", lambda route: held.append(route))
        back.click()
        expect(back).to_be_disabled()
        expect(page.get_by_role("button", name="Look again now")).to_be_disabled()
        page.unroute("**/restore")
        do(page, incident, "restore")  # a colleague is faster
        held[0].continue_()
        expect(page.locator(".result")).to_have_text("The dismissal was taken back already.")
        expect(page.locator(".fault")).to_have_count(0)
        expect(page.locator(".head .badge").first).to_have_text("Ended, dismissal taken back")
        page.goto("/#/audit")
        lines = page.locator("tbody tr", has_text=incident).filter(has_text="take a dismissal back")
        expect(lines.first).to_contain_text("it was so already")


def test_the_centre_is_said_to_know_only_once_it_does(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        log_in(page)
        incident = an_incident(page)
        page.get_by_role("button", name="Acknowledge").click()
        expect(page.locator(".result")).to_have_text("Acknowledged. The centre has been told.")
        do(page, incident, "dismiss", TOLERATED)
        expect(page.locator(".head")).to_contain_text("Tolerated")
        expect(page.locator(".result")).to_be_empty()
        do(page, incident, "restore")
        expect(page.locator(".head .badge").first).to_have_text(re.compile("taken back"))
