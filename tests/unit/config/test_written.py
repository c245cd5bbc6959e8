"""What the agent writes as a configuration is read as what was meant, and explains itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from agent.config import Config, Lang, inspect_text
from agent.config.comments import _ZH, comment
from agent.config.document import read
from agent.config.tree import ANY, every_key
from agent.config.written import CameraNote, written
from agent.config.yaml_text import one_line

FULL: dict[str, Any] = {
    "version": 1,
    "box": {
        "id": "box-7",
        "tenant": "gongshu",
        "time_zone": "Asia/Shanghai",
        "location": {"lon": 120.1, "lat": 30.3, "crs": "gcj02"},
    },
    "mqtt": {
        "host": "192.168.1.10",
        "port": 8883,
        "tls": {"ca_file": "ca.pem", "cert_file": "box.pem", "key_file": "box.key"},
        "username": "box-7",
        "password": {"file": "secrets/mqtt"},
    },
    "model": {"id": "auto", "folder": "models"},
    "storage": {"folder": "data"},
    "cameras": [
        {
            "id": "gate",
            "name": "东门",
            "url": "rtsp://192.168.1.64/Streaming/Channels/102",
            "username": "admin",
            "password": {"file": "secrets/cameras"},
        },
        {"id": "yard", "url": "rtsp://192.168.1.65/stream2"},
    ],
}
"""Every key that `cityeye init` may write."""
LEAST: dict[str, Any] = {"version": 1, "box": {"id": "b"}, "mqtt": {"host": "h"}, "cameras": [{"id": "c", "url": "x"}]}
SWITCHED_OFF = re.compile(r"^(\s*)#(?=( {2}[- ] )?[a-z_]+:)", re.MULTILINE)
"""The mark before a key that can be switched on."""
LANGS: tuple[Lang, ...] = ("en", "zh-CN")


def text(data: dict[str, Any], lang: Lang = "en", notes: tuple[CameraNote, ...] = ()) -> str:
    return written(data, file="my street.yaml", lang=lang, notes=notes)


def paths(value: object, path: tuple[str, ...] = ()) -> set[str]:
    """Of all keys, with `*` for indices; a password's own form is a value."""
    if isinstance(value, list):
        return set().union(*(paths(item, (*path, ANY)) for item in value))
    if not isinstance(value, dict) or path[-1:] == ("password",):
        return set()
    here = {".".join((*path, key)) for key in value}
    return here.union(*(paths(inner, (*path, key)) for key, inner in value.items()))


@pytest.mark.parametrize("lang", LANGS)
def test_it_is_read_as_what_was_given(lang: Lang) -> None:
    document = read(text(FULL, lang))
    assert (document.data, document.findings) == (FULL, [])
    assert read(text({**FULL, "cameras": []}, lang)).data == {**FULL, "cameras": []}


@pytest.mark.parametrize("lang", LANGS)
def test_each_key_is_explained_and_no_line_is_too_long(lang: Lang) -> None:
    lines = text(FULL, lang, (CameraNote(told="海康威视 DS-2CD2T46 " * 20),)).splitlines()
    assert [line for line in lines if cell_len(line) > 120] == []
    told = re.sub(r"\s*#\s*|\s+", "", "".join(line.partition("#")[2] for line in lines))
    for key in paths(FULL):
        assert re.sub(r"#|\s", "", comment(tuple(key.split(".")), lang)) in told, key


def test_the_words_come_from_the_models_and_the_chinese_ones_miss_nothing() -> None:
    described = {".".join(map(str, path)): info.description for path, info in every_key(Config)}
    assert set(_ZH) == paths(FULL) <= set(described)
    assert comment(("cameras", 3, "url"), "en") == described["cameras.*.url"]


@pytest.mark.parametrize("lang", LANGS)
def test_what_is_switched_off_counts_when_its_mark_is_removed(tmp_path: Path, lang: Lang) -> None:
    (tmp_path / "certs").mkdir()
    for name in ("ca.pem", "box.pem", "box.key"):
        (tmp_path / "certs" / name).touch()
    off = text({**FULL, "box": {"id": "b"}, "mqtt": {"host": "h"}}, lang)
    on = SWITCHED_OFF.sub(r"\1", off)
    on = re.sub(r"    #(?=  )", "    ", on)
    report = inspect_text(on, file="c.yaml", home=tmp_path, env={"MQTT_PASSWORD": "x"}, secrets=False)
    assert report.problems == ()
    assert report.config is not None
    assert report.config.box.location is not None
    assert report.config.mqtt.tls is not None
    assert [len(camera.zones) for camera in report.config.cameras] == [1, 1]
    (duty,) = report.config.plans()["gate"].duties
    assert duty.rule == "illegal_parking"


def test_a_camera_begins_without_a_zone_that_nobody_drew() -> None:
    report = inspect_text(text(FULL), file="c.yaml", home=Path(), secrets=False)
    assert {problem.key.partition(".")[2] for problem in report.problems} == {
        "tls.ca_file",
        "tls.cert_file",
        "tls.key_file",
    }
    plain = inspect_text(text({**FULL, "mqtt": {"host": "h"}}), file="c.yaml", home=Path(), secrets=False)
    assert plain.config is not None
    assert [camera.zones for camera in plain.config.cameras] == [(), ()]
    assert plain.config.cameras[0].health.faults


def test_the_commands_that_it_tells_of_can_be_typed() -> None:
    assert "cityeye doctor --config 'my street.yaml' --pictures look" in text(FULL)
    assert "cityeye check 'my street.yaml'" in text(FULL)


def test_what_a_device_says_of_itself_stays_a_comment() -> None:
    note = CameraNote(told="DS-1\n    url: rtsp://elsewhere/\x1b[2J\u2028", others=("rtsp://h/a#b c\n",))
    document = read(text(FULL, notes=(note,)))
    assert (document.data, document.findings) == (FULL, [])


SCALARS = st.one_of(
    st.text(min_size=1),
    st.sampled_from(
        ("no", "on", "~", "null", "012", "089", "0x1f", "1e3", ".5", "22:00", "“a”", "a: b", "a #b", "- a")
    ),
    st.sampled_from(
        ("2026-10-01", "=", "<<", "*a", "&a", "!a", "%a", "@a", "`a", "{a", "a, b]", "'", '"', " a ", "\t")
    ),
)


@given(SCALARS, SCALARS)
def test_any_text_is_read_as_it_was(one: str, other: str) -> None:
    data = {**LEAST, "cameras": [{"id": "c", "url": one, "name": other, "password": {"file": one}}]}
    document = read(text(data))
    assert (document.data, document.findings) == (data, [])
    assert read(f"key: {one_line([one, {'key': other}])}").data == {"key": [one, {"key": other}]}
