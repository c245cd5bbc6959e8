"""The command line of `scripts/chaos`."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from tests.chaos.result import Result, load, report
from tests.chaos.run import CHECKPOINT, run


def main() -> int:
    """Run, or only report; the exit code says whether the agent held."""
    options = _parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the disk is unmounted and all processes end
    results = [load(folder / CHECKPOINT) for folder in options.from_folder or ()] or [_run(options)]
    if options.report is not None:
        options.report.write_text(report(*results), encoding="utf-8")
    for result in results:
        print(f"{result.kills_checked} kills checked, {result.events} events, faults of the agent: {len(result.wrong)}")
        for text in result.wrong:
            print(f"- {text}")
    return 1 if any(result.wrong for result in results) else 0


def _run(options: argparse.Namespace) -> Result:
    every = options.check_every
    if options.folder is not None:
        return run(options.folder, seed=options.seed, kills=options.kills, check_every=every)
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        return run(Path(folder), seed=options.seed, kills=options.kills, check_every=every)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/chaos",
        description="Kill the real agent again and again while all around it fails; check what the centre got.",
        epilog="Needs root (it mounts a small disk), Mosquitto, GStreamer's RTSP server, ffmpeg and ../shared/data.",
    )
    parser.add_argument("--kills", type=int, default=20, help="how often the agent is killed (default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=7, help="what kills and faults are drawn from (default: %(default)s)"
    )
    parser.add_argument("--check-every", type=int, default=100, metavar="KILLS", help="(default: %(default)s)")
    parser.add_argument("--folder", type=Path, help="keep everything here: result.json, arrivals.jsonl, agent.log")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the report, such as docs/chaos.md")
    parser.add_argument(
        "--from-folder",
        type=Path,
        nargs="+",
        metavar="FOLDER",
        help="run nothing: report on the runs, perhaps unfinished, that were made there with --folder",
    )
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
