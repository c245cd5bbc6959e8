"""Every problem, with its line and its exact texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import Lang, load
from agent.core.errors import ConfigError
from agent.core.rules import RULES
from agent.core.tracking.tracker import BLIND_AFTER_S
from tests.unit.config.samples import BASE, good, read, read_data


def told(text: str, lang: Lang = "en") -> list[str]:
    return [str(problem) for problem in read(text, lang=lang).problems]


def test_the_base_is_good() -> None:
    assert told(BASE) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "host: broker",
            "port: 1883",
            "1: mqtt.host: expected the key host, found nothing; add host: 192.168.1.10",
        ),
        (
            "host: broker",
            "host: mqtt://broker",
            '1: mqtt.host: expected a host name or an address, found the text "mqtt://broker"; '
            "leave out everything but the host",
        ),
        (
            "host: broker",
            "host: 'broker:1883'",
            '1: mqtt.host: expected a host name or an address, found the text "broker:1883"; put the port under port',
        ),
        (
            "host: broker",
            "host: broker, port: 70000",
            "1: mqtt.port: expected at most 65535, found the number 70000; correct it or delete the key",
        ),
        (
            "host: broker",
            "host: broker, port: '1883'",
            '1: mqtt.port: expected a whole number, found the text "1883"; write digits without quotes',
        ),
        (
            "host: broker",
            "host: broker, port: 18.5",
            "1: mqtt.port: expected a whole number, found the number 18.5; leave out the decimals",
        ),
        (
            "host: broker",
            "host: broker, protocol: 3.1",
            "1: mqtt.protocol: expected auto, 5 or 3.1.1, found the number 3.1; did you mean 3.1.1?",
        ),
        (
            "host: broker",
            "host: broker, keepalive: 30",
            "1: mqtt.keepalive: expected a duration with its unit, found the number 30; for example 90s, 3m or 1h30m",
        ),
        (
            "host: broker",
            "host: broker, tls: {ca_file: nosuch.pem}",
            "1: mqtt.tls.ca_file: expected a file that can be read, found HOME/nosuch.pem: No such file or directory; "
            "correct the path, or give the agent the right to read it",
        ),
        (
            "host: broker",
            "host: broker, password: x",
            "1: mqtt.password: expected password together with username, found no username; "
            "add username, or delete password",
        ),
        (
            "mqtt: {host: broker}",
            "mqtt: broker",
            "1: mqtt: expected a section (key: value), found text; write its keys below it, indented",
        ),
        (
            "cameras:",
            "commands: {response_topics: [a/#/b]}\ncameras:",
            "2: commands.response_topics[0]: expected an MQTT topic filter: levels between /, + for one, # at the end, "
            'found the text "a/#/b"; for example city/answers/+',
        ),
        (
            "cameras:",
            "commands: {refuse: [dance]}\ncameras:",
            "2: commands.refuse[0]: expected verify, acknowledge, dismiss, snapshot, config.get, config.put, "
            'rules.pause, ping or restart, found the text "dance"; correct it or delete the key',
        ),
        (
            "mqtt: {host: broker}",
            "box: {}",
            "mqtt: expected the key mqtt, found nothing; add mqtt: {host: 192.168.1.10}",
        ),
        (
            "cameras:",
            "camera:",
            "2: camera: expected one of version, box, mqtt, commands, model, storage, evidence, metrics, console, "
            'taxonomy, calendars, cameras, found the key "camera"; did you mean cameras?',
        ),
        (
            "id: gate",
            "id: Gate 1",
            "3: cameras[0].id: expected an id of a to z, 0 to 9, - and _, at most 63 characters, "
            'found the text "Gate 1"; for example gate-1',
        ),
        (
            "id: gate",
            "id: 7",
            "3: cameras[0].id: expected an id of a to z, 0 to 9, - and _, at most 63 characters, "
            'found the number 7; put it in quotes: "7"',
        ),
        (
            "id: gate",
            "id: gate\n    id: other",
            '4: cameras[0].id: expected each key once, found "id" again (first on line 3); delete one of the two',
        ),
        (
            "id: gate",
            "id: gate\n    location:",
            "4: cameras[0].location: expected a value, found nothing; "
            "give a value, write {} for all defaults of a section, or delete the key",
        ),
        (
            "url: rtsp://192.168.1.64/x",
            "url: http://192.168.1.64/x",
            '4: cameras[0].url: expected an rtsp:// address, or a video file, found the text "http://192.168.1.64/x"; '
            "use the camera's RTSP address",
        ),
        (
            "url: rtsp://192.168.1.64/x",
            "url: rtsps://192.168.1.64:322/x",
            "4: cameras[0].url: expected an rtsp:// address, or a video file, "
            'found the text "rtsps://192.168.1.64:322/x"; '
            "RTSP over TLS is not supported: use rtsp://, the camera's port 554",
        ),
        (
            "url: rtsp://192.168.1.64/x",
            "url: 192.168.1.64/x",
            '4: cameras[0].url: expected an rtsp:// address, or a video file, found the text "192.168.1.64/x"; '
            "begin it with rtsp://",
        ),
        (
            "    zones:",
            "    read_timeout: 11s\n    zones:",
            '5: cameras[0].read_timeout: expected at most 10s, found the text "11s"; correct it or delete the key',
        ),
        (
            "    zones:",
            "    decode: keyframe\n    zones:",
            '5: cameras[0].decode: expected auto, keyframes or all, found the text "keyframe"; did you mean keyframes?',
        ),
        (
            "[[0, 0], [1, 0], [1, 1]]",
            "[[0, 0], [1, 0]]",
            "7: cameras[0].zones[0].polygon: expected at least 3 different points, found 2 different points; "
            "add the missing corners of the zone",
        ),
        (
            "[[0, 0], [1, 0], [1, 1]]",
            "[[0, 0], [1, 1], [1, 0], [0, 1]]",
            "7: cameras[0].zones[0].polygon: expected an outline that does not cross or touch itself, "
            "found edge 1–2 meets edge 3–4 near [0.5, 0.5]; give the corners in order around the zone",
        ),
        (
            "[[0, 0], [1, 0], [1, 1]]",
            "[[0, 0], [0.5, 0.5], [1, 1]]",
            "7: cameras[0].zones[0].polygon: expected an outline with an area, found points on one line; "
            "give the corners in order around the zone",
        ),
        (
            "[[0, 0], [1, 0], [1, 1]]",
            "[[0, 0], [1, 0], [1, 1.2]]",
            "7: cameras[0].zones[0].polygon[2]: expected points within the picture: x and y from 0 to 1, "
            "found point 3 at [1, 1.2]; move it to the edge: [1, 1]",
        ),
        (
            "[[0, 0], [1, 0], [1, 1]]",
            "[[0, 0], [640, 0], [640, 360]]",
            "7: cameras[0].zones[0].polygon[1]: expected points within the picture: x and y from 0 to 1, found point 2 "
            "at [640, 0] and 1 more outside; pixels? divide x by the picture's width and y by its height",
        ),
        (
            "[[0, 0], [1, 0], [1, 1]]",
            "[[0, 0], [1, 0], [1]]",
            "7: cameras[0].zones[0].polygon[2]: expected a point [x, y], found a list of 1; for example [0.25, 0.6]",
        ),
        (
            "illegal_parking: {}",
            "ilegal_parking: {}",
            "9: cameras[0].zones[0].rules.ilegal_parking: expected one of RULES, "
            'found the key "ilegal_parking"; did you mean illegal_parking?',
        ),
        (
            "illegal_parking: {}",
            "illegal_parking: {calendar: wrkday}\ncalendars: {workday: {}}",
            '9: cameras[0].zones[0].rules.illegal_parking.calendar: expected a name from calendars: "workday", '
            'found the text "wrkday"; did you mean workday?',
        ),
        (
            "illegal_parking: {}",
            "illegal_parking: {calendar: {active: [{from: 7:00}]}}",
            "9: cameras[0].zones[0].rules.illegal_parking.calendar.active[0].from: expected a time of day, "
            'found the text "7:00"; for example "07:30"',
        ),
        (
            "illegal_parking: {}",
            "illegal_parking: {dwell: 0s}",
            '9: cameras[0].zones[0].rules.illegal_parking.dwell: expected more than 0s, found the text "0s"; '
            "correct it or delete the key",
        ),
        (
            "illegal_parking: {}",
            "illegal_parking: {classes: [cra]}",
            "9: cameras[0].zones[0].rules.illegal_parking.classes[0]: expected car, bus, truck, bicycle or motorcycle, "
            'found the text "cra"; did you mean car?',
        ),
        (
            "illegal_parking: {}",
            "illegal_parking: {classes: [car], grace: {car: 5m, truck: 15m}}",
            "9: cameras[0].zones[0].rules.illegal_parking.grace.truck: expected a class that stands in classes, "
            "found truck; add truck to classes, or delete it here",
        ),
        (
            "illegal_parking: {}",
            "illegal_parking: {dwell: 20m, grace: {truck: 15m, car: 20m}}",
            "9: cameras[0].zones[0].rules.illegal_parking.grace.truck: expected at least the dwell, 20m, "
            'found the text "15m"; lengthen it, or shorten dwell',
        ),
        (
            "illegal_parking: {}",
            "illegal_parking: {dwell: 20m, escalate: {high: 15m}}",
            "9: cameras[0].zones[0].rules.illegal_parking.escalate: expected severities above medium, the next always "
            "after a longer dwell, the first after more than 20m, found a mapping (key: value); "
            "correct the steps, or delete them",
        ),
        (
            "host: broker",
            "host: broker, tls: {key_file: test_problems.py}",
            "1: mqtt.tls.key_file: expected key_file together with cert_file, found no cert_file; "
            "add cert_file, or delete key_file",
        ),
        (
            "illegal_parking: {}",
            "illegal_parking: {classes: []}",
            "9: cameras[0].zones[0].rules.illegal_parking.classes: expected at least 1 items, found a list of 0; "
            "correct it or delete the key",
        ),
        (
            "illegal_parking: {}",
            "illegal_parking: {}\nbox: {time_zone: Asia/Shangai}",
            "10: box.time_zone: expected a time zone of the IANA list, "
            'found the text "Asia/Shangai"; did you mean Asia/Shanghai?',
        ),
        (
            "illegal_parking: {}",
            "illegal_parking: {}\nstorage: {keep_free: 5}",
            "10: storage.keep_free: expected a size with its unit, found the number 5; for example 200MB or 2GB",
        ),
        (
            "illegal_parking: {}",
            "illegal_parking: {}\nstorage: {evidence_quota: 1MB}",
            '10: storage.evidence_quota: expected at least 10MB, found the text "1MB"; correct it or delete the key',
        ),
        (
            "illegal_parking: {}",
            "illegal_parking: {}\nmodel: {classes: 3}",
            "10: model.classes: expected a section (key: value), found the number 3; write its keys below it, indented",
        ),
        (
            "illegal_parking: {}",
            "illegal_parking: {}\ncalendars: {w: {holidays: [2026-02-30]}}",
            '10: calendars.w.holidays[0]: expected a date, found the text "2026-02-30"; for example 2026-10-01',
        ),
        (
            "illegal_parking: {}",
            "illegal_parking: {}\ncalendars: {w: {holidays: [2026-10-01], workdays: [2026-10-01]}}",
            "10: calendars.w: expected each date as a holiday or as a workday, found 2026-10-01 as both; "
            "delete it from holidays or workdays",
        ),
        (
            "illegal_parking: {}",
            "illegal_parking: {}\nversion: 2",
            "10: version: expected 1, found the number 2; correct it or delete the key",
        ),
        (
            "illegal_parking: {}",
            "illegal_parking: {}\n1: x",
            '10: (file): expected keys that are text, found the text "1"; put the key in quotes',
        ),
        (
            "illegal_parking: {}",
            "garbage_overflow: {channels: [zone_state], place: ground}",
            "9: cameras[0].zones[0].rules.garbage_overflow.channels: expected model or scene_change where place is "
            "ground, found only zone_state, which never reports there; set place: bin, or delete channels",
        ),
        (
            "illegal_parking: {}",
            "garbage_overflow: {channels: [zone_state, zone_state]}",
            "9: cameras[0].zones[0].rules.garbage_overflow.channels: expected model or scene_change where place is "
            "ground, found only zone_state, which never reports there; set place: bin, or delete channels",
        ),
        (
            "  - id: gate",
            "  - id: gate\n    sample_every: 31s",
            '4: cameras[0].sample_every: expected at most 30s, found the text "31s"; correct it or delete the key',
        ),
    ],
)
def test_one_fault_gives_one_problem(old: str, new: str, expected: str) -> None:
    assert old in BASE
    found = told(BASE.replace(old, new, 1))
    expected = expected.replace("HOME", str(Path(__file__).parent)).replace("RULES", ", ".join(RULES))
    assert [text.removeprefix("c.yaml:").strip() for text in found] == [expected]


@pytest.mark.parametrize(
    "settings",
    ["{place: bin, channels: [zone_state]}", "{channels: [model, zone_state]}", "{channels: [scene_change]}"],
)
def test_ways_of_seeing_garbage_that_can_report(settings: str) -> None:
    assert told(BASE.replace("illegal_parking: {}", f"garbage_overflow: {settings}")) == []


def test_looks_as_far_apart_as_may_be_are_not_blindness_even_when_one_is_lost() -> None:
    assert told(BASE.replace("  - id: gate", "  - id: gate\n    sample_every: 30s")) == []
    assert BLIND_AFTER_S >= 2 * 30


NO_IP = "an IPv4 address has four numbers from 0 to 255, without zeros before them"


@pytest.mark.parametrize("host", ["192.168.1.300", "192.168.01.10", "256.0.0.1", "192.168.1.300."])
def test_four_numbers_that_are_no_address(host: str) -> None:
    assert told(BASE.replace("host: broker", f"host: {host}")) == [
        f'c.yaml:1: mqtt.host: expected a host name or an address, found the text "{host}"; {NO_IP}'
    ]
    assert told(BASE.replace("192.168.1.64", host)) == [
        "c.yaml:4: cameras[0].url: expected an rtsp:// address, or a video file, "
        f'found the text "rtsp://{host}/x"; {NO_IP}'
    ]


@pytest.mark.parametrize("host", ["192.168.1.30", "10.1.2.3.example.org", "cam-192.168.1.300", "::1"])
def test_names_and_addresses_that_only_look_like_it(host: str) -> None:
    assert told(BASE.replace("host: broker", f"host: '{host}'")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "c.yaml: (file): expected a configuration, found an empty file; start from configs/minimal.yaml"),
        ("# only\n", "c.yaml: (file): expected a configuration, found an empty file; start from configs/minimal.yaml"),
        ("a:\n\t- b\n", "c.yaml:2: (file): expected valid YAML, found a tab, column 1; indent with spaces"),
        (
            "a: b: c\n",
            "c.yaml:1: (file): expected valid YAML, found a colon where none can stand, column 5; "
            "indent with spaces; put text with a colon in quotes",
        ),
        (
            "a: 1\nbcd\n",
            "c.yaml:3: (file): expected valid YAML, found a line without a colon, column 1; "
            'write "key: value" with a space after the colon',
        ),
        (
            "a: *secret\n",
            "c.yaml:1: (file): expected valid YAML, found an alias (*name) that no anchor (&name) defines, column 4; "
            "put text that begins with * in quotes",
        ),
        (
            "a: 1\n---\nb: 2\n",
            "c.yaml:2: (file): expected valid YAML, found a second document (---), column 1; "
            "keep one document in the file",
        ),
        (
            "[" * 60 + "]" * 60,
            "c.yaml:1: (file): expected valid YAML, found brackets or lists nested too deeply; "
            "lay it out as the files in configs do",
        ),
        (
            "[" * 5000,
            "c.yaml: (file): expected valid YAML, found brackets or lists nested too deeply; "
            "lay it out as the files in configs do",
        ),
    ],
)
def test_text_that_is_no_yaml(text: str, expected: str) -> None:
    assert expected in told(text)


def test_all_problems_are_told_at_once_in_the_order_of_lines() -> None:
    text = """\
