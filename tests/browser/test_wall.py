"""The wall is alive: pictures, boxes, clocks and health of real cameras, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

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
    screenshot,
    street,
)

pytestmark = pytest.mark.server
LOOKS = {"phone": PHONE, "desktop": DESKTOP}
A_CLOCK_GOES_ON = """() => {
    const told = [...document.querySelectorAll("[data-camera=street] .dwell")].map((it) => it.textContent);
    window.least = told.concat(window.least ?? []).sort()[0];
    return told.some((it) => it > window.least);
}"""
"""One says more than one said before, be it of the next car."""
CLOCK = re.compile(r"^\d+:\d\d$")


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleBox]:
    away = {"id": "away", "name": "北门", "url": "rtsp://127.0.0.1:1/x", "zones": []}
    slow = street()
    slow["zones"][0]["rules"]["illegal_parking"]["dwell"] = "20s"
    with console_box(tmp_path_factory.mktemp("wall"), cameras=[slow, away]) as running:
        yield running


def seq_rises(page: Page, where: str) -> None:
    """The picture that is shown becomes a later one, without the page being loaded again."""
    shown = "document.querySelector(where)?.dataset.seq"
    first = page.wait_for_function(f"where => {shown}", arg=where).json_value()
    page.wait_for_function(f"([where, first]) => ![first, undefined].includes({shown})", arg=[where, first])


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_the_wall_shows_living_pictures_and_who_is_away(
    browser: Browser, box: ConsoleBox, size: str, lang: str
) -> None:
    with page_of(browser, box, lang=lang, look=LOOKS[size]) as page:
        log_in(page, VIEWER)
        card = page.locator("[data-camera=street]")
        seq_rises(page, "[data-camera=street] .view")
        expect(card.locator(".badge")).to_have_text("正常" if lang == "zh-CN" else "Fine")
        expect(card.locator(".zone")).to_have_count(1)
        card.locator(".box").first.wait_for()
        # Between two parked cars nothing stands there for some seconds.
        expect(card.locator(".dwell").first).to_have_text(CLOCK)
        page.wait_for_function(A_CLOCK_GOES_ON)
        expect(page.locator("[data-camera=away] .badge")).to_have_text("离线" if lang == "zh-CN" else "Offline")
        expect(page.locator("[data-camera=away] .blank")).to_have_text("暂无画面" if lang == "zh-CN" else "No picture")
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off at the side"
        screenshot(page, f"wall-{lang[:2]}-{size}")


@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_one_camera_large(browser: Browser, box: ConsoleBox, size: str) -> None:
    with page_of(browser, box, look=LOOKS[size]) as page:
        log_in(page)
        page.locator("[data-camera=street]").focus()
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("文三路")
        seq_rises(page, ".view")
        expect(page.locator(".standing li").first).to_contain_text("机动车乱停放")
        expect(page.get_by_role("link", name="编辑区域")).to_have_attribute("href", "#/zones/street")
        expect(page.get_by_role("link", name="查看事件", exact=True)).to_have_attribute(
            "href", "#/incidents?camera=street"
        )
        accessible(page)
        screenshot(page, f"camera-{size}")


@pytest.mark.parametrize(
    ("lang", "size", "why"), [("zh-CN", "phone", "连接不上摄像机"), ("en", "desktop", "The camera cannot be reached")]
)
def test_a_camera_that_is_away_says_why_in_the_language_of_the_page(
    browser: Browser, box: ConsoleBox, lang: str, size: str, why: str
) -> None:
    with page_of(browser, box, lang=lang, look=LOOKS[size]) as page:
        log_in(page)
        page.goto("/#/camera/away")
        expect(page.locator(".why-down .fault")).to_contain_text(why)
        words = page.locator(".why-down details p")
        expect(words).to_contain_text(re.compile("127\\.0\\.0\\.1|refused", re.IGNORECASE))
        expect(words).to_be_hidden()
        accessible(page)
        page.locator(".why-down summary").click()
        expect(words).to_be_visible()
        expect(words).to_have_attribute("lang", "en")
        screenshot(page, f"camera-away-{lang[:2]}-{size}")


def test_pictures_have_tags_and_widths(browser: Browser, box: ConsoleBox) -> None:
    with page_of(browser, box) as page:
        log_in(page, VIEWER)
        seq_rises(page, "[data-camera=street] .view")
        answers = page.evaluate(
            """async () => {
              const first = await fetch('/api/cameras/street/picture?width=320');
              const size = (await createImageBitmap(await first.blob())).width;
              const away = await fetch('/api/cameras/away/picture');
              const none = await fetch('/api/cameras/none/picture');
              return [first.status, first.headers.get('etag'), size, away.status, none.status];
            }"""
        )
        status, tag, width, away, none = answers
        assert (status, width, away, none) == (200, 320, 404, 404)
        assert tag.endswith('-320"')
