"""The report: one table for each kind of stream, two charts, and the figures as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from scripts.capacity.chart import Line, svg
from scripts.capacity.figures import Series, percentile
from scripts.capacity.machine import cores
from scripts.capacity.trial import Trial

HEAD: Final = (
    "cameras",
    "in real time",
    "keyframes analysed",
    "keyframes received",
    "detector rested",
    "interval p50 / worst p99",
    "agent: cores",
    "of that in the kernel",
    "CPU ms per camera-second",
    "RTSP server: cores",
    "machine: cores busy",
    "RSS / PSS MiB",
    "threads",
    "descriptors",
    "capture to event p50 / p99 (n)",
    "inference ms",
    "first picture of the first / last camera",
)


def write(folder: Path, series: Sequence[Series], *, machine: str, how: str) -> Path:
    """Write `capacity.md`, its two charts and `capacity.json` into a folder; returns the first."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "capacity.json").write_text(json.dumps([_plain(one) for one in series], indent=1), encoding="utf-8")
    cpu = [_line(one, [(t.cameras, t.agent_cores) for t in one.by_number]) for one in series]
    memory = [_line(one, [(t.cameras, t.holds.rss_mib) for t in one.by_number]) for one in series]
    title = f"CPU of the agent, {cores()} cores (hollow: not all cameras in real time)"
    (folder / "capacity-cpu.svg").write_text(svg(title, "cameras", "cores", cpu), encoding="utf-8")
    (folder / "capacity-memory.svg").write_text(
        svg("Resident memory of the agent", "cameras", "MiB", memory), encoding="utf-8"
    )
    page = folder / "capacity.md"
    page.write_text("\n".join(_page(series, machine, how)), encoding="utf-8")
    return page


def summary(one: Series) -> str:
    """The result in a line."""
    memory = one.mib_per_camera
    further = "not known" if memory is None else f"{memory:.1f} MiB"
    return f"**{one.most} cameras** in real time, every keyframe analysed; memory of a further camera: {further}."


def row(trial: Trial) -> list[str]:
    """One line of the table, as texts in the order of `HEAD`."""
    holds = trial.holds
    latency = "–"
    if trial.latencies_s:
        low, high = percentile(trial.latencies_s, 0.5), percentile(trial.latencies_s, 0.99)
        latency = f"{low:.2f} / {high:.2f} s ({len(trial.latencies_s)})"
    return [
        str(trial.cameras),
        f"{trial.kept} {'✓' if trial.held else '✗'}",
        f"{trial.analysed_share:.1%}",
        f"{trial.received_share:.1%}",
        f"{trial.rested_share:.0%}",
        f"{_seconds(trial.interval_s)} / {_seconds(trial.interval_p99_s)}",
        f"{trial.agent_cores:.2f}",
        f"{trial.agent_system_share:.0%}",
        f"{trial.ms_per_camera_second:.1f}",
        f"{trial.server_cores:.2f}",
        f"{trial.machine_cores:.2f}",
        f"{holds.rss_mib:.0f} / {holds.pss_mib:.0f}",
        str(holds.threads),
        str(holds.descriptors),
        latency,
        "–" if trial.inference_ms is None else f"{trial.inference_ms:.1f}",
        "–" if not trial.first_looks_s else f"{trial.first_looks_s[0]:.1f} / {trial.first_looks_s[-1]:.1f} s",
    ]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table: figures to the right, what they are about to the left."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def _page(series: Sequence[Series], machine: str, how: str) -> list[str]:
    lines = ["# Cameras on one box", "", f"Machine: {machine}.", f"Run: {how}.", ""]
    lines += [
        "The RTSP server of the cameras, the broker and the agent share the machine; the figures of the agent are",
        "those of its process alone. docs/performance.md says what each figure means.",
        "",
        "![CPU](capacity-cpu.svg)",
        "![Memory](capacity-memory.svg)",
        "",
    ]
    for one in series:
        lines += [f"## {one.title}", "", summary(one), ""]
        lines += [*table(HEAD, [row(trial) for trial in one.by_number]), ""]
        if faults := sum(trial.tracebacks for trial in one.trials):
            lines += [f"**Tracebacks in the agent's log: {faults}.**", ""]
    return lines


def _line(one: Series, points: list[tuple[float, float]]) -> Line:
    return Line(name=one.title, points=points, full=[trial.held for trial in one.by_number])


def _plain(one: Series) -> dict[str, object]:
    return {
        "title": one.title,
        "stream": one.kind.name,
        "most": one.most,
        "mib_per_camera": one.mib_per_camera,
        "trials": [asdict(trial) | {"held": trial.held, "kept": trial.kept} for trial in one.by_number],
    }


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} s"
