"""Another program holds the database of the box: whoever dismisses an incident is told what is true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.console_box import PHONE, ConsoleBox, accessible, console_box, log_in, page_of, screenshot
from tests.browser.test_incidents import an_incident
from tests.held import held

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
            expect(page.locator(".result")).to_have_text("Dismissed.", timeout=WAIT_MS)
            assert marks(page, incident) == "false_report"


def test_what_is_not_known_is_said_not_to_be(browser: Browser, tmp_path: Path) -> None:
    with console_box(tmp_path) as box, page_of(browser, box, lang="en") as page:
        log_in(page)
        an_incident(page)
        with held(box.data / "cityeye.db"):
            with page.expect_request("**/dismiss"):
                dismiss(page, "en")
            box.agent.kill()
            expect(page.locator(".result")).to_contain_text("whether this was done is not known")
        box.agent.start()
