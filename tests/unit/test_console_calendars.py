"""Named calendars in the zone editor's backend before a crew that runs: for whom they hold, and changing one."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from httpx2 import Response

from agent.app.console.zones import ZoneDesk
from agent.console.routes.zones import routes
from agent.console.zone_edits import MOST_OF_ZONE
from agent.ports.console.zones import Edit, EditRefused, Edits, Overtaken
from tests.unit.console.rig import Rig, rig
from tests.unit.test_reload import Box, run

NAME = "上学 a.b"
TEXT = f"""\
calendars:   # of the school street
  "{NAME}":
    active:
      - {{days: [mon], from: 07:00, to: "22:00"}}   # bell
  unused: {{permitted: [{{days: [sat]}}]}}
"""


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with run(tmp_path) as first:
        settings: dict[str, Any] = yaml.safe_load(first.site.file.text())
    for camera in settings["cameras"]:
        camera["zones"][0]["rules"]["illegal_parking"] = {"calendar": NAME}
    settings["cameras"][1].update(name="院子")
    (tmp_path / "site.yaml").write_text(TEXT + yaml.safe_dump(settings, allow_unicode=True))
    with run(tmp_path) as running:
        yield running


@pytest.fixture
def desk(box: Box) -> ZoneDesk:
    return ZoneDesk(box.reloader, box.site, box.street.clock)


def changed(desk: ZoneDesk, *, to: object = "20:00", name: str = NAME) -> Edits:
    shown = desk.zones("gate")
    calendar = copy.deepcopy(shown["calendars"][name])
    calendar["active"] = [{"days": ["mon"], "from": "07:00", "to": to}]
    zones = [Edit(was=zone["id"], zone=zone) for zone in shown["zones"]]
    return Edits(zones=zones, calendars={name: calendar})


def test_it_is_told_for_which_zones_of_all_cameras_a_calendar_holds(desk: ZoneDesk) -> None:
    shown = desk.zones("gate")
    assert list(shown["calendars"]) == [NAME, "unused"]
    assert shown["uses"]["unused"] == []
    uses = [(use["camera"], use["camera_name"], use["rule"]) for use in shown["uses"][NAME]]
    assert uses == [("gate", "东门", "illegal_parking"), ("yard", "院子", "illegal_parking")]


def test_a_calendar_is_saved_for_all_its_zones_with_a_diff_a_version_and_a_way_back(box: Box, desk: ZoneDesk) -> None:
    before, was = box.site.file.text(), box.version
    drafted = desk.draft("gate", changed(desk), was, "en", whole=True)
    assert drafted["problems"] == []
    lines = [line for line in drafted["diff"].splitlines() if line[:1] in "+-"]
    assert lines == [
        '-      - {days: [mon], from: 07:00, to: "22:00"}   # bell',
        '+      - {days: [mon], from: "07:00", to: "20:00"}   # bell',
    ]
    assert desk.save("gate", changed(desk), was, "王芳")["state"] == "probation"
    held = [duty.calendar for plan in box.street.crew.config.plans().values() for duty in plan.duties]
    assert [calendar.active[0].end for calendar in held if calendar] == [20 * 60, 20 * 60], "of both cameras"
    box.wait(61)
    [kept] = desk.versions()
    assert 'to: "22:00"' in desk.changes_since(kept["number"])
    with pytest.raises(Overtaken):
        desk.save("gate", changed(desk), was, "b")
    desk.roll_back(kept["number"], box.version, "李")
    assert box.site.file.text() == before


@pytest.mark.parametrize(("name", "to"), [(NAME, "25:00"), ("unused", 7)])
def test_what_is_wrong_is_told_at_its_calendar_and_field(desk: ZoneDesk, box: Box, name: str, to: object) -> None:
    edits, before = changed(desk, to=to, name=name), box.site.file.text()
    [problem] = desk.draft("gate", edits, box.version, "zh-CN", whole=False)["problems"]
    assert (problem["zone"], problem["calendar"], problem["field"]) == (None, name, "active[0].to")
    with pytest.raises(EditRefused, match=r"calendar .*active\[0\]\.to: expected") as caught:
        desk.save("gate", edits, box.version, "a")
    assert [one["calendar"] for one in caught.value.problems] == [name]
    assert box.site.file.text() == before


def test_a_zone_and_a_calendar_are_changed_at_once(box: Box, desk: ZoneDesk) -> None:
    edits = changed(desk)
    edits.zones[0].zone["name"] = "校门"
    desk.save("gate", edits, box.version, "a")
    written = yaml.safe_load(box.site.file.text())
    assert written["cameras"][0]["zones"][0]["name"] == "校门"
    assert written["calendars"][NAME]["active"][0]["to"] == "20:00"


class Form:
    """The routes as a page of an operator reaches them."""

    def __init__(self, console: Rig, box: Box) -> None:
        self.console, self.box, self.headers = console, box, console.log_in()

    def ask(self, what: str, calendars: object) -> Response:
        zones = self.console.client.get("/api/zones/gate").json()["zones"]
        edits = [{"was": zone["id"], "zone": zone} for zone in zones]
        body = {"version": self.box.version, "zones": edits, "calendars": calendars, "lang": "en"}
        return self.console.client.post(f"/api/zones/gate/{what}", json=body, headers=self.headers)


@pytest.fixture
def form(box: Box, desk: ZoneDesk, tmp_path: Path) -> Form:
    return Form(rig(tmp_path / "console", routes(desk)), box)


@pytest.mark.parametrize("what", ["draft", "save"])
@pytest.mark.parametrize(
    ("calendars", "told"),
    [
        ([], "calendars: expected an object"),
        ({str(n): {} for n in range(101)}, "at most 100"),
        ({NAME: []}, "expected an object"),
        ({NAME: None}, "expected an object"),
        ({"gone": {}}, "there is no calendar"),
    ],
)
def test_what_is_no_edit_of_a_calendar_is_refused(form: Form, what: str, calendars: object, told: str) -> None:
    answer = form.ask(what, calendars)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")
    assert told in answer.json()["error"]["message"]


def test_a_calendar_that_is_too_long_is_told_at_it(form: Form) -> None:
    answer = form.ask("draft", {NAME: {"holidays": ["2026-10-01"] * MOST_OF_ZONE}})
    [problem] = answer.json()["error"]["problems"]
    assert (answer.status_code, problem["calendar"], problem["zone"]) == (400, NAME, None)


def test_the_record_names_the_calendars_that_were_changed(form: Form) -> None:
    assert form.ask("save", {"unused": {"active": [{"days": ["sun"]}]}}).status_code == 200
    detail = form.console.audit.newest(1)[0].detail
    assert detail.endswith("; calendar unused")
