# ruff: noqa: E501  (texts as they stand in files)
"""Zones changed in a text: what was asked for, and everything else byte for byte."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.config import Lang, document, editing
from agent.config.editing import EditFault, ZoneEdit, with_zones
from agent.config.written import written

EXAMPLE = (Path(__file__).parents[3] / "configs/example.yaml").read_text()
SQUARE = [[0.1, 0.6], [0.9, 0.6], [0.9, 0.95], [0.1, 0.95]]
Zones = list[dict[str, Any]]
LANGUAGES: tuple[Lang, ...] = ("zh-CN", "en")


def zones_of(text: str, camera: str) -> Zones:
    return editing.zones_of(document.read(text).data, camera)


def edited(text: str, change: Callable[[Zones], object], camera: str = "gate") -> str:
    """The text after a change of its zones; a zone with `was` takes the place of that one."""
    zones = copy.deepcopy(zones_of(text, camera))
    known = [zone["id"] for zone in zones]
    change(zones)
    edits = []
    for zone in zones:
        was = zone.pop("was", zone["id"])
        edits.append(ZoneEdit(was=was if was in known else None, zone=zone))
    return with_zones(text, camera, edits)


def changed_lines(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def replace_at(*path: str | int, value: object) -> Callable[[Zones], object]:
    def change(zones: Zones) -> None:
        here: Any = zones
        for part in path[:-1]:
            here = here[part]
        here[path[-1]] = value

    return change


def removed(*path: str | int) -> Callable[[Zones], object]:
    def change(zones: Zones) -> None:
        here: Any = zones
        for part in path[:-1]:
            here = here[part]
        del here[path[-1]]

    return change


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (
            replace_at(0, "rules", "illegal_parking", "dwell", value="90s"),
            [
                "-            dwell: 3m                 # how long it must stand, in sight",
                "+            dwell: 90s                 # how long it must stand, in sight",
            ],
        ),
        (
            replace_at(0, "polygon", 0, value=[0.125, 0.61]),
            [
                "-        polygon: [[0.1, 0.6], [0.9, 0.6], [0.9, 0.95], [0.1, 0.95]]   # required: corners in order, 0..1 of "
                "the picture",
                "+        polygon: [[0.125, 0.61], [0.9, 0.6], [0.9, 0.95], [0.1, 0.95]]   # required: corners in order, "
                "0..1 of the picture",
            ],
        ),
        (
            replace_at(1, "rules", "garbage_overflow", "calendar", value="workday"),
            ["+            calendar: workday"],
        ),
        (
            removed(0, "rules", "illegal_parking", "grace"),
            ["-            grace: {}                 # a longer dwell for some of them, such as {truck: 15m}"],
        ),
        (replace_at(1, "name", value="东门: 垃圾桶"), ["+        name: '东门: 垃圾桶'"]),
        (
            lambda zones: zones.append({"id": "new", "polygon": SQUARE, "rules": {"illegal_parking": {}}}),
            [
                "+      - id: new",
                "+        polygon: [[0.1, 0.6], [0.9, 0.6], [0.9, 0.95], [0.1, 0.95]]",
                "+        rules:",
                "+          illegal_parking: {}",
            ],
        ),
    ],
)
def test_only_the_lines_in_question_change(change: Callable[[Zones], object], lines: list[str]) -> None:
    assert changed_lines(EXAMPLE, edited(EXAMPLE, change)) == lines


LISTS = """\
cameras:
  - id: gate
    zones:
      - id: kerb
        polygon: [[0.10, .6], [9e-1, 0.60],   # the post
                  [0.9, 0.950], [1.0e-1, 0.95]]
        rules:
          illegal_parking:
            calendar:
              active:   # as agreed
                - {from: '07:00', to: "09:00"}   # to school
                # at noon
                - days: [fri, "sat"]   # market
                  to: '12:00'
                - {to: "06:00"}
              holidays: [2026-10-01, 2026-10-02]
