"""Incidents and numbers before a running agent in which one opens: looked at, verified, acknowledged, dismissed."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.console_box import (
    DESKTOP,
    PHONE,
    VIEWER,
    ConsoleBox,
    accessible,
    console_box,
    log_in,
    page_of,
    parked_street,
    screenshot,
)
from tests.e2e.agent_process import wait_until
from tests.listener import Listener

pytestmark = pytest.mark.server
VERIFY_MS = 150_000


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleBox]:
    folder = tmp_path_factory.mktemp("incidents")
    with console_box(folder, cameras=[parked_street(folder)]) as running:
        yield running


def asked(page: Page, path: str) -> Any:
    """What the box answers to the page."""
    return page.evaluate("(path) => fetch(path).then((answer) => answer.json())", path)


def an_incident(page: Page) -> str:
    """Wait until one is open with its pictures, and go to its page. Returns its id."""

    def opened() -> list[str]:
        lines = asked(page, "/api/incidents?state=open&dismissed=none")["incidents"]
        return [line["id"] for line in lines if line["picture"]]

    found: list[str] = []

    def is_there() -> bool:
        found[:] = opened()
        return bool(found)

    wait_until(is_there, "an incident to open")
    incident = found[0]
    page.goto(f"/#/incident/{incident}")
    page.locator(".timeline li").first.wait_for()
    return incident


def lay_over_each_other(page: Page) -> None:
    """On a wide screen the pictures stand beside each other; one is laid over the other when asked, by keyboard too."""
    page.get_by_role("button", name="Lay over each other").click()
    slider = page.get_by_role("slider", name="Before and after: move the seam")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(slider).to_have_value("49")
    seam = page.locator(".overlay .seam").bounding_box()
    stage = page.locator(".overlay").bounding_box()
    assert seam is not None
    assert stage is not None
    assert seam["x"] + seam["width"] / 2 - stage["x"] == pytest.approx(0.49 * stage["width"], abs=1)
    accessible(page)
    screenshot(page, "incident-compared")
    page.get_by_role("button", name="Beside each other").click()
    expect(slider).to_be_hidden()


@pytest.mark.parametrize(("lang", "opened"), [("zh-CN", "上报"), ("en-GB", "Opened")])
@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_the_list_leads_to_an_incident_with_its_pictures(
    browser: Browser, box: ConsoleBox, lang: str, opened: str, size: str
) -> None:
    with page_of(browser, box, lang=lang, look=PHONE if size == "phone" else DESKTOP) as page:
        log_in(page)
        incident = an_incident(page)
        page.goto("/#/incidents")
        expect(page.locator(f"a[href='#/incident/{incident}'] img")).to_be_visible()
        accessible(page)
        screenshot(page, f"incidents-{lang[:2]}-{size}")
        page.locator(f"a[href='#/incident/{incident}']").click()
        expect(page.locator(".timeline li").nth(1)).to_contain_text(opened)
        picture = page.locator(".pair img").first
        expect(picture).to_be_visible()
        wait_until(lambda: picture.evaluate("(image) => image.naturalWidth") > 100, "the picture to be there")
        expect(page.locator(".why svg")).to_have_count(2)
        accessible(page)
        screenshot(page, f"incident-{lang[:2]}-{size}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_list_is_narrowed_by_its_address(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        log_in(page)
        an_incident(page)
        page.goto("/#/incidents")
        page.locator("summary").click()
        page.get_by_label("Rule").select_option("garbage_overflow")
        page.get_by_role("button", name="Apply").click()
        expect(page.locator("main")).to_contain_text("No incident fits.")
        expect(page).to_have_url(f"{box.url}/#/incidents?rule=garbage_overflow")
        page.get_by_role("link", name="Show all").click()
        expect(page.locator(".case").first).to_be_visible()


def test_it_is_verified_acknowledged_and_dismissed(browser: Browser, box: ConsoleBox) -> None:
    with Listener(box.broker.port) as centre, page_of(browser, box, lang="en") as page:
        log_in(page)
        incident = an_incident(page)
        page.get_by_role("button", name="Look again now").click()
        verdict = page.locator(".verdict")
        expect(verdict).to_have_text("Still there", timeout=VERIFY_MS)
        expect(page.locator(".result img")).to_have_count(2)
        expect(page.locator(".timeline")).to_contain_text("Looked again: Still there · 王芳, at this box")
        screenshot(page, "incident-verified")
        lay_over_each_other(page)
        with page_of(browser, box, look=PHONE) as phone:
            log_in(phone)
            phone.goto(f"/#/incident/{incident}")
            expect(phone.get_by_role("slider")).to_be_visible()
            expect(phone.locator(".compare .pair")).to_be_hidden()
            stage = phone.locator(".overlay").bounding_box()
            assert stage is not None
            phone.touchscreen.tap(stage["x"] + stage["width"] / 4, stage["y"] + 10)
            expect(phone.get_by_role("slider")).to_have_value("25")
            accessible(phone)
            screenshot(phone, "incident-compared-phone")
            assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_role("button", name="Acknowledge").click()
        expect(page.locator(".result")).to_have_text(
            re.compile(r"^Acknowledged\. The centre (will be|has been) told\.$")
        )
        expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
        said = page.locator(".timeline li", has_text="Acknowledged · 王芳, at this box")
        expect(said).to_contain_text(re.compile(r"To the centre as event \d+ · With the broker"))
        page.get_by_role("button", name="Dismiss…").click()
        page.get_by_label("Note").fill("a delivery van, 送货")
        accessible(page)
        screenshot(page, "incident-dismiss")
        page.get_by_role("dialog").get_by_role("button", name="Dismiss").click()
        expect(page.locator(".result")).to_have_text(re.compile(r"^Dismissed\. The centre (will be|has been) told\.$"))
        expect(page.locator(".timeline")).to_contain_text("a delivery van, 送货")
        expect(page.locator(".timeline")).to_contain_text("王芳")
        expect(page.locator(".facts div", has_text="How it ended")).to_contain_text("Dismissed by 王芳, at this box")
        told_of = page.locator(".timeline li strong").all_inner_texts()
        assert told_of[-2:] == ["Dismissed: False report", "Ended: Dismissed"], "in the order in which it is told"
        screenshot(page, "incident-dismissed")
        for lang, way in (("zh-CN", "通知中心，事件序号"), ("en", "To the centre as event")):
            with page_of(browser, box, lang=lang, look=PHONE) as phone:
                log_in(phone)
                phone.goto(f"/#/incident/{incident}")
                expect(phone.locator(".timeline li", has_text=way)).to_have_count(2)
                accessible(phone)
                screenshot(phone, f"incident-told-{lang[:2]}-phone")
                assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")

        def told() -> list[tuple[str | None, str]]:
            events = [json.loads(message.payload)["data"] for message in centre.on("/event")]
            return [
                (it["close_reason"], it["title"]["en"])
                for it in events
                if it["incident"] == incident and "said" not in it
            ]

        wait_until(lambda: "dismissed" in dict(told()), "the centre to be told that it was dismissed")
        assert "ended: dismissed at the box" in dict(told())["dismissed"]
        page.goto("/#/audit")
        expect(page.locator("tbody")).to_contain_text(incident)
        line = page.locator("tbody tr", has_text="dismiss").first
        expect(line).to_contain_text(re.compile(r"False report \d+/\d+/\d+, \d+:\d\d:\d\d [AP]M a delivery van"))


def test_a_viewer_looks_but_changes_nothing(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        log_in(page, VIEWER)
        incident = an_incident(page)
        expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
        post = """async (path) => { const me = await (await fetch("/api/me")).json();
          const headers = {"Content-Type": "application/json", "X-CSRF-Token": me.csrf};
          return (await fetch(path, {method: "POST", headers, body: "{}"})).status; }"""
        for action in ("acknowledge", "dismiss", "restore", "verify"):
            assert page.evaluate(post, f"/api/incidents/{incident}/{action}") == 403


def test_what_is_asked_wrongly_is_told(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        log_in(page)
        status = "(path) => fetch(path).then((answer) => answer.status)"
        nobody = "00000000-0000-7000-8000-000000000000"
        expected = {
            "/api/incidents?state=ajar": 400,
            "/api/incidents?after=x": 400,
            "/api/incidents?since=2026-11-27": 400,
            "/api/incidents/7": 404,
            f"/api/incidents/{nobody}": 404,
            f"/api/evidence/{nobody}": 404,
            "/api/evidence/..%2Fcityeye.db": 404,
            "/api/numbers?period=days&since=1&until=2": 400,
            "/api/numbers/passwords.csv": 400,
        }
        assert {path: page.evaluate(status, path) for path in expected} == expected


@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_the_numbers_count_it(browser: Browser, box: ConsoleBox, size: str) -> None:
    with page_of(browser, box, look=PHONE if size == "phone" else DESKTOP) as page:
        log_in(page)
        an_incident(page)
        page.goto("/#/numbers")
        expect(page.locator(".tiles .big").first).not_to_have_text("0")
        expect(page.locator("section", has=page.get_by_role("heading", name="按类型"))).to_contain_text("机动车乱停放")
        accessible(page)
        screenshot(page, f"numbers-{size}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_csv_opens_in_a_spreadsheet(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box) as page:
        log_in(page)
        an_incident(page)
        page.goto("/#/numbers")
        with page.expect_download() as download:
            page.get_by_role("link", name="下载事件清单 CSV").click()
        content = download.value.path().read_bytes()
        assert content.startswith(b"\xef\xbb\xbf")
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
        assert {row["camera"] for row in rows} == {"文三路"}
        assert "机动车乱停放" in {row["kind_zh"] for row in rows}
