"""The zone editor's backend before a crew that runs: what an edit says, saving it, and the way back."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event as StopEvent
from threading import Thread
from typing import Any, cast

import pytest
import yaml

from agent.app.console.zones import ZoneDesk
from agent.app.site import Site
from agent.core.errors import CommandRejected, RejectCode
from agent.core.rules import RULES
from agent.ports.console.zones import DraftShown, Edit, Edits, Overtaken
from tests.unit.test_reload import Box, run

BOW_TIE = [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]
ALL = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
Zones = list[dict[str, Any]]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with run(tmp_path) as running:
        yield running


@pytest.fixture
def desk(box: Box) -> ZoneDesk:
    return ZoneDesk(box.reloader, box.site, box.street.clock)


def edits(desk: ZoneDesk, change: Callable[[Zones], object]) -> Edits:
    zones = copy.deepcopy(desk.zones("gate")["zones"])
    known = {zone["id"] for zone in zones}
    change(zones)
    return Edits(zones=[Edit(was=zone["id"] if zone.get("id") in known else None, zone=zone) for zone in zones])


def lengthen(zones: Zones) -> None:
    zones[0]["rules"]["illegal_parking"]["dwell"] = "9m"


def draft(desk: ZoneDesk, change: Callable[[Zones], object], lang: Any = "en") -> DraftShown:
    return desk.draft("gate", edits(desk, change), desk.zones("gate")["version"], lang, whole=True)


def test_the_zones_in_force_and_every_setting_of_the_rules(box: Box, desk: ZoneDesk) -> None:
    shown = desk.zones("gate")
    assert shown["version"] == box.version
    assert shown["zones"] == yaml.safe_load(box.site.file.text())["cameras"][0]["zones"]
    assert set(shown["rules"]) == set(RULES)
    for name, rule in RULES.items():
        assert [field["key"] for field in shown["rules"][name]] == list(rule.Settings.model_fields)
    kinds = {field["key"]: field["kind"] for field in shown["rules"]["illegal_parking"]}
    assert kinds["dwell"] == "duration"
    assert kinds["classes"] == "several"
    assert kinds["grace"] == kinds["escalate"] == "durations"
    assert kinds["severity"] == "choice"
    assert kinds["overlap"] == "number"
    stalls = {field["key"]: field["kind"] for field in shown["rules"]["stall_encroachment"]}
    assert (stalls["goods_line"], stalls["calendar"]) == ("line", "calendar")


def test_problems_are_told_at_their_zone_and_field_in_the_users_language(desk: ZoneDesk) -> None:
    def spoil(zones: Zones) -> None:
        zones.insert(0, {"id": "new", "polygon": [[0.1, 0.1], [1.5, 0.1], [0.5, 0.9]]})
        zones[1].update(polygon=BOW_TIE)
        zones[1]["rules"]["illegal_parking"]["dwell"] = "three minutes"

    problems = draft(desk, spoil, "zh-CN")["problems"]
    places = {(problem["zone"], problem["field"], problem["point"]) for problem in problems if not problem["warning"]}
    assert places == {(0, "polygon", 1), (1, "polygon", None), (1, "rules.illegal_parking.dwell", None)}
    crossing = next(problem for problem in problems if problem["zone"] == 1 and problem["field"] == "polygon")
    assert "相交" in crossing["found"]


def test_the_difference_shows_what_changed_and_no_secret(box: Box, desk: ZoneDesk) -> None:
    shown = draft(desk, lengthen)
    assert shown["problems"] == []
    assert [line.strip("+- ") for line in shown["diff"].splitlines() if line.startswith("+")] == ["dwell: 9m"]
    assert "hunter2" in box.site.file.text()
    assert "hunter2" not in shown["diff"] + shown["document"]
    assert "dwell: 9m" in shown["document"]


def test_a_saved_edit_is_in_force_on_probation_and_then_for_good(box: Box, desk: ZoneDesk) -> None:
    def add(zones: Zones) -> None:
        zones.append({"id": "new", "polygon": ALL, "rules": {"illegal_parking": {}}})

    before, version = box.site.file.text(), box.version
    status = desk.save("gate", edits(desk, add), version, "王芳")
    assert (status["state"], status["by"], status["probation_s"]) == ("probation", "王芳", 60)
    assert status["version"] == box.version != version
    assert "new" in box.street.crew.zones["gate"]
    assert "hunter2" in box.site.file.text()
    box.wait(62)
    assert desk.status()["state"] == "in_force"
    [kept] = desk.versions()
    assert (kept["number"], kept["by"], kept["size"]) == (1, "王芳", len(before.encode()))
    assert "-      - id: new" in desk.changes_since(1) or "id: new" in desk.changes_since(1)
    desk.roll_back(1, box.version, "李")
    assert box.site.file.text() == before
    assert "new" not in box.street.crew.zones["gate"]
    box.wait(62)
    assert [version["by"] for version in desk.versions()] == ["李", "王芳"]


def test_a_box_that_gets_unhealthy_takes_it_back_and_says_why(box: Box, desk: ZoneDesk) -> None:
    before = box.site.file.text()
    desk.save("gate", edits(desk, lengthen), box.version, "王芳")
    box.broker = False
    box.online.clear()
    box.wait(61)
    status = desk.status()
    assert status["state"] == "taken_back"
    assert "the former document was put back" in status["why"]
    assert box.site.file.text() == before


def test_two_operators_do_not_overwrite_each_other(box: Box, desk: ZoneDesk) -> None:
    old, mine = box.version, edits(desk, lengthen)
    desk.save("gate", edits(desk, lambda zones: zones[0].update(name="a")), old, "a")
    at = box.street.clock.now().utc.isoformat(timespec="seconds")
    for when in ("on probation", "in force for good"):
        for late in (
            lambda: desk.draft("gate", mine, old, "en", whole=False),
            lambda: desk.save("gate", mine, old, "b"),
            lambda: desk.roll_back(1, old, "b"),
        ):
            with pytest.raises(Overtaken) as found:
                late()
            assert found.value.code is RejectCode.CONFLICT
            assert (found.value.how, found.value.by, found.value.at) == ("saved", "a", at), when
        box.wait(61)
    desk.save("gate", edits(desk, lambda zones: zones[0].update(name="c")), box.version, "c")
    with pytest.raises(CommandRejected) as caught:
        desk.save("gate", edits(desk, lengthen), box.version, "b")
    assert caught.value.code is RejectCode.BUSY, "one probation at a time"
    with pytest.raises(CommandRejected) as caught:
        box.put(lambda data: None, if_version=old)
    assert caught.value.code is RejectCode.CONFLICT, "no waiting would mend that"


def test_whoever_began_with_what_was_taken_back_is_told_so(box: Box, desk: ZoneDesk) -> None:
    desk.save("gate", edits(desk, lengthen), box.version, "a")
    version, mine = box.version, edits(desk, lambda zones: zones[0].update(name="b"))
    box.broker = False
    box.online.clear()
    box.wait(61)
    with pytest.raises(Overtaken) as caught:
        desk.save("gate", mine, version, "b")
    assert caught.value.how == "taken_back"
    with pytest.raises(Overtaken) as caught:
        desk.save("gate", mine, "of long ago", "b")
    assert (caught.value.how, caught.value.by, caught.value.at) == ("unknown", None, None)


def test_a_file_that_was_edited_at_the_box_is_told_from_another_version(box: Box, desk: ZoneDesk) -> None:
    mine, text = edits(desk, lengthen), box.site.file.text()
    box.site.file.path.write_text(f"{text}# by hand\n")
    with pytest.raises(Overtaken) as caught:
        desk.save("gate", mine, box.version, "b")
    assert caught.value.how == "edited"
    assert box.site.file.text() == f"{text}# by hand\n"


def test_what_became_of_a_change_is_known_to_later_runs(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        desk = ZoneDesk(box.reloader, box.site, box.street.clock)
        assert desk.status()["state"] == "none"
        saved = desk.save("gate", edits(desk, lengthen), box.version, "王芳")
        box.reloader.close()
    with run(tmp_path) as box:
        desk = ZoneDesk(box.reloader, box.site, box.street.clock)
        assert {**desk.status(), "probation_s": 60} == saved, "by whom and when, also in the middle of the probation"
        box.wait(62)
    with run(tmp_path) as box:
        desk = ZoneDesk(box.reloader, box.site, box.street.clock)
        assert desk.status() == {**saved, "state": "in_force", "probation_s": 0.0}
        desk.save("gate", edits(desk, lambda zones: zones[0].update(name="lane")), box.version, "李")
    with run(tmp_path) as box:  # nobody announced that end: a crash
        status = ZoneDesk(box.reloader, box.site, box.street.clock).status()
        assert (status["state"], status["by"]) == ("taken_back", "李")
        assert "a crash, or a power cut" in status["why"]
    (tmp_path / "data" / "config-fate.json").write_text("{")
    with run(tmp_path) as box:
        assert ZoneDesk(box.reloader, box.site, box.street.clock).status()["state"] == "none"


def test_what_is_wrong_is_not_saved(box: Box, desk: ZoneDesk) -> None:
    before = box.site.file.text()
    with pytest.raises(CommandRejected) as caught:
        desk.save("gate", edits(desk, lambda zones: zones[0].update(polygon=BOW_TIE)), box.version, "a")
    assert caught.value.code is RejectCode.INVALID
    assert box.site.file.text() == before
    for call in (lambda: desk.zones("nowhere"), lambda: desk.roll_back(7, box.version, "a")):
        with pytest.raises(CommandRejected):
            call()


def test_a_camera_without_zones_is_warned_of_and_no_other_camera(desk: ZoneDesk) -> None:
    [told] = draft(desk, lambda zones: zones.clear())["problems"]
    assert (told["camera"], told["zone"], told["field"], told["warning"]) == (True, None, "zones", True)
    assert "nothing will be reported" in told["found"]


class SlowSite:
    """A site whose folder is not known before somebody says so."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.asked, self.told = StopEvent(), StopEvent()

    @property
    def home(self) -> Path:
        self.asked.set()
        assert self.told.wait(60)
        return self._site.home

    def __getattr__(self, name: str) -> Any:
        return getattr(self._site, name)


