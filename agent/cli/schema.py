"""`cityeye config schema`."""

import json

import typer

from agent.cli.texts import Texts
from agent.config.schema import json_schema


def register(app: typer.Typer, say: Texts) -> None:
    """Add the group and its command."""
    group = typer.Typer(help=say("config.help"), no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(group, name="config")

    @group.callback()
    def _group() -> None:
        """A callback keeps the group a group while it has one command only."""

    @group.command("schema", help=say("schema.help"))
    def schema() -> None:
        typer.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))
