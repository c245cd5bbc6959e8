"""Another program holds the database of the box: whoever dismisses an incident is told what is true."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.console_box import PHONE, ConsoleBox, accessible, console_box, log_in, page_of, screenshot
from tests.browser.test_incidents import an_incident
from tests.e2e.agent_process import wait_until
from tests.held import held
from tests.watching import listening

pytestmark = pytest.mark.server
BEGIN = """async (paths) => { const me = await (await fetch("/api/me")).json();
  const headers = {"Content-Type": "application/json", "X-CSRF-Token": me.csrf};
  window.begun = Promise.all(paths.map((path) => fetch(path, {method: "POST", headers, body: "{}"}))); }"""
WAIT_MS = 40_000


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleBox]:
    with console_box(tmp_path_factory.mktemp("held")) as running:
        yield running


def dismiss(page: Page, lang: str) -> None:
    page.get_by_role("button", name="Dismiss…" if lang == "en" else "撤销……").click()
    page.locator("dialog[open] button.danger").click()


def begun(box: ConsoleBox) -> None:
    """Wait until the record has it."""
    audit = box.data / "audit.jsonl"
    wait_until(lambda: '"action":"incident.dismiss"' in audit.read_text(), "the dismissal to begin")


def marks(page: Page, incident: str) -> Any:
    """What the box itself knows of it."""
    return page.evaluate(
        f"fetch('/api/incidents/{incident}').then(it => it.json()).then(it => it.incident.disposition)"
    )


@pytest.mark.parametrize("lang", ["en", "zh-CN"])
def test_nothing_was_changed_and_says_so(browser: Browser, box: ConsoleBox, lang: str) -> None:
    with page_of(browser, box, lang=lang, look=PHONE) as page:
        log_in(page)
        incident = an_incident(page)
        with held(box.data / "cityeye.db"):
            dismiss(page, lang)
            why = page.locator(".result .fault")
            why.wait_for(timeout=WAIT_MS)
            expect(why).to_have_text(re.compile("^Nothing was changed" if lang == "en" else "^未做任何更改"))
            expect(why).not_to_contain_text("disk" if lang == "en" else "磁盘")
            accessible(page)
            screenshot(page, f"held-{lang[:2]}-phone")
        assert marks(page, incident) is None


def test_done_is_said_once_it_is_done(browser: Browser, box: ConsoleBox) -> None:
    """Others asked for something first: the box is free later than one waits for an answer."""
    with page_of(browser, box, lang="en") as page:
        log_in(page)
        incident = an_incident(page)
        with held(box.data / "cityeye.db") as let_go:
            page.evaluate(BEGIN, [f"/api/incidents/{incident}/acknowledge"] * 4)
            dismiss(page, "en")
            expect(page.locator(".result")).to_contain_text("The box is busy", timeout=WAIT_MS)
            assert marks(page, incident) is None
            let_go()
            expect(page.locator(".result")).to_contain_text("Dismissed.", timeout=WAIT_MS)
            assert marks(page, incident) == "false_report"


@pytest.mark.parametrize("lang", ["en", "zh-CN"])
def test_what_is_not_known_is_said_not_to_be(browser: Browser, tmp_path: Path, lang: str) -> None:
    """The agent is killed in the middle of a dismissal: the page says what is not known, and so does the record."""
    with console_box(tmp_path) as box, page_of(browser, box, lang=lang, look=PHONE) as page:
        log_in(page)
        an_incident(page)
        with held(box.data / "cityeye.db"):
            with page.expect_request("**/dismiss"):
                dismiss(page, lang)
            begun(box)
            box.agent.kill()
            unknown = "whether this was done is not known" if lang == "en" else "操作是否完成尚不清楚"
            expect(page.locator(".result")).to_contain_text(unknown)
        box.agent.start()
        wait_until(lambda: listening(box.port), "the console to answer again")
        log_in(page)
        page.goto("/#/audit")
        first = page.locator("tbody tr", has_text="dismiss" if lang == "en" else "撤销事件")
        expect(first).to_have_count(1)
        expect(first).to_contain_text(
            "not known: the agent ended first" if lang == "en" else "结果不明：设备程序中途停止"
        )
        accessible(page)
        screenshot(page, f"audit-unknown-{lang[:2]}-phone")
        kept = [json.loads(line) for line in (box.data / "audit.jsonl").read_text().splitlines()]
        assert [it["outcome"] for it in kept if it["action"] == "incident.dismiss"] == ["begun", "unknown"]
