"""What keeps the agent from starting: said in full, with the exit code that tells configuration from the rest."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml

from tests.e2e.agent_process import AgentProcess, cityeye
from tests.e2e.faults import check_log, check_message
from tests.e2e.street import file_camera, write_street
from tests.mosquitto import free_port
from tests.onnx_models import constant_model


def street(folder: Path, **sections: object) -> Path:
    return write_street(folder, cameras=[file_camera()], mqtt={"port": free_port()}, **sections)


def failed_run(config: Path) -> str:
    """The one error that `cityeye run` says before it ends with 1."""
    done = cityeye("run", "--config", str(config))
    check_log(done.stderr)
    errors = [line for line in done.stderr.splitlines() if " ERROR " in line]
    assert (done.returncode, done.stdout, len(errors)) == (1, "", 1), done.stderr
    return errors[0]


def test_a_model_that_is_missing(tmp_path: Path) -> None:
    model = tmp_path / "none.onnx"
    said = failed_run(street(tmp_path, model={"file": str(model)}))
    check_message(said, where=str(model), expected="a model file", found="No such file", mend="check the path")


def test_a_model_that_is_corrupt(tmp_path: Path) -> None:
    model = tmp_path / "corrupt.onnx"
    model.write_bytes(b"\x08\x07 this is no graph" * 50)
    said = failed_run(street(tmp_path, model={"file": str(model)}))
    check_message(
        said, where=str(model), expected="an ONNX model", found="INVALID_PROTOBUF", mend="download or export it again"
    )


def test_a_model_of_no_known_family(tmp_path: Path) -> None:
    model = constant_model(tmp_path / "segments.onnx", [(1, 32, 160, 160)])
    said = failed_run(street(tmp_path, model={"file": str(model)}))
    found = "outputs [1, 32, 160, 160]"
    check_message(said, where=str(model), expected="outputs end-to-end [1,", found=found, mend="use a model of these")


def test_a_data_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in its place")
    said = failed_run(street(tmp_path))
    where, expected = str(tmp_path / "data"), "a data folder that can be made"
    check_message(said, where=where, expected=expected, found="File exists", mend="correct storage.folder")


def test_a_database_of_another_program(tmp_path: Path) -> None:
    database = tmp_path / "data" / "cityeye.db"
    database.parent.mkdir()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
        connection.commit()
    before = database.read_bytes()
    said = failed_run(street(tmp_path))
    found = "one of another program"
    check_message(said, where=str(database), expected="a database of City Eye", found=found, mend="move it away")
    assert database.read_bytes() == before


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    database = tmp_path / "data" / "cityeye.db"
    database.parent.mkdir()
    database.write_bytes(b"holiday pictures " * 500)
    said = failed_run(street(tmp_path))
    check_message(said, where=str(database), expected="a database", found="not a database", mend="move the file away")
    assert database.read_bytes() == b"holiday pictures " * 500


def test_a_second_agent_on_the_same_folder_leaves_the_first_alone(tmp_path: Path) -> None:
    config = street(tmp_path)
    with AgentProcess(config) as first:
        first.wait_for_log("cameras: 1")
        said = failed_run(config)
        where, expected = str(tmp_path / "data"), "a folder of this agent alone"
        check_message(said, where=where, expected=expected, found="in use by process", mend="stop that agent")
        assert first.stop() == 0
    check_log(first.log)


BAD_ZONE = {
    "id": "kerb",
    "polygon": [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]],
    "rules": {"illegal_parking": {"dwel": "3m"}},
}
OUTSIDE = {"id": "lawn", "polygon": [[0.1, 0.1], [1.4, 0.1], [0.9, 0.9]], "rules": {"illegal_parking": {}}}
SECRET = "c@mera:p/ss #6%"


@pytest.fixture
def bad_config(tmp_path: Path) -> Path:
    login = {"username": "admin", "password": SECRET}
    cameras = [
        {"id": "gate", "url": "rtsp://192.0.2.1/x", "zones": [BAD_ZONE, OUTSIDE], "colour": "red", **login},
        {"id": "gate", "url": f"rtsp://admin:{SECRET}@192.0.2.2/x", **login},
    ]
    config = street(tmp_path)
    settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    config.write_text(yaml.safe_dump({**settings, "cameras": cameras, "brocker": {}}), encoding="utf-8")
    return config


@pytest.mark.parametrize("command", ["run", "check"])
def test_all_problems_of_a_configuration_at_once(bad_config: Path, command: str) -> None:
    done: CompletedProcess[str]
    done = cityeye("run", "--config", str(bad_config)) if command == "run" else cityeye("check", str(bad_config))
    said = done.stderr if command == "run" else done.stdout
    assert done.returncode == 2, said
    problems = {block.splitlines()[0].split("  ")[1]: block for block in said.split("\n\n") if "  expected  " in block}
    assert {
        "brocker": "brocker" in problems,
        "colour": "cameras[0].colour" in problems,
        "dwel": "cameras[0].zones[0].rules.illegal_parking.dwel" in problems,
        "crossing": any("zones[0].polygon" in key for key in problems),
        "outside": any("zones[1].polygon" in key for key in problems),
        "id": "cameras[1].id" in problems,
        "url": "cameras[1].url" in problems,
    } == dict.fromkeys(("brocker", "colour", "dwel", "crossing", "outside", "id", "url"), True), said
    for key, block in problems.items():
        assert block.startswith(f"{bad_config}:"), "a problem names file and line"
        for label in ("expected", "found", "mend"):
            assert f"\n  {label}" in block, key
    check_log(done.stdout + done.stderr, SECRET)
    assert not (bad_config.parent / "data").exists(), "nothing was begun"
