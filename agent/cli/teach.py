"""`cityeye teach CAMERA ZONE --clean FILES --full FILES`: show the agent what a zone looks like when it overflows."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from typer.core import TyperCommand

from agent.cli.options import failing, loaded, mistyped, private_files
from agent.cli.texts import Texts
from agent.config import Config
from agent.core.rules import RULES
from agent.core.rules.base import RuleSettings
from agent.core.rules.garbage_overflow import GarbageOverflowSettings
from agent.core.types import Channel
from agent.core.zone_state import LEAST, LEAST_BALANCED

if TYPE_CHECKING:
    from agent.app.teach import KeptHead, Taught

_MANY = ("--clean", "--full")


class _ManyFiles(TyperCommand):
    """`--clean a b c` means `--clean a --clean b --clean c`: what a shell makes of `--clean *.jpg`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, list(spread(args)))


def spread(args: Iterable[str]) -> Iterable[str]:
    """The arguments with an option before each file of a list."""
    option: str | None = None
    fresh = False
    for word in args:
        if word.startswith("-"):
            option, fresh = (word if word in _MANY else None), True
        elif option is not None and not fresh:
            yield option
        else:
            fresh = False
        yield word


def register(app: typer.Typer, say: Texts) -> None:
    """Add the command."""

    @app.command("teach", help=say("teach.help"), cls=_ManyFiles)
    def teach(
        config: Annotated[Path, typer.Option("--config", "-c", help=say("file.help"), metavar="FILE")],
        camera: Annotated[str, typer.Argument(help=say("teach.camera"), metavar="[CAMERA]", show_default=False)] = "",
        zone: Annotated[str, typer.Argument(help=say("teach.zone"), metavar="[ZONE]", show_default=False)] = "",
        clean: Annotated[list[Path] | None, typer.Option("--clean", help=say("teach.clean"), metavar="FILES")] = None,
        full: Annotated[list[Path] | None, typer.Option("--full", help=say("teach.full"), metavar="FILES")] = None,
        dry_run: Annotated[bool, typer.Option("--dry-run", help=say("teach.dry_run"))] = False,
        list_: Annotated[bool, typer.Option("--list", help=say("teach.list"))] = False,
        forget: Annotated[bool, typer.Option("--forget", help=say("teach.forget"))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=say("check.json"))] = False,
    ) -> None:
        private_files()
        settings = loaded(config, say)
        lesson = bool(clean or full)
        if lesson + list_ + forget != 1 or (lesson and not (clean and full)):
            typer.echo(say("teach.usage"), err=True)
            raise typer.Exit(2)
        if list_:
            _list(settings, say, as_json=as_json)
            return
        if forget:
            _forget(settings, (camera, zone), say)
            return
        place = _place(settings, camera, zone, say)
        _teach(settings, place, (clean or [], full or []), say, keep=not dry_run, as_json=as_json)


def _place(config: Config, camera: str, zone: str, say: Texts) -> tuple[str, str]:
    """The camera and zone of those names, where a rule asks for what the zone is taught. Otherwise exit 2."""
    zones = {known.id: {area.id: area for area in known.zones} for known in config.cameras}
    if camera not in zones:
        raise mistyped("CAMERA", camera, list(zones), say)
    if zone not in zones[camera]:
        raise mistyped("ZONE", zone, list(zones[camera]), say)
    rules = dict(zones[camera][zone].rules.items())
    if not any(
        RULES[name].whole_zone(to) and Channel.ZONE_STATE in RULES[name].channels(to) for name, to in rules.items()
    ):
        typer.echo(say("teach.unasked", camera=camera, zone=zone, found=_as_set(rules, say)), err=True)
        raise typer.Exit(2)
    return camera, zone


def _as_set(rules: Mapping[str, RuleSettings], say: Texts) -> str:
    """The settings on which it depends whether a zone's state is asked for, as a configuration has them."""
    settings = rules.get("garbage_overflow")
    if not isinstance(settings, GarbageOverflowSettings):
        return say("teach.unasked.rule")
    return f"place: {settings.place}, channels: [{', '.join(settings.channels)}]"


def _teach(
    config: Config,
    place: tuple[str, str],
    files: tuple[list[Path], list[Path]],
    say: Texts,
    *,
    keep: bool,
    as_json: bool,
) -> None:
    from agent.app.teach import teach

    with failing():
        taught = teach(config, place, *files, keep=keep)
    if as_json:
        typer.echo(json.dumps(_data(taught), ensure_ascii=False, indent=2))
    else:
        if taught.lesson.figures is not None:
            Console().print(_figures(taught, say))
        for line in _remarks(taught, say):
            typer.echo(line)
        typer.echo(_verdict(taught, place, say), err=taught.lesson.head is None)
    if taught.lesson.head is None:
        raise typer.Exit(1)


