"""A draft takes what the loader would take, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import Lang, load
from agent.config.draft import Draft
from agent.config.written import CameraNote

URL = "rtsp://192.168.1.64/Streaming/Channels/102"


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    return Draft(tmp_path / "street.yaml", lang="en", env={"SECRET": "x"})


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("box", "id"), "Box 7", "an id of a to z"),
        (("box", "time_zone"), "Beijing", "a time zone"),
        (("box", "location"), {"lon": 31.2, "lat": 121.4, "crs": "wgs84"}, "at most 90"),
        (("box", "location"), {"lon": "x", "crs": "wgs84"}, "a number"),
        (("mqtt",), {"host": "a b"}, "a host name"),
        (("mqtt",), {"host": "h", "port": 99999}, "at most 65535"),
        (("mqtt", "tls"), {"ca_file": "none.pem"}, "a file that can be read"),
        (("mqtt", "password"), {"file": "secrets/mqtt"}, "password together with username"),
    ],
)
def test_an_answer_is_refused_as_in_the_file(draft: Draft, path: tuple[str, ...], value: object, expected: str) -> None:
    before = draft.text()
    problems = draft.put(path, value)
    assert problems
    assert any(problem.expected.startswith(expected) for problem in problems)
    assert draft.text() == before


def test_answers_may_come_in_any_order(draft: Draft) -> None:
    draft.put(("mqtt", "username"), "box-7")
    assert draft.put(("mqtt", "password"), draft.secret("mqtt", "p")) == ()
    assert draft.report().config is None, "the broker is missing, which no single answer is blamed for"
    assert draft.put(("mqtt",), {**draft.at("mqtt"), "host": "broker", "port": 1883}) == ()
    assert draft.report().config is not None
    assert draft.at("box", "location", "lon") is None


def test_cameras_are_different_ones_without_a_login_in_their_address(draft: Draft) -> None:
    assert draft.add_camera({"id": "gate", "url": URL}, CameraNote(told="one")) == ()
    for wrong in (
        {"id": "gate", "url": "rtsp://192.168.1.65/x"},
        {"id": "yard", "url": URL},
        {"id": "yard", "url": "rtsp://a:b@192.168.1.65/x"},
        {"id": "yard", "url": "rtsp://192.168.1.65/x?user=admin&password=hunter2"},
        {"id": "yard", "url": "no-such-film.mp4"},
        {"id": "yard", "url": "rtsp://192.168.1.300/x"},
    ):
        problems = draft.add_camera(wrong, CameraNote(told="other"))
        assert problems, wrong
        assert "hunter2" not in str(problems)
    assert (len(draft.data["cameras"]), [note.told for note in draft.notes]) == (1, ["one"])


@pytest.mark.parametrize("lang", ["en", "zh-CN"])
def test_problems_are_in_the_language_of_the_draft(tmp_path: Path, lang: Lang) -> None:
    (problem,) = Draft(tmp_path / "c.yaml", lang=lang).put(("box", "id"), "东门")
    assert ("编号" in problem.expected) is (lang == "zh-CN")


def test_a_password_gets_a_file_that_is_not_there(draft: Draft) -> None:
    folder = draft.home / "secrets"
    folder.mkdir()
    (folder / "cameras").write_text("old one\n", encoding="utf-8")
    (folder / "mqtt").write_text("known\n", encoding="utf-8")
    assert draft.secret("mqtt", "known") == {"file": "secrets/mqtt"}, "it is there already, and not written again"
    assert draft.secret("cameras", "new one") == {"file": "secrets/cameras-2"}
    assert draft.secret("cameras", "new one") == {"file": "secrets/cameras-2"}
    assert draft.secret("cameras", "another") == {"file": "secrets/cameras-3"}
    assert draft.secrets == {"secrets/cameras-2": "new one", "secrets/cameras-3": "another"}
    assert "new one" not in draft.text()


def test_where_a_password_is_said_to_be_it_has_to_be(draft: Draft) -> None:
    assert draft.faults_of_reference({"env": "SECRET"}) == ()
    (problem,) = draft.faults_of_reference({"env": "OTHER"})
    assert problem.expected == "environment variable OTHER with the secret"
    assert draft.faults_of_reference({"file": "none"})
    assert draft.data["mqtt"] == {}


def test_below_configs_passwords_and_data_lie_beside_it(tmp_path: Path) -> None:
    draft = Draft(tmp_path / "configs" / "site.yaml", lang="en")
    assert draft.home == tmp_path


def test_the_whole_is_what_is_loaded(draft: Draft) -> None:
    draft.put(("box",), {"id": "b", "tenant": "t", "time_zone": "Asia/Shanghai"})
    draft.put(("mqtt",), {"host": "broker", "port": 1884})
    draft.add_camera({"id": "gate", "name": "东门: 1", "url": URL}, CameraNote())
    draft.file.write_text(draft.text(), encoding="utf-8")
    config = load(draft.file, env={})
    assert (config.box.id, config.mqtt.port, config.cameras[0].name) == ("b", 1884, "东门: 1")
