"""What the pages have in common: an address that leads nowhere, and a box that is away when a page is opened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.console_box import (
    DESKTOP,
    PHONE,
    ConsoleBox,
    accessible,
    console_box,
    log_in,
    page_of,
    parked_street,
    screenshot,
)
from tests.browser.test_incidents import an_incident
from tests.memory_disk import fill, memory_disk

pytestmark = pytest.mark.server
AWAY = "The box does not answer; it may be starting anew. This page tries again by itself…"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleBox]:
    with console_box(tmp_path_factory.mktemp("console")) as running:
        yield running


@pytest.mark.parametrize(
    ("lang", "size", "title", "link", "cameras"),
    [
        ("zh-CN", "phone", "没有这个页面", "返回摄像机", "摄像机"),
        ("en", "desktop", "There is no such page", "To the cameras", "Cameras"),
    ],
)
def test_an_address_that_leads_nowhere_is_told(
    browser: Browser, box: ConsoleBox, lang: str, size: str, title: str, link: str, cameras: str
) -> None:
    with page_of(browser, box, lang=lang, look=PHONE if size == "phone" else DESKTOP) as page:
        log_in(page)
        for address in ("#/nosuch", "#/nosuch/gate?x=1", "#/toString", "#/%E0%A4%A"):
            page.goto(f"/{address}")
            expect(page.locator("h1")).to_have_text(title)
        accessible(page)
        screenshot(page, f"nowhere-{lang[:2]}-{size}")
        page.get_by_role("link", name=link).click()
        expect(page.locator("h1")).to_have_text(cameras)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("#/camera/nope", "设备上没有这台摄像机。"),
        ("#/zones/nope", "设备上没有这台摄像机。"),
        ("#/incident/nope", "这个地址没有内容。"),
        ("#/incident/01a21ca0-0000-7000-8000-000000000000", "设备上没有这个事件。"),
    ],
)
def test_what_is_not_on_the_box_is_told_in_the_language_of_the_page(
    browser: Browser, box: ConsoleBox, address: str, told: str
) -> None:
    with page_of(browser, box) as page:
        log_in(page)
        page.goto(f"/{address}")
        expect(page.locator(".fault")).to_have_text(told)
        page.get_by_role("link", name="返回摄像机").click()
        expect(page.locator("h1")).to_have_text("摄像机")


def test_a_page_that_is_opened_while_the_box_starts_anew_says_so_and_comes_back(
    browser: Browser, tmp_path: Path
) -> None:
    with console_box(tmp_path, users=False) as box, page_of(browser, box, lang="en") as page:
        page.goto("/#/audit")
        expect(page.locator("h1")).to_have_text("Audit log")
        box.agent.stop()
        page.get_by_role("link", name="Incidents").click()
        expect(page.get_by_role("alert")).to_have_text(AWAY)
        screenshot(page, "away-en-desktop")
        box.agent.start()
        expect(page.locator("h1")).to_have_text("Incidents", timeout=60_000)


def test_a_box_that_does_not_answer_to_logging_out_is_told(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        log_in(page)
        page.goto("/#/audit")
        page.locator("td, dd").first.wait_for()
        page.route("**/api/logout", lambda route: route.abort())
        page.get_by_role("button", name="Log out").click()
        expect(page.locator("#trouble")).to_have_text("The box does not answer.")
        page.unroute("**/api/logout")
        page.get_by_role("button", name="Log out").click()
        expect(page.locator("#password")).to_be_visible()
        expect(page.locator("#trouble")).to_be_empty()


def test_who_has_a_password_is_asked_for_it_and_gets_to_where_he_was_going(browser: Browser, tmp_path: Path) -> None:
    with console_box(tmp_path) as box, page_of(browser, box, lang="zh-CN", look=PHONE) as page:
        log_in(page)
        box.agent.stop()
        page.goto("/#/numbers")
        expect(page.get_by_role("alert")).to_have_text("设备没有响应，可能正在重新启动。页面会自动重试……")
        screenshot(page, "away-zh-phone")
        box.agent.start()
        expect(page.locator("#password")).to_be_visible(timeout=60_000)
        page.locator("#name").fill("王芳")
        page.locator("#password").fill("correct horse battery")
        page.locator("form button").click()
        expect(page.locator("h1")).to_have_text("统计")


def test_what_a_full_disk_refuses_is_told_in_the_language_of_the_page(browser: Browser, tmp_path: Path) -> None:
    disk = tmp_path / "data"
    storage = {"folder": str(disk), "keep_free": "9MB"}
    with (
        memory_disk(disk, "size=24m"),
        console_box(tmp_path, cameras=[parked_street(tmp_path)], more={"storage": storage}) as box,
        page_of(browser, box, lang="zh-CN", look=PHONE) as page,
    ):
        log_in(page)
        an_incident(page)
        with (disk / "audit.jsonl").open("ab") as stream:
            stream.write(b"x" * (-stream.tell() % 4096 - 1) + b"\n")  # no room in its last page either
        filler = fill(disk)
        page.get_by_role("button", name="知悉").click()
        expect(page.get_by_role("alert")).to_have_text("未做任何更改：设备无法写入操作记录，磁盘可能已满。")
        screenshot(page, "disk-full-zh-phone")
        filler.unlink()
        page.get_by_role("button", name="知悉").click()
        expect(page.get_by_role("button", name="知悉")).to_have_count(0)
