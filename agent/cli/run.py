"""`cityeye run --config FILE`: the agent, in the foreground, until SIGTERM or Ctrl-C."""

import logging
import signal
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from agent.cli.options import loaded
from agent.cli.texts import Texts
from agent.core.errors import CityEyeError

log = logging.getLogger("agent")


def register(app: typer.Typer, say: Texts) -> None:
    """Add the command."""

    @app.command("run", help=say("run.help"))
    def run(
        config: Annotated[Path, typer.Option("--config", "-c", help=say("file.help"), metavar="FILE")],
        log_level: Annotated[str, typer.Option("--log-level", help=say("run.log_level"))] = "INFO",
    ) -> None:
        from agent.app.run import App

        settings = loaded(config, say, secrets=True)
        logging.basicConfig(
            level=log_level.upper(), format="%(asctime)s %(levelname)-7s %(threadName)s %(name)s: %(message)s"
        )
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        try:
            App(settings).run(stop)
        except CityEyeError as error:
            log.error("%s", error)
            raise typer.Exit(1) from error
