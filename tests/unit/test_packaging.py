"""What is shipped around the agent: the unit, the first configuration, the installer's words, compose.yaml."""

from __future__ import annotations

import subprocess
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.config import inspect_text

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "configs/systemd/cityeye.service"
MOST_EXPOSURE = 15
"""Tenths of systemd's scale of 0 (fenced) to 10 (may do everything); docs/install.md tells the figure."""


class _Unit(RawConfigParser):
    """Keys keep their case, and may come more than once: the last counts."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


@pytest.fixture
def unit() -> RawConfigParser:
    parser = _Unit(strict=False)
    parser.read(UNIT)
    return parser


@pytest.mark.parametrize(
    ("unit", "program"), [(UNIT, "bin/cityeye"), (UNIT.with_name("cityeye-settle.service"), "install.sh")]
)
def test_systemd_understands_the_units(unit: Path, program: str) -> None:
    said = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False).stderr
    there_is_no_agent = f"{unit.name}: Command /opt/cityeye/current/{program} is not executable"
    ours = [line for line in said.splitlines() if "cityeye" in line and not line.startswith(there_is_no_agent)]
    assert ours == []


def test_the_unit_is_fenced() -> None:
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSURE}", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_service_is_watched_and_never_given_up(unit: RawConfigParser) -> None:
    service = unit["Service"]
    assert (service["Type"], service["NotifyAccess"], service["Restart"]) == ("notify", "main", "always")
    assert int(service["WatchdogSec"]) >= 30
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"


def test_the_first_configuration_is_good_once_its_secret_is_there(tmp_path: Path) -> None:
    (tmp_path / "secret_gate").write_text("hush\n")
    text = (ROOT / "configs/box.yaml").read_text(encoding="utf-8")
    home = Path("/etc/cityeye")
    report = inspect_text(text, file="config.yaml", home=home, env={"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert report.problems == ()
    assert report.config is not None
    assert report.warnings == ()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--purge"], "--purge: expected --uninstall beside it, found install; add --uninstall"),
        (["--wat"], "--wat: expected an option of install.sh, found another word; see install.sh --help"),
        (["--config"], "--config: expected a file, found nothing; name it: --config FILE"),
        (["--config", "/no/such"], "--config: expected a file, found no /no/such; correct the path"),
    ],
)
def test_the_installer_says_what_is_wrong_before_it_begins(words: list[str], said: str) -> None:
    done = subprocess.run([ROOT / "scripts/install.sh", *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (1, f"install.sh: {said}")


def test_the_container_is_fenced() -> None:
    agent: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["agent"]
    assert agent["read_only"] is True
    assert agent["cap_drop"] == ["ALL"]
    assert agent["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "pids_limit", "tmpfs", "healthcheck"} <= set(agent)
    assert set(agent["logging"]["options"]) == {"max-size", "max-file"}
