"""`cityeye doctor`: what is wrong on site, line by line, each with its mend; and mending cameras with consent."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.cells import cell_len

from agent.cli.options import mistyped, private_files
from agent.cli.texts import Texts
from agent.config import Config, Report, inspect

if TYPE_CHECKING:
    from agent.app.doctor import Finding, Mendable

_MARKS = {"good": "✓", "bad": "✗", "note": "–"}
_TITLE_CELLS = 16
_WATCH_S = 15.0
_LEAST_WATCH_S, _MOST_WATCH_S = 2.0, 120.0


def register(app: typer.Typer, say: Texts) -> None:
    """Add the command."""

    @app.command("doctor", help=say("doctor.help"))
    def doctor(
        config: Annotated[
            Path | None, typer.Option("--config", "-c", help=say("doctor.config"), metavar="FILE", show_default=False)
        ] = None,
        camera: Annotated[
            list[str] | None, typer.Option("--camera", help=say("doctor.camera"), show_default=False)
        ] = None,
        pictures: Annotated[
            Path | None, typer.Option("--pictures", help=say("doctor.pictures"), metavar="FOLDER", show_default=False)
        ] = None,
        watch: Annotated[float, typer.Option("--watch", help=say("doctor.watch"), metavar="SECONDS")] = _WATCH_S,
        mend: Annotated[bool, typer.Option("--mend", help=say("doctor.mend"))] = False,
        yes: Annotated[bool, typer.Option("--yes", help=say("doctor.yes"))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=say("check.json"))] = False,
    ) -> None:
        private_files()
        may_ask = sys.stdin.isatty() and not as_json
        if mend and not yes and not may_ask:
            raise _wrong(say("doctor.yes_needed"))
        if yes and not mend:
            raise _wrong(say("doctor.yes_alone"))
        if not _LEAST_WATCH_S <= watch <= _MOST_WATCH_S:
            raise _wrong(say("doctor.watch_range", found=watch))
        told = _Told(say, as_json=as_json)
        if config is None:
            if camera or pictures or mend:
                raise _wrong(say("doctor.config_needed"))
            _bare_box(told)
        else:
            _site(told, config, camera or [], pictures, watch, mend=mend, ask=not yes)
        raise typer.Exit(told.end())


def examine(file: Path, say: Texts) -> int:
    """As `cityeye doctor --config FILE`, for another command that goes on afterwards; returns its exit code."""
    told = _Told(say, as_json=False)
    _site(told, file, [], None, _WATCH_S, mend=False, ask=False)
    return told.end()


def _wrong(text: str) -> typer.Exit:
    typer.echo(text, err=True)
    return typer.Exit(2)


def _bare_box(told: "_Told") -> None:
    from agent.app.doctor import Doctor

    told.group(told.say("doctor.group.box"))
    told.all(Doctor.bare_box(Path.cwd()))


def _site(
    told: "_Told", file: Path, cameras: list[str], pictures: Path | None, watch: float, *, mend: bool, ask: bool
) -> None:
    """With a configuration. One that is no good is all that can be told of."""
    from agent.app.doctor import Doctor
    from agent.app.doctor.mending import after
    from agent.app.doctor.mending import mend as mended

    report, say = inspect(file, lang=told.say.lang), told.say
    if report.config is not None:
        _check_names(report.config, cameras, say)
    told.group(say("doctor.group.box"))
    told.all(_config_findings(file, report))
    if report.config is None:
        told.unusable = True
        told.all(Doctor.bare_box(Path.cwd()))
        return
    doctor = Doctor(report.config, pictures=pictures, watch_s=watch)
    told.all(doctor.box())
    told.group(say("doctor.group.broker"))
    told.all(doctor.broker())
    ids = cameras or [camera.id for camera in report.config.cameras]
    consented = []
    for looked_at in doctor.cameras(ids):
        mendable = looked_at.mendable if mend else None
        told.group(say("doctor.group.camera", camera=looked_at.camera))
        told.all(looked_at.findings)
        if mendable is not None and (not ask or _consents(mendable, say)):
            consented.append(mendable)
    for mendable in consented:
        told.group(say("doctor.group.camera", camera=mendable.camera))
        told.forget(mendable.camera)
        tried = mended(mendable)
        told.all(tried)
        for again in doctor.cameras([mendable.camera]):
            told.all(after(tried, again.findings))


def _consents(mendable: "Mendable", say: Texts) -> bool:
    """Show before and after, and ask."""
    from agent.app.doctor.mending import shown

    channel = mendable.settings.channel
    if mendable.main:
        typer.echo(say("doctor.ask_main", channel=channel))
    question = say(
        "doctor.ask",
        camera=mendable.camera,
        channel=channel,
        before=shown(mendable.settings),
        after=shown(mendable.target),
    )
    if typer.confirm(question):
        return True
    typer.echo(say("doctor.left", camera=mendable.camera))
    return False


def _check_names(config: Config, cameras: list[str], say: Texts) -> None:
    known = [camera.id for camera in config.cameras]
    for name in cameras:
        if name not in known:
            raise mistyped("--camera", name, known, say)


def _config_findings(file: Path, report: Report) -> list["Finding"]:
    from agent.app.doctor.findings import Findings

    found = Findings()
    for problem in (*report.problems, *report.warnings):
        place = problem.file if problem.line is None else f"{problem.file}:{problem.line}"
        told = {
            "place": f"{place} {problem.key}",
            "expected": problem.expected,
            "found": problem.found,
            "mend": problem.mend,
        }
        if problem in report.problems:
            found.bad("config", "config_wrong", "", **told)
        else:
            found.note("config", "config_warned", "", **told)
    if not report.problems:
        found.good("config", "config_good", file=str(file))
    return found.list


class _Told:
    """Prints findings as they come, or all of them at the end as JSON, and remembers how they stand."""

    def __init__(self, say: Texts, *, as_json: bool) -> None:
        self.say = say
        self.unusable = False
        self._as_json = as_json
        self._findings: list[Finding] = []

    def group(self, title: str) -> None:
        """What follows is about this."""
        if not self._as_json:
            typer.echo(title)

    def all(self, findings: "list[Finding] | tuple[Finding, ...]") -> None:
        """Tell of each."""
        for finding in findings:
            self._findings.append(finding)
            if not self._as_json:
                typer.echo("\n".join(_lines(finding, self.say)))

    def forget(self, camera: str) -> None:
        """What was found at this camera was before it was mended."""
        self._findings = [finding for finding in self._findings if finding.camera != camera]

    def end(self) -> int:
        """The sum, or the JSON; returns the exit code."""
        marks = [str(finding.mark) for finding in self._findings]
        bad, notes, good = (marks.count(mark) for mark in ("bad", "note", "good"))
        if self._as_json:
            data = {"ok": not bad, "findings": [_data(finding, self.say) for finding in self._findings]}
            typer.echo(json.dumps(data, ensure_ascii=False, indent=2))
        else:
            typer.echo(self.say("doctor.sum", bad=bad, notes=notes, good=good))
        if self.unusable:
            return 2
        return 1 if bad else 0


def _texts(finding: "Finding", say: Texts) -> tuple[str, str | None]:
    """What was found, and the mend where there is one."""
    found = say(f"doctor.found.{finding.code}", **finding.values)
    if not say.knows(f"doctor.mend.{finding.code}"):
        return found, None
    return found, say(f"doctor.mend.{finding.code}", **finding.values)


def _lines(finding: "Finding", say: Texts) -> Iterator[str]:
    title = say(f"doctor.check.{finding.check}")
    found, mend = _texts(finding, say)
    space = " " * max(1, _TITLE_CELLS - cell_len(title))
    yield f"  {_MARKS[finding.mark]} {title}{space}{found}"
    indent = " " * (_TITLE_CELLS + 4)
    if mend is not None:
        yield indent + say("doctor.to_mend", mend=mend)
    if finding.detail:
        yield indent + say("doctor.detail", detail=finding.detail)


def _data(finding: "Finding", say: Texts) -> dict[str, Any]:
    found, mend = _texts(finding, say)
    return {**asdict(finding), "mark": str(finding.mark), "found": found, "mend": mend}
