"""Two people change one configuration: what the slower one is told, and the ways on; in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from playwright.sync_api import Browser, Page, expect

from tests.browser.console_box import DESKTOP, PHONE, ConsoleBox, accessible, page_of, screenshot
from tests.browser.zone_page import PAVEMENT, draw, in_force, market_street, open_editor, zone_in_hand

pytestmark = pytest.mark.server
HASH = re.compile(r"\b[0-9a-f]{8,}\b")
A: dict[str, Any] = {"id": "a", "polygon": PAVEMENT, "rules": {"illegal_parking": {"dwell": "3m"}}}
B: dict[str, Any] = {"id": "b", "name": "B", "polygon": PAVEMENT}

NEW = {**B, "id": "n"}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleBox]:
    with market_street(tmp_path_factory.mktemp("conflict")) as running:
        yield running


def with_dwell(dwell: str, **more: Any) -> dict[str, Any]:
    return {**A, "rules": {"illegal_parking": {"dwell": dwell, **more}}}


@pytest.mark.parametrize(
    ("mine", "theirs", "merged", "clashes"),
    [
        ([("a", A), ("b", B)], [with_dwell("4m"), B], [("a", with_dwell("4m")), ("b", B)], []),
        ([("a", with_dwell("5m")), ("b", B)], [A, B], [("a", with_dwell("5m")), ("b", B)], []),
        (
            [("a", with_dwell("5m")), ("b", B)],
            [{**with_dwell("3m", overlap=0.5), "name": "A"}],
            [("a", {**with_dwell("5m", overlap=0.5), "name": "A"})],
            [],
        ),
        (
            [("a", with_dwell("5m")), ("b", B)],
            [with_dwell("4m"), B],
            [("a", with_dwell("5m")), ("b", B)],
            [{"name": "a", "path": ["rules", "illegal_parking", "dwell"], "mine": "5m", "theirs": "4m"}],
        ),
        ([("b", B)], [A, B], [("b", B)], []),
        ([("b", B)], [with_dwell("4m"), B], [("b", B)], [{"name": "a", "path": []}]),
        (
            [("a", A), ("b", {**B, "name": "C"})],
            [A],
            [("a", A), (None, {**B, "name": "C"})],
            [{"name": "C", "path": []}],
        ),
        ([("a", A), (None, B)], [A, B], [("a", A), (None, B)], []),
        ([("a", A), ("b", B), (None, NEW)], [A, B, NEW], [("a", A), ("b", B), ("n", NEW)], []),
        (
            [("a", A), ("b", B), (None, {**B, "id": "n"})],
            [A, B, {**B, "id": "t"}],
            [("a", A), ("b", B), ("t", {**B, "id": "t"}), (None, {**B, "id": "n"})],
            [],
        ),
        (
            [("a", {**A, "id": "z"}), ("b", B)],
            [with_dwell("4m"), B],
            [("a", {**with_dwell("4m"), "id": "z"}), ("b", B)],
            [],
        ),
        (
            [("a", {**A, "rules": {}}), ("b", B)],
            [with_dwell("4m"), B],
            [("a", {**A, "rules": {}}), ("b", B)],
            [{"name": "a", "path": ["rules", "illegal_parking"], "mine": None, "theirs": {"dwell": "4m"}}],
        ),
    ],
)
def test_ones_own_changes_are_put_on_what_the_other_made(
    browser: Browser, box: ConsoleBox, mine: Any, theirs: Any, merged: Any, clashes: Any
) -> None:
    base = {"zones": [A, B], "calendars": {}}
    edits = {"zones": [{"was": was, "zone": zone} for was, zone in mine], "calendars": {}}
    call = ", ".join(json.dumps(one) for one in (base, edits, {"zones": theirs, "calendars": {}}))
    with page_of(browser, box) as page:
        page.goto("/")
        found = page.evaluate(f"import('/static/zones/merge.js').then((merge) => merge.onTop({call}))")
    assert [(edit["was"], edit["zone"]) for edit in found["zones"]] == merged
    assert found["clashes"] == clashes


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "merged", "clashing"),
    [
        (["1"], ["1", "2"], ["1", "3"], ["1", "3", "2"], False),
        (None, ["2"], ["3", "2"], ["3", "2"], False),
        (["1"], ["2"], ["1", "3"], ["2"], True),
        (["1"], ["1", "2"], None, ["1", "2"], True),
    ],
)
def test_days_that_both_only_added_are_all_there(
    browser: Browser, box: ConsoleBox, base: Any, mine: Any, theirs: Any, merged: Any, clashing: bool
) -> None:
    def document(days: Any) -> dict[str, Any]:
        return {"zones": [], "calendars": {"school": {"active": []} | ({} if days is None else {"holidays": days})}}

    call = ", ".join(json.dumps(document(days)) for days in (base, mine, theirs))
    with page_of(browser, box) as page:
        page.goto("/")
        found = page.evaluate(f"import('/static/zones/merge.js').then((merge) => merge.onTop({call}))")
    assert found["calendars"]["school"]["holidays"] == merged
    clash = {"name": "school", "path": ["calendars", "holidays"], "mine": mine, "theirs": theirs}
    assert found["clashes"] == ([clash] if clashing else [])


def name(page: Page, text: str) -> None:
    page.get_by_label(re.compile("^(Name|名称)$")).fill(text)


def save(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^(Save|保存)$")).click()
    for word in ("on probation|试用中", "in force|已生效"):
        expect(page.locator(".status .badge")).to_have_text(re.compile(word), timeout=30_000)


@pytest.mark.parametrize(("look", "lang"), [(DESKTOP, "en"), (PHONE, "zh-CN")])
def test_the_slower_one_is_told_who_was_faster_and_keeps_all(
    browser: Browser, box: ConsoleBox, look: dict[str, Any], lang: str
) -> None:
    shown = f"{'phone' if look is PHONE else 'desktop'}-{lang}"
    with page_of(browser, box, lang="en") as other, page_of(browser, box, lang=lang, look=look) as mine:
        for page in (other, mine):
            open_editor(page)
        dwell = mine.get_by_label(re.compile("^(Stands how long|停留多久算违规)$"))
        other.get_by_label("Stands how long").fill("6m" if dwell.input_value() != "6m" else "8m")
        name(other, f"theirs {shown}")
        save(other)
        theirs = in_force(other)
        name(mine, f"mine {shown}")
        told = mine.locator(".conflict")
        expect(told).to_contain_text("王芳")
        expect(told).to_be_in_viewport()
        expect(told).to_contain_text(re.compile(r"\d+:\d\d"))
        if look is PHONE:
            expect(told).to_be_focused()
            expect(told).to_have_attribute("aria-live", "off")
        expect(mine.locator(".status")).to_contain_text(re.compile("on probation|in force|试用|生效"))
        assert not HASH.search(told.inner_text()), "no word of the machine's"
        accessible(mine)
        screenshot(mine, f"zones-conflict-{shown}")
        mine.reload()
        mine.locator("svg[data-picture=there]").wait_for()
        expect(told).to_contain_text("王芳")
        assert zone_in_hand(mine, "pavement")["name"] == f"mine {shown}", "kept also where the page is loaded anew"
        mine.get_by_role("button", name=re.compile("^(Keep mine|在对方基础上)")).click()
        expect(mine.locator(".answer")).to_contain_text(re.compile(f"mine {shown}[:：] ?(Name|名称)"))
        expect(mine.locator(".answer")).to_contain_text(re.compile(f"(theirs: |对方的：)theirs {shown}"))
        screenshot(mine, f"zones-merged-{shown}")
        save(mine)
        [zone] = in_force(mine)["zones"]
        wanted = {**theirs["zones"][0], "name": f"mine {shown}"}
        assert zone == wanted, "the other's dwell time is still there"


def test_theirs_is_loaded_and_ones_own_changes_are_gone(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box, lang="en") as other, page_of(browser, box, lang="en") as mine:
        for page in (other, mine):
            open_editor(page)
        draw(mine, [(0.2, 0.2), (0.4, 0.2), (0.4, 0.4)])
        name(other, "faster")
        save(other)
        mine.get_by_role("button", name="Save").click()
        expect(mine.locator(".conflict")).to_contain_text("王芳 changed the configuration at")
        mine.get_by_role("button", name="Load theirs").click()
        expect(mine.locator(".zone-names button")).to_have_text("faster")
        expect(mine.locator(".zone-names .badge")).to_be_hidden()
        expect(mine.locator(".conflict")).to_have_count(0)


def test_a_file_that_was_edited_at_the_box_is_told_as_such(browser: Browser, box: ConsoleBox) -> None:
    text = box.config.read_text()
    with page_of(browser, box, lang="zh-CN") as page:
        open_editor(page)
        name(page, "另名")
        box.config.write_text(f"{text}# by hand\n")
        page.get_by_role("button", name="保存").click()
        told = page.locator(".conflict")
        expect(told).to_contain_text("请先重启设备")
        assert str(box.folder) not in told.inner_text()
        box.config.write_text(text)
        expect(page.get_by_label("名称", exact=True)).to_have_value("另名")
    assert yaml.safe_load(box.config.read_text())["cameras"][0]["zones"][0]["name"] != "另名"
