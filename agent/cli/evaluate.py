"""`cityeye evaluate SET.yaml`: how well the agent does on clips of which the truth is known."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from agent.cli.check import problem_lines
from agent.cli.options import failing
from agent.cli.texts import Texts
from agent.core.errors import ConfigError

if TYPE_CHECKING:
    from agent.app.evaluate import Evaluated, Unscored
    from agent.config.evaluation import EvaluationSet
    from agent.core.scoring.scores import Figures

_COUNTS = ("due", "found", "false", "doubles", "breaks", "late")
_RATIOS = ("precision", "recall", "f1")


def register(app: typer.Typer, say: Texts) -> None:
    """Add the command."""

    @app.command("evaluate", help=say("evaluate.help"))
    def evaluate(
        file: Annotated[Path, typer.Argument(help=say("evaluate.set"), metavar="SET")],
        data: Annotated[
            Path | None,
            typer.Option("--data", help=say("evaluate.data"), envvar="CITYEYE_DATA", metavar="FOLDER"),
        ] = None,
        as_json: Annotated[
            Path | None, typer.Option("--json", help=say("evaluate.json"), metavar="FILE", show_default=False)
        ] = None,
        timeline: Annotated[
            Path | None, typer.Option("--timeline", help=say("evaluate.timeline"), metavar="FOLDER", show_default=False)
        ] = None,
        require_f1: Annotated[
            float | None, typer.Option("--require-f1", help=say("evaluate.f1"), min=0, max=1, show_default=False)
        ] = None,
        require_false: Annotated[
            int | None, typer.Option("--require-false", help=say("evaluate.false"), min=0, show_default=False)
        ] = None,
    ) -> None:
        from agent.core.scoring.scores import Figures, summed

        chosen = _loaded(file, data, say)
        with failing():
            scores, unscored = _run(chosen, timeline)
            by_rule = summed(one.score for one in scores)
            total = sum(by_rule.values(), Figures())
            if as_json:
                _write(as_json, json.dumps(_document(scores, unscored, total), ensure_ascii=False, indent=2))
        Console().print(_table(by_rule, total, say))
        for line in [*(say("evaluate.unscored", clip=one.clip) for one in unscored), *_remarks(scores, say)]:
            typer.echo(line)
        missed = [f"{one.clip}: {one.why}" for one in unscored]
        missed += _missed_bars(total, require_f1, require_false, say)
        for line in missed:
            typer.echo(line, err=True)
        raise typer.Exit(1 if missed else 0)


def _loaded(file: Path, data: Path | None, say: Texts) -> "EvaluationSet":
    from agent.config.evaluation import load_set

    try:
        return load_set(file, data=data, lang=say.lang)
    except ConfigError as error:
        for problem in error.problems:
            typer.echo("\n".join(problem_lines(problem, say)), err=True)
        raise typer.Exit(2) from error


def _run(chosen: "EvaluationSet", timeline: Path | None) -> "tuple[list[Evaluated], list[Unscored]]":
    """Score all clips, with progress on the terminal; and those that could not be read. Raises CityEyeError."""
    from agent.adapters.timeline import write_timeline
    from agent.app.evaluate import Evaluated, Unscored, evaluate

    terminal = Console(stderr=True)
    scores, unscored = list[Evaluated](), list[Unscored]()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[at]}"))
    with Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as bar:
        task = bar.add_task("…", total=len(chosen.clips), at="")

        def told(clip: str, at_s: float) -> None:
            bar.update(task, description=clip, at=f"{at_s:.0f} s")

        for one in evaluate(chosen, told):
            bar.advance(task)
            if isinstance(one, Unscored):
                unscored.append(one)
                continue
            scores.append(one)
            if timeline:
                write_timeline(timeline / f"{one.clip}.png", one.clip, one.score)
    return scores, unscored


def _write(file: Path, text: str) -> None:
    """Raises RecordingError."""
    from agent.core.errors import RecordingError

    try:
        file.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        found = f"{file}: expected a file that can be written, found: {error.strerror}; correct --json"
        raise RecordingError(found) from error


def _table(by_rule: "dict[str, Figures]", total: "Figures", say: Texts) -> Table:
    """One column per rule, so that it fits a terminal of 80 columns."""
    table = Table(title=say("evaluate.table"), box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    columns = [(say.rule(rule), figures) for rule, figures in by_rule.items()]
    columns += [(say("evaluate.total"), total)] if len(columns) > 1 else []
    table.add_column(say("evaluate.figure"))
    for title, _ in columns:
        table.add_column(title, justify="right")
    cells = [_cells(figures) for _, figures in columns]
    for key in _cells(total):
        table.add_row(say(f"evaluate.row.{key}"), *(column[key] for column in cells))
    return table


def _cells(figures: "Figures") -> dict[str, str]:
    """What the table shows, by the name of its row."""
    counts = {key: str(getattr(figures, key)) for key in _COUNTS}
    return {
        **counts,
        "precision": _ratio(figures.precision),
        "recall": _ratio(figures.recall),
        "f_score": _ratio(figures.f1),
        "onset": _error(figures.onset_s),
        "closing": _error(figures.closing_s),
        "per_day": "-" if figures.false_per_day is None else f"{figures.false_per_day:.1f}",
        "watched": f"{figures.watched_s:.0f}",
    }


def _ratio(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.3f}"


def _error(errors: Sequence[float]) -> str:
    """Mean size of the errors, and the worst one."""
    if not errors:
        return "-"
    worst = max(errors, key=abs)
    return f"{sum(map(abs, errors)) / len(errors):.1f} ({worst:+.1f})"


def _remarks(scores: "Sequence[Evaluated]", say: Texts) -> list[str]:
    """Everything that was not as it should be, clip by clip."""
    lines = []
    for one in scores:
        for judged in one.score.wrong:
            stay = judged.stay
            named = {"clip": one.clip, "thing": stay.name, "zone": stay.zone, "at": f"{stay.opens[0]:.0f}"}
            if not judged.incidents:
                lines.append(say("evaluate.missed", **named))
            elif judged.breaks:
                lines.append(say("evaluate.broken", **named, count=judged.breaks))
            else:
                lines.append(say("evaluate.late", **named, error=f"{judged.onset_s or 0:+.1f}"))
        for wrong in one.score.false:
            found = wrong.incident
            at = f"{found.opened_s:.0f}"
            thing = wrong.thing or found.class_name or "?"
            lines.append(say("evaluate.wrong", clip=one.clip, zone=found.zone, thing=thing, at=at))
    return lines


def _missed_bars(total: "Figures", f1: float | None, false: int | None, say: Texts) -> list[str]:
    """The bars that were not reached. Without any violation or report there is no F1 to miss."""
    missed = []
    if f1 is not None and total.f1 is not None and total.f1 < f1:
        missed.append(say("evaluate.below_f1", bar=f"{f1:.3f}", found=f"{total.f1:.3f}"))
    if false is not None and total.false > false:
        missed.append(say("evaluate.above_false", bar=false, found=total.false))
    return missed


def _document(scores: "Sequence[Evaluated]", unscored: "Sequence[Unscored]", total: "Figures") -> dict[str, Any]:
    from agent.core.scoring.scores import ClipScore, summed

    def clip(score: ClipScore) -> dict[str, Any]:
        return {
            "length_s": score.watched.length_s,
            "interval_s": score.watched.interval_s,
            "rules": {rule: _figures(figures) for rule, figures in score.by_rule.items()},
            "stays": [_plain(asdict(judged)) for judged in score.stays],
            "false": [_plain(asdict(wrong)) for wrong in score.false],
        }

    return {
        "total": _figures(total),
        "rules": {rule: _figures(figures) for rule, figures in summed(one.score for one in scores).items()},
        "clips": {one.clip: clip(one.score) for one in scores},
        "unscored": {one.clip: one.why for one in unscored},
    }


def _figures(figures: "Figures") -> dict[str, Any]:
    derived = {key: getattr(figures, key) for key in (*_RATIOS, "false_per_day")}
    return {**asdict(figures), **derived}


def _plain(value: Any) -> Any:
    """JSON knows no infinity: what has no end gets null."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return None if value == float("inf") else value