def _figures(taught: "Taught", say: Texts) -> Table:
    figures = taught.lesson.figures
    assert figures is not None
    table = Table(box=SIMPLE_HEAD, padding=(0, 2, 0, 0), show_edge=False)
    for key in ("clean", "full", "auc", "balanced", "margin"):
        table.add_column(say(f"column.{key}"), no_wrap=True)
    table.add_row(
        str(figures.clean), str(figures.full), f"{figures.auc:.3f}", f"{figures.balanced:.3f}", f"{figures.margin:+.2f}"
    )
    return table


def _remarks(taught: "Taught", say: Texts) -> list[str]:
    """The files that are worth a look, by name."""
    lines = [say("teach.repeated", file=file) for file in taught.repeated]
    if taught.lesson.figures is not None:
        lines += [say("teach.wrong_clean", file=file) for file in taught.wrong_clean]
        lines += [say("teach.wrong_full", file=file) for file in taught.wrong_full]
    return lines


def _verdict(taught: "Taught", place: tuple[str, str], say: Texts) -> str:
    camera, zone = place
    lesson = taught.lesson
    if lesson.refusal is None:
        named = {"camera": camera, "zone": zone}
        return say("teach.saved", **named) if taught.saved else say("teach.would", **named)
    shared = _names(chain(taught.wrong_clean, taught.wrong_full))
    figures = lesson.figures
    return say(
        f"teach.refused.{lesson.refusal}",
        camera=camera,
        zone=zone,
        clean=len(taught.clean),
        full=len(taught.full),
        least=LEAST,
        least_balanced=LEAST_BALANCED,
        files=shared,
        auc=f"{figures.auc:.3f}" if figures else "-",
        balanced=f"{figures.balanced:.3f}" if figures else "-",
        needed=f"{lesson.needed_auc:.2f}",
    )


def _names(files: Iterable[Path]) -> str:
    return ", ".join(dict.fromkeys(str(file) for file in files)) or "-"


def _list(config: Config, say: Texts, *, as_json: bool) -> None:
    from agent.app.teach import kept_heads

    with failing():
        kept = kept_heads(config)
    if as_json:
        typer.echo(json.dumps([_kept_data(one) for one in kept], ensure_ascii=False, indent=2))
    elif not kept:
        typer.echo(say("teach.none"))
    else:
        Console().print(_kept_table(kept, ZoneInfo(config.box.time_zone), say))


def _kept_table(kept: "Sequence[KeptHead]", time_zone: ZoneInfo, say: Texts) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for key in ("camera", "zone", "taught", "clean", "full", "auc", "balanced", "in_use"):
        table.add_column(say(f"column.{key}"), overflow="fold", no_wrap=key not in ("camera", "zone"))
    for one in kept:
        figures = one.head.figures
        table.add_row(
            one.camera,
            one.zone,
            f"{one.head.created.astimezone(time_zone):%Y-%m-%d %H:%M}",
            str(figures.clean),
            str(figures.full),
            f"{figures.auc:.3f}",
            f"{figures.balanced:.3f}",
            say("yes") if one.usable else say("teach.again"),
        )
    return table


def _forget(config: Config, place: tuple[str, str], say: Texts) -> None:
    """Also what a zone was taught that is no longer configured."""
    from agent.app.teach import forget_zone, kept_heads

    camera, zone = place
    with failing():
        if not (camera and zone):
            known = ", ".join(f"{one.camera} {one.zone}" for one in kept_heads(config)) or "-"
            found = f"{camera or '-'} {zone or '-'}"
            typer.echo(say("teach.forget_what", found=found, known=known), err=True)
            raise typer.Exit(2)
        gone = forget_zone(config, camera, zone)
    if not gone:
        typer.echo(say("teach.not_taught", camera=camera, zone=zone), err=True)
        raise typer.Exit(1)
    typer.echo(say("teach.forgotten", camera=camera, zone=zone))


def _data(taught: "Taught") -> dict[str, object]:
    lesson = taught.lesson
    return {
        "saved": taught.saved,
        "refusal": lesson.refusal,
        "figures": lesson.figures.model_dump() if lesson.figures else None,
        "needed_auc": lesson.needed_auc,
        "wrong_clean": [str(file) for file in taught.wrong_clean],
        "wrong_full": [str(file) for file in taught.wrong_full],
        "repeated": [str(file) for file in taught.repeated],
    }


def _kept_data(one: "KeptHead") -> dict[str, object]:
    head = one.head.model_dump(mode="json", exclude={"weights", "bias", "slope", "shift"})
    return {"camera": one.camera, "zone": one.zone, "usable": one.usable, **head}
