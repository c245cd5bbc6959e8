"""Kept observations: what is read is what was seen, whatever happens to the disk, and it costs nobody anything."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from threading import Event as StopEvent

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.adapters.observations import ObservationReader, ObservationWriter
from agent.adapters.observations.block import FRAME, Block, frame_of
from agent.adapters.observations.segments import segments
from agent.adapters.observations.unpacked import sealed_steps_of, steps_of
from agent.core.recording import line_of
from agent.core.types import Gap, GapReason, Observation, PictureFault, Stamp
from tests.kept_days import keep
from tests.unit.core.test_recording import observations
from tests.unit.core.world import START, Step, car, changed, every, gap, look, reading

NOW = START + timedelta(hours=1)
DAY = timedelta(days=1)


def told(step: Step) -> str:
    """Without the descriptors, which are rounded."""
    if isinstance(step, Gap):
        return line_of(step)
    found = replace(step.detections, looks=np.zeros((len(step.detections), 0), np.float32))
    return line_of(replace(step, detections=found))


def street() -> list[Step]:
    seen = every(2.0, 0.0, 40.0, car(look=1))
    rests = [replace(look(40.0 + 2 * i, car(look=1)), asked=False) for i in range(5)]
    others: list[Step] = [
        changed(look(50.0, car(), car((0.6, 0.6, 0.7, 0.7), look=3)), (0.1, 0.2, 0.3, 0.4), still_s=3.0),
        reading(look(52.0), "bin", 0.75),
        reading(look(54.0), "bin", 0.75),
        replace(look(56.0), fault=PictureFault.DARK),
        gap(58.0, GapReason.STALLED),
        replace(look(60.0, car()), stood_s=np.array([4.5], np.float32)),
    ]
    return [*seen, *rests, *others]


def test_what_is_read_is_what_was_seen(tmp_path: Path) -> None:
    keep(tmp_path, street(), NOW)
    back = list(ObservationReader(tmp_path).steps("gate"))
    assert [told(step) for step in back] == [told(step) for step in street()]
    for read, seen in zip(back, street(), strict=True):
        if isinstance(read, Observation) and isinstance(seen, Observation) and len(seen.detections):
            assert np.allclose(read.detections.looks, seen.detections.looks, atol=1 / 64)


@settings(max_examples=60, deadline=None)
@given(seen=observations())
def test_whatever_a_look_holds_is_read_again(seen: Observation) -> None:
    block = Block()
    block.add(seen)
    (back,) = steps_of(block.packed()[FRAME.size :], "gate")
    assert told(back) == told(replace(seen, suspected=False))


def test_what_is_opened_in_any_order_is_what_is_read_in_order() -> None:
    block = Block()
    for step in street():
        block.add(step)
    body = block.packed()[FRAME.size :]
    backwards = [sealed.open() for sealed in reversed(sealed_steps_of(body, "gate"))]
    assert [line_of(step) for step in reversed(backwards)] == [line_of(step) for step in steps_of(body, "gate")]
    plain = [isinstance(step, Observation) and step.fault is None for step in street()]
    assert [sealed.plain for sealed in sealed_steps_of(body, "gate")] == plain


@pytest.mark.parametrize(
    ("column", "value"), [("counts", 200), ("changed", 1), ("what", 99), ("faults", 99), ("flags", 8), ("classes", 250)]
)
def test_a_block_whose_columns_do_not_fit_each_other_is_none_before_any_step_is_opened(column: str, value: int) -> None:
    block = Block()
    for step in every(2.0, 0.0, 20.0, car(look=1)):
        block.add(step)
    raw = bytearray(zlib.decompress(block.packed()[FRAME.size :]))
    (size,) = struct.unpack_from("<I", raw)
    at = 4 + size
    for name, kind, length in json.loads(raw[4:at])["columns"]:
        if name == column:
            raw[at] = value  # the lowest byte of the first number
        at += length * np.dtype(kind).itemsize
    with pytest.raises(ValueError, match="expected a block of observations"):
        sealed_steps_of(zlib.compress(bytes(raw)), "gate")


def test_a_rest_of_the_detector_takes_next_to_nothing(tmp_path: Path) -> None:
    first = look(0.0, *(car((0.1 * i, 0.6, 0.1 * i + 0.08, 0.7), look=i) for i in range(6)))
    asked = keep(tmp_path / "asked", [replace(first, stamp=look(2.0 * i).stamp) for i in range(1)], NOW).bytes
    rested = keep(tmp_path / "rest", [replace(first, stamp=look(2.0 * i).stamp, asked=i == 0) for i in range(60)], NOW)
    assert rested.bytes < asked + 60 * 20


@pytest.mark.parametrize("cut", [1, 10, 200])
def test_a_torn_file_is_read_up_to_the_tear(tmp_path: Path, cut: int) -> None:
    keep(tmp_path, every(2.0, 0.0, 256.0, car()), NOW)
    (segment,) = segments(tmp_path)
    content = segment.path.read_bytes()
    segment.path.write_bytes(content[:-cut])
    steps = list(ObservationReader(tmp_path).steps("gate"))
    assert len(steps) == 64
    assert ObservationReader(tmp_path).extents()[0].last == steps[-1].stamp.utc


def test_a_file_that_is_damaged_within_is_read_up_to_there(tmp_path: Path) -> None:
    keep(tmp_path, every(2.0, 0.0, 256.0, car()), NOW)
    (segment,) = segments(tmp_path)
    content = bytearray(segment.path.read_bytes())
    content[FRAME.size + 20] ^= 0xFF
    segment.path.write_bytes(bytes(content))
    assert list(ObservationReader(tmp_path).steps("gate")) == []


@pytest.mark.parametrize("junk", [b"", b"CEOB", b"x" * 100, FRAME.pack(b"CEOB", 1, 1 << 31, 0, 0, 0)])
def test_what_is_no_block_is_none(junk: bytes) -> None:
    assert frame_of(junk[: FRAME.size]) is None


def test_foreign_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "gate").mkdir()
    (tmp_path / "gate" / "notes.txt").write_text("mine")
    (tmp_path / "gate" / "20260101T000000.000000Z.obs").symlink_to(tmp_path / "gate" / "notes.txt")
    keep(tmp_path, street(), START + timedelta(days=30))
    assert (tmp_path / "gate" / "notes.txt").read_text() == "mine"
    assert [s.begun for s in segments(tmp_path)] == [START]


def test_a_period_is_read_alone(tmp_path: Path) -> None:
    keep(tmp_path, every(2.0, 0.0, 9000.0, car()), NOW)
    since, until = START + timedelta(seconds=3000), START + timedelta(seconds=3010)
    read = [s.stamp.utc for s in ObservationReader(tmp_path).steps("gate", since, until)]
    assert read == [since + timedelta(seconds=2 * i) for i in range(6)]


def another_run(steps: list[Step], after_s: float) -> Iterator[Step]:
    """The same a while later, on a monotonic clock that began anew."""
    for step in steps:
        utc = step.stamp.utc + timedelta(seconds=after_s)
        yield replace(step, stamp=Stamp(utc=utc, mono_s=step.stamp.mono_s - 1000.0))


def test_runs_of_the_box_are_put_on_one_clock(tmp_path: Path) -> None:
    keep(tmp_path, every(2.0, 0.0, 20.0), NOW)
    keep(tmp_path, another_run(every(2.0, 0.0, 20.0), 600.0), NOW)
    stamps = [step.stamp for step in ObservationReader(tmp_path).steps("gate")]
    assert len(stamps) == 20
    for a, b in pairwise(stamps):
        assert b.mono_s - a.mono_s == pytest.approx((b.utc - a.utc).total_seconds())


def writer_of(root: Path, now: list[datetime], **limits: int) -> ObservationWriter:
    quota = limits.pop("quota_bytes", 1 << 40)
    return ObservationWriter(root, now=lambda: now[0], quota_bytes=quota, keep_for=DAY, **{"waiting": 9999, **limits})


def write(writer: ObservationWriter, steps: list[Step]) -> None:
    """As one run of the loop that is stopped at once."""
    for step in steps:
        writer.add(step)
    stop = StopEvent()
    stop.set()
    writer.run(stop)


class OneTurn(StopEvent):
    """A stop after one turn of the loop."""

    def wait(self, timeout: float | None = None) -> bool:
        self.set()
        return True


def test_what_waits_is_bounded_and_what_does_not_fit_is_counted(tmp_path: Path) -> None:
    writer = writer_of(tmp_path, [NOW], waiting=10)
    write(writer, every(2.0, 0.0, 50.0, car()))
    assert writer.dropped == 15
    assert len(list(ObservationReader(tmp_path).steps("gate"))) == 10


def test_a_folder_that_cannot_be_written_costs_observations_only(tmp_path: Path) -> None:
    (tmp_path / "observations").write_text("in the way")
    writer = writer_of(tmp_path / "observations", [NOW])
    write(writer, every(2.0, 0.0, 50.0, car()))
    assert writer.dropped == 25
    assert writer.fault


def test_a_disk_without_room_costs_observations_only_and_is_used_again(tmp_path: Path) -> None:
    writer = writer_of(tmp_path, [NOW], keep_free_bytes=1 << 60)
    for step in every(2.0, 0.0, 50.0, car()):
        writer.add(step)
    writer.run(OneTurn())
    assert writer.dropped == 25
    assert writer.fault == "the disk has less room than keep_free"
    again = writer_of(tmp_path, [NOW])
    write(again, every(2.0, 100.0, 150.0, car()))
    assert len(list(ObservationReader(tmp_path).steps("gate"))) == 25


def test_old_files_go(tmp_path: Path) -> None:
    now = [NOW]
    write(writer_of(tmp_path, now), every(2.0, 0.0, 9000.0, car()))
    assert len(segments(tmp_path)) == 3
    now[0] = START + timedelta(days=1, minutes=90)
    writer_of(tmp_path, now).run(OneTurn())
    assert [s.begun for s in segments(tmp_path)] == [START + timedelta(hours=2)]


def test_the_oldest_go_beyond_the_quota(tmp_path: Path) -> None:
    write(writer_of(tmp_path, [NOW]), every(2.0, 0.0, 9000.0, car()))
    last = segments(tmp_path)[-1]
    writer = writer_of(tmp_path, [NOW], quota_bytes=last.size)
    writer.run(OneTurn())
    assert segments(tmp_path) == [last]
    assert writer.bytes == last.size


@settings(max_examples=200)
@given(seed=st.integers(0, 1 << 30), likeness=st.sampled_from((0.5, 0.6)), off=st.floats(-0.1, 0.1))
def test_likenesses_that_are_not_on_the_edge_decide_alike_once_they_are_rounded(
    seed: int, likeness: float, off: float
) -> None:
    dice = np.random.default_rng(seed)
    a, b = (vector / np.linalg.norm(vector) for vector in dice.normal(size=(2, 197)))
    b = b - (a @ b) * a
    wanted = likeness + off
    near = wanted * a + np.sqrt(1 - wanted**2) * b / np.linalg.norm(b)
    seen = look(0.0, car(), car((0.6, 0.6, 0.8, 0.8)))
    exact = np.stack([a, near]).astype(np.float32)
    block = Block()
    block.add(replace(seen, detections=replace(seen.detections, looks=exact)))
    (back,) = steps_of(block.packed()[FRAME.size :], "gate")
    assert isinstance(back, Observation)
    rounded = float(back.detections.looks[0] @ back.detections.looks[1])
    assert abs(rounded - wanted) < 0.04
    assert abs(off) < 0.04 or (rounded >= likeness) == (wanted >= likeness)
