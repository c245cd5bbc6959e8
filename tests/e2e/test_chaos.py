"""A short course of the chaos test; `scripts/chaos` runs long ones, docs/chaos.md tells how one went."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.run import run

pytestmark = pytest.mark.server


def test_an_agent_that_is_killed_again_and_again_tells_everything_once(tmp_path: Path) -> None:
    result = run(tmp_path, seed=12, kills=6, check_every=6)
    assert result.wrong == []
    assert result.kills_checked == 6
    assert result.faults, "a seed that draws faults"
    assert result.stays_seen > 0, "the calm stretch at the end is long enough to report what stands there"
