"""`cityeye bench models`: what is best on this box, measured."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from agent.cli.options import failing, models_folder
from agent.cli.texts import Texts

if TYPE_CHECKING:
    from agent.app.bench import BenchRow

_LIMIT_MS = 200.0


def register(app: typer.Typer, say: Texts) -> None:
    """Add the group and its command."""
    group = typer.Typer(help=say("bench.help"), no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(group, name="bench")

    @group.callback()
    def _group() -> None:
        """A callback keeps the group a group while it has one command only."""

    @group.command("models", help=say("bench.models.help"))
    def models(
        ids: Annotated[list[str] | None, typer.Argument(help=say("bench.ids"), metavar="[ID]...")] = None,
        labelled: Annotated[Path | None, typer.Option("--labelled", help=say("bench.labelled"))] = None,
        calibrate: Annotated[Path | None, typer.Option("--calibrate", help=say("bench.calibrate"))] = None,
        limit_ms: Annotated[float, typer.Option("--limit-ms", min=1, help=say("bench.limit"))] = _LIMIT_MS,
        write: Annotated[bool, typer.Option("--write", help=say("bench.write"))] = False,
        folder: Annotated[Path | None, typer.Option("--folder", help=say("models.folder"), show_default=False)] = None,
        config: Annotated[
            Path | None, typer.Option("--config", "-c", help=say("models.config"), metavar="FILE")
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help=say("check.json"))] = False,
    ) -> None:
        if calibrate is not None and labelled is None:
            typer.echo(say("bench.needs_labelled"), err=True)
            raise typer.Exit(2)
        bench = _Bench(models_folder(folder, config, say), say)
        with failing():
            if calibrate is not None and labelled is not None:
                bench.check(calibrate, labelled)
            best = bench.measure(ids or [], labelled, limit_ms)
            if best is not None and calibrate is not None and labelled is not None:
                best = bench.quantise(best, calibrate, labelled)
            bench.show(best, as_json=as_json)
            if best is None:
                raise typer.Exit(1)
            if write:
                bench.keep(best)
        if not as_json:
            named = {"id": best.entry.id, "runtime": best.runtime}
            typer.echo(say("bench.written", **named) if write else say("bench.best", **named))


class _Bench:
    """One run of the command: what was measured so far."""

    def __init__(self, place: Path, say: Texts) -> None:
        self._place, self._say = place, say
        self._terminal = Console(stderr=True)
        self._rows: list[BenchRow] = []
        self._kept: BenchRow | None = None

    def check(self, pictures: Path, labelled: Path) -> None:
        """Before minutes of measuring: what INT8 needs. Raises ModelError."""
        from agent.adapters.labelled import picture_files
        from agent.app.bench import check_enough

        picture_files(pictures)
        check_enough(labelled)

    def measure(self, ids: Sequence[str], labelled: Path | None, limit_ms: float) -> "BenchRow | None":
        """Measure; the best, or None."""
        from agent.app.bench import bench_models, recommended

        with self._terminal.status("…") as status:
            self._rows += bench_models(self._place, ids=ids, labelled=labelled, told=status.update)
        return recommended(self._rows, limit_ms)

    def quantise(self, best: "BenchRow", pictures: Path, labelled: Path) -> "BenchRow":
        """Try INT8 of the best; what is the best then."""
        from agent.app.bench import bench_int8, int8_obstacle

        say, named = self._say, {"id": best.entry.id}
        if obstacle := int8_obstacle(self._place, best):
            typer.echo(say(f"bench.int8.{obstacle}", **named), err=True)
            return best
        with self._terminal.status("…") as status:
            rows, kept = bench_int8(self._place, best, pictures=pictures, labelled=labelled, told=status.update)
        self._rows += rows
        typer.echo(say("bench.int8.dropped", **named) if kept is None else say("bench.int8.kept", **named), err=True)
        return kept or best

    def show(self, best: "BenchRow | None", *, as_json: bool) -> None:
        """The figures on standard output."""
        if as_json:
            typer.echo(json.dumps([_data(row, row is best) for row in self._rows], ensure_ascii=False, indent=2))
            return
        Console().print(_table(self._rows, best, self._say))
        for row in self._rows:
            if row.figures.error is not None:
                typer.echo(f"{row.entry.id} / {row.runtime}: {row.figures.error}", err=True)

    def keep(self, best: "BenchRow") -> None:
        """Let `auto` mean it."""
        from agent.app.bench import keep_choice

        keep_choice(self._place, best)


def _table(rows: "Sequence[BenchRow]", best: "BenchRow | None", say: Texts) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for key in ("model", "runtime", "ms_one", "ms_all", "memory", "agrees", "accuracy"):
        table.add_column(say(f"column.{key}"), justify="left" if key in ("model", "runtime") else "right", no_wrap=True)
    for row in rows:
        figures = row.figures
        measured = [f"{figures.ms_one:.1f}", f"{figures.ms_all:.1f}", f"{figures.memory_mib:.0f}"]
        table.add_row(
            ("* " if row is best else "  ") + row.entry.id,
            row.runtime,
            *(["-"] * 3 if figures.error else measured),
            "-" if figures.error else say("yes") if figures.agrees else say("no"),
            "-" if row.map50 is None else f"{row.map50:.3f}",
        )
    return table


def _data(row: "BenchRow", best: bool) -> dict[str, object]:
    return {"id": row.entry.id, "runtime": row.runtime, **asdict(row.figures), "map50": row.map50, "best": best}