"""
POLYGON = ("rules", "illegal_parking", "calendar")


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (
            lambda zones: zones[0]["polygon"].insert(1, [0.5, 0.5]),
            [
                "-        polygon: [[0.10, .6], [9e-1, 0.60],   # the post",
                "+        polygon: [[0.10, .6], [0.5, 0.5], [9e-1, 0.60],   # the post",
            ],
        ),
        (
            lambda zones: zones[0]["polygon"].insert(0, [0.5, 0.5]),
            [
                "-        polygon: [[0.10, .6], [9e-1, 0.60],   # the post",
                "+        polygon: [[0.5, 0.5], [0.10, .6], [9e-1, 0.60],   # the post",
            ],
        ),
        (
            lambda zones: zones[0]["polygon"].append([0.5, 0.5]),
            [
                "-                  [0.9, 0.950], [1.0e-1, 0.95]]",
                "+                  [0.9, 0.950], [1.0e-1, 0.95], [0.5, 0.5]]",
            ],
        ),
        (
            removed(0, "polygon", 0),
            [
                "-        polygon: [[0.10, .6], [9e-1, 0.60],   # the post",
                "+        polygon: [[9e-1, 0.60],   # the post",
            ],
        ),
        (
            removed(0, "polygon", 1),
            [
                "-        polygon: [[0.10, .6], [9e-1, 0.60],   # the post",
                "+        polygon: [[0.10, .6],   # the post",
            ],
        ),
        (
            removed(0, "polygon", 2),
            ["-                  [0.9, 0.950], [1.0e-1, 0.95]]", "+                  [1.0e-1, 0.95]]"],
        ),
        (
            removed(0, "polygon", 3),
            ["-                  [0.9, 0.950], [1.0e-1, 0.95]]", "+                  [0.9, 0.950]]"],
        ),
        (
            removed(0, *POLYGON, "active", 0),
            ["-                - {from: '07:00', to: \"09:00\"}   # to school"],
        ),
        (
            removed(0, *POLYGON, "active", 1),
            ['-                - days: [fri, "sat"]   # market', "-                  to: '12:00'"],
        ),
        (removed(0, *POLYGON, "active", 2), ['-                - {to: "06:00"}']),
        (
            lambda zones: zones[0]["rules"]["illegal_parking"]["calendar"]["active"].insert(0, {"days": ["sun"]}),
            ["+                - days: [sun]"],
        ),
        (
            lambda zones: zones[0]["rules"]["illegal_parking"]["calendar"]["active"].append({"days": ["sun"]}),
            ["+                - days: [sun]"],
        ),
        (
            lambda zones: zones[0]["rules"]["illegal_parking"]["calendar"]["holidays"].append("2027-01-01"),
            [
                "-              holidays: [2026-10-01, 2026-10-02]",
                "+              holidays: [2026-10-01, 2026-10-02, '2027-01-01']",
            ],
        ),
        (
            replace_at(0, *POLYGON, "active", 1, "days", value=["sat"]),
            [
                '-                - days: [fri, "sat"]   # market',
                '+                - days: ["sat"]   # market',
            ],
        ),
    ],
)
def test_of_a_list_only_what_goes_or_comes_changes(change: Callable[[Zones], object], lines: list[str]) -> None:
    assert changed_lines(LISTS, edited(LISTS, change)) == lines


TIMES = """\
cameras:
  - id: gate
    zones:
      - id: kerb
        polygon: [[0.1, 0.6], [0.9, 0.6], [0.9, 0.95]]
        rules:
          illegal_parking:
            calendar:
              active:
                - {from: 07:00, to: 22:00}   # plain
                - {from: "07:00", to: 22:00}   # one of them quoted
                - from: 07:00   # when school begins
                  to: 22:00     # and the last bus
                - {from: 06:00}
