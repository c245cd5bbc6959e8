"""Zone edits as a browser sends them, before a crew that runs: what is wrong is refused, named and put at its field."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from httpx2 import Response
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agent.app.console.zones import MOST_PROBLEMS, ZoneDesk
from agent.console.routes.zones import routes
from agent.console.zone_edits import MOST_OF_ZONE
from tests.unit.console.rig import Rig, rig
from tests.unit.test_reload import Box, run

LINE = {"points": [[0.1, 0.5], [0.9, 0.5]], "shop": [0.5, 0.2]}
CALENDAR = {
    "active": [{"days": ["mon", "tue"], "from": "07:00", "to": "22:00"}, {"from": "23:00", "to": "02:00"}],
    "permitted": [{"days": ["sat"]}],
    "holidays": ["2026-10-01"],
    "workdays": ["2026-10-10"],
}
WHOLE: dict[str, Any] = {
    "id": "kerb",
    "name": "东门路缘",
    "polygon": [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]],
    "rules": {
        "illegal_parking": {"dwell": "10s", "classes": ["car"], "grace": {"car": "15m"}, "calendar": CALENDAR},
        "stall_encroachment": {"goods_line": LINE, "escalate": {"high": "30m"}, "overlap": 0.5},
    },
}
"""A zone with nearly all that one can have."""


@dataclass
class Editor:
    """The routes of the zone editor as a page of an operator reaches them."""

    console: Rig
    box: Box
    headers: dict[str, str]

    def ask(self, what: str, edits: object, *, lang: str = "en", **more: object) -> Response:
        body = {"version": self.box.version, "zones": edits, "lang": lang, **more}
        headers = {**self.headers, "Content-Type": "application/json"}
        return self.console.client.post(f"/api/zones/gate/{what}", content=json.dumps(body).encode(), headers=headers)

    def edit(self, zone: object) -> list[dict[str, Any]]:
        """That zone in place of the one that is in force."""
        [known] = self.console.client.get("/api/zones/gate").json()["zones"]
        return [{"was": known["id"], "zone": zone}]


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    with run(tmp_path_factory.mktemp("box")) as box:
        console = rig(tmp_path_factory.mktemp("console"), routes(ZoneDesk(box.reloader, box.site, box.street.clock)))
        yield Editor(console, box, console.log_in())


def changed(*path: str | int, to: object) -> dict[str, Any]:
    zone = copy.deepcopy(WHOLE)
    here: Any = zone
    for part in path[:-1]:
        here = here[part]
    here[path[-1]] = to
    return zone


def refused(editor: Editor, zone: object, *, lang: str = "en") -> list[dict[str, Any]]:
    """The problems with which both a draft and a save answer, and that nothing came of it."""
    before = editor.box.site.file.text()
    drafted, saved = (editor.ask(what, editor.edit(zone), lang=lang) for what in ("draft", "save"))
    assert (drafted.status_code, saved.status_code) == (200, 400), saved.text
    error = saved.json()["error"]
    assert error["code"] == "invalid"
    assert error["problems"] == [problem for problem in drafted.json()["problems"] if not problem["warning"]]
    assert (editor.box.site.file.text(), editor.box.reloader.trial) == (before, None)
    found: list[dict[str, Any]] = error["problems"]
    assert all(problem["expected"] in error["message"] for problem in found), "whoever has no form is told all, too"
    return found


PARKING = ("rules", "illegal_parking")
GOODS = ("rules", "stall_encroachment", "goods_line")


@pytest.mark.parametrize(
    ("path", "value", "field", "point"),
    [
        (("polygon",), "square", "polygon", None),
        (("polygon",), 7, "polygon", None),
        (("polygon",), True, "polygon", None),
        (("polygon",), {}, "polygon", None),
        (("polygon",), None, "polygon", None),
        (("polygon",), [], "polygon", None),
        (("polygon", 1), "0.9", "polygon", 1),
        (("polygon", 2), [0.5, float("nan")], "polygon", 2),
        (("polygon", 2), [float("inf"), 0.5], "polygon", 2),
        (("polygon", 2), [10**400, 0.5], "polygon", 2),
        (("polygon", 3), None, "polygon", 3),
        (("polygon",), [[n / 200, n % 2] for n in range(150)], "polygon", None),
        (("id",), None, "id", None),
        (("id",), 7, "id", None),
        (("id",), ["kerb"], "id", None),
        (("id",), "a" * 10_000, "id", None),
        (("id",), "Kerb!", "id", None),
        (("name",), "长" * 10_000, "name", None),
        (("name",), "two\nlines", "name", None),
        (("name",), "\x00\x1b[2J\ufeff", "name", None),
        (("name",), None, "name", None),
        (("name",), 4, "name", None),
        (("name",), [[[[[[[[[[]]]]]]]]]], "name", None),
        (("colour",), "red", "colour", None),
        (("<<",), {"id": "other"}, '"<<"', None),
        (("",), 1, '""', None),
        (("名称",), "x", '"名称"', None),
        (("rules",), "illegal_parking", "rules", None),
        (("rules",), ["illegal_parking"], "rules", None),
        (("rules",), None, "rules", None),
        (("rules", "parking"), {}, "rules.parking", None),
        (PARKING, "on", "rules.illegal_parking", None),
        (PARKING, None, "rules.illegal_parking", None),
        ((*PARKING, "dwel"), "3m", "rules.illegal_parking.dwel", None),
        ((*PARKING, "dwell"), 180, "rules.illegal_parking.dwell", None),
        ((*PARKING, "dwell"), float("nan"), "rules.illegal_parking.dwell", None),
        ((*PARKING, "dwell"), ["3m"], "rules.illegal_parking.dwell", None),
        ((*PARKING, "overlap"), "half", "rules.illegal_parking.overlap", None),
        ((*PARKING, "overlap"), float("inf"), "rules.illegal_parking.overlap", None),
        ((*PARKING, "overlap"), 7, "rules.illegal_parking.overlap", None),
        ((*PARKING, "severity"), {}, "rules.illegal_parking.severity", None),
        ((*PARKING, "classes"), "car", "rules.illegal_parking.classes", None),
        ((*PARKING, "classes", 0), "dog", "rules.illegal_parking.classes[0]", None),
        ((*PARKING, "grace"), [], "rules.illegal_parking.grace", None),
        ((*PARKING, "calendar"), 5, "rules.illegal_parking.calendar", None),
        ((*PARKING, "calendar"), "nights", "rules.illegal_parking.calendar", None),
        ((*PARKING, "calendar", "active"), [], "rules.illegal_parking.calendar.active", None),
        ((*PARKING, "calendar", "active", 1, "from"), 7, "rules.illegal_parking.calendar.active[1].from", None),
        ((*PARKING, "calendar", "active", 0, "days"), [], "rules.illegal_parking.calendar.active[0].days", None),
        ((*PARKING, "calendar", "permitted", 0, "to"), "25:00", "rules.illegal_parking.calendar.permitted[0].to", None),
        ((*PARKING, "calendar", "holidays", 0), "1.10.2026", "rules.illegal_parking.calendar.holidays[0]", None),
        ((*PARKING, "calendar", "workdays"), ["2026-10-01"], "rules.illegal_parking.calendar", None),
        (GOODS, "north", "rules.stall_encroachment.goods_line", None),
        ((*GOODS, "points"), [[0.1, 0.5]], "rules.stall_encroachment.goods_line.points", None),
        ((*GOODS, "points", 1), [0.1, 7], "rules.stall_encroachment.goods_line.points[1][1]", None),
        ((*GOODS, "points"), [[0, 0.01], [1, 0.01]], "rules.stall_encroachment.goods_line.points", None),
        ((*GOODS, "shop"), None, "rules.stall_encroachment.goods_line.shop", None),
        ((*GOODS, "shop"), [0.5, 0.5], "rules.stall_encroachment.goods_line.shop", None),
    ],
)
def test_what_is_wrong_is_told_at_its_field(
    editor: Editor, path: tuple[str | int, ...], value: object, field: str, point: int | None
) -> None:
    places = [(one["zone"], one["field"], one["point"]) for one in refused(editor, changed(*path, to=value))]
    assert (0, field, point) in places


def test_it_is_told_in_the_language_of_the_page(editor: Editor) -> None:
    [problem] = refused(editor, changed("polygon", to="方"), lang="zh-CN")
    assert (problem["expected"], problem["found"]) == ("列表", '文字 "方"')


def test_no_file_is_blamed_for_what_came_from_the_form(editor: Editor) -> None:
    answer = editor.ask("save", editor.edit(changed("polygon", to=7)))
    message = answer.json()["error"]["message"]
    assert message.startswith("zone 'kerb', polygon: expected a list, found the number 7; ")


@pytest.mark.parametrize("what", ["draft", "save"])
def test_who_was_faster_is_told_with_the_time(editor: Editor, what: str) -> None:
    at = editor.box.street.clock.now().utc.isoformat(timespec="seconds")
    zone = changed("name", to=f"before {what}")
    assert editor.ask("save", editor.edit(zone)).status_code == 200
    answer = editor.ask(what, editor.edit(WHOLE), version="a former one")
    assert answer.status_code == 409
    error = answer.json()["error"]
    assert {key: error[key] for key in ("code", "how", "by", "at")} == {
        "code": "conflict", "how": "saved", "by": "operator", "at": at,
    }  # fmt: skip
    editor.box.wait(61)


@pytest.mark.parametrize("what", ["draft", "save"])
@pytest.mark.parametrize(
    ("edits", "told"),
    [
        (None, "zones: expected a list"),
        ({}, "zones: expected a list"),
        ([{"was": None, "zone": WHOLE}] * 101, "at most 100"),
        ([{"was": "kerb", "zone": WHOLE}, 7], "zones[1]: expected {was, zone}"),
        ([{"was": "kerb"}], "zones[0]: expected"),
        ([{"was": 7, "zone": WHOLE}], "zones[0]: expected"),
        ([{"was": "kerb", "zone": []}], "zones[0]: expected"),
        ([{"was": "gone", "zone": WHOLE}], "load the page anew"),
        ([{"was": "kerb", "zone": WHOLE}] * 2, "load the page anew"),
    ],
)
def test_what_is_no_edit_is_refused(editor: Editor, what: str, edits: object, told: str) -> None:
    answer = editor.ask(what, edits)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")
    assert told in answer.json()["error"]["message"]


@pytest.mark.parametrize("what", ["draft", "save"])
def test_a_zone_that_is_too_long_is_told_at_its_longest_field(editor: Editor, what: str) -> None:
    answer = editor.ask(what, editor.edit(changed("name", to="长" * MOST_OF_ZONE)), lang="zh-CN")
    assert answer.status_code == 400
    [problem] = answer.json()["error"]["problems"]
    assert (problem["zone"], problem["field"], problem["expected"]) == (0, "name", "每个区域或时间表最多 20000 个字符")


@pytest.mark.parametrize("what", ["draft", "save"])
def test_more_than_a_file_may_hold_is_refused_at_once(editor: Editor, what: str) -> None:
    edits = [{"was": None, "zone": {"id": f"z{n}", "polygon": ["x"] * 1000}} for n in range(50)]
    answer = editor.ask(what, edits)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")
    assert "at most 40000 values" in answer.json()["error"]["message"]


def test_an_answer_tells_as_many_problems_as_anybody_reads(editor: Editor) -> None:
    edits = [{"was": None, "zone": {"id": f"z{n}", "polygon": ["x"] * 100}} for n in range(10)]
    answer = editor.ask("draft", edits)
    assert (answer.status_code, len(answer.json()["problems"])) == (200, MOST_PROBLEMS)
    refusal = editor.ask("save", edits)
    assert (refusal.status_code, len(refusal.json()["error"]["problems"])) == (400, MOST_PROBLEMS)
    assert len(refusal.json()["error"]["message"]) < 2_500


def test_ids_that_stand_there_twice_are_told_at_the_second(editor: Editor) -> None:
    edits = [*editor.edit(WHOLE), {"was": None, "zone": WHOLE}]
    answer = editor.ask("save", edits)
    assert answer.status_code == 400
    assert [(one["zone"], one["field"]) for one in answer.json()["error"]["problems"]] == [(1, "id")]


def test_what_is_wrong_can_be_shown_where_it_can_be_written(editor: Editor) -> None:
    drawn = editor.ask("draft", editor.edit(changed("polygon", to=7)), whole=True).json()
    assert "polygon: 7" in drawn["document"]
    nothing = editor.ask("draft", editor.edit(changed("name", to=None)), whole=True)
    assert (nothing.status_code, nothing.json()["document"]) == (200, "")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["mon", "07:00", "2026-10-01", "3m", "car", "kerb", "<<", "~", "“x”", "a: b", "!x", "*a", "&a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(places(WHOLE), key=str)), JSON)
def test_whatever_is_sent_is_saved_or_refused_with_its_reason(
    editor: Editor, path: tuple[str | int, ...], value: object
) -> None:
    zone = changed(*path, to=value)
    drafted = editor.ask("draft", editor.edit(zone), whole=True)
    assert drafted.status_code == 200
    faults = [problem for problem in drafted.json()["problems"] if not problem["warning"]]
    if faults:
        assert all(fault["zone"] == 0 and fault["field"] for fault in refused(editor, zone))
        return
    saved = editor.ask("save", editor.edit(zone))
    assert saved.status_code == 200, saved.text
    assert saved.json()["state"] in ("probation", "in_force"), "the latter where it was so already"
    editor.box.wait(61)
    assert editor.console.client.get("/api/zones/gate").json()["zones"] == [zone]


@settings(max_examples=30, deadline=None)
@given(JSON)
def test_whatever_stands_for_the_edits_is_no_fault_of_ours(editor: Editor, value: object) -> None:
    assume(value != [])  # no zone any more: that can be saved
    for body in ({"version": editor.box.version, "zones": value}, {"version": value, "zones": []}, value):
        for what in ("draft", "save"):
            content = json.dumps(body).encode()
            headers = {**editor.headers, "Content-Type": "application/json"}
            answer = editor.console.client.post(f"/api/zones/gate/{what}", content=content, headers=headers)
            assert answer.status_code in (400, 409), answer.text
