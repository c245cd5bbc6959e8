"""`cityeye reference reset CAMERA [ZONE] --config FILE`: what stands there now is normal; also while the agent runs."""

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.options import failing, loaded, mistyped
from agent.cli.texts import Texts


def register(app: typer.Typer, say: Texts) -> None:
    """Add the command group."""
    group = typer.Typer(help=say("reference.help"), no_args_is_help=True)
    app.add_typer(group, name="reference")

    @group.callback()
    def _group() -> None:
        """Keeps `reset` a subcommand although it is the only one."""

    @group.command("reset", help=say("reference.reset.help"))
    def reset(
        config: Annotated[Path, typer.Option("--config", "-c", help=say("file.help"), metavar="FILE")],
        camera: Annotated[str, typer.Argument(help=say("reference.camera"), show_default=False)],
        zone: Annotated[str, typer.Argument(help=say("reference.zone"), show_default=False)] = "",
    ) -> None:
        from agent.app.inquiry import missing_database, reset_reference

        settings = loaded(config, say)
        cameras = [known.id for known in settings.cameras]
        if camera not in cameras:
            raise mistyped("CAMERA", camera, cameras, say)
        zones = [known.id for known in settings.camera(camera).zones]
        if zone and zone not in zones:
            raise mistyped("ZONE", zone, zones, say)
        if missing := missing_database(settings):
            typer.echo(say("events.never_ran", database=missing), err=True)
            raise typer.Exit(1)
        with failing():
            reset_reference(settings, camera, zone or None)
        typer.echo(say("reference.asked", place=f"{camera}/{zone}" if zone else camera))
