"""What a what-if makes of recordings whose truth is known: as they were kept, with rests stepped over, and in a hurry.

    python -m scripts.what_if_truth                                                     rendered scenes, noisy oracle
    python -m scripts.what_if_truth --set configs/evaluation/real.yaml --data FOLDER    real clips, with their model
    python -m scripts.what_if_truth --pixels models/yolox_nano.onnx                     painted pictures, real detector
    python -m scripts.what_if_truth … --hours 1 --dwell 180                             repeated, and more patient

Each is compared with what the running agent reports: every look, exact to the bit. Dwells are as the truth was made
for, 6 to 60 s, unless told otherwise: that is hard on a hurry.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from agent.adapters.observations.block import FRAME, Block
from agent.adapters.observations.unpacked import steps_of
from agent.adapters.onnx import OnnxDetector
from agent.app.parts import open_detector
from agent.app.replay import looks
from agent.config.evaluation import load_set
from agent.core.plan import CameraPlan
from agent.core.rehearsal import QUICK_S, Rehearsal
from agent.core.stays import Comparison, Stay, compared
from agent.core.types import Gap, Observation, Stamp
from scripts.scenes.oracle import Oracle
from scripts.scenes.pixels import pixel_looks
from scripts.scenes.scoring import CASES

Steps = Sequence[Observation | Gap]
Recording = tuple[CameraPlan, Steps]


def oracle_scenes(seeds: int) -> Iterator[Recording]:
    """Every rendered scene as a noisy oracle sees it, so many times."""
    for case in CASES:
        for seed in range(seeds):
            oracle = Oracle(case, seed)
            yield case.plan, [oracle.observe(number, at_s) for number, at_s in enumerate(case.moments)]


def painted_scenes(model: Path) -> Iterator[Recording]:
    """The scenes that are painted, as the agent sees them."""
    detector = OnnxDetector.load(model)
    for case in CASES:
        if case.pixels:
            yield case.plan, list(pixel_looks(case, detector))


def clips(path: Path, data: Path | None) -> Iterator[Recording]:
    """The videos of an evaluation set, as the agent sees them, a look each two seconds."""
    chosen = load_set(path, data=data)
    config = chosen.config()
    detector = open_detector(config)
    for clip in chosen.clips:
        if clip.video is not None:
            plan, camera = config.plans()[clip.id], config.camera(clip.id).model_copy(update={"sample_every": 2.0})
            seen = looks(detector, camera, plan, clip.video, start_utc=chosen.start_utc(clip))
            yield plan, [look.seen for look in seen]


def repeated(steps: Steps, hours: float) -> Steps:
    """The same again and again, on one clock."""
    first, last = steps[0].stamp, steps[-1].stamp
    length_s = last.mono_s - first.mono_s + (last.mono_s - first.mono_s) / max(1, len(steps) - 1)
    times = max(1, round(hours * 3600 / length_s))
    return [replace(step, stamp=_later(step.stamp, turn * length_s)) for turn in range(times) for step in steps]


def as_kept(steps: Steps, camera: str) -> Iterator[Observation | Gap]:
    """The steps as they are read from the store: descriptors are rounded."""
    block = Block()
    for step in steps:
        if not block.takes(step):
            yield from steps_of(block.packed()[FRAME.size :], camera)
            block = Block()
        block.add(step)
    yield from steps_of(block.packed()[FRAME.size :], camera)


def stays(
    plan: CameraPlan, steps: Iterable[Observation | Gap], *, whole: bool = False, pace_s: float = 0
) -> list[Stay]:
    """The incidents of one run."""
    rehearsal = Rehearsal(plan, whole=whole, pace_s=pace_s)
    for step in steps:
        rehearsal.step(step)
    return rehearsal.end()


def patient(plan: CameraPlan, dwell_s: float) -> CameraPlan:
    """The same with this dwell everywhere."""
    duties = (replace(d, settings=d.settings.model_copy(update={"dwell": dwell_s})) for d in plan.duties)
    return replace(plan, duties=tuple(duties))


WAYS: dict[str, Callable[[CameraPlan, Steps], list[Stay]]] = {
    "as kept": lambda plan, steps: stays(plan, as_kept(steps, plan.camera), whole=True),
    "rests stepped over": lambda plan, steps: stays(plan, steps),
    "in a hurry": lambda plan, steps: stays(plan, steps, pace_s=QUICK_S),
}


def main() -> None:
    """Print a row for each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", type=Path, dest="chosen", metavar="SET.yaml", help="an evaluation set with videos")
    parser.add_argument("--data", type=Path, help="folder that its relative paths start from")
    parser.add_argument("--pixels", type=Path, metavar="MODEL")
    parser.add_argument("--seeds", type=int, default=8, help="how often the oracle looks at each scene")
    parser.add_argument("--hours", type=float, help="repeat each recording for so long")
    parser.add_argument("--dwell", type=float, metavar="S", help="of all rules, instead of what the truth was made for")
    args = parser.parse_args()
    if args.chosen:
        recordings = clips(args.chosen, args.data)
    else:
        recordings = painted_scenes(args.pixels) if args.pixels else oracle_scenes(args.seeds)
    sums: dict[str, Counter[str]] = {way: Counter() for way in WAYS}
    count = incidents = rests = looked = 0
    for plan, steps in recordings:
        plan = patient(plan, args.dwell) if args.dwell else plan
        steps = repeated(steps, args.hours) if args.hours else steps
        true = stays(plan, steps, whole=True)
        count, incidents, looked = count + 1, incidents + len(true), looked + len(steps)
        rests += sum(isinstance(step, Observation) and not step.asked for step in steps)
        for way, run in WAYS.items():
            sums[way] += _counted(plan.camera, way, compared(true, run(plan, steps)))
    print(f"{count} recordings, {looked} looks, {rests} of them rests, {incidents} incidents")
    for way, found in sums.items():
        told = ", ".join(f"{name} {found[name]}" for name in ("same", "gained", "lost", "opened", "closed", "dwell"))
        print(f"{way}: {told}, severity {found['severity']}")


def _counted(camera: str, way: str, result: Comparison) -> Counter[str]:
    if result.gained or result.lost:
        print(f"  {camera}, {way}: gained {len(result.gained)}, lost {len(result.lost)}")
    what = Counter(name for change in result.changed for name in change.what)
    return what + Counter(same=result.same, gained=len(result.gained), lost=len(result.lost))


def _later(stamp: Stamp, by_s: float) -> Stamp:
    return Stamp(utc=stamp.utc + timedelta(seconds=by_s), mono_s=stamp.mono_s + by_s)


if __name__ == "__main__":
    main()
