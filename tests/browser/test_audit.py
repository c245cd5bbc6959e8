"""The audit log in a browser: a long note leaves the other columns their room, and can be read whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, expect

from agent.adapters.audit import AuditFile
from agent.ports.console.access import AuditEntry
from tests.browser.console_box import (
    DESKTOP,
    PHONE,
    ConsoleBox,
    accessible,
    console_box,
    log_in,
    page_of,
    screenshot,
)

pytestmark = pytest.mark.server
AT = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)
INCIDENT = "0190a1b2-c3d4-7e5f-8a6b-0123456789ab"
NOTE = "送货车辆，每天上午在此卸货，已与店主沟通。" * 40


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleBox]:
    with console_box(tmp_path_factory.mktemp("audit")) as running:
        audit = AuditFile(running.data / "audit.jsonl")
        said = f"tolerated 2026-12-27T06:00:00+00:00 {NOTE}"
        where = {"who": "王芳", "address": "192.168.100.100"}
        audit.write(AuditEntry(at=AT, action="incident.dismiss", subject=INCIDENT, detail=said, **where))
        audit.write(AuditEntry(at=AT, action="incident.acknowledge", subject=INCIDENT, outcome="already", **where))
        why = "王芳 2026-11-27T06:00:00+00:00: camera gate delivered pictures before and has not for 30 s"
        audit.write(AuditEntry(at=AT, who="", address="", action="config.taken_back", subject="3f2a", detail=why))
        yield running


@pytest.mark.parametrize(("lang", "size"), [("zh-CN", "desktop"), ("en", "desktop"), ("zh-CN", "phone")])
def test_a_long_note_leaves_room_and_can_be_read_whole(browser: Browser, box: ConsoleBox, lang: str, size: str) -> None:
    with page_of(browser, box, lang=lang, look=PHONE if size == "phone" else DESKTOP) as page:
        log_in(page)
        page.goto("/#/audit")
        line = page.locator("tbody tr", has_text=INCIDENT).filter(has_text="192.168.100.100").last
        expect(line).to_be_visible()
        if size == "desktop":
            lines = """(it) => { const all = document.createRange(); all.selectNodeContents(it);
              return all.getClientRects().length; }"""
            for name in ("action", "who", "outcome", "at"):
                assert line.locator(f".{name}").evaluate(lines) == 1, name
        note = line.locator("details")
        short = note.evaluate("(it) => it.offsetHeight")
        assert short < 120
        accessible(page)
        screenshot(page, f"audit-note-{lang[:2]}-{size}")
        note.locator("summary").focus()
        page.keyboard.press("Enter")
        expect(note).to_have_attribute("open", "")
        assert note.evaluate("(it) => it.offsetHeight") > short
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        by_itself = page.locator("tbody tr", has_text="3f2a")
        expect(by_itself.locator(".who")).to_have_text("设备" if lang == "zh-CN" else "the box")
        expect(by_itself.locator(".action")).to_have_text(
            "撤回配置" if lang == "zh-CN" else "take the configuration back"
        )