"""
ACTIVE = (0, "rules", "illegal_parking", "calendar", "active")


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (
            replace_at(*ACTIVE, 0, "to", value="20:00"),
            [
                "-                - {from: 07:00, to: 22:00}   # plain",
                "+                - {from: '07:00', to: '20:00'}   # plain",
            ],
        ),
        (
            replace_at(*ACTIVE, 1, "to", value="20:00"),
            [
                '-                - {from: "07:00", to: 22:00}   # one of them quoted',
                '+                - {from: "07:00", to: "20:00"}   # one of them quoted',
            ],
        ),
        (
            replace_at(*ACTIVE, 2, "from", value="09:00"),
            [
                "-                - from: 07:00   # when school begins",
                "-                  to: 22:00     # and the last bus",
                "+                - from: '09:00'   # when school begins",
                "+                  to: '22:00'     # and the last bus",
            ],
        ),
        (
            replace_at(*ACTIVE, 3, "to", value="20:00"),
            [
                "-                - {from: 06:00}",
                "+                - {from: '06:00', to: '20:00'}",
            ],
        ),
        (
            replace_at(*ACTIVE, 0, "days", value=["sat"]),
            [
                "-                - {from: 07:00, to: 22:00}   # plain",
                "+                - {from: 07:00, to: 22:00, days: [sat]}   # plain",
            ],
        ),
        (
            lambda zones: zones[0]["rules"]["illegal_parking"]["calendar"]["active"].append(
                {"from": "07:00", "to": "20:00"}
            ),
            ["+                - from: '07:00'", "+                  to: '20:00'"],
        ),
        (
            replace_at(*ACTIVE[:-1], "permitted", value=[{"from": "07:00", "to": "20:00"}]),
            ["+              permitted: [{from: '07:00', to: '20:00'}]"],
        ),
    ],
)
def test_the_times_of_a_window_are_quoted_alike(change: Callable[[Zones], object], lines: list[str]) -> None:
    assert changed_lines(TIMES, edited(TIMES, change)) == lines


ITEMS = st.lists(st.sampled_from([0, 1, 2, 3]), max_size=6)
FORMS = {
    "[{}]   # end": ", ",
    "[ {} ,   # one more?\n       ]": ",   # next\n         ",
    "\n          - {}   # last": "   # next\n          # it\n          - ",
    "\n        - {}": "\n        - ",
    "\n        - - {}": "\n          - ",
}
"""A list as it may be written, and what stands between its items; that of the last form is the first item of another."""


@settings(max_examples=150, deadline=None)
@given(ITEMS.filter(bool), ITEMS.filter(bool), st.sampled_from(sorted(FORMS)))
def test_any_list_after_any_other(first: list[int], second: list[int], form: str) -> None:
    written = form.format(FORMS[form].join(map(str, first)))
    text = f"cameras:\n  - id: gate\n    zones:\n      - id: kerb\n        polygon: {written}\n        name: x  # y\n"
    path = (0, "polygon", 0) if "- -" in form else (0, "polygon")
    after = edited(text, replace_at(*path, value=second))
    assert zones_of(after, "gate")[0]["polygon"] == ([second] if "- -" in form else second)
    assert after.endswith("\n        name: x  # y\n"), "changed in place"


def test_no_change_is_the_same_text() -> None:
    assert edited(EXAMPLE, lambda zones: None) == EXAMPLE


def test_a_zone_that_goes_takes_its_own_lines_along() -> None:
    after = edited(EXAMPLE, removed(1))
    gone = changed_lines(EXAMPLE, after)
    assert gone[0] == "-      - id: bins"
    assert gone[-1] == "-            #calendar: workday"
    assert len(gone) == 15
    assert zones_of(after, "gate")[1]["id"] == "pavement"


def test_a_zone_takes_another_id() -> None:
    def rename(zones: Zones) -> None:
        zones[0].update(id="lane", was="kerb")

    assert [line for line in changed_lines(EXAMPLE, edited(EXAMPLE, rename)) if line[0] == "+"] == [
        "+      - id: lane                      # required; unique within the camera"
    ]


def test_all_zones_go_and_come_back() -> None:
    empty = edited(EXAMPLE, lambda zones: zones.clear())
    assert zones_of(empty, "gate") == []
    again = edited(empty, lambda zones: zones.append({"id": "new", "polygon": SQUARE, "rules": {}}))
    assert zones_of(again, "gate") == [{"id": "new", "polygon": SQUARE, "rules": {}}]


def test_the_first_zone_of_what_init_wrote() -> None:
    data = {
        "version": 1,
        "mqtt": {"host": "localhost"},
        "cameras": [
            {"id": "gate", "name": "东门", "url": "rtsp://192.168.1.64/Streaming/Channels/102"},
            {"id": "yard", "url": "rtsp://192.168.1.65/Streaming/Channels/102"},
        ],
    }
    for lang in LANGUAGES:
        text = written(data, file="site.yaml", lang=lang)
        for camera in ("gate", "yard"):
            after = edited(text, lambda zones: zones.append({"id": "z", "polygon": SQUARE}), camera)
            assert changed_lines(text, after) == [
                "+    zones:",
                "+      - id: z",
                "+        polygon: [[0.1, 0.6], [0.9, 0.6], [0.9, 0.95], [0.1, 0.95]]",
            ]


STRANGE = {
    "flow": "cameras: [{id: gate, url: a.mp4, zones: [{id: kerb, polygon: [[0, 0], [1, 0], [1, 1]]}]}]\n",
    "flow, no zones": "cameras: [{id: gate, url: a.mp4}]\n",
    "none": "cameras:\n- id: gate\n  zones: []   # none yet\n  url: a.mp4\n",
    "dash at the key": "cameras:\n- id: gate\n  zones:\n  - id: kerb  # one\n    polygon:\n    - [0, 0]\n    - [1, 0]\n    - [1, 1]",
    "corners in lines": "cameras:\n  - id: gate\n    zones:\n      - polygon:   # all of it\n          -\n            - 0\n            - 0\n          - [1, 0]\n          - [1, 1]\n        id: kerb\n    url: a.mp4\n",
    "shared polygon": "cameras:\n  - id: gate\n    zones:\n      - id: kerb\n        polygon: &p [[0, 0], [1, 0], [1, 1]]\n"
    "      - {id: b, polygon: *p}\n  - id: yard\n    zones:\n      - id: kerb\n        polygon: *p  # as at the gate\n",
    "merged settings": "x: &base {dwell: 3m, classes: [car]}\ncameras:\n  - id: gate\n    zones:\n      - id: kerb\n"
    "        polygon: [[0, 0], [1, 0], [1, 1]]\n        rules:\n          illegal_parking:\n            <<: *base\n"
    "            overlap: 0.5   # half\n",
    "shared zones": "cameras:\n  - id: yard\n    zones: &z\n      - id: kerb\n        polygon: [[0, 0], [1, 0], [1, 1]]\n"
    "  - id: gate\n    zones: *z   # the same\n    url: a.mp4\n",
    "shared zone": "cameras:\n  - id: yard\n    zones:\n      - &k\n        id: kerb\n        polygon: [[0, 0], [1, 0], [1, 1]]\n"
    "  - id: gate\n    zones:\n      - *k\n      - id: b\n        polygon: [[0, 0], [1, 0], [1, 1]]\n",
    "windows": "cameras:\r\n  - id: gate\r\n    zones:\r\n      - id: kerb\r\n        polygon: [[0, 0], [1, 0], [1, 1]]\r\n",
    "quoted": '"cameras":\n  - \'id\': "gate"\n    "zones" :\n      - {"id": \'kerb\', name: \'“老街” #1\',\n         polygon: [[0, 0], [1, 0], [1, 1]],}  # told\n',
}


COMMENTS = ("# none yet", "# as at the gate", "# told", "# half", "# one", "# all of it", "# the same")


def change_one(zones: Zones) -> None:
    zones[0].update(polygon=[[0, 0.5], *SQUARE], name="off")
    zones[0]["rules"] = {"illegal_parking": {"dwell": "2m", "calendar": {"active": [{"from": "07:00"}]}}}


def add_one(zones: Zones) -> None:
    zones.append({"id": "new", "name": "“东门”，: #", "polygon": SQUARE, "rules": {"garbage_overflow": {}}})


@pytest.mark.parametrize("name", STRANGE)
@pytest.mark.parametrize("change", [change_one, add_one, lambda zones: zones.clear(), removed(0)])
def test_whatever_way_it_is_written(name: str, change: Callable[[Zones], object]) -> None:
    """`with_zones` compares by itself; here, that it never has to refuse, and that comments of others stay."""
    text = STRANGE[name]
    if not zones_of(text, "gate") and change is not add_one:
        change = add_one
    after = edited(text, change)
    zones = copy.deepcopy(zones_of(text, "gate"))
    change(zones)
    assert zones_of(after, "gate") == zones
    if change is add_one:
        assert [c for c in COMMENTS if c in text] == [c for c in COMMENTS if c in after]


def test_a_merged_value_is_overridden_beside_the_merge() -> None:
    after = edited(STRANGE["merged settings"], replace_at(0, "rules", "illegal_parking", "dwell", value="9m"))
    assert changed_lines(STRANGE["merged settings"], after) == ["+            dwell: 9m"]


def test_another_camera_keeps_what_it_shared() -> None:
    after = edited(STRANGE["shared polygon"], replace_at(0, "polygon", 0, value=[0.5, 0.25]))
    assert zones_of(after, "gate")[0]["polygon"][0] == [0.5, 0.25]
    assert zones_of(after, "gate")[1]["polygon"][0] == [0, 0]
    assert zones_of(after, "yard")[0]["polygon"][0] == [0, 0]
    assert "# as at the gate" in after


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(EditFault, match="no camera nowhere"):
        with_zones(EXAMPLE, "nowhere", [])
    with pytest.raises(EditFault, match="load the page anew"):
        with_zones(EXAMPLE, "gate", [ZoneEdit(was="gone", zone={"id": "gone"})])


LEAVES = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\x7f\x85"), max_size=12).filter(str.isprintable),
    st.floats(0, 1),
    st.integers(0, 9),
    st.booleans(),
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3)
)
ZONES = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from(["kerb", "bins", "pavement", "x", "y"])},
        optional={"polygon": VALUES, "name": LEAVES, "rules": st.dictionaries(st.sampled_from("rst"), VALUES)},
    ),
    max_size=4,
    unique_by=lambda zone: str(zone["id"]),
)


@settings(max_examples=25, deadline=None)
@given(ZONES, ZONES)
@example([], [{"id": "x", "polygon": [":0", "?0", "a?b", "? 0", "-", "a: b", "#", "a #b", "- 1", "&a", "!x", "%"]}])
def test_any_zones_after_any_others(first: Zones, second: Zones) -> None:
    """Twice in a row, so that the second edit meets what the first one wrote."""
    start = EXAMPLE[EXAMPLE.index("cameras:\n  - id: gate") :]
    text = start
    for zones in (first, second):
        known = [zone["id"] for zone in zones_of(text, "gate")]
        text = with_zones(
            text, "gate", [ZoneEdit(was=z["id"] if z["id"] in known else None, zone=copy.deepcopy(z)) for z in zones]
        )
        assert {zone["id"]: zone for zone in zones_of(text, "gate")} == {zone["id"]: zone for zone in zones}
    rest, before = document.read(text), document.read(start)
    for doc in (rest, before):
        assert isinstance(doc.data, dict)
        doc.data["cameras"][0].pop("zones", None)
    assert rest.data == before.data
