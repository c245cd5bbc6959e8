"""What is measured of the machine, and what is not told where it cannot be."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from agent.adapters.machine_facts import machine_facts


def zones(folder: Path, *temperatures: str) -> Path:
    for number, text in enumerate(temperatures):
        zone = folder / f"thermal_zone{number}"
        zone.mkdir()
        (zone / "temp").write_text(text)
    return folder


def test_this_process_and_its_disk(tmp_path: Path) -> None:
    facts = machine_facts(tmp_path)
    status = os.statvfs(tmp_path)
    assert facts["disk_bytes"] == status.f_blocks * status.f_frsize
    memory, files, free = facts["memory_bytes"], facts["open_files"], facts["disk_free_bytes"]
    threads = facts["threads"]
    assert isinstance(threads, int) and threads >= threading.active_count()  # those of libraries, too
    assert isinstance(memory, int) and 10_000_000 < memory < 100_000_000_000
    assert isinstance(files, int) and files >= 3
    assert isinstance(free, int) and 0 < free <= status.f_blocks * status.f_frsize


@pytest.mark.parametrize(
    ("temperatures", "hottest"),
    [
        ((), None),
        (("41000\n", "52500\n", "0\n"), 52.5),
        (("-274000\n", "65535000\n"), None),
        (("", "warm", "-10500\n"), -10.5),
    ],
)
def test_the_hottest_zone_that_tells_a_temperature(
    tmp_path: Path, temperatures: tuple[str, ...], hottest: float | None
) -> None:
    assert machine_facts(tmp_path, thermal=zones(tmp_path, *temperatures))["temperature_c"] == hottest


def test_what_the_machine_does_not_tell_is_null(tmp_path: Path) -> None:
    nowhere = tmp_path / "none"
    facts = machine_facts(nowhere, thermal=nowhere, process=nowhere)
    assert set(facts.values()) == {None}