mqtt: {keepalive: 30}
cameras:
  - id: gate
    url: rtsp://192.168.1.64/x
    zones:
      - {id: a, polygon: [[0, 0], [1, 1], [1, 0], [0, 1]], rules: {illegal_parking: {dwell: 3, calendar: x}}}
      - {id: a, polygon: [[0, 0], [1, 0], [1, 2]], name: 5}
  - id: gate
    url: http://x
box: {id: B, time_zone: X}
"""
    problems = read(text).problems
    assert [(p.line, p.key) for p in problems] == [
        (1, "mqtt.host"),
        (1, "mqtt.keepalive"),
        (6, "cameras[0].zones[0].polygon"),
        (6, "cameras[0].zones[0].rules.illegal_parking.calendar"),
        (6, "cameras[0].zones[0].rules.illegal_parking.dwell"),
        (7, "cameras[0].zones[1].id"),
        (7, "cameras[0].zones[1].polygon[2]"),
        (7, "cameras[0].zones[1].name"),
        (8, "cameras[1].id"),
        (9, "cameras[1].url"),
        (10, "box.id"),
        (10, "box.time_zone"),
    ]


def test_every_grace_without_effect_is_told() -> None:
    text = BASE.replace(
        "illegal_parking: {}", "illegal_parking: {dwell: 20m, grace: {bus: 1m, bicycle: 30m, truck: 2m, car: 1h}}"
    )
    assert {p.key.rpartition(".")[2] for p in read(text).problems} == {"bus", "bicycle", "truck"}
    chinese = [p.mend for p in read(text, lang="zh-CN").problems]
    assert sorted(chinese) == ["请加长，或缩短 dwell"] * 2 + ["请将 bicycle 加入 classes，或在此删除"]


def test_texts_are_chinese_where_asked() -> None:
    text = BASE.replace("host: broker", "port: 1").replace("[[0, 0], [1, 0], [1, 1]]", "[[0, 0], [640, 0], [9, 9]]")
    first, second = read(text, lang="zh-CN").problems
    assert (first.expected, first.found, first.mend) == ("键 host", "空", "请添加 host: 192.168.1.10")
    assert second.found == "第 2 点 [640, 0]，另有 1 个点在画面外"
    assert second.mend == "是像素坐标吗？请将 x 除以画面宽度、y 除以画面高度"


@pytest.mark.parametrize(
    ("content", "found", "line"),
    [
        (b"mqtt: {host: a}\nbox: {id: \xb6\xab}\n", "other bytes (GBK?)", 2),
        ("mqtt: {host: a}".encode("utf-16"), "UTF-16", None),
        (b"#" * 4_000_001, "more than 4000000 bytes", None),
        (b"", "an empty file", None),
    ],
)
def test_files_that_hold_no_configuration(tmp_path: Path, content: bytes, found: str, line: int | None) -> None:
    file = tmp_path / "c.yaml"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert [(p.found, p.line) for p in caught.value.problems] == [(found, line)]


def test_files_that_are_none(tmp_path: Path) -> None:
    for path, found in ((tmp_path, "a folder"), (tmp_path / "none.yaml", "no such file"), ("a\0b", "?")):
        with pytest.raises(ConfigError) as caught:
            load(path)
        assert [p.found for p in caught.value.problems] == [found]


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(BASE, encoding="utf-8-sig")
    assert load(file).mqtt.host == "broker"


@pytest.mark.parametrize(
    ("change", "key", "found"),
    [
        ({"cameras": []}, "cameras", "none"),
        ({"model": {"min_score": 0.5}}, "cameras[0].zones[0].rules.illegal_parking.min_score", "0.35"),
        ({"model": {"file": "nosuch.onnx"}}, "model.file", f"no file {Path(__file__).parent}/nosuch.onnx"),
    ],
)
def test_warnings_do_not_refuse(change: dict[str, object], key: str, found: str) -> None:
    report = read_data({**good(), **change})
    assert report.problems == ()
    assert (key, found) in [(w.key, w.found) for w in report.warnings]


def test_two_cameras_with_one_address_are_warned_about() -> None:
    data = good()
    data["cameras"].append({**data["cameras"][0], "id": "other"})
    report = read_data(data)
    assert report.problems == ()
    assert [w.key for w in report.warnings if "address" in w.expected] == ["cameras[1].url"]


def test_aliases_and_merged_keys() -> None:
    text = BASE.replace("- id: gate", "- &cam\n    id: gate") + "  - {<<: *cam, id: yard, url: rtsp://h/y}\n"
    report = read(text)
    assert report.problems == ()
    assert report.config is not None
    assert [(c.id, len(c.zones)) for c in report.config.cameras] == [("gate", 1), ("yard", 1)]


@pytest.mark.parametrize("text", ["a: &a [*a]", "a: &a {<<: *a}", "a: &a {b: *a}"])
def test_aliases_without_end(text: str) -> None:
    assert any("an alias" in p.found or "<<" in p.expected for p in read(text).problems)


def test_aliases_that_explode() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    assert any("too many" in p.found for p in read("\n".join(lines)).problems)
