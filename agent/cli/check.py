"""`cityeye check FILE`: is the configuration good, and if not, everything that is wrong with it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli.texts import Texts
from agent.config import Config, Report, inspect
from agent.core.errors import Problem

_LABELS = ("expected", "found", "mend")


def register(app: typer.Typer, say: Texts) -> None:
    """Add the command."""

    @app.command("check", help=say("check.help"))
    def check(
        file: Annotated[Path, typer.Argument(help=say("file.help"), metavar="FILE")],
        as_json: Annotated[bool, typer.Option("--json", help=say("check.json"))] = False,
    ) -> None:
        report = inspect(file, lang=say.lang)
        if as_json:
            typer.echo(json.dumps(_data(file, report), ensure_ascii=False, indent=2))
        else:
            typer.echo("\n".join(_lines(file, report, say)))
        raise typer.Exit(0 if report.config is not None else 2)


def problem_lines(problem: Problem, say: Texts, *, warning: bool = False) -> Iterator[str]:
    """One problem as a small block: `file:line  key`, then expected, found, mend."""
    where = problem.file if problem.line is None else f"{problem.file}:{problem.line}"
    yield f"{where}  {problem.key}" + (f"  ({say('check.warning')})" if warning else "")
    yield from fault_lines(problem, say)
    yield ""


def fault_lines(problem: Problem, say: Texts) -> Iterator[str]:
    """Expected, found, mend; where it is said already what they are about."""
    for label, key in zip(_column(_LABELS, say), _LABELS, strict=True):
        yield f"  {label}  {getattr(problem, key)}"


def _column(keys: Sequence[str], say: Texts) -> list[str]:
    """Labels of equal width; Chinese ones are filled up with wide spaces."""
    labels = [say(f"check.{key}") for key in keys]
    fill = " " if all(label.isascii() for label in labels) else "\u3000"
    return [label.ljust(max(map(len, labels)), fill) for label in labels]


def _lines(file: Path, report: Report, say: Texts) -> Iterator[str]:
    for problem in report.problems:
        yield from problem_lines(problem, say)
    for warning in report.warnings:
        yield from problem_lines(warning, say, warning=True)
    counts = {"file": file, "problems": len(report.problems), "warnings": len(report.warnings)}
    yield say("check.bad" if report.config is None else "check.good", **counts)
    if report.config is not None:
        yield from summary_lines(report.config, say)
        yield say("check.next", file=file)


def summary_lines(config: Config, say: Texts) -> Iterator[str]:
    """What a good configuration comes to."""
    summary = _summary(config)
    box, broker, cameras, version = _column(("box", "broker", "cameras", "version"), say)
    yield f"  {box}  {summary['box']} ({config.box.time_zone})"
    yield f"  {broker}  {summary['broker']} ({summary['client_id']})"
    yield f"  {cameras}  " + say("check.counts", **{key: summary[key] for key in ("cameras", "zones", "rules")})
    for camera in config.cameras:
        zones = "; ".join(f"{z.id}: {', '.join(name for name, _ in z.rules.items()) or '-'}" for z in camera.zones)
        yield f"    {camera.id}{f' ({camera.name})' if camera.name else ''}  {zones or '-'}"
    yield f"  {version}  {summary['version']}"


def _summary(config: Config) -> dict[str, Any]:
    zones = [zone for camera in config.cameras for zone in camera.zones]
    scheme = "mqtt" if config.mqtt.tls is None else "mqtts"
    host = f"[{config.mqtt.host}]" if ":" in config.mqtt.host else config.mqtt.host
    return {
        "box": f"{config.box.tenant}/{config.box.id}",
        "broker": f"{scheme}://{host}:{config.mqtt.port}",
        "client_id": config.client_id,
        "cameras": len(config.cameras),
        "zones": len(zones),
        "rules": sum(len(list(zone.rules.items())) for zone in zones),
        "version": config.version_hash(),
    }


def _data(file: Path, report: Report) -> dict[str, Any]:
    return {
        "file": str(file),
        "ok": report.config is not None,
        "problems": [asdict(problem) for problem in report.problems],
        "warnings": [asdict(warning) for warning in report.warnings],
        "summary": _summary(report.config) if report.config is not None else None,
    }
