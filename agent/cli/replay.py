"""`cityeye replay`: what would have been reported, from a recorded video or from what a box keeps of the last days."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from agent.cli.options import chosen_camera, loaded, private_files
from agent.cli.texts import Texts
from agent.cli.what_if import Asked, tell_what_if
from agent.config.catalogue import choose
from agent.core.errors import CityEyeError
from agent.core.types import Event

_MOMENTS = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"]
DEFAULT_START = datetime(2026, 1, 5, 12, 0)
"""A Monday noon at the site: fixed, so that a replay gives the same events on every day."""


def register(app: typer.Typer, say: Texts) -> None:
    """Add the command."""

    @app.command("replay", help=say("replay.help"))
    def replay(
        config: Annotated[Path, typer.Option("--config", "-c", help=say("file.help"), metavar="FILE")],
        video: Annotated[
            Path | None, typer.Argument(help=say("replay.video"), metavar="[VIDEO]", show_default=False)
        ] = None,
        camera: Annotated[str, typer.Option("--camera", help=say("replay.camera"), show_default=False)] = "",
        start: Annotated[datetime, typer.Option("--start", help=say("replay.start"), formats=_MOMENTS)] = DEFAULT_START,
        evidence: Annotated[
            Path | None, typer.Option("--evidence", help=say("replay.evidence"), show_default=False)
        ] = None,
        record: Annotated[
            Path | None, typer.Option("--record", help=say("replay.record"), metavar="FILE", show_default=False)
        ] = None,
        observations: Annotated[
            Path | None,
            typer.Option("--observations", help=say("replay.observations"), metavar="PATH", show_default=False),
        ] = None,
        against: Annotated[
            Path | None, typer.Option("--against", help=say("replay.against"), metavar="FILE", show_default=False)
        ] = None,
        since: Annotated[
            datetime | None, typer.Option("--from", help=say("replay.from"), formats=_MOMENTS, show_default=False)
        ] = None,
        until: Annotated[
            datetime | None, typer.Option("--to", help=say("replay.to"), formats=_MOMENTS, show_default=False)
        ] = None,
        quick: Annotated[bool, typer.Option("--quick", help=say("replay.quick"))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=say("replay.json"))] = False,
        told: Annotated[bool, typer.Option("--progress", hidden=True)] = False,
    ) -> None:
        if (video is None) == (observations is None):
            typer.echo(say("replay.which"), err=True)
            raise typer.Exit(2)
        if observations is not None:
            asked = Asked(
                observations, config, against, camera, since, until, quick=quick, as_json=as_json, progress=told
            )
            tell_what_if(asked, say)
            return
        assert video is not None
        from agent.app.replay import replay as replayed
        from agent.app.replay import video_length_s

        private_files()
        settings = loaded(config, say)
        watched = chosen_camera(settings, camera, say)
        start_utc = start.replace(tzinfo=ZoneInfo(settings.box.time_zone)).astimezone(UTC)
        terminal, events = Console(stderr=True), []
        try:
            model = choose(settings.model)
            named = {"model": model.id or model.file, "runtime": model.runtime, "because": model.because}
            terminal.print(say("replay.model", **named), markup=False, soft_wrap=True)
            with _bar(terminal) as bar:
                task = bar.add_task(video.name, total=video_length_s(video))
                kept = {"evidence": evidence, "record": record}
                for step in replayed(settings, watched, video, start_utc=start_utc, **kept):
                    bar.update(task, completed=step.at_s)
                    events += [(step.at_s, event) for event in step.events]
                    for message in step.messages:
                        sys.stdout.buffer.write(message.payload + b"\n")
                        sys.stdout.flush()
        except CityEyeError as error:
            terminal.print(str(error), style="red", markup=False, soft_wrap=True)
            raise typer.Exit(1) from error
        terminal.print(_table(events, say))


def _bar(terminal: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal)


def _table(events: list[tuple[float, Event]], say: Texts) -> Table:
    """What a person reads; the machine-readable lines are on standard output."""
    table = Table(title=say("replay.table", count=len(events)))
    for key in ("at", "phase", "rule", "zone", "object", "dwell", "blind"):
        table.add_column(say(f"column.{key}"))
    for at_s, event in events:
        table.add_row(
            f"{at_s:.1f} s",
            say(f"phase.{event.phase.value}"),
            say.rule(event.rule),
            event.zone,
            event.objects[0].class_name,
            f"{event.dwell_s:.0f} s",
            f"{event.blind_s:.0f} s",
        )
    return table
