"""What a loaded configuration offers."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from agent.config import home_of
from agent.config.sections.broker import CommandName, TlsConfig
from agent.config.sections.model import AgentClass
from agent.core.calendar import ALWAYS
from agent.core.rules import RULES
from agent.core.taxonomy import CLASSES
from agent.core.wire import COMMANDS
from tests.unit.config.samples import config_of, good, read_data


def test_defaults_that_depend_on_other_keys() -> None:
    secure = config_of(good())
    assert (secure.mqtt.tls, secure.mqtt.port, secure.client_id) == (TlsConfig(), 8883, "cityeye-default-box-1")
    data = good()
    data["mqtt"] |= {"tls": "off", "client_id": "me", "protocol": 5}
    plain = config_of(data)
    assert (plain.mqtt.tls, plain.mqtt.port, plain.client_id, plain.mqtt.protocol) == (None, 1883, "me", "5")


@pytest.mark.parametrize(
    ("host", "plain"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("127.0.0.1.evil.example", False), ("10.0.0.1", False)],
)
def test_without_a_word_only_a_broker_on_this_machine_is_spoken_to_without_tls(host: str, plain: bool) -> None:
    data = good()
    data["mqtt"]["host"] = host
    assert (config_of(data).mqtt.tls is None) == plain


def test_plans_resolve_calendars() -> None:
    data = good()
    data["calendars"] = {"workday": {"active": [{"days": ["mon"]}]}}
    rules = data["cameras"][0]["zones"][0]["rules"]
    rules["illegal_parking"] = {"calendar": "workday", "grace": {"truck": "15m"}}
    data["cameras"][0]["zones"].append(
        {**data["cameras"][0]["zones"][0], "id": "bay", "rules": {"illegal_parking": {}}}
    )
    plan = config_of(data).plans()["gate"]
    assert (plan.box_id, plan.camera, plan.time_zone.key) == ("box-1", "gate", "Asia/Shanghai")
    kerb, bay = plan.duties
    assert (kerb.zone.zone_id, kerb.rule, kerb.calendar.active[0].days) == ("kerb", "illegal_parking", ("mon",))
    assert type(kerb.settings) is RULES["illegal_parking"].Settings
    assert kerb.settings.model_dump()["grace"] == {"truck": 900.0}
    assert kerb.zone.polygon.area == pytest.approx(0.64)
    assert bay.calendar == ALWAYS


def test_the_location_is_the_cameras_or_else_the_boxs() -> None:
    data = good()
    data["box"] = {"location": {"lon": 121, "lat": 31}}
    config = config_of(data)
    assert config.location_of("gate") == config.box.location
    data["cameras"][0]["location"] = {"lon": 120, "lat": 30, "crs": "gcj02"}
    found = config_of(data).location_of("gate")
    assert found is not None
    assert (found.lon, found.crs) == (120.0, "gcj02")


def test_paths_start_from_home(tmp_path: Path) -> None:
    data = good()
    data["cameras"][0]["url"] = "clips/gate.mp4"
    config = config_of(data, home=tmp_path)
    assert config.storage.folder == tmp_path / "data"
    assert config.model.folder == tmp_path / "models"
    assert config.cameras[0].video_file == tmp_path / "clips/gate.mp4"
    assert home_of(tmp_path / "site.yaml") == tmp_path
    assert home_of(tmp_path / "configs" / "site.yaml") == tmp_path


@pytest.mark.parametrize("url", ["file:/v/a.mp4", "file:///v/a.mp4", "/v/a.mp4"])
def test_video_files(url: str) -> None:
    data = good()
    data["cameras"][0]["url"] = url
    assert config_of(data).cameras[0].video_file == Path("/v/a.mp4")


def test_the_version_follows_the_content_only(tmp_path: Path) -> None:
    first = config_of(good(), home=tmp_path / "a").version_hash()
    assert first == config_of(good(), home=tmp_path / "b").version_hash()
    written = {**good(), "version": 1, "model": {"iou": 0.5}, "storage": {"folder": "data", "evidence_quota": "2000MB"}}
    assert first == config_of(dict(reversed(written.items())), home=tmp_path / "a").version_hash()
    assert len(first) == 12

    changed = good()
    changed["cameras"][0]["zones"][0]["rules"]["illegal_parking"]["dwell"] = "3m1s"
    assert first != config_of(changed, home=tmp_path / "a").version_hash()


def test_the_version_does_not_know_the_secret() -> None:
    data = good()
    data["mqtt"] |= {"username": "u", "password": {"env": "P"}}
    assert config_of(data, env={"P": "a"}).version_hash() == config_of(data, env={"P": "b"}).version_hash()


def test_nothing_can_be_changed() -> None:
    config = config_of(good())
    with pytest.raises(ValidationError):
        config.mqtt.host = "other"  # type: ignore[misc]


def test_agent_classes_are_those_of_the_taxonomy() -> None:
    assert get_args(AgentClass) == CLASSES
    assert get_args(CommandName) == COMMANDS


@pytest.mark.parametrize("name", sorted(RULES))
def test_the_defaults_of_every_rule_are_within_its_limits(name: str) -> None:
    defaults = RULES[name].Settings()
    assert RULES[name].Settings.model_validate_json(defaults.model_dump_json(by_alias=True), strict=True) == defaults


@pytest.mark.parametrize("bad", ["a\nb", "a\x1b[2J", "a\x9b", "a\u202eb", "a\u2028b"])
def test_a_name_steers_no_terminal(bad: str) -> None:
    data = good()
    data["cameras"][0]["name"] = bad
    [problem] = read_data(data).problems
    assert (problem.key, problem.expected) == ("cameras[0].name", "text of one line without control characters")
    assert problem.found.isprintable()
