"""The pages about incidents follow what happens, in the time of the site, without moving what somebody reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

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
from tests.browser.test_incidents import an_incident, asked
from tests.e2e.agent_process import wait_until

pytestmark = pytest.mark.server
SITE = ZoneInfo("Asia/Shanghai")
POST = """async ([path, body]) => { const me = await (await fetch("/api/me")).json();
  const headers = {"Content-Type": "application/json", "X-CSRF-Token": me.csrf};
  return (await fetch(path, {method: "POST", headers, body: JSON.stringify(body)})).status; }"""
FALSE = {"reason": "false_report"}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleBox]:
    folder = tmp_path_factory.mktemp("live")
    looking = {"model": {"workers": 1, "recheck": "0s"}}  # although nothing moves there
    with console_box(folder, cameras=[parked_street(folder)], more=looking) as running:
        yield running


def do(page: Page, incident: str, action: str, body: dict[str, Any] | None = None) -> None:
    """As somebody else would, at another place."""
    assert page.evaluate(POST, [f"/api/incidents/{incident}/{action}", body or {}]) == 200


def rows(page: Page) -> list[str]:
    found: list[str] = page.locator(".case").evaluate_all("(all) => all.map((it) => it.dataset.incident)")
    return found


def test_rows_change_in_their_places_and_new_ones_come_in(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        log_in(page)
        incident = an_incident(page)
        page.goto("/#/incidents")
        row = page.locator(f"[data-incident='{incident}']")
        expect(row).to_contain_text("Open")
        row.evaluate("(it) => { it.dataset.same = 'yes'; }")
        page.mouse.move(0, 0)  # it logged in; over a row it would count as somebody who reads
        before = rows(page)
        do(page, incident, "dismiss", FALSE)
        expect(row.locator(".marks")).to_contain_text("False report")
        assert row.get_attribute("data-same") == "yes"
        do(page, incident, "restore")
        expect(page.locator(".news")).to_have_text(re.compile(r"^\d+ new$"))
        after = rows(page)
        assert [it for it in after if it in before] == before
        assert after[0] not in before
        accessible(page)


def test_somebody_who_is_at_a_row_is_told_and_nothing_moves(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="zh-CN", look=PHONE) as page:
        log_in(page)
        incident = an_incident(page)
        page.goto("/#/incidents")
        row = page.locator(f"[data-incident='{incident}']")
        row.focus()
        before = rows(page)
        top = row.evaluate("(it) => it.getBoundingClientRect().top")
        do(page, incident, "dismiss", FALSE)
        do(page, incident, "restore")
        news = page.locator(".news").get_by_role("button", name=re.compile(r"^有 \d+ 起新事件，点击查看$"))
        expect(news).to_be_visible()
        assert rows(page) == before
        assert row.evaluate("(it) => it.getBoundingClientRect().top") == top
        expect(row).to_be_focused()
        accessible(page)
        screenshot(page, "incidents-news-phone")
        news.click()
        expect(page.locator(".case").first).to_be_focused()
        assert rows(page)[0] not in before
        expect(page.locator(".news")).to_be_empty()


def test_the_page_of_an_incident_follows_it(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        log_in(page)
        incident = an_incident(page)
        first = page.locator(".timeline li").first
        first.evaluate("(it) => { it.dataset.same = 'yes'; }")
        do(page, incident, "acknowledge")
        expect(page.locator(".timeline")).to_contain_text("王芳, at this box")
        do(page, incident, "dismiss", FALSE)
        expect(page.locator(".head")).to_contain_text("Dismissed by 王芳, at this box")
        expect(page.get_by_role("status").filter(has_text="Now: Dismissed")).to_have_count(1)
        assert first.get_attribute("data-same") == "yes"
        do(page, incident, "restore")
        told = page.locator(".timeline li", has_text="Dismissal taken back")
        expect(told).to_contain_text(re.compile(r"To the centre as event \d+ · With the broker"))


def test_nothing_is_asked_of_the_box_while_the_page_is_left(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        log_in(page)
        incident = an_incident(page)
        page.goto("/#/incidents")
        expect(page.locator(f"[data-incident='{incident}']")).to_be_visible()
        page.goto("/#/numbers")
        expect(page.locator(".tiles")).to_be_visible()
        asks: list[str] = []
        page.on("request", lambda request: asks.append(request.url))
        do(page, incident, "dismiss", FALSE)
        do(page, incident, "restore")
        wait_until(lambda: asked(page, "/api/incidents?state=open&dismissed=none")["incidents"] != [], "the next one")
        assert not [url for url in asks if "stream" in url or f"{incident}?" in url]


def test_a_hidden_page_lets_the_box_go_and_catches_up_when_it_is_shown(browser: Browser, box: ConsoleBox) -> None:
    hide = """(hidden) => { Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
      document.dispatchEvent(new Event("visibilitychange")); }"""
    with page_of(browser, box, lang="en") as page:
        log_in(page)
        incident = an_incident(page)
        with page.expect_request("**/api/stream?topics=incidents"):
            page.goto("/#/incidents")
        with page.expect_event("requestfailed", lambda request: "stream" in request.url):
            page.evaluate(hide, True)
        do(page, incident, "acknowledge")
        with page.expect_request("**/api/stream?topics=incidents"):
            page.evaluate(hide, False)
        expect(page.locator(f"[data-incident='{incident}']")).to_contain_text("Acknowledged")


@pytest.mark.parametrize("device", ["America/New_York", "Asia/Shanghai"])
def test_times_are_those_of_the_site_wherever_the_device_is(browser: Browser, box: ConsoleBox, device: str) -> None:
    with page_of(browser, box, lang="zh-CN", look={**DESKTOP, "timezone_id": device}) as page:
        log_in(page)
        incident = an_incident(page)
        line = asked(page, f"/api/incidents/{incident}")["incident"]
        opened = datetime.fromisoformat(line["opened"]).astimezone(SITE)
        shown = f"{opened.year}/{opened.month}/{opened.day} {opened:%H:%M:%S}"
        expect(page.locator(".facts")).to_contain_text(shown)
        expect(page.locator(".zone-note")).to_have_text("时间均为现场时间（北京时间，UTC+8）")
        asks: list[str] = []
        page.on("request", lambda request: asks.append(request.url))
        page.goto(f"/#/incidents?since={opened:%Y-%m-%d}&until={opened:%Y-%m-%d}")
        expect(page.locator(f"[data-incident='{incident}']")).to_contain_text(shown)
        midnight = opened.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(ZoneInfo("UTC"))
        assert any(f"since={midnight:%Y-%m-%dT%H}%3A00%3A00.000Z" in url for url in asks)
        page.goto("/#/audit")
        expect(page.locator("tbody tr").first).to_contain_text(f"{opened.year}/")
        expect(page.locator(".zone-note")).to_be_visible()


@pytest.mark.parametrize(
    ("zone", "wall", "utc"),
    [
        ("Asia/Shanghai", "2026-11-27T00:00", "2026-11-26T16:00:00.000Z"),
        ("Europe/Berlin", "2026-03-28", "2026-03-27T23:00:00.000Z"),
        ("Europe/Berlin", "2026-03-29T01:59", "2026-03-29T00:59:00.000Z"),
        ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:30:00.000Z"),
        ("Europe/Berlin", "2026-03-29T03:00", "2026-03-29T01:00:00.000Z"),
        ("Europe/Berlin", "2026-03-30", "2026-03-29T22:00:00.000Z"),
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30:00.000Z"),
        ("Europe/Berlin", "2026-10-25T03:00", "2026-10-25T02:00:00.000Z"),
        ("America/St_Johns", "2026-07-01T12:00", "2026-07-01T14:30:00.000Z"),
        ("no/such", "2026-07-01T12:00", "2026-07-01T12:00:00.000Z"),
    ],
)
def test_across_a_change_of_summer_time(browser: Browser, box: ConsoleBox, zone: str, wall: str, utc: str) -> None:
    with page_of(browser, box, look={**DESKTOP, "timezone_id": "Pacific/Auckland"}) as page:
        page.goto("/")
        found = page.evaluate(
            """async ([zone, wall]) => { const { setSite, instant } = await import("/static/time.js");
               setSite({time_zone: zone, now: "2026-07-01T00:00:00Z"}); return instant(wall).toISOString(); }""",
            [zone, wall],
        )
        assert found == utc


@pytest.mark.parametrize(
    ("zone", "at", "offset"),
    [
        ("Asia/Shanghai", "2026-11-27T00:00:00.123Z", "UTC+8"),
        ("Europe/Berlin", "2026-07-01T00:00:00Z", "UTC+2"),
        ("America/St_Johns", "2026-07-01T00:00:00Z", "UTC−2:30"),
        ("UTC", "2026-07-01T00:00:00Z", "UTC"),
    ],
)
def test_how_far_the_site_is_from_utc(browser: Browser, box: ConsoleBox, zone: str, at: str, offset: str) -> None:
    with page_of(browser, box) as page:
        page.goto("/")
        found = page.evaluate(
            """async ([zone, at]) => { const { setSite, offset } = await import("/static/time.js");
               setSite({time_zone: zone, now: at}); return offset(Date.parse(at)); }""",
            [zone, at],
        )
        assert found == offset


def test_the_head_is_one_line_on_a_phone(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en", look=PHONE) as page:
        log_in(page)
        for name in ("Incidents", "Audit log"):
            page.get_by_role("link", name=name, exact=True).click()
            expect(page.locator("h1")).to_have_text(name)
            expect(page.locator("header [aria-current]")).to_be_in_viewport(ratio=0.99)
            assert page.locator("header").evaluate("(it) => it.offsetHeight") <= 56
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.locator(".stack").evaluate("(it) => it.scrollWidth <= it.clientWidth")
        expect(page.get_by_role("cell", name="王芳").first).to_be_visible()
        accessible(page)
        screenshot(page, "audit-phone")
        menu = page.get_by_role("button", name="More")
        menu.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_label("Language", exact=True)).to_be_visible()
        accessible(page)
        screenshot(page, "menu-phone")
        page.keyboard.press("Escape")
        expect(page.get_by_label("Language", exact=True)).to_be_hidden()
        expect(menu).to_be_focused()
        menu.click()
        page.get_by_role("button", name="Log out").click()
        expect(page.locator("#password")).to_be_visible()
