"""The shipped files and the reference say what the code does."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel

from agent.config import Config, load
from agent.config.document import read
from agent.config.schema import json_schema
from agent.config.tree import ANY, every_key
from agent.core.calendar import Calendar
from agent.core.taxonomy import TAXONOMY
from tests.unit.config.samples import config_of, good

ROOT = Path(__file__).parents[3]
EXAMPLE = (ROOT / "configs/example.yaml").read_text(encoding="utf-8")
ALL = re.sub(r"^(\s*)#(?=[a-z ]+[a-z_0-9]+:( |$))", r"\1", EXAMPLE, flags=re.MULTILINE)
"""The example with every optional key switched on."""
KEYS = [path for path, _ in every_key(Config) if "calendar" not in path[:-1]]
IN_EXAMPLE = [path for path in KEYS if "rules" not in path[:-1]]
"""The keys of rules stand in the examples of docs/rules/."""
ENV = {"CAMERA_PASSWORD": "x", "MQTT_PASSWORD": "x", "EVIDENCE_PUT_URL": "https://store.example/{id}.jpg"}


def written_paths(value: object, path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """Paths of all keys in plain data, with `*` for indices and the free keys of calendars."""
    if isinstance(value, list):
        return set().union(*(written_paths(item, (*path, ANY)) for item in value))
    if not isinstance(value, dict):
        return set()
    found: set[tuple[str, ...]] = set()
    for key, inner in value.items():
        here = (*path, ANY if path == ("calendars",) else key)
        found |= {here} | written_paths(inner, here)
    return found


def test_every_key_is_in_the_example() -> None:
    data = read(ALL).data
    assert {path for path in IN_EXAMPLE if path not in written_paths(data)} == set()


def test_every_key_is_in_the_reference_and_the_table_is_up_to_date() -> None:
    text = (ROOT / "docs/config.md").read_text(encoding="utf-8")
    page = runpy.run_path(str(ROOT / "scripts/config_docs.py"))["page"]
    assert page(text) == text
    assert len(re.findall(r"^\| `", text.partition("keys: begin")[2], re.MULTILINE)) == len(KEYS)


def test_the_example_is_good_and_holds_the_defaults() -> None:
    config = load(ROOT / "configs/example.yaml", env=ENV)
    bare = load_bare(config)
    assert differences(config, bare) == {
        "mqtt.host": "192.168.1.10",
        "calendars": config.calendars,
        "cameras[0].id": "gate",
        "cameras[0].url": "rtsp://192.168.1.64:554/Streaming/Channels/102",
        **{f"cameras[0].zones[{i}].id": zone.id for i, zone in enumerate(config.cameras[0].zones)},
        **{f"cameras[0].zones[{i}].polygon": zone.polygon for i, zone in enumerate(config.cameras[0].zones)},
    }


def load_bare(config: Config) -> Config:
    """A configuration with nothing but the required keys, and rules with all their defaults."""
    data = good()
    (zone,) = data["cameras"][0]["zones"]
    data["cameras"][0]["zones"] = [
        {**zone, "id": f"z{i}", "rules": {name: {} for name, _ in written.rules.items()}}
        for i, written in enumerate(config.cameras[0].zones)
    ]
    data["cameras"][0]["id"] = "other"
    return config_of(data, home=ROOT)


def differences(one: Any, other: Any, path: str = "") -> dict[str, Any]:
    """Where two configurations differ, by dotted path."""
    if isinstance(one, BaseModel) and not isinstance(one, Calendar):
        return {
            key: value
            for name in type(one).model_fields
            for key, value in differences(
                getattr(one, name), getattr(other, name), f"{path}.{name}".lstrip(".")
            ).items()
        }
    if isinstance(one, tuple) and one and isinstance(one[0], BaseModel) and not path.endswith("polygon"):
        assert len(one) == len(other)
        pairs = enumerate(zip(one, other, strict=True))
        return {k: v for i, (a, b) in pairs for k, v in differences(a, b, f"{path}[{i}]").items()}
    return {} if one == other else {path: one}


def test_the_example_with_every_key_switched_on_is_good(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "certs").mkdir()
    for name in ("ca.pem", "box.pem", "box.key", "console.pem", "console.key"):
        (tmp_path / "certs" / name).touch()
    (tmp_path / "configs/taxonomy.yaml").write_bytes((ROOT / "configs/taxonomy.yaml").read_bytes())
    file = tmp_path / "configs/all.yaml"
    file.write_text(ALL, encoding="utf-8")
    config = load(file, env=ENV)
    assert config.cameras[0].name == "东门"
    assert config.plans()["gate"].duties[0].calendar == config.calendars["workday"]
    assert config.taxonomy_table == TAXONOMY


def test_the_minimal_file_is_good_and_short() -> None:
    config = load(ROOT / "configs/minimal.yaml", env=ENV)
    assert len(config.plans()["gate"].duties) == 1


@pytest.mark.parametrize("text", [EXAMPLE, ALL, (ROOT / "configs/minimal.yaml").read_text(encoding="utf-8")])
def test_shipped_files_fit_the_schema(text: str) -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(read(text).data)


@pytest.mark.parametrize(
    "text",
    [
        "mqtt: {host: h, keepalive: 30}",
        "mqtt: {host: h}\ncamera: []",
        "mqtt: {host: h}\nbox: {location: null}",
        "mqtt: {host: h, password: {env: A, file: B}}",
        "mqtt: {host: h}\ncameras: [{id: A, url: rtsp://h/x}]",
        "mqtt: {host: h}\ncameras: [{id: a, url: rtsp://h/x, zones: [{id: z, polygon: [[0, 0], [1, 0], [1, 2]]}]}]",
        "{}",
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(text: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(json_schema()).validate(read(text).data)


def test_every_key_is_described() -> None:
    assert [path for path, info in every_key(Config) if not info.description] == []


def test_required_keys_show_an_example() -> None:
    assert [path for path, info in every_key(Config) if info.is_required() and not info.examples] == []
