"""The whole agent with its console, as a process, and a real browser in front of it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from agent.adapters.console_users import UsersFile
from agent.ports.console.access import Role
from tests.e2e.agent_process import AgentProcess, wait_until
from tests.films import FPS, excerpt, standing, write_film
from tests.mosquitto import Mosquitto, free_port
from tests.watching import listening

ROOT = Path(__file__).parents[2]
SCREENS = Path(os.environ.get("CITYEYE_SCREENS", ROOT / "out" / "screens"))
"""Pictures of the pages, for a person to look at; kept after the run."""
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
OPERATOR, VIEWER = ("王芳", "correct horse battery"), ("guest", "staple staple staple")
PATIENCE_MS = 60_000
"""For whatever a page is waited for: far longer than it takes anywhere, so that no machine is too slow."""
PARKED_S = 19.0
SQUARE = [[0.05, 0.5], [0.95, 0.5], [0.95, 0.95], [0.05, 0.95]]


@dataclass
class ConsoleBox:
    """An agent that runs and answers at `url`; its `folder` holds `box.yaml` and `data`."""

    folder: Path
    config: Path
    port: int
    broker: Mosquitto
    agent: AgentProcess

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        return self.folder / "data"


def street(**more: Any) -> dict[str, Any]:
    """A camera that plays the clip of the repository: cars park in its zone after some seconds."""
    zone = {"id": "kerb", "name": "路边", "polygon": SQUARE, "rules": {"illegal_parking": {"dwell": "5s"}}}
    return {"id": "street", "name": "文三路", "url": f"file:{ROOT / 'demo' / 'street.mp4'}", "zones": [zone], **more}


def parked_street(folder: Path) -> dict[str, Any]:
    """That street in one moment, in which cars stand in its zone: they stay, however long a test takes."""
    (moment,) = excerpt(ROOT / "demo" / "street.mp4", PARKED_S, PARKED_S + 0.5 / FPS)
    some, all_ = folder / "moment.mp4", folder / "parked.mp4"
    write_film(some, standing(moment, 4.0, seed=1), (moment.shape[1], moment.shape[0]))
    again = ["ffmpeg", "-v", "error", "-nostdin", "-stream_loop", "74", "-i", str(some), "-c", "copy", str(all_)]
    subprocess.run(again, check=True)  # five minutes
    return street(url=f"file:{all_}")


@contextmanager
def console_box(
    folder: Path,
    *,
    cameras: list[dict[str, Any]] | None = None,
    users: bool = True,
    more: Mapping[str, Any] = {},
    written: Callable[[str], str] = str,
) -> Iterator[ConsoleBox]:
    """The agent with a broker of its own. `more`: further sections of its configuration; `written`: its text again."""
    port = free_port()
    with Mosquitto(folder) as broker:
        settings = {
            "box": {"id": "box-7", "tenant": "gongshu"},
            "mqtt": {"host": "127.0.0.1", "port": broker.port},
            "model": {"workers": 1},
            "storage": {"folder": str(folder / "data")},
            "console": {"listen": f"127.0.0.1:{port}"},
            "cameras": [street()] if cameras is None else cameras,
            **more,
        }
        config = folder / "box.yaml"
        config.write_text(written(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False)))
        if users:
            known = UsersFile(folder / "data" / "console-users.json")
            known.put(*OPERATOR, Role.OPERATOR)
            known.put(*VIEWER, Role.VIEWER)
        with AgentProcess(config) as agent:
            wait_until(lambda: listening(port), "the console to answer")
            yield ConsoleBox(folder, config, port, broker, agent)
            agent.stop()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's browser, without a window."""
    expect.set_options(timeout=PATIENCE_MS)  # its own are five seconds, whatever a context is told
    with sync_playwright() as playwright:
        program = os.environ.get("CITYEYE_CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])  # root, as CI is
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def page_of(
    browser: Browser, box: ConsoleBox, *, lang: str = "zh-CN", look: Mapping[str, Any] = DESKTOP
) -> Iterator[Page]:
    """A page in a fresh context. An error that the page did not expect fails the test."""
    context: BrowserContext = browser.new_context(base_url=box.url, locale=lang, **look)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)
    try:
        yield page
        assert not errors, errors
    finally:
        context.close()


def log_in(page: Page, who: tuple[str, str] = OPERATOR) -> None:
    """Through the login page, and wait for the first page."""
    page.goto("/")
    page.locator("#name").fill(who[0])
    page.locator("#password").fill(who[1])
    page.locator("form button").click()
    page.locator("header nav a").first.wait_for()


def screenshot(page: Page, name: str) -> None:
    """Keep a picture of the page."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / f"{re.sub(r'[^a-z0-9-]', '-', name)}.png", full_page=True)


def accessible(page: Page) -> None:
    """No violation of WCAG 2 A and AA that axe-core finds."""
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}})
    assert found.violations_count == 0, found.generate_report()
