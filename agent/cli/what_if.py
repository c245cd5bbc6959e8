"""`cityeye replay --observations PATH --config NEW`: what another configuration would have made of the last days."""

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from agent.cli.options import failing, loaded
from agent.cli.texts import Texts
from agent.core.stays import Stay, Tally

_TIME = "%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Asked:
    """The options. `observations`: the configuration in force, or a folder. `progress`: as lines on standard error."""

    observations: Path
    config: Path
    against: Path | None
    camera: str
    since: datetime | None
    until: datetime | None
    quick: bool
    as_json: bool
    progress: bool


def tell_what_if(asked: Asked, say: Texts) -> None:
    """Compare, and print the result; what goes wrong on standard error, and exit 1 or 2."""
    from agent.app.what_if import Kept, as_json, kept_by, what_if
    from agent.app.what_if.compare import WhatIf

    after = loaded(asked.config, say)
    if asked.observations.is_dir():
        before = loaded(asked.against, say) if asked.against else after
        kept = Kept.at(asked.observations)
    else:
        before = loaded(asked.observations, say)
        kept = kept_by(before)
    zone = ZoneInfo(before.box.time_zone)
    terminal = Console(stderr=True)

    def told(share: float) -> None:
        if asked.progress:
            terminal.file.write(json.dumps({"progress": round(share, 3)}) + "\n")
            terminal.file.flush()
        elif terminal.is_terminal:
            terminal.file.write(f"\r{share:4.0%}")

    with failing():
        result: WhatIf = what_if(
            before,
            after,
            kept,
            cameras=[asked.camera] if asked.camera else [],
            since=_at(asked.since, zone),
            until=_at(asked.until, zone),
            quick=asked.quick,
            progress=told,
        )
    if terminal.is_terminal and not asked.progress:
        terminal.file.write("\r    \r")
    if asked.as_json:
        json.dump(as_json(result), sys.stdout, ensure_ascii=False)
        sys.stdout.write("\n")
        return
    screen, comparison = Console(), result.comparison
    period = (result.since.astimezone(zone), result.until.astimezone(zone))
    title = say("what_if.table", since=period[0].strftime(_TIME), until=period[1].strftime(_TIME), looks=result.looks)
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for key in ("what", "place", "object", "opened", "dwell", "severity", "verdict"):
        # A moment is never cut; what a name needs beyond 80 columns goes on in the next line.
        table.add_column(say(f"column.{key}"), overflow="fold", no_wrap=key in ("opened", "dwell"))
    for stay in comparison.gained:
        table.add_row(say("what_if.gained"), *_row(stay, zone, say))
    for stay in comparison.lost:
        table.add_row(say("what_if.lost"), *_row(stay, zone, say))
    for change in comparison.changed:
        differs = ", ".join(say(f"what_if.differs.{what}") for what in change.what)
        table.add_row(f"{say('what_if.changed')} ({differs})", *_row(change.after, zone, say))
    screen.print(table)
    screen.print(say("what_if.same", same=comparison.same), markup=False)
    for key, tally in (("before", comparison.before), ("after", comparison.after)):
        screen.print(_told_tally(key, tally, say), markup=False, soft_wrap=True)
    for note in result.notes:
        screen.print(say(f"what_if.note.{note.code}", **note.facts), markup=False, soft_wrap=True)


def _at(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=zone).astimezone(UTC)


def _row(stay: Stay, zone: ZoneInfo, say: Texts) -> list[str]:
    return [
        f"{stay.camera}\n{stay.zone}",
        f"{say.rule(stay.rule)}\n{stay.class_name}",
        stay.opened_at.astimezone(zone).strftime(_TIME),
        f"{stay.dwell_s:.0f} s",
        stay.severity.value,
        say(f"what_if.verdict.{stay.verdict.value}"),
    ]


def _told_tally(key: str, tally: Tally, say: Texts) -> str:
    precision = "-" if tally.precision is None else f"{tally.precision:.0%}"
    counts = {"confirmed": tally.confirmed, "false": tally.false, "tolerated": tally.tolerated}
    told = {**counts, "unknown": tally.unknown, "incidents": tally.incidents, "precision": precision}
    return say(f"what_if.{key}", **told)
