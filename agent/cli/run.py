"""`cityeye run --config FILE`: the agent, in the foreground, until SIGTERM or Ctrl-C."""

import logging
import os
import signal
import sys
from datetime import UTC
from pathlib import Path
from threading import Event
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

import typer

from agent.adapters.allocator import few_arenas
from agent.app.site import Site
from agent.cli.logs import LogLevel, log_to_stderr
from agent.cli.options import loaded
from agent.cli.texts import Texts
from agent.config import Config, inspect
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

        few_arenas()
        log_to_stderr(log_level, UTC)  # until the site's time zone is known
        site = Site(config)
        site.settle()
        settings, text = _usable(config, site, say)
        log_to_stderr(log_level, ZoneInfo(settings.box.time_zone))
        stop, asked_to_end = Event(), Event()

        def end(*_: object) -> None:
            asked_to_end.set()
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        app = App(settings, site, text)
        try:
            late = app.run(stop)
        except CityEyeError as error:
            log.error("%s", error)
            if site.recovered(str(error)):
                start_anew()
            raise typer.Exit(1) from error
        log.info("stopped")
        if app.again and not asked_to_end.is_set():
            start_anew()
        if late:
            end_at_once()


def _usable(file: Path, site: Site, say: Texts) -> tuple[Config, str]:
    """The configuration and its text. One that came by command and cannot be used any more is taken back first."""
    report = inspect(file, lang=say.lang)
    if report.config is None:
        site.recovered("; ".join(map(str, report.problems)))
    return loaded(file, say, secrets=True), site.file.text()


def start_anew() -> NoReturn:
    """Become a new run of the same command, in the same process: whoever supervises the agent need not do anything.

    Threads that are stuck end here; files and sockets are closed by the system.
    """
    log.info("starting anew")
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 (the command that started us)


def end_at_once() -> NoReturn:
    """End the process without tearing the interpreter down.

    A thread that is stuck in a driver comes back into an interpreter that is going away, and crashes the process
    (SIGSEGV): a clean stop would look like a fault to whoever supervises the agent. Everything was kept by then.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
