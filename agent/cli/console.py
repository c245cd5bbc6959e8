"""`cityeye console add|remove|list`: who has a password for the web console; also while the agent runs."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from agent.cli.options import failing, loaded
from agent.cli.recorded import recorded
from agent.cli.texts import Texts
from agent.config import Config
from agent.ports.console.access import Role


def register(app: typer.Typer, say: Texts) -> None:
    """Add the command group."""
    from agent.adapters.console_users import LEAST, MOST, NAME, UsersFile
    from agent.app.places import CONSOLE_USERS

    group = typer.Typer(help=say("console.help"), no_args_is_help=True)
    app.add_typer(group, name="console")

    def users(settings: Config) -> UsersFile:
        return UsersFile(settings.storage.folder / CONSOLE_USERS)

    @group.command("add", help=say("console.add.help"))
    def add(
        name: Annotated[str, typer.Argument(help=say("console.name"), show_default=False)],
        config: Annotated[Path, typer.Option("--config", "-c", help=say("file.help"), metavar="FILE")],
        role: Annotated[Role, typer.Option("--role", help=say("console.role"))] = Role.VIEWER,
        password_file: Annotated[
            str | None, typer.Option("--password-file", help=say("console.password_file"), metavar="FILE")
        ] = None,
    ) -> None:
        if not NAME.fullmatch(name):
            _end(say("console.bad", expected=say("console.bad_name")), 2)
        password = _password(password_file, say)
        if not LEAST <= len(password) <= MOST:
            _end(say("console.bad", expected=say("console.bad_password", least=LEAST, most=MOST)), 2)
        settings = loaded(config, say)
        with failing(), recorded(settings, "user.add", name, role.value):
            users(settings).put(name, password, role)
        typer.echo(say("console.added", name=name, role=role.value))

    @group.command("remove", help=say("console.remove.help"))
    def remove(
        name: Annotated[str, typer.Argument(help=say("console.name"), show_default=False)],
        config: Annotated[Path, typer.Option("--config", "-c", help=say("file.help"), metavar="FILE")],
    ) -> None:
        settings = loaded(config, say)
        with failing():
            if name not in users(settings).known():
                _end(say("console.unknown", name=name), 1)
            with recorded(settings, "user.remove", name):
                users(settings).remove(name)
        typer.echo(say("console.removed", name=name))

    @group.command("list", help=say("console.list.help"))
    def show(
        config: Annotated[Path, typer.Option("--config", "-c", help=say("file.help"), metavar="FILE")],
    ) -> None:
        with failing():
            known = users(loaded(config, say)).known()
        for user in known.values():
            typer.echo(f"{user.name}\t{user.role.value}")
        if not known:
            typer.echo(say("console.nobody"), err=True)


def _password(file: str | None, say: Texts) -> str:
    if file is None:
        return str(typer.prompt(say("console.password"), hide_input=True, confirmation_prompt=True))
    try:
        text = sys.stdin.readline() if file == "-" else Path(file).read_text("utf-8").partition("\n")[0]
    except (OSError, UnicodeDecodeError) as error:
        found = getattr(error, "strerror", None) or "no UTF-8 text"
        _end(say("console.unread", file=file, found=found), 1)
    return text.rstrip("\r\n")


def _end(message: str, code: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)
