#!/usr/bin/env python3
"""CPU time for one camera and second: the agent, the bare cost, and others on the same stream. See docs/performance.md.

    python scripts/bench_against.py --out out/against --ultralytics-python /path/to/venv/bin/python

Each is measured alone, in interleaved rounds. For ultralytics make a virtual environment of its own (pip install
ultralytics lap onnx onnxruntime) and name its interpreter; without, that row is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs as a file, too

from scripts.capacity.against import Contender, Rounds, interleaved, others, ours, page, ultralytics  # noqa: E402
from scripts.capacity.machine import description, end_on_sigterm  # noqa: E402
from scripts.capacity.site import Task  # noqa: E402
from scripts.capacity.streams import CACHE, CLIP_S, KINDS, prepare  # noqa: E402
from scripts.capacity.trial import Pace  # noqa: E402

DATA: Final = Path(os.environ.get("CITYEYE_SHARED", ROOT.parent / "shared")) / "data"
START_S: Final = 60.0
REPORT: Final = "against.md"
UNTRAINED: Final = "yolo11n-untrained-640.onnx"
NO_ULTRALYTICS: Final = "ultralytics is not measured: no --ultralytics-python was given."


def main() -> int:
    options = _parse()
    end_on_sigterm()
    pace = Pace(warm_s=options.warm_s, window_s=options.window_s)
    length_s = max(pace.warm_s + pace.window_s, options.others_s) + START_S
    kind = KINDS[options.stream]
    print(f"{kind.title}: preparing the streams in {options.cache}", flush=True)
    streams = prepare(kind, options.source, length_s=length_s, clip_s=options.clip_s, cache=options.cache)
    task = Task(model=str(options.model), workers=options.workers, recheck_s=options.recheck_s)
    contenders = [ours(streams, 1, task, pace), ours(streams, options.many, task, pace)]
    contenders += _able(others(streams, options.model, keyframes_s=pace.window_s, window_s=options.others_s))
    remarks = [
        f"Stream: {kind.title}. The agent and the bare cost analyse keyframes, one in two seconds; the others five "
        "pictures a second, which is what they are made for.",
    ]
    if options.ultralytics_python is None:
        print(NO_ULTRALYTICS)
        remarks.append(NO_ULTRALYTICS)
    else:
        model = options.ultralytics_model or options.cache / UNTRAINED
        contenders.append(ultralytics(streams, options.ultralytics_python, model, options.others_s))
        if options.ultralytics_model is None:
            remarks.append(
                "The YOLO11n of ultralytics has random weights: inference costs the same, but it finds nothing, so its "
                "tracking costs nothing, to its advantage."
            )
    for found in interleaved(contenders, options.rounds, lambda text: print(text, flush=True)):
        _write(options, found, remarks)
    print((options.out / REPORT).read_text(encoding="utf-8"))
    return 0


def _write(options: argparse.Namespace, found: list[Rounds], remarks: list[str]) -> None:
    """The report of the rounds so far."""
    options.out.mkdir(parents=True, exist_ok=True)
    how = (
        f"{len(found[0].readings)} rounds, recheck {options.recheck_s:g} s, "
        f"window {options.window_s:g} s for the agent and the bare cost, "
        f"{options.others_s:g} s for the others"
    )
    text = "\n".join(page(found, machine=description(), how=how, remarks=remarks))
    (options.out / REPORT).write_text(text, encoding="utf-8")
    (options.out / "against.json").write_text(json.dumps([asdict(one) for one in found], indent=1), encoding="utf-8")


def _able(contenders: list[Contender]) -> list[Contender]:
    if shutil.which("ffmpeg"):
        return contenders
    print("ffmpeg is not measured: it is not installed (apt-get install ffmpeg).")
    return [contender for contender in contenders if contender.name != "ffmpeg"]


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for the report")
    parser.add_argument("--stream", choices=KINDS, default="main", help="(default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument("--many", type=int, default=8, help="the agent's further number of cameras (default: 8)")
    parser.add_argument("--model", type=Path, default=DATA / "models" / "yolox_nano.onnx", help="YOLOX as ONNX file")
    parser.add_argument("--workers", type=int, default=0, help="model.workers (default: 0, one for each core)")
    parser.add_argument(
        "--recheck-s",
        type=float,
        default=10.0,
        help="model.recheck of the agent; 0: the detector is shown every picture (default: %(default)s)",
    )
    parser.add_argument("--ultralytics-python", type=Path, metavar="PATH", help="interpreter that has ultralytics")
    parser.add_argument(
        "--ultralytics-model", type=Path, metavar="FILE", help="its model (default: YOLO11n, untrained)"
    )
    parser.add_argument("--warm-s", type=float, default=Pace.warm_s, help="of the agent (default: %(default)s)")
    parser.add_argument(
        "--window-s", type=float, default=Pace.window_s, help="of agent and bare cost (default: %(default)s)"
    )
    parser.add_argument("--others-s", type=float, default=30.0, help="window of the others (default: %(default)s)")
    parser.add_argument("--source", type=Path, default=DATA / "video" / "cdnet_fall_1600f.mp4", help="clip to encode")
    parser.add_argument("--clip-s", type=float, default=CLIP_S, help="how much of it (default: %(default)s)")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the streams are kept (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
