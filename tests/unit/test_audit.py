"""An audit that got no answer is no pass."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.audit import accepted, installed, verdict

FLAW = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2.1"], "description": "…"}
BAD = {"name": "one", "version": "2.0", "vulns": [FLAW]}
GOOD = {"name": "two", "version": "1.0", "vulns": []}
SILENT = {"name": "three", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "known", "lines", "codes"),
    [
        ([GOOD], {}, ["no vulnerability is known of 1 packages"], (0, 0)),
        ([GOOD, BAD], {}, ["one 2.0: PYSEC-1, mended in 2.1"], (1, 1)),
        ([GOOD, BAD], {"CVE-1": "why"}, ["no vulnerability is known of 2 packages"], (0, 0)),
        ([SILENT], {}, ["NOT CHECKED: 1 of 1 packages"], (0, 1)),
        ([GOOD, SILENT], {}, ["NOT CHECKED: 1 of 2 packages", "no vulnerability is known of 1 packages"], (0, 1)),
    ],
)
def test_a_verdict(packages: list[Any], known: dict[str, str], lines: list[str], codes: tuple[int, int]) -> None:
    came = verdict({"dependencies": packages}, known)
    assert [told.partition(";")[0] for told in came.lines()] == lines
    assert (came.exit_code(required=False), came.exit_code(required=True)) == codes


def test_what_a_box_gets_is_looked_at_and_nothing_else() -> None:
    packages = installed()
    assert {"httpx", "paho-mqtt", "onnxruntime", "h11"} <= set(packages)
    assert not {"city-eye-agent", "pytest", "mypy", "pip"} & set(packages)
    assert all(reason for reason in accepted().values())
