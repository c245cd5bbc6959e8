#!/usr/bin/env python3
"""Run the agent for hours while its cameras and its broker come and go; nothing may grow. See docs/performance.md.

    python scripts/soak.py                  # two hours
    python scripts/soak.py --minutes 3

Half of the cameras hang on a server that is killed and started again, half on one that ends every stream after a
while; the broker is stopped now and then, sometimes with the cameras. After each disturbance, when all is connected
again, threads, file descriptors and open database files are counted. The exit code is 1 when one of them or the memory
grows, when something does not come back, or when the agent's log holds a traceback.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs as a file, too

from scripts.capacity.machine import description, end_on_sigterm  # noqa: E402
from scripts.capacity.report import table  # noqa: E402
from scripts.capacity.streams import CACHE, CLIP_S, KINDS, prepare  # noqa: E402
from scripts.endurance.course import Outcome, Plan, run  # noqa: E402
from scripts.endurance.verdict import Allowance, Settled, mib_per_hour, warm  # noqa: E402

DATA: Final = Path(os.environ.get("CITYEYE_SHARED", ROOT.parent / "shared")) / "data"
HEAD: Final = ("after", "minute", "back after s", "RSS MiB", "threads", "descriptors", "database files")


def main() -> int:
    options = _parse()
    end_on_sigterm()
    film = prepare(KINDS["sub"], options.source, length_s=0.0, clip_s=options.clip_s, cache=options.cache).files[0]
    plan = Plan(
        length_s=options.minutes * 60,
        every_s=options.every_s,
        cameras=options.cameras,
        end_after_s=options.end_after_s,
    )
    allowance = Allowance(mib_per_hour=options.mib_per_hour, mib=options.mib)
    print("\n".join(table(HEAD, [])), flush=True)
    outcome = run(film, str(options.model), plan, allowance, lambda seen: print(_row(seen), flush=True))
    lines = _summary(outcome)
    print("\n".join(lines))
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        rows = [_cells(seen) for seen in outcome.settled]
        page = ["# Endurance", "", f"Machine: {description()}.", "", *lines, "", *table(HEAD, rows), ""]
        options.out.write_text("\n".join(page), encoding="utf-8")
    return 1 if outcome.breaches else 0


def _summary(outcome: Outcome) -> list[str]:
    kept = warm(outcome.samples)
    slope = mib_per_hour(kept)
    grows = "the run is too short for a slope" if slope is None else f"{slope:+.2f} MiB an hour"
    minutes = outcome.samples[-1].at_s / 60 if outcome.samples else 0.0
    back = f"cameras reconnected {outcome.reconnections} times"
    lines = [
        "",
        f"{minutes:.0f} minutes, {len(outcome.settled)} disturbances, {back}.",
        f"Memory after the warm-up: {grows}.",
    ]
    verdict = [f"- {breach}" for breach in outcome.breaches] or ["Nothing grew, everything came back."]
    return [*lines, "", *verdict]


def _cells(seen: Settled) -> list[str]:
    holds = seen.holds
    return [
        seen.after,
        f"{seen.at_s / 60:.1f}",
        f"{seen.back_s:.0f}",
        f"{holds.rss_mib:.0f}",
        str(holds.threads),
        str(holds.descriptors),
        str(holds.databases),
    ]


def _row(seen: Settled) -> str:
    return f"| {' | '.join(_cells(seen))} |"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=120.0, help="(default: %(default)s)")
    parser.add_argument("--every-s", type=float, default=60.0, help="between disturbances (default: %(default)s)")
    parser.add_argument("--cameras", type=int, default=4, help="(default: %(default)s)")
    parser.add_argument("--end-after-s", type=float, default=40.0, help="length of the streams that end")
    parser.add_argument("--mib-per-hour", type=float, default=Allowance.mib_per_hour, help="(default: %(default)s)")
    parser.add_argument("--mib", type=float, default=Allowance.mib, help="growth allowed at all (default: %(default)s)")
    parser.add_argument("--model", default=DATA / "models" / "yolox_nano.onnx", help="ONNX file, or id of a model")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write a report, Markdown")
    parser.add_argument("--source", type=Path, default=DATA / "video" / "cdnet_fall_1600f.mp4", help="clip to encode")
    parser.add_argument("--clip-s", type=float, default=CLIP_S, help="how much of it (default: %(default)s)")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the streams are kept (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
