"""The box is away for a while: the page says so, and goes on by itself once it is back."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.console_box import console_box, log_in, page_of
from tests.browser.test_wall import seq_rises
from tests.e2e.agent_process import wait_until
from tests.watching import listening

pytestmark = pytest.mark.server
LOST = "No connection to the box; what you see may be old. Trying again…"
VIEW = "[data-camera=street] .view"


def test_at_the_box_the_wall_lives_again(browser: Browser, tmp_path: Path) -> None:
    with console_box(tmp_path, users=False) as box, page_of(browser, box, lang="en") as page:
        page.goto("/")
        seq_rises(page, VIEW)
        box.agent.stop()
        expect(page.locator("#trouble")).to_have_text(LOST)
        box.agent.start()
        expect(page.locator("#trouble")).to_be_empty(timeout=60_000)
        seq_rises(page, VIEW)


def test_who_has_a_password_is_asked_for_it_again(browser: Browser, tmp_path: Path) -> None:
    with console_box(tmp_path) as box, page_of(browser, box, lang="en") as page:
        log_in(page)
        seq_rises(page, VIEW)
        box.agent.stop()
        expect(page.locator("#trouble")).to_have_text(LOST)
        box.agent.start()
        wait_until(lambda: listening(box.port), "the console")
        expect(page.locator("#password")).to_be_visible(timeout=60_000)
        log_in(page)
        seq_rises(page, VIEW)
