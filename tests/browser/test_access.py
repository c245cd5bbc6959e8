"""Logging in and out, roles, languages, the record; in a real browser before a running agent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.console_box import (
    DESKTOP,
    OPERATOR,
    PHONE,
    VIEWER,
    ConsoleBox,
    accessible,
    console_box,
    log_in,
    page_of,
    screenshot,
)

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleBox]:
    with console_box(tmp_path_factory.mktemp("console")) as running:
        yield running


@pytest.mark.parametrize(("lang", "enter", "cameras"), [("zh-CN", "登录", "摄像机"), ("en-GB", "Log in", "Cameras")])
@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_somebody_logs_in_in_his_language(
    browser: Browser, box: ConsoleBox, lang: str, enter: str, cameras: str, size: str
) -> None:
    with page_of(browser, box, lang=lang, look=PHONE if size == "phone" else DESKTOP) as page:
        page.goto("/")
        expect(page.locator("h1")).to_have_text(enter)
        accessible(page)
        screenshot(page, f"login-{lang[:2]}-{size}")
        log_in(page)
        expect(page.locator("h1")).to_have_text(cameras)
        expect(page.locator("header nav a").first).to_have_text(cameras)


def test_a_wrong_password_is_told_and_written_down(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        page.goto("/")
        page.locator("#name").fill(OPERATOR[0])
        page.locator("#password").fill("not the password")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("The name or the password is wrong.")
        log_in(page)
        page.get_by_role("link", name="Audit log").click()
        expect(page.locator("tbody tr").first).to_contain_text("done")
        expect(page.locator("tbody")).to_contain_text("refused")
        accessible(page)


def test_a_viewer_is_not_shown_what_operators_did(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        log_in(page, VIEWER)
        expect(page.get_by_role("link", name="Audit log")).to_have_count(0)
        assert page.evaluate("fetch('/api/audit').then((answer) => answer.status)") == 403


def test_the_language_can_be_changed_and_is_kept(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        log_in(page)
        page.get_by_label("Language").select_option("zh-CN")
        expect(page.locator("header nav a").first).to_have_text("摄像机")
        page.get_by_role("link", name="操作记录").click()
        expect(page.locator("tbody tr").first).to_contain_text("完成")
        page.reload()
        expect(page.locator("header nav a").first).to_have_text("摄像机")


def test_after_logging_out_nothing_is_told_any_more(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        log_in(page)
        page.get_by_role("button", name="Log out").click()
        expect(page.locator("#password")).to_be_visible()
        assert page.evaluate("fetch('/api/me').then((answer) => answer.status)") == 401


def test_by_keyboard_alone(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        page.goto("/")
        expect(page.locator("#name")).to_be_focused()
        page.keyboard.type(OPERATOR[0])
        page.keyboard.press("Tab")
        page.keyboard.type(OPERATOR[1])
        page.keyboard.press("Enter")
        page.locator("header nav a").first.wait_for()
        page.get_by_role("link", name="Audit log").focus()
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("Audit log")


def test_at_the_box_itself_nobody_needs_a_password(browser: Browser, tmp_path: Path) -> None:
    with console_box(tmp_path, users=False) as box, page_of(browser, box, lang="en") as page:
        page.goto("/")
        expect(page.locator("h1")).to_have_text("Cameras")
        expect(page.locator("header")).to_contain_text("local")
