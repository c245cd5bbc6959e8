"""Trying other values on the last days, in a real browser before a running agent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from playwright.sync_api import Browser, expect

from agent.config import load
from tests.browser.console_box import (
    DESKTOP,
    PATIENCE_MS,
    PHONE,
    VIEWER,
    ConsoleBox,
    accessible,
    console_box,
    log_in,
    page_of,
    screenshot,
    street,
)
from tests.kept_days import afternoon, keep, report

pytestmark = pytest.mark.server

CAMERA = "street"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleBox]:
    folder = tmp_path_factory.mktemp("whatif")
    past = folder / "past.yaml"
    past.write_text(yaml.safe_dump({"mqtt": {"host": "localhost"}, "cameras": [street()]}, allow_unicode=True))
    now = datetime.now(UTC).replace(microsecond=0)
    steps = list(afternoon(CAMERA, now - timedelta(hours=3)))
    keep(folder / "data" / "observations", steps, now)
    report(folder / "data", load(past).plans()[CAMERA], steps)
    with console_box(folder) as running:
        yield running


@pytest.mark.parametrize(
    ("lang", "size", "words"),
    [
        ("zh-CN", "phone", ("试一试", "减少：1", "变化：1", "停留时限")),
        ("en-GB", "desktop", ("Try it", "Lost: 1", "Changed: 1", "Dwell")),
    ],
)
def test_a_longer_dwell_spares_the_false_report(
    browser: Browser, box: ConsoleBox, lang: str, size: str, words: tuple[str, str, str, str]
) -> None:
    start, lost, changed, dwell = words
    with page_of(browser, box, lang=lang, look=PHONE if size == "phone" else DESKTOP) as page:
        log_in(page)
        page.goto("/#/whatif")
        page.locator("summary").click()
        page.get_by_label(dwell).fill("15m")
        accessible(page)
        page.get_by_role("button", name=start).click()
        expect(page.locator(".whatif-counts")).to_contain_text(lost, timeout=PATIENCE_MS)
        expect(page.locator(".whatif-counts")).to_contain_text(changed)
        expect(page.locator("[data-side=before] td").last).to_have_text("50 %")
        expect(page.locator("[data-side=after] td").last).to_have_text("100 %")
        accessible(page)
        screenshot(page, f"whatif-{lang[:2]}-{size}")
        page.locator("[data-list=lost] a").click()
        expect(page).to_have_url(re.compile("#/incident/"))


def test_a_draft_of_the_zone_editor_is_tried(browser: Browser, box: ConsoleBox) -> None:
    settings = yaml.safe_load(box.config.read_text())
    settings["cameras"][0]["zones"][0]["polygon"] = [[0.05, 0.5], [0.5, 0.5], [0.5, 0.95], [0.05, 0.95]]
    with page_of(browser, box, lang="en") as page:
        log_in(page)
        page.evaluate("(text) => sessionStorage.setItem('draft', text)", yaml.safe_dump(settings))
        page.goto("/#/whatif")
        expect(page.get_by_label("With the zones as drawn in the editor")).to_be_checked()
        page.get_by_role("button", name="Try it").click()
        expect(page.locator("[data-list=lost] li")).to_have_count(1, timeout=PATIENCE_MS)
        expect(page.locator("[data-list=lost]")).to_contain_text("Confirmed")
        expect(page.locator(".whatif-note").first).to_contain_text("outlines differ")


def test_the_page_of_an_incident_has_the_scores_of_what_was_kept(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        log_in(page)
        listed = page.evaluate("fetch('/api/incidents').then((answer) => answer.json())")
        stays = [line for line in listed["incidents"] if line["camera"] == CAMERA and line["phase"] == "closed"]
        told = [
            page.evaluate(f"fetch('/api/incidents/{line['id']}').then((answer) => answer.json())") for line in stays
        ]
    long = max(told, key=lambda incident: incident["incident"]["dwell_s"])
    times = [datetime.fromisoformat(at) for at, _ in long["scores"]]
    assert len(times) > len(long["moments"])
    assert datetime.fromisoformat(long["first_seen"]) == times[0] < times[-1]
    assert {score for _, score in long["scores"]} == {0.8}


@pytest.mark.parametrize(
    ("lang", "size", "dwell", "start", "said"),
    [
        ("zh-CN", "phone", "停留时限", "试一试", '应为：带单位的时长；实为：文字 "banana"。例如 90s、3m 或 1h30m'),
        ("en", "desktop", "Dwell", "Try it", "a duration with its unit"),
    ],
)
def test_what_is_no_duration_is_told_at_its_field(
    browser: Browser, box: ConsoleBox, lang: str, size: str, dwell: str, start: str, said: str
) -> None:
    with page_of(browser, box, lang=lang, look=PHONE if size == "phone" else DESKTOP) as page:
        log_in(page)
        page.goto("/#/whatif")
        page.locator("summary").click()
        field = page.get_by_label(dwell)
        field.fill("banana")
        page.get_by_role("button", name=start).click()
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_be_focused()
        told = page.locator(f"#{field.get_attribute('aria-describedby')}")
        expect(told).to_contain_text(said)
        expect(page.get_by_role("main")).not_to_contain_text("cameras[")
        accessible(page)
        screenshot(page, f"whatif-wrong-{lang[:2]}-{size}")
        field.fill("15m")
        page.get_by_role("button", name=start).click()
        expect(told).to_be_empty()
        expect(page.locator(".whatif-counts")).to_be_visible()


def test_what_was_tried_stands_with_the_result_for_whoever_comes_later(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box) as page:
        log_in(page)
        page.goto("/#/whatif")
        page.locator("summary").click()
        page.get_by_label("停留时限").fill("15m")
        page.get_by_role("button", name="试一试").click()
        expect(page.locator(".whatif-tried")).to_contain_text("文三路 · 路边 · 机动车乱停放 · 停留时限：5s → 15m")
        page.reload()
        expect(page.locator(".whatif-tried")).to_contain_text("5s → 15m")
        expect(page.locator(".whatif-note", has_text="人工只研判了")).to_be_visible()
        accessible(page)
        screenshot(page, "whatif-tried-zh")


def test_a_viewer_cannot_start_one(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as page:
        log_in(page, VIEWER)
        page.goto("/#/whatif")
        expect(page.get_by_role("button", name="Try it")).to_be_disabled()
        status = page.evaluate(
            "fetch('/api/whatif/run', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}'})"
            ".then((answer) => answer.status)"
        )
        assert status == 403
