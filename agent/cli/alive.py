"""`cityeye alive --config FILE`: exit 0 while the agent of this configuration runs well, for health checks."""

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.options import loaded
from agent.cli.texts import Texts


def register(app: typer.Typer, say: Texts) -> None:
    """Add the command."""

    @app.command("alive", help=say("alive.help"))
    def alive(
        config: Annotated[Path, typer.Option("--config", "-c", help=say("file.help"), metavar="FILE")],
    ) -> None:
        from agent.app.inquiry import heartbeat

        found = heartbeat(loaded(config, say))
        if isinstance(found, str):
            typer.echo(found, err=True)
            raise typer.Exit(1)
        broker = say("alive.connected") if found["broker_connected"] else say("alive.not_connected")
        typer.echo(say("alive.well", looking=found["looking"], cameras=found["cameras"], broker=broker))
