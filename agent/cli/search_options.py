"""The options about where to look for cameras, which `discover` and `init` have alike."""

from typing import Any

import typer

from agent.cli.texts import Texts

WAIT_S = 4.0
_MOST_WAIT_S = 60.0


def range_option(say: Texts) -> Any:
    """`--range`, repeatable."""
    return typer.Option("--range", help=say("discover.range"), metavar="RANGE", show_default=False)


def port_option(say: Texts) -> Any:
    """`--port`, repeatable."""
    return typer.Option("--port", help=say("discover.port"), min=1, max=65535, metavar="PORT", show_default=False)


def allow_option(say: Texts) -> Any:
    """`--allow`, repeatable."""
    return typer.Option("--allow", help=say("discover.allow"), metavar="routed|loopback", show_default=False)


def wait_option(say: Texts) -> Any:
    """`--wait`, in seconds."""

    def within(wait_s: float) -> float:
        if not 0 <= wait_s <= _MOST_WAIT_S:
            typer.echo(say("discover.wait_range", most=_MOST_WAIT_S, found=wait_s), err=True)
            raise typer.Exit(2)
        return wait_s

    return typer.Option("--wait", help=say("discover.wait"), metavar="SECONDS", callback=within)
