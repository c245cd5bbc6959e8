"""`cityeye models list | pull ID | verify [ID] | import FILE`: the detectors of this box."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table

from agent.cli.options import failing, models_folder
from agent.cli.texts import Texts
from agent.config.catalogue import ModelEntry

if TYPE_CHECKING:
    from agent.app.models import Imported, KnownModel

_MB = 1e6


def register(app: typer.Typer, say: Texts) -> None:
    """Add the group and its commands."""
    group = typer.Typer(help=say("models.help"), no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(group, name="models")
    _add_list(group, say)
    _add_pull(group, say)
    _add_verify(group, say)
    _add_import(group, say)


def _add_list(group: typer.Typer, say: Texts) -> None:
    @group.command("list", help=say("models.list.help"))
    def list_(
        folder: Annotated[Path | None, typer.Option("--folder", help=say("models.folder"), show_default=False)] = None,
        config: Annotated[
            Path | None, typer.Option("--config", "-c", help=say("models.config"), metavar="FILE")
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help=say("check.json"))] = False,
    ) -> None:
        from agent.app.models import known_models

        place = models_folder(folder, config, say)
        with failing():
            known = known_models(place)
        if as_json:
            typer.echo(json.dumps([_data(model) for model in known], ensure_ascii=False, indent=2))
            return
        Console().print(_table(known, say))
        if not any(
            model.state == "there" and model.entry.purpose == "detector" for model in known if not model.entry.embedded
        ):
            typer.echo(say("models.none", folder=place))


def _add_pull(group: typer.Typer, say: Texts) -> None:
    @group.command("pull", help=say("models.pull.help"))
    def pull(
        model_id: Annotated[str, typer.Argument(help=say("models.id"), metavar="ID")],
        mirror: Annotated[str, typer.Option("--mirror", help=say("models.mirror"), show_default=False)] = "",
        folder: Annotated[Path | None, typer.Option("--folder", help=say("models.folder"), show_default=False)] = None,
        config: Annotated[
            Path | None, typer.Option("--config", "-c", help=say("models.config"), metavar="FILE")
        ] = None,
    ) -> None:
        from agent.app.models import pull_model, wanted_model

        place, terminal = models_folder(folder, config, say), Console(stderr=True)
        with failing():
            entry = wanted_model(place, model_id)
            with bar(terminal) as progress:
                task = progress.add_task(entry.file, total=entry.bytes)
                path, source = pull_model(
                    place,
                    model_id,
                    mirror=mirror or os.environ.get("CITYEYE_MIRROR") or None,
                    progress=lambda there: progress.update(task, completed=there),
                )
        typer.echo(say("models.there", file=path) if source is None else say("models.pulled", file=path, source=source))


def _add_verify(group: typer.Typer, say: Texts) -> None:
    @group.command("verify", help=say("models.verify.help"))
    def verify(
        model_id: Annotated[str, typer.Argument(help=say("models.id"), metavar="[ID]", show_default=False)] = "",
        folder: Annotated[Path | None, typer.Option("--folder", help=say("models.folder"), show_default=False)] = None,
        config: Annotated[
            Path | None, typer.Option("--config", "-c", help=say("models.config"), metavar="FILE")
        ] = None,
    ) -> None:
        from agent.app.models import verified_models

        place = models_folder(folder, config, say)
        with failing():
            checked = verified_models(place, model_id or None)
        for model in checked:
            typer.echo(f"{model.entry.id}  {say(f'models.state.{model.state}')}  {model.path}")
        if not checked:
            typer.echo(say("models.none", folder=place))
        if not checked or any(model.state != "good" for model in checked):
            raise typer.Exit(1)


def _add_import(group: typer.Typer, say: Texts) -> None:
    @group.command("import", help=say("models.import.help"))
    def import_(
        file: Annotated[Path, typer.Argument(help=say("models.import.file"), metavar="FILE")],
        model_id: Annotated[str, typer.Option("--id", help=say("models.import.id"), show_default=False)] = "",
        family: Annotated[str, typer.Option("--family", help=say("models.import.family"))] = "auto",
        maps: Annotated[
            list[str] | None, typer.Option("--map", help=say("models.import.map"), metavar="LABEL=CLASS")
        ] = None,
        licence: Annotated[str, typer.Option("--licence", help=say("models.import.licence"))] = "not told",
        folder: Annotated[Path | None, typer.Option("--folder", help=say("models.folder"), show_default=False)] = None,
        config: Annotated[
            Path | None, typer.Option("--config", "-c", help=say("models.config"), metavar="FILE")
        ] = None,
    ) -> None:
        from agent.app.models import import_model

        place, classes = models_folder(folder, config, say), class_map(maps or [], say)
        with failing():
            taken = import_model(
                place, file, model_id=model_id or None, family=family, classes=classes, licence=licence
            )
        typer.echo("\n".join(_imported(taken, say)))


def class_map(maps: Sequence[str], say: Texts) -> dict[str, str | None] | None:
    """`label=class` and `label=` (ignored) as a mapping; None without any. Exits 2 when one is neither."""
    for text in maps:
        if "=" not in text:
            typer.echo(say("models.import.map_wrong", found=text), err=True)
            raise typer.Exit(2)
    pairs = (text.rpartition("=") for text in maps)
    return {label.strip(): name.strip() or None for label, _, name in pairs} or None


def bar(terminal: Console) -> Progress:
    """How far a download is; nothing where there is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    return Progress(*columns, TimeRemainingColumn(), console=terminal, transient=True, disable=not terminal.is_terminal)


def _table(known: "Sequence[KnownModel]", say: Texts) -> Table:
    """Narrow enough for 80 columns; everything is in `--json`."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for key in ("model", "state", "family", "input", "size", "accuracy", "good_for"):
        table.add_column(say(f"column.{key}"), overflow="fold", no_wrap=key not in ("good_for",))
    for model in known:
        entry, map50 = model.entry, model.entry.map50()
        table.add_row(
            entry.id,
            say(f"models.state.{model.state}"),
            entry.family,
            f"{entry.input_px[0]}x{entry.input_px[1]}",
            f"{entry.bytes / _MB:.1f} MB",
            "" if map50 is None else f"{map50:.3f}",
            f"{_good_for(entry, say)} ({entry.licence})",
        )
    return table


def _good_for(entry: ModelEntry, say: Texts) -> str:
    return entry.good_for.zh if say.lang == "zh-CN" else entry.good_for.en


def _data(model: "KnownModel") -> dict[str, object]:
    return {**model.entry.model_dump(mode="json"), "path": str(model.path), "state": str(model.state)}


def _imported(taken: "Imported", say: Texts) -> list[str]:
    entry = taken.entry
    size = f"{entry.input_px[0]}x{entry.input_px[1]}"
    ignored = [label for label, name in taken.label_classes if name is None]
    lines = [say("models.import.done", id=entry.id, file=taken.path, family=entry.family, size=size)]
    lines += [f"  {label} -> {name}" for label, name in taken.label_classes if name is not None]
    if ignored:
        shown = ", ".join(ignored[:8]) + (" …" if len(ignored) > 8 else "")
        lines.append(say("models.import.ignored", count=len(ignored), labels=shown))
    return [*lines, say("models.import.use", id=entry.id)]
