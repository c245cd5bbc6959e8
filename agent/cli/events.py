"""`cityeye events --config FILE`: the incidents that this box knows, newest first; also while the agent runs."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from agent.cli.options import loaded
from agent.cli.texts import Texts
from agent.core.errors import StoreUnusable
from agent.core.quantities import format_duration
from agent.ports import IncidentRow

_CLOCK, _DATED = "%H:%M", "%m-%d %H:%M"
_LONG_S = 600
_ID_DIGITS = 8
"""The last digits of a UUIDv7 are random; the first ones are its time."""


def register(app: typer.Typer, say: Texts) -> None:
    """Add the command."""

    @app.command("events", help=say("events.help"))
    def events(
        config: Annotated[Path, typer.Option("--config", "-c", help=say("file.help"), metavar="FILE")],
        camera: Annotated[str, typer.Option("--camera", help=say("events.camera"), show_default=False)] = "",
        limit: Annotated[int, typer.Option("--limit", min=1, help=say("events.limit"))] = 50,
        as_json: Annotated[bool, typer.Option("--json", help=say("events.json"))] = False,
    ) -> None:
        from agent.app.inquiry import missing_database, stored_incidents

        settings = loaded(config, say)
        if missing := missing_database(settings):
            typer.echo(say("events.never_ran", database=missing), err=True)
            raise typer.Exit(1)
        try:
            rows = stored_incidents(settings, limit=limit, camera=camera or None)
        except StoreUnusable as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
        if as_json:
            for row in rows:
                typer.echo(json.dumps(asdict(row), ensure_ascii=False, default=str))
        else:
            Console().print(_table(rows, ZoneInfo(settings.box.time_zone), say))


def _table(rows: list[IncidentRow], zone: ZoneInfo, say: Texts) -> Table:
    """Two lines for each incident, narrow enough for 80 columns; whole ids and exact times are in `--json`."""
    table = Table(title=say("events.table", count=len(rows)), box=SIMPLE_HEAD, padding=0, show_edge=False)
    for keys in (("opened",), ("closed", "reason"), ("camera", "zone"), ("rule",), ("dwell", "blind")):
        table.add_column("\n".join(say(f"column.{key}") for key in keys), overflow="fold", no_wrap="zone" not in keys)
    for key in ("sent", "incident"):
        table.add_column(say(f"column.{key}"), no_wrap=True)
    for row in rows:
        opened = row.opened_at.astimezone(zone)
        closed = row.closed_at.astimezone(zone) if row.closed_at else None
        reason = say(f"reason.{row.close_reason}") if row.close_reason else ""
        table.add_row(
            f"{opened:{_DATED}}",
            f"{closed:{_CLOCK if closed.date() == opened.date() else _DATED}}\n{reason}"
            if closed
            else say("phase.open"),
            f"{row.camera}\n{row.zone}",
            say.rule(row.rule),
            f"{_span(row.dwell_s)}\n{_span(row.blind_s)}",
            say("yes") if row.delivered else say("no"),
            row.incident_id.hex[-_ID_DIGITS:],
        )
    return table


def _span(seconds: float) -> str:
    """A duration, in whole minutes where seconds no longer matter."""
    step = 1 if seconds < _LONG_S else 60
    return format_duration(round(seconds / step) * step)
