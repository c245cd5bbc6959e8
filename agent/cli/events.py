"""`cityeye events --config FILE`: the incidents that this box knows, newest first; also while the agent runs."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from agent.cli.options import loaded
from agent.cli.texts import Texts
from agent.core.errors import StoreUnusable
from agent.ports import IncidentRow


def register(app: typer.Typer, say: Texts) -> None:
    """Add the command."""

    @app.command("events", help=say("events.help"))
    def events(
        config: Annotated[Path, typer.Option("--config", "-c", help=say("file.help"), metavar="FILE")],
        camera: Annotated[str, typer.Option("--camera", help=say("events.camera"), show_default=False)] = "",
        limit: Annotated[int, typer.Option("--limit", min=1, help=say("events.limit"))] = 50,
        as_json: Annotated[bool, typer.Option("--json", help=say("events.json"))] = False,
    ) -> None:
        from agent.app import stored_incidents

        settings = loaded(config, say)
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
    table = Table(title=say("events.table", count=len(rows)))
    for key in ("opened", "closed", "camera", "rule", "zone", "dwell", "blind", "reason", "delivered", "incident"):
        table.add_column(say(f"column.{key}"), overflow="fold")
    for row in rows:
        table.add_row(
            f"{row.opened_at.astimezone(zone):%m-%d %H:%M:%S}",
            f"{row.closed_at.astimezone(zone):%m-%d %H:%M:%S}" if row.closed_at else say("phase.open"),
            row.camera,
            say(f"rule.{row.rule}"),
            row.zone,
            f"{row.dwell_s:.0f} s",
            f"{row.blind_s:.0f} s",
            say(f"reason.{row.close_reason}") if row.close_reason else "",
            say("yes") if row.delivered else say("no"),
            str(row.incident_id),
        )
    return table
