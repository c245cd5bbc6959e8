"""What several commands ask for in the same way."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from agent.cli.check import problem_lines
from agent.cli.texts import Texts
from agent.config import Config, inspect
from agent.config.kinds import did_you_mean
from agent.config.words import Words
from agent.core.errors import CityEyeError

_NOT_FOR_OTHERS = 0o027
"""The agent's group may read what it keeps; all others may not."""


def private_files() -> None:
    """Whatever this process makes from now on is for its user and group: pictures of a street, and what is known of it.

    A stricter umask of its surroundings stays.
    """
    os.umask(os.umask(_NOT_FOR_OTHERS) | _NOT_FOR_OTHERS)


def loaded(file: Path, say: Texts, *, secrets: bool = False) -> Config:
    """The configuration. With any problem: all of them on standard error, and exit 2.

    Args:
        secrets: whether passwords are needed; a command that logs in nowhere does not ask for them.
    """
    report = inspect(file, lang=say.lang, secrets=secrets)
    if report.config is not None:
        return report.config
    for problem in report.problems:
        typer.echo("\n".join(problem_lines(problem, say)), err=True)
    raise typer.Exit(2)


def chosen_camera(config: Config, camera: str, say: Texts) -> str:
    """The camera that was named, or the only one there is; otherwise the choices on standard error, and exit 2."""
    ids = [known.id for known in config.cameras]
    if camera in ids:
        return camera
    if not camera and len(ids) == 1:
        return ids[0]
    typer.echo(say("camera.choose", found=camera or "-", known=", ".join(ids) or "-"), err=True)
    raise typer.Exit(2)


def mistyped(what: str, found: str, known: list[str], say: Texts) -> typer.Exit:
    """To be raised after an unknown name: says what there is and which was meant, on standard error; exit 2."""
    mend = did_you_mean(found, known, Words("", "")).of(say.lang)
    text = say("name.unknown", what=what, found=found or "-", known=", ".join(known) or "-")
    between = Words("; ", "；").of(say.lang) if mend else ""
    typer.echo(f"{text}{between}{mend}", err=True)
    return typer.Exit(2)


def models_folder(folder: Path | None, config: Path | None, say: Texts) -> Path:
    """The models folder that was named, or the configuration's, or `models` here."""
    if folder is not None:
        return folder
    return loaded(config, say).model.folder if config is not None else Path("models")


@contextmanager
def failing() -> Iterator[None]:
    """What goes wrong inside is told on standard error, and exit 1."""
    try:
        yield
    except CityEyeError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
