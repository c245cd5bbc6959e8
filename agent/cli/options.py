"""What several commands ask for in the same way."""

from pathlib import Path

import typer

from agent.cli.check import problem_lines
from agent.cli.texts import Texts
from agent.config import Config, inspect


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