def test_who_looks_does_not_wait_for_who_has_a_draft_checked(box: Box) -> None:
    site = SlowSite(box.site)
    desk = ZoneDesk(box.reloader, cast("Site", site), box.street.clock)
    mine = edits(desk, lengthen)
    drafts: list[DraftShown] = []
    checking = Thread(target=lambda: drafts.append(desk.draft("gate", mine, box.version, "en", whole=True)))
    checking.start()
    try:
        assert site.asked.wait(60)
        assert desk.zones("yard")["camera"] == "yard"
        assert (desk.versions(), desk.status()["state"]) == ([], "none")
        assert drafts == []
    finally:
        site.told.set()
        checking.join(60)
    assert [draft["problems"] for draft in drafts] == [[]]


def test_a_site_that_refuses_documents_of_the_centre_is_still_tuned_here(tmp_path: Path) -> None:
    with run(tmp_path) as first:
        text = first.site.file.text()
    (tmp_path / "site.yaml").write_text(text.replace("probation: 60s", "probation: 60s\n  refuse: [config.put]"))
    with run(tmp_path) as box:
        desk = ZoneDesk(box.reloader, box.site, box.street.clock)
        assert desk.save("gate", edits(desk, lengthen), box.version, "a")["state"] == "probation"


@pytest.mark.parametrize(
    ("lang", "mends"),
    [
        ("en", ["for example zone-2", "tick below what is watched for", "correct it, or empty the field"]),
        ("zh-CN", ["例如 zone-2", "请在下方勾选管什么", "请改正，或清空此项"]),
    ],
)
def test_a_form_is_not_told_of_keys_and_yaml(desk: ZoneDesk, lang: str, mends: list[str]) -> None:
    def spoil(zones: Zones) -> None:
        zones[0]["rules"]["illegal_parking"]["overlap"] = 7
        zones.append({"id": "zone-1", "polygon": ALL, "rules": {"illegal_parking": {}}})
        zones.append({"polygon": ALL, "rules": {"illegal_parking": {}}})

    def empty(zones: Zones) -> None:
        zones.append({"id": "zone-1", "polygon": ALL, "rules": {}})

    problems = [*draft(desk, spoil, lang)["problems"], *draft(desk, empty, lang)["problems"]]
    told = {problem["field"]: problem["mend"] for problem in problems}
    assert [told[field] for field in ("id", "rules", "rules.illegal_parking.overlap")] == mends


def test_every_text_of_a_rule_in_the_form_is_free_of_the_files_words(desk: ZoneDesk) -> None:
    def spoil(zones: Zones) -> None:
        zones[0]["rules"] = {
            "illegal_parking": {"classes": [], "grace": {"truck": "1m"}, "dwell": ""},
            "garbage_overflow": {"place": "ground", "channels": ["zone_state"]},
        }
        zones.append({"id": "x", "polygon": ALL, "rules": {"illegal_parking": {"grace": {"truck": "1m", "bus": "9m"}}}})
        zones[1]["rules"]["illegal_parking"]["classes"] = ["car", "truck"]

    def lower(zones: Zones) -> None:
        zones[0]["rules"]["illegal_parking"]["min_score"] = 0.05

    for lang in ("en", "zh-CN"):
        problems = [*draft(desk, spoil, lang)["problems"], *draft(desk, lower, lang)["problems"]]
        assert len(problems) >= 5
        for problem in problems:
            said = f"{problem['expected']} {problem['found']} {problem['mend']}"
            assert not re.search(r"\bkey\b|键|zone_state|\bclasses\b|channels|model\.|\bplace\b|\{\}", said), said
