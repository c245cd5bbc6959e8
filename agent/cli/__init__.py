"""The command line. One module per command; thin.

A command is a module of this package with

    def register(app: typer.Typer, say: Texts) -> None

that adds it to the app, with its texts in the language of `say`; then it is named in `_COMMANDS`. What is slow to
import (decoders, the model runtime) is imported inside the command's function, so that the others stay quick.
Command modules go without `from __future__ import annotations`: typer evaluates annotations outside the function that
holds `say`.
Exit codes: 0 good, 1 failed while working, 2 wrong usage or configuration.
"""

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Annotated

import typer

from agent.cli import (
    alive,
    bench,
    check,
    console,
    discover,
    dismissals,
    doctor,
    evaluate,
    events,
    init,
    models,
    reference,
    replay,
    run,
    schema,
    teach,
    version,
)
from agent.cli.texts import Texts, known_lang, lang_of, take_lang

_COMMANDS = (
    init,
    run,
    check,
    discover,
    doctor,
    replay,
    evaluate,
    events,
    reference,
    dismissals,
    teach,
    models,
    console,
    bench,
    alive,
    schema,
    version,
)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line; always ends with SystemExit.

    Args:
        argv: arguments without the program's name; by default the process's own.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that cannot show Chinese gets escapes, not a traceback
            stream.reconfigure(errors="backslashreplace")
    chosen, arguments = take_lang(sys.argv[1:] if argv is None else argv)
    lang = lang_of(os.environ) if chosen is None else known_lang(chosen)
    if lang is None:
        sys.stderr.write(Texts(lang_of(os.environ))("lang.unknown", found=chosen or "…") + "\n")
        raise SystemExit(2)
    build(Texts(lang))(args=arguments, prog_name="cityeye")


def build(say: Texts) -> typer.Typer:
    """The app with all its commands, in one language."""
    app = typer.Typer(
        help=say("app.help"),
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,  # its tracebacks show local variables, and so passwords
        rich_markup_mode=None,
    )

    @app.callback()
    def _globals(
        lang: Annotated[str, typer.Option("--lang", help=say("app.lang"), show_default=False)] = "",
    ) -> None:
        """Only for the help: `main` took the option already, wherever it stood."""

    for command in _COMMANDS:
        command.register(app, say)
    return app
