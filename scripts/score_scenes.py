"""Score the agent on rendered scenes with known truth, and write docs/scores.md.

    python -m scripts.score_scenes                                   # with the oracle; half a minute
    python -m scripts.score_scenes --pixels models/yolox_nano.onnx   # and with the real detector on painted pictures
    python -m scripts.score_scenes --pixels … --write                # into docs/scores.md

See docs/scenes.md. The exit code is 1 when a bar of the design is missed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from agent.adapters.clock import SystemClock
from agent.adapters.onnx import OnnxDetector
from agent.core.scoring.scores import Figures, summed
from scripts.scenes.pixels import pixel_looks
from scripts.scenes.scoring import CASES, Scored, with_looks, with_oracle

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "scores.md"
MARK = "<!-- scenes: begin -->"
LEAST_F1 = 0.95


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=8, help="how often the oracle looks at each scene")
    parser.add_argument("--pixels", type=Path, metavar="MODEL", help="also with this detector on painted pictures")
    parser.add_argument("--all", action="store_true", help="paint every scene, not only the chosen ones")
    parser.add_argument("--only", default="", help="scenes whose name holds this text")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    options = parser.parse_args()
    commit = _commit() if options.write else ""  # a failure is told before the work, not after it
    cases = [case for case in CASES if options.only in case.name]
    parts = [(f"Noisy oracle, {options.seeds} seeds", list(with_oracle(cases, range(options.seeds))))]
    if options.pixels:
        detector = OnnxDetector.load(options.pixels)
        painted = []
        for case in cases:
            if case.pixels or options.all:
                painted.append(with_looks(case, pixel_looks(case, detector)))
                sys.stderr.write(f"{case.name}: {painted[-1].score.total.found} of {painted[-1].score.total.due}\n")
        parts.append((f"Painted pictures, {options.pixels.name} and the scene-change channel", painted))
    text = "\n".join(line for title, scored in parts for line in _report(title, scored))
    sys.stdout.write(text + "\n")
    if options.write:
        before = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
        made = f"\nMade {SystemClock().now().utc:%Y-%m-%d} at commit {commit}.\n"
        PAGE.write_text(f"{before}{MARK}\n{made}{text}\n", encoding="utf-8")
    totals = [sum((one.score.total for one in scored), Figures()) for _, scored in parts]
    raise SystemExit(any((total.f1 or 1.0) < LEAST_F1 or total.false or total.breaks for total in totals))


def _report(title: str, scored: Sequence[Scored]) -> list[str]:
    by_rule = summed(one.score for one in scored)
    rows = [*by_rule.items(), ("all", sum(by_rule.values(), Figures()))]
    scenes, runs = len({one.case.name for one in scored}), len(scored)
    lines = ["", f"## {title}", "", f"{scenes} scenes, {runs} runs.", ""]
    lines += [
        "| rule | true | found | false | breaks | F1 | opening: mean / worst, s | out of slack | closing |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_row(rule, figures) for rule, figures in rows),
        "",
    ]
    wrong = [line for one in scored for line in _wrong(one)]
    return [*lines, *(["What was not as it should be:", "", *wrong] if wrong else ["Everything was as it should be."])]


def _row(rule: str, figures: Figures) -> str:
    f1 = "-" if figures.f1 is None else f"{figures.f1:.3f}"
    share = f"{figures.late} of {len(figures.onset_s)}"
    counts = f"{figures.due} | {figures.found} | {figures.false} | {figures.breaks}"
    return f"| {rule} | {counts} | {f1} | {_errors(figures.onset_s)} | {share} | {_errors(figures.closing_s)} |"


def _errors(errors: Sequence[float]) -> str:
    if not errors:
        return "-"
    return f"{sum(map(abs, errors)) / len(errors):.1f} / {max(errors, key=abs):+.1f}"


def _wrong(one: Scored) -> list[str]:
    where = one.case.name if one.seed is None else f"{one.case.name} (seed {one.seed})"
    lines = []
    for judged in one.score.wrong:
        if not judged.incidents:
            lines.append(f"- {where}: {judged.stay.name} was missed")
        elif judged.breaks:
            lines.append(f"- {where}: {judged.stay.name} broke {judged.breaks} time(s)")
        else:
            lines.append(f"- {where}: {judged.stay.name} opened {judged.onset_s:+.1f} s off")
    lines += [
        f"- {where}: false report at {f.incident.opened_s:.0f} s ({f.thing or f.incident.class_name})"
        for f in one.score.false
    ]
    return lines


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


if __name__ == "__main__":
    main()
