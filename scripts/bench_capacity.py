#!/usr/bin/env python3
"""How many cameras does this box keep in real time? Writes a report with charts; docs/performance.md explains it.

    python scripts/bench_capacity.py --out out/capacity                          # search, 1080p H.264
    python scripts/bench_capacity.py --stream main --stream sub --stream h265 --out out/capacity
    python scripts/bench_capacity.py --cameras 8,16,32 --out out/capacity        # these numbers, no search

Real RTSP from GStreamer's server, a real Mosquitto, and the agent as its users run it; needs the packages of
scripts/system-packages and the clip of ../shared/data, or CITYEYE_SHARED. The streams are made once, in a cache folder
outside the checkout. Use it on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs as a file, too

from scripts.capacity.figures import Series  # noqa: E402
from scripts.capacity.machine import description, end_on_sigterm  # noqa: E402
from scripts.capacity.report import HEAD, row, summary, write  # noqa: E402
from scripts.capacity.search import largest  # noqa: E402
from scripts.capacity.site import Task  # noqa: E402
from scripts.capacity.streams import CACHE, CLIP_S, KINDS, Streams, prepare  # noqa: E402
from scripts.capacity.trial import Pace, Trial, measure  # noqa: E402

DATA: Final = Path(os.environ.get("CITYEYE_SHARED", ROOT.parent / "shared")) / "data"
START_S: Final = 60.0
"""For starting and stopping everything, and waiting for the next heartbeat."""


def main() -> int:
    options = _parse()
    end_on_sigterm()
    done: list[Series] = []
    for name in options.stream or ["main"]:
        done.append(_series(options, name, tuple(done)))
    for one in done:
        print(f"{one.title}: {summary(one)}")
    return 0 if all(one.most for one in done) else 1


def _series(options: argparse.Namespace, name: str, before: tuple[Series, ...]) -> Series:
    """Measure with one kind of stream. The report is written anew after each trial: a night's work is not lost."""
    kind = KINDS[name]
    pace = Pace(warm_s=options.warm_s, window_s=options.window_s)
    length_s = pace.warm_s + pace.window_s + START_S
    print(f"{kind.title}: preparing the streams in {options.cache}", flush=True)
    streams = prepare(kind, options.source, length_s=length_s, clip_s=options.clip_s, cache=options.cache)
    series = Series(title=f"{kind.title}; {', '.join(options.rules)}", kind=kind, trials=())

    def made(trial: Trial) -> None:
        nonlocal series
        series = replace(series, trials=(*series.trials, trial))
        write(options.out, [*before, series], machine=description(), how=_how(options))
        print("; ".join(f"{name}: {text}" for name, text in zip(HEAD, row(trial), strict=True)), flush=True)

    _search(options, streams, pace, made)
    return series


def _search(options: argparse.Namespace, streams: Streams, pace: Pace, made: Callable[[Trial], None]) -> None:
    """Measure one number of cameras after the other; `made` gets each trial."""
    until_s = time.monotonic() + options.minutes * 60
    task = Task(
        model=options.model,
        rules=tuple(options.rules),
        dwell_s=options.dwell_s,
        spread_s=pace.window_s,
        workers=options.workers,
        batch=options.batch,
        recheck_s=options.recheck_s,
        runtime=options.runtime,
    )

    def holds(cameras: int) -> bool:
        """Once more when it fails: one hiccup of the machine is not its capacity."""
        for _ in range(1 + options.retries):
            try:
                trial = measure(streams, cameras, task, pace, keep=options.out / "logs" / streams.kind.name)
            except TimeoutError as error:
                print(f"{cameras} cameras: {error}", flush=True)
                continue
            made(trial)
            if trial.held:
                return True
        return False

    if options.cameras:
        for cameras in options.cameras:
            holds(cameras)
        return
    holds(1)  # for the table, and for what a further camera costs
    largest(
        holds,
        start=options.start,
        most=options.most,
        step=options.step,
        going_on=lambda: time.monotonic() + pace.warm_s + pace.window_s + START_S < until_s,
    )


def _how(options: argparse.Namespace) -> str:
    workers = options.workers or "one for each core"
    return (
        f"model {Path(options.model).name}, workers: {workers}, batch {options.batch}, "
        f"recheck {options.recheck_s:g} s, {options.runtime}; warm-up {options.warm_s:g} s, "
        f"window {options.window_s:g} s"
    )


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _names(text: str) -> list[str]:
    return text.split(",")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for the report")
    parser.add_argument("--stream", action="append", choices=KINDS, help="may be given several times; default: main")
    parser.add_argument("--cameras", type=_numbers, metavar="N,N,…", help="measure these numbers instead of searching")
    parser.add_argument("--start", type=int, default=16, help="the search's first number (default: %(default)s)")
    parser.add_argument("--most", type=int, default=192, help="its largest (default: %(default)s)")
    parser.add_argument("--step", type=int, default=4, help="how finely it ends (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=40.0, help="its time for each stream (default: %(default)s)")
    parser.add_argument("--retries", type=int, default=1, help="further tries of a number that fails (default: 1)")
    parser.add_argument("--model", default=str(DATA / "models" / "yolox_nano.onnx"), help="ONNX file, or id of a model")
    parser.add_argument("--runtime", default="onnxruntime", choices=("auto", "onnxruntime", "openvino"))
    parser.add_argument("--workers", type=int, default=0, help="model.workers (default: 0, one for each core)")
    parser.add_argument(
        "--recheck-s",
        type=float,
        default=10.0,
        help="model.recheck; 0: the detector is shown every picture (default: %(default)s)",
    )
    parser.add_argument("--batch", type=int, default=1, help="model.batch (default: %(default)s)")
    parser.add_argument(
        "--rules",
        type=_names,
        default=["illegal_parking"],
        metavar="RULE,RULE",
        help="of each zone; stall_encroachment adds the scene-change channel (default: illegal_parking)",
    )
    parser.add_argument("--dwell-s", type=float, default=20.0, help="of the first camera (default: %(default)s)")
    parser.add_argument("--warm-s", type=float, default=Pace.warm_s, help="before the window (default: %(default)s)")
    parser.add_argument("--window-s", type=float, default=Pace.window_s, help="what is measured (default: %(default)s)")
    parser.add_argument("--source", type=Path, default=DATA / "video" / "cdnet_fall_1600f.mp4", help="clip to encode")
    parser.add_argument("--clip-s", type=float, default=CLIP_S, help="how much of it (default: %(default)s)")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the streams are kept (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
