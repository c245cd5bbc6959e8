"""The page of the zone editor: what a mouse, fingers and keys do on its picture, and what is drawn there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.browser.console_box import ROOT, ConsoleBox, console_box, log_in
from tests.cameras import MAIN, PASSWORD, USER, simulated_camera

PAVEMENT = [[0.1, 0.3], [0.9, 0.3], [0.9, 0.9], [0.1, 0.9]]
CALENDARS = {
    "workday": {"active": [{"days": ["mon", "tue"], "from": "07:00", "to": "22:00"}], "holidays": ["2026-10-01"]}
}
NIGHTS = (
    "{active: [{from: '07:00'}, {days: [sat], to: '06:00'}], "
    "permitted: [{days: [fri, sat], from: '18:00', to: '02:00'}]}"
)
TEXT_OF_NIGHTS = f"            calendar: {NIGHTS}   # night market, as agreed"

Place = tuple[float, float]
"""In 0..1 of the picture, or of what is seen of it."""


def open_editor(page: Page, who: tuple[str, str] | None = None) -> None:
    log_in(page, *([who] if who else []))
    page.goto("/#/zones/gate")
    page.locator("svg[data-picture=there]").wait_for()


def at(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a place of the picture is in the window, which is scrolled to show it."""
    page.locator(".zone-canvas").scroll_into_view_if_needed()
    place = page.locator(".zone-canvas").bounding_box()
    assert place
    return place["x"] + x * place["width"], place["y"] + y * place["height"]


def draw(page: Page, corners: Sequence[tuple[float, float]], *, touch: bool = False) -> None:
    """Tap the corners, and the first one again."""
    page.get_by_role("button", name="New zone", exact=True).click()
    for corner in [*corners, corners[0]]:
        if touch:
            page.touchscreen.tap(*at(page, *corner))
        else:
            page.mouse.click(*at(page, *corner))


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*at(page, *start))
    page.mouse.down()
    page.mouse.move(*at(page, (start[0] + end[0]) / 2, (start[1] + end[1]) / 2))
    page.mouse.move(*at(page, *end))
    page.mouse.up()


def drawn(page: Page) -> dict[str, list[list[float]]]:
    """The zones on the picture, by what they are called: corners in 0..1."""
    found: dict[str, list[list[float]]] = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll(".zone-canvas .zone")].map((g) => {
            const svg = g.closest("svg"), height = Number(svg.querySelector("image").getAttribute("height"));
            const points = g.querySelector("polygon").getAttribute("points").split(" ");
            const corners = points.map((point) => point.split(",").map(Number)).map(([x, y]) => [x / 1000, y / height]);
            return [g.querySelector("text").textContent, corners];
        }))"""
    )
    return found


def near(found: Sequence[Sequence[float]], wanted: Sequence[Sequence[float]], within: float = 0.01) -> bool:
    return len(found) == len(wanted) and all(
        abs(a - b) <= within for one, other in zip(found, wanted, strict=True) for a, b in zip(one, other, strict=True)
    )


def in_force(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("fetch('/api/zones/gate').then((answer) => answer.json())")
    return found


def fingers(page: Page, *moments: Sequence[Place]) -> None:
    """Where the fingers are on the picture, moment by moment; then they are lifted. As a touch screen tells it."""
    screen = page.context.new_cdp_session(page)
    places = [[at(page, *place) for place in moment] for moment in moments]
    for number, moment in enumerate(places):
        points = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(moment)]
        screen.send(
            "Input.dispatchTouchEvent", {"type": "touchMove" if number else "touchStart", "touchPoints": points}
        )
    screen.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    screen.detach()


def seen(page: Page) -> list[float]:
    """Which part of the picture is seen: left, top, width and height in 0..1 of it."""
    found: list[float] = page.evaluate(
        """() => {
            const svg = document.querySelector(".zone-canvas");
            const height = Number(svg.querySelector("image").getAttribute("height"));
            const [x, y, w, h] = svg.getAttribute("viewBox").split(" ").map(Number);
            return [x / 1000, y / height, w / 1000, h / height];
        }"""
    )
    return found


def zone_in_hand(page: Page, zone_id: str) -> dict[str, Any]:
    """A zone as the page would save it now; as it is in force where nothing is changed."""
    found: dict[str, Any] = page.evaluate(
        """async (id) => {
            const key = Object.keys(sessionStorage).find((one) => one.startsWith("zones/") && one.endsWith("/gate"));
            const kept = JSON.parse(key ? sessionStorage.getItem(key) : "null");
            const force = await (await fetch("/api/zones/gate")).json();
            const zones = kept ? kept.zones.map(({ zone }) => zone) : force.zones;
            return zones.find((zone) => zone.id === id);
        }""",
        zone_id,
    )
    return found


@contextmanager
def market_street(folder: Path) -> Iterator[ConsoleBox]:
    """A box with one zone that was written by hand, as a person would, so that it is seen what of it stays."""
    with simulated_camera(ROOT / "demo" / "street.mp4") as camera:
        gate = {"id": "gate", "url": camera.url(MAIN), "username": USER, "password": PASSWORD, "main_stream": "off"}
        more = {"commands": {"probation": "10s"}, "calendars": CALENDARS}
        with console_box(folder, cameras=[gate], more=more, written=_by_hand) as running:
            yield running


def _by_hand(text: str) -> str:
    zones = [
        "  zones:   # of the market street",
        "      - id: pavement",
        "        name: 人行道",
        f"        polygon: {PAVEMENT}",
        "        rules:",
        "          stall_encroachment:",
        "            dwell: 5m   # agreed with the street office",
        TEXT_OF_NIGHTS,
    ]
    before, mark, after = text.partition("  main_stream: 'off'\n")
    return before + mark + "\n".join(zones) + "\n" + after
