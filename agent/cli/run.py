"""`cityeye run --config FILE`: the agent, in the foreground, until SIGTERM or Ctrl-C."""

import logging
import os
import signal
import sys
from pathlib import Path
from threading import Event
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

import typer

from agent.cli.logs import LogLevel, log_to_stderr
from agent.cli.options import loaded
from agent.cli.texts import Texts
from agent.core.errors import CityEyeError

log = logging.getLogger("agent")


def register(app: typer.Typer, say: Texts) -> None:
    """Add the command."""

    @app.command("run", help=say("run.help"))
    def run(
        config: Annotated[Path, typer.Option("--config", "-c", help=say("file.help"), metavar="FILE")],
        log_level: Annotated[
            LogLevel, typer.Option("--log-level", help=say("run.log_level"), case_sensitive=False)
        ] = LogLevel.INFO,
    ) -> None:
        from agent.app.run import App

        settings = loaded(config, say, secrets=True)
        log_to_stderr(log_level, ZoneInfo(settings.box.time_zone))
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        try:
            late = App(settings).run(stop)
        except CityEyeError as error:
            log.error("%s", error)
            raise typer.Exit(1) from error
        log.info("stopped")
        if late:
            end_at_once()


def end_at_once() -> NoReturn:
    """End the process without tearing the interpreter down.

    A thread that is stuck in a driver comes back into an interpreter that is going away, and crashes the process
    (SIGSEGV): a clean stop would look like a fault to whoever supervises the agent. Everything was kept by then.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
