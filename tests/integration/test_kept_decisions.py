"""What a what-if makes of recordings whose truth is known: what it was kept as decides as what was seen."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from agent.core.stays import Comparison, compared
from agent.core.types import Gap, Observation
from scripts.what_if_truth import WAYS, Recording, clips, oracle_scenes, patient, repeated, stays
from tests.shared_data import shared

SET = Path(__file__).parents[2] / "configs/evaluation/real.yaml"


def differences(recordings: Iterable[Recording], way: str) -> tuple[int, list[Comparison]]:
    """How many incidents there are, and the comparisons in which any differs."""
    count, found = 0, []
    for plan, steps in recordings:
        true = stays(plan, steps, whole=True)
        result = compared(true, WAYS[way](plan, steps))
        count += len(true)
        found += [result] if result.gained or result.lost or result.changed else []
    return count, found


def test_rounded_descriptors_decide_as_exact_ones_on_real_clips() -> None:
    recorded = list(clips(SET, shared("video").parent))
    assert differences(recorded, "as kept") == (5, [])
    for dwell_s in (20.0, 180.0):
        again = [(patient(plan, dwell_s), repeated(steps, 0.3)) for plan, steps in recorded]
        count, differing = differences(again, "as kept")
        assert count >= 5
        assert differing == []


def test_rounded_descriptors_and_rests_that_are_stepped_over_change_no_rendered_scene() -> None:
    for way in ("as kept", "rests stepped over"):
        count, differing = differences(oracle_scenes(1), way)
        assert count == 61
        assert differing == []


def test_in_a_hurry_no_lasting_incident_is_missed_on_a_real_street() -> None:
    (plan, steps), *_ = clips(SET, shared("video").parent)
    lasting = [(patient(plan, 180.0), repeated(steps, 0.5))]
    count, differing = differences(lasting, "in a hurry")
    assert count == 4
    assert all(not result.gained and not result.lost for result in differing)


def test_a_recording_that_is_repeated_goes_on_on_one_clock() -> None:
    plan, steps = next(oracle_scenes(1))
    again: list[Observation | Gap] = list(repeated(steps, 0.2))
    assert [step.stamp.mono_s for step in again] == [2.0 * number for number in range(len(again))]
    assert {step.camera for step in again} == {plan.camera}
