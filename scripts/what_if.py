"""How much observations of a day take, and how long a comparison of two configurations over them lasts.

    python -m scripts.what_if RECORDING.jsonl --config FILE [--busy-hours 10]

A day of one camera, a look every 2 s, is made of a recording (`cityeye replay VIDEO --record`) that is repeated: in the
busy hours the detector is asked at each look, in the others every ten seconds, and rests in between, as it does over a
street where nothing moves in the zones: then only what stands throughout the recording is seen. The comparison doubles
all dwell times.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import numpy as np
from numpy.typing import NDArray

from agent.adapters.observations import ObservationReader, ObservationWriter
from agent.adapters.recording import read_recording
from agent.app.what_if import Kept, what_if
from agent.config import Config, load
from agent.core.geometry import ious
from agent.core.rules import RuleSettings
from agent.core.tracking.places import STILL_IOU
from agent.core.types import Detections, Floats, Gap, Observation, Stamp

BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
INTERVAL_S = 2.0
OFTEN = 0.6
REST = 5
"""Looks for which one answer of the detector serves in quiet hours."""
DAY_S = 86_400.0


def standing(recorded: list[Observation]) -> list[Observation]:
    """Those looks in which all that stands there is seen, with nothing else."""

    def stands(boxes: Floats) -> NDArray[np.bool_]:
        seen = [ious(boxes, o.detections.boxes_px).max(axis=1, initial=0.0) >= STILL_IOU for o in recorded]
        return np.asarray(np.mean(seen, axis=0) >= OFTEN)

    quiet = []
    for look in recorded:
        found = look.detections
        rows = stands(found.boxes_px)
        kept = Detections(
            boxes_px=found.boxes_px[rows],
            scores=found.scores[rows],
            class_ids=found.class_ids[rows],
            looks=found.looks[rows],
        )
        quiet.append(replace(look, detections=kept, stood_s=np.zeros(0, np.float32)))
    most = max(len(look.detections) for look in quiet)
    return [look for look in quiet if len(look.detections) == most]  # where one is missed, the detector does not rest


def day(recorded: list[Observation], busy_hours: float) -> Iterator[Observation]:
    """A day's looks: the busy hours in the middle."""
    quiet = standing(recorded)
    begin_s, end_s = (DAY_S / 2 - busy_hours * 1800, DAY_S / 2 + busy_hours * 1800)
    for number in range(int(DAY_S / INTERVAL_S)):
        at_s = number * INTERVAL_S
        busy = begin_s <= at_s < end_s
        seen = recorded[number % len(recorded)] if busy else quiet[number // REST % len(quiet)]
        stamp = Stamp(utc=BEGIN + timedelta(seconds=at_s), mono_s=at_s)
        yield replace(seen, seq=number, stamp=stamp, asked=busy or number % REST == 0)


def doubled(config: Config) -> Config:
    """The same configuration, in which everything may stand twice as long."""

    def slow(settings: RuleSettings | None) -> RuleSettings | None:
        return settings and settings.model_copy(update={"dwell": settings.dwell * 2})

    def zones(camera: object) -> dict[str, object]:
        return {
            "zones": tuple(
                zone.model_copy(
                    update={"rules": zone.rules.model_copy(update={n: slow(s) for n, s in zone.rules.items()})}
                )
                for zone in camera.zones  # type: ignore[attr-defined]
            )
        }

    return config.model_copy(update={"cameras": tuple(c.model_copy(update=zones(c)) for c in config.cameras)})


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--busy-hours", type=float, default=10.0)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--jobs", type=int, default=None)
    args = parser.parse_args()
    config = load(args.config)
    with read_recording(args.recording) as (head, steps):
        recorded = [replace(step, camera=config.cameras[0].id) for step in steps if not isinstance(step, Gap)]
    print(f"{args.recording.name}: {len(recorded)} looks of {head.camera}")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "observations"
        writer = ObservationWriter(
            root, now=lambda: BEGIN, quota_bytes=1 << 40, keep_for=timedelta(days=9), waiting=1 << 40
        )
        looks = list(day(recorded, args.busy_hours))
        began_s = time.process_time()
        for look in looks:
            writer.add(look)
        added_s = time.process_time()
        stop = Event()
        stop.set()
        writer.run(stop)
        done_s = time.process_time()
        print(f"kept: {writer.bytes / 1e6:.1f} MB a camera-day, {writer.bytes / len(looks):.0f} bytes a look")
        print(f"add: {(added_s - began_s) / len(looks) * 1e6:.2f} µs a look where the camera is watched")
        print(f"packing and writing: {(done_s - added_s) / len(looks) * 1e6:.0f} µs a look")
        began_s = time.perf_counter()
        count = sum(1 for _ in ObservationReader(root).steps(config.cameras[0].id))
        print(f"reading {count} looks: {time.perf_counter() - began_s:.1f} s")
        began_s = time.perf_counter()
        result = what_if(config, doubled(config), Kept(folder=root, database=None), quick=args.quick, jobs=args.jobs)
        spent_s, children = time.perf_counter() - began_s, os.times()
        cpu_s = children.children_user + children.children_system
        told = result.comparison
        print(
            f"comparison: {spent_s:.1f} s, {cpu_s:.1f} s of CPU; "
            f"incidents {told.before.incidents} and {told.after.incidents}, "
            f"gained {len(told.gained)}, lost {len(told.lost)}, changed {len(told.changed)}, same {told.same}"
        )


if __name__ == "__main__":
    main()
