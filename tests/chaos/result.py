"""The figures of a run, kept as JSON so that a run which is cut short is not lost, and the report made from them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

SHOWN = 20
"""Faults of the agent that the report spells out."""


@dataclass
class Result:
    """What was done and found. All figures of events are those of the last check, after `kills_checked` kills."""

    seed: int
    kills_wanted: int
    kills: int = 0
    kills_checked: int = 0
    kills_starting: int = 0
    kills_at_event: int = 0
    checks: int = 0
    ended_by_itself: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    events: int = 0
    incidents: int = 0
    repeated: int = 0
    lost: int = 0
    gaps: int = 0
    doubled: int = 0
    dwell_over_s: float = 0.0
    blind_error_s: float = 0.0
    blind_error_stepped_s: float = 0.0
    stays: int = 0
    stays_seen: int = 0
    stays_unseen: int = 0
    stays_merged: int = 0
    pictures: int = 0
    answers: int = 0
    slow_stops: int = 0
    boot_s: float = 0.0
    wall_s: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def save(self, file: Path) -> None:
        """Write it in one step."""
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1), encoding="utf-8")
        fresh.replace(file)


def load(file: Path) -> Result:
    """What `save` wrote."""
    return Result(**json.loads(file.read_text(encoding="utf-8")))


def report(*results: Result) -> str:
    """The page docs/chaos.md: a column for each run."""
    columns = [_figures(result) for result in results]
    names = list(dict.fromkeys(name for column in columns for name in column))
    rows = [[name, *(column.get(name, "0") for column in columns)] for name in names]
    head = [[""] * (len(results) + 1), ["---", *["---:"] * len(results)]]
    table = "\n".join("| " + " | ".join(row) + " |" for row in [*head, *rows])
    kills = f"{sum(result.kills_checked for result in results):,} kills in all."
    return _PAGE.format(table=table, kills=kills, faults=_faults([text for r in results for text in r.wrong]))


def _figures(result: Result) -> dict[str, str]:
    return {
        "seed": f"{result.seed}",
        "`kill -9` of the agent": f"{result.kills_checked:,}",
        "of these while it was starting": f"{result.kills_starting:,}",
        "of these within 50 ms of the arrival of an event": f"{result.kills_at_event:,}",
        "starts refused by the agent itself (disk full, folder read-only)": f"{result.ended_by_itself:,}",
        **{f"fault: {kind}": f"{n:,}" for kind, n in sorted(result.faults.items())},
        "stops to check everything": f"{result.checks:,}",
        "**events that the centre has**": f"{result.events:,}",
        "incidents": f"{result.incidents:,}",
        "repeated deliveries, same bytes": f"{result.repeated:,}",
        "**events lost**": f"{result.lost:,}",
        "**gaps in the sequence**": f"{result.gaps:,}",
        "**events doubled with other content**": f"{result.doubled:,}",
        "**worst dwell beyond the truth**": f"{result.dwell_over_s:.1f} s",
        "worst error of dwell and blind time together": f"{result.blind_error_s:.1f} s",
        "the same where the clock was set meanwhile": f"{result.blind_error_stepped_s:,.1f} s",
        "stays of cars that the undisturbed agent reported": f"{result.stays:,}",
        "of these reported by the disturbed one too": f"{result.stays_seen:,}",
        "of these not reported, since it was blind": f"{result.stays_unseen:,}",
        "absences that fell into blindness: one incident instead of two": f"{result.stays_merged:,}",
        "pictures delivered": f"{result.pictures:,}",
        "answers to commands": f"{result.answers:,}",
        "stops that took longer than 5 s": f"{result.slow_stops:,}",
        "start of the agent, until it watches": f"{result.boot_s:.1f} s",
        "wall time": f"{result.wall_s / 60:.0f} min",
        "**faults of the agent**": f"{len(result.wrong):,}",
    }


def _faults(wrong: Sequence[str]) -> str:
    if not wrong:
        return "None."
    lines = [f"- {text[:600]}" for text in wrong[:SHOWN]]
    more = len(wrong) - SHOWN
    return "\n".join([*lines, *([f"- and {more} more"] if more > 0 else [])])


_PAGE = """# Chaos: what holds when everything fails

Written by `scripts/chaos --report`. The real agent (`cityeye run`) watches a street on a real RTSP server, where one
car after the other leaves and comes back, and is killed with `kill -9` again and again: while it starts, and up to
seconds after it began to watch. Meanwhile, drawn from a seed, the broker (a real Mosquitto) stops, or is replaced by
one without memory; the link is reset, or dies without a FIN; the disk is full; the folder is read-only; the wall clock
is set by a day; commands and acknowledgements come twice, late and broken. The platform acknowledges (`require_ack`)
what it stored. From time to time the faults end, the agent drains, and all that the platform ever got is checked
against the box's own record, and against a second agent that watched the same pictures undisturbed.

{kills}

{table}

## What is checked
- Sequences 1..N without a gap; nothing in the box's record that did not arrive; no id and no sequence with two
  contents, byte for byte.
- Each incident: opened once, revisions 1..n in order, closed once or still open.
- No dwell is longer than the car stood there by the undisturbed agent's record (2.5 s are allowed: one look at either
  end); it never shrinks; `dwell_s` and `blind_s` together are the time from first to last sight (0.5 s). What the agent
  missed while it was dead counts as sight up to 10 s ([tracker](../agent/core/tracking/tracker.py), `BRIDGE_S`), and as
  blind beyond.
- Each stay that the undisturbed agent reported is one incident, and no incident is about a car that was not there.
- No traceback in the agent's log; a command that came several times got one answer; SIGTERM ends it with 0.

## What may differ from the undisturbed run
What is blind cannot be seen: a stay that no life of the agent watched for its dwell time may be missing; a car that was
away while nobody looked long enough has one incident instead of two; openings and closings come later. That the clock
is set changes nothing but the times of day: how long the agent was dead is read from the monotonic clock, which goes on
until the machine is started anew (this is not tried here; then only the wall clock can tell).

A kill may cost up to 10 s of looks in which nothing was told (`SAVE_EVERY_S` in [desk](../agent/runtime/desk.py)): a
car that leaves in these seconds before it was an incident, and is back later, is one stay, the time between counted as
blind. The check does not allow for that; "was away …, watched, and it stayed open" may be this.

## Faults found
{faults}
"""
