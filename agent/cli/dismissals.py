"""`cityeye dismissals list|undo --config FILE`: the spots that the centre dismissed; also while the agent runs."""

import json
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.cli.options import failing, loaded
from agent.cli.recorded import recorded, who
from agent.cli.texts import Texts
from agent.config import Config
from agent.core.silence import DISMISSAL, Dismissal

_TIME = "%Y-%m-%d %H:%M"


def register(app: typer.Typer, say: Texts) -> None:
    """Add the command group."""
    group = typer.Typer(help=say("dismissals.help"), no_args_is_help=True)
    app.add_typer(group, name="dismissals")

    @group.command("list", help=say("dismissals.list.help"))
    def show(
        config: Annotated[Path, typer.Option("--config", "-c", help=say("file.help"), metavar="FILE")],
        as_json: Annotated[bool, typer.Option("--json", help=say("events.json"))] = False,
    ) -> None:
        from agent.app.inquiry import dismissals, now

        settings = _ran(config, say)
        with failing():
            found = dismissals(settings)
        if as_json:
            for dismissal in found:
                told = DISMISSAL.dump_python(dismissal, mode="json", exclude={"look", "track_id"})
                typer.echo(json.dumps({**told, "in_force": dismissal.in_force(now())}, ensure_ascii=False))
        else:
            Console().print(_table(found, ZoneInfo(settings.box.time_zone), say))

    @group.command("undo", help=say("dismissals.undo.help"))
    def undo(
        config: Annotated[Path, typer.Option("--config", "-c", help=say("file.help"), metavar="FILE")],
        incident: Annotated[str, typer.Argument(help=say("dismissals.incident"), show_default=False)],
    ) -> None:
        from agent.app.inquiry import dismissals, take_back

        settings = _ran(config, say)
        with failing():
            wanted = incident.replace("-", "").lower()
            meant = [d for d in dismissals(settings) if d.incident_id.hex.endswith(wanted)] if wanted else []
            if len(meant) != 1:
                typer.echo(say("dismissals.unknown", incident=incident, count=len(meant)), err=True)
                raise typer.Exit(1)
            about = meant[0].incident_id
            with recorded(settings, "incident.restore", str(about)):
                take_back(settings, about, who())
        typer.echo(say("dismissals.undone", incident=meant[0].incident_id))


def _ran(config: Path, say: Texts) -> Config:
    """The configuration, of an agent that has run."""
    from agent.app.inquiry import missing_database

    settings = loaded(config, say)
    if missing := missing_database(settings):
        typer.echo(say("events.never_ran", database=missing), err=True)
        raise typer.Exit(1)
    return settings


def _table(found: list[Dismissal], zone: ZoneInfo, say: Texts) -> Table:
    """Whole ids, looks and places are in `--json` and in the store."""
    table = Table(title=say("dismissals.table", count=len(found)), box=SIMPLE_HEAD, padding=0, show_edge=False)
    for key in ("dismissed", "until", "camera", "rule", "why", "incident"):
        table.add_column(say(f"column.{key}"), overflow="fold")
    for dismissal in found:
        until = dismissal.until.astimezone(zone).strftime(_TIME) if dismissal.until else say("dismissals.always")
        why = [say(f"dismissed.{dismissal.reason}"), _plain(dismissal.by), _plain(dismissal.note)]
        table.add_row(
            dismissal.at.astimezone(zone).strftime(_TIME),
            until,
            f"{dismissal.camera}\n{dismissal.zone}",
            say.rule(dismissal.rule),
            Text("\n".join(part for part in why if part)),
            dismissal.incident_id.hex[-8:],
        )
    return table


def _plain(said: str | None) -> str:
    """What somebody far away wrote, without anything that could steer a terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in said or "")
