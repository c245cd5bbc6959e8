"""`cityeye version`."""

import typer

from agent import __version__
from agent.cli.texts import Texts


def register(app: typer.Typer, say: Texts) -> None:
    """Add the command."""

    @app.command("version", help=say("version.help"))
    def version() -> None:
        typer.echo(f"cityeye {__version__}")
