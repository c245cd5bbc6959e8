"""`cityeye run --config FILE`: the agent, in the foreground, until SIGTERM or Ctrl-C."""

import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, tzinfo
from pathlib import Path
from threading import Event, Thread
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

import typer

from agent.adapters.allocator import few_arenas
from agent.adapters.systemd import Systemd
from agent.app.site import Site
from agent.cli.logs import LogFormat, LogLevel, LogSettings, log_the_uncaught, set_up_log
from agent.cli.options import loaded, private_files
from agent.cli.redaction import Redactor
from agent.cli.texts import Texts
from agent.config import Config, inspect
from agent.config.masking import secrets_of
from agent.core.errors import CityEyeError, Problem, StoreUnusable
from agent.core.quantities import parse_size

log = logging.getLogger("agent")

LEAST_FILE_BYTES = 100_000
START_S = 300.0
"""What a slow start may take before a service manager ends it, by its time-out for starts or, of an agent that starts
anew, by its watchdog: with a model that OpenVINO compiles, or from a slow card."""
STOP_S = 4.5
"""Within which a stop has to be through, whatever hangs: a service manager should not have to kill the agent."""
_LAST_WORDS_S = 0.1
HUNG = 70
"""Exit code of an agent that ended because a part of it hung, or that could not stop in order (EX_SOFTWARE of
sysexits.h): to be started again."""


def register(app: typer.Typer, say: Texts) -> None:
    """Add the command."""

    @app.command("run", help=say("run.help"))
    def run(
        config: Annotated[Path, typer.Option("--config", "-c", help=say("file.help"), metavar="FILE")],
        log_level: Annotated[
            LogLevel, typer.Option("--log-level", help=say("run.log_level"), case_sensitive=False)
        ] = LogLevel.INFO,
        log_format: Annotated[
            LogFormat, typer.Option("--log-format", help=say("run.log_format"), case_sensitive=False)
        ] = LogFormat.HUMAN,
        log_file: Annotated[
            Path | None, typer.Option("--log-file", help=say("run.log_file"), metavar="FILE", show_default=False)
        ] = None,
        log_file_size: Annotated[
            int,
            typer.Option(
                "--log-file-size", help=say("run.log_file_size"), metavar="SIZE", parser=_size, show_default="10MB"
            ),
        ] = LogSettings().file_bytes,
        log_files: Annotated[
            int, typer.Option("--log-files", help=say("run.log_files"), min=2, max=100)
        ] = LogSettings().files,
    ) -> None:
        few_arenas()
        private_files()
        redact = Redactor()
        logs = LogSettings(level=log_level, format=log_format, file=log_file, file_bytes=log_file_size, files=log_files)
        _set_up(logs, UTC, redact)  # until the site's time zone is known
        service = Systemd()
        service.starting(START_S)
        from agent.app.run import App  # which takes seconds on a slow card

        site = Site(config)
        site.settle()
        settings, text, warnings = _usable(config, site, say)
        redact.learn(secrets_of(settings))
        _set_up(logs, ZoneInfo(settings.box.time_zone), redact)
        log_the_uncaught()
        for warning in warnings:
            log.warning("%s", warning)
        stop, asked_to_end = Event(), Event()

        def end(*_: object) -> None:
            asked_to_end.set()
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        app = App(settings, site, text, secret=redact.learn, service=service)
        ended = Event()

        def cut_short() -> NoReturn:
            if app.again and app.hung is None and not asked_to_end.is_set():
                start_anew()
            end_at_once(HUNG)

        in_time(stop, ended, cut_short)
        try:
            late = app.run(stop)
        except CityEyeError as error:
            log.error("%s", error)
            if site.recovered(str(error)):
                start_anew()
            raise typer.Exit(1) from error
        finally:
            ended.set()
        log.info("stopped")
        if app.hung is not None:
            end_at_once(HUNG)
        if app.again and not asked_to_end.is_set():
            start_anew()
        if late:
            end_at_once(0)


def in_time(stop: Event, ended: Event, cut_short: Callable[[], NoReturn]) -> None:
    """See to it that what was told to stop has ended `STOP_S` later, or is cut short."""

    def wait() -> None:
        stop.wait()
        if not ended.wait(STOP_S):
            # The log may be what hangs.
            words = Thread(target=lambda: log.critical("did not stop within %g s, ends now", STOP_S), daemon=True)
            words.start()
            words.join(_LAST_WORDS_S)
            cut_short()

    Thread(target=wait, name="deadline", daemon=True).start()


def _size(text: str | int) -> int:
    """The option's value: at least 100 kB, or a file would begin anew with every few lines."""
    try:
        size = parse_size(text)
    except ValueError as error:
        raise typer.BadParameter(f"expected {error}, found {text}") from error
    if size < LEAST_FILE_BYTES:
        raise typer.BadParameter(f"expected 100KB at least, found {text}")
    return size


def _set_up(logs: LogSettings, zone: tzinfo, redact: Redactor) -> None:
    """Set the log up, or end with exit 1 and the reason on standard error."""
    try:
        set_up_log(logs, zone, redact)
    except StoreUnusable as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _usable(file: Path, site: Site, say: Texts) -> tuple[Config, str, Sequence[Problem]]:
    """The configuration, its text, and what one wonders about; in English, as all that is logged.

    One that came by command and cannot be used any more is taken back first.
    """
    report = inspect(file)
    if report.config is None:
        site.recovered("; ".join(map(str, report.problems)))
        return loaded(file, say, secrets=True), site.file.text(), ()
    return report.config, site.file.text(), report.warnings


def start_anew() -> NoReturn:
    """Become a new run of the same command, in the same process: whoever supervises the agent need not do anything.

    Threads that are stuck end here; files and sockets are closed by the system.
    """
    log.info("starting anew")
    _flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # nosec B606  # the command that started us


def end_at_once(code: int) -> NoReturn:
    """End the process without tearing the interpreter down.

    A thread that is stuck in a driver comes back into an interpreter that is going away, and crashes the process
    (SIGSEGV): a clean stop would look like a fault to whoever supervises the agent. What could be kept was, by then.
    """
    _flush()
    os._exit(code)


def _flush() -> None:
    """Get the last lines out, as far as that works at once."""
    flushing = Thread(target=logging.shutdown, daemon=True)
    flushing.start()
    flushing.join(_LAST_WORDS_S)
