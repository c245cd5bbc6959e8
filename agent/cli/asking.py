"""Questions on a terminal: judged at once, and asked again until there is an answer to go on with."""

import getpass
import importlib
import sys
import unicodedata
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import TextIOWrapper

import typer

from agent.cli.texts import Texts

Judge = Callable[[str], Iterable[str]]
"""Takes an answer, or says in lines what is wrong with it."""
_YES, _NO = frozenset({"y", "yes", "是", "好"}), frozenset({"n", "no", "否", "不"})


class EndOfAnswers(Exception):
    """The terminal is closed, or Ctrl-D was pressed."""


class Terminal:
    """Where a person sits."""

    def __init__(self, say: Texts) -> None:
        self.say = say
        if isinstance(sys.stdin, TextIOWrapper):  # bytes that are no UTF-8 come as surrogates, to be told of
            sys.stdin.reconfigure(errors="surrogateescape")
        with suppress(ImportError):
            importlib.import_module("readline")  # arrow keys move the cursor

    def ask(self, question: str, judge: Judge, *, default: str = "") -> None:
        """Ask until the answer is taken. Raises EndOfAnswers, KeyboardInterrupt."""
        typer.echo(question)
        prompt = f"  [{default}] > " if default else "  > "  # plain and short: readline counts its columns
        while complaint := self._complaint(self._line(prompt) or default, judge):
            typer.echo("\n".join(complaint))

    def secret(self, question: str, judge: Judge) -> None:
        """As `ask`, without showing what is typed."""
        typer.echo(question)
        while complaint := self._complaint(self._hidden("  > "), judge):
            typer.echo("\n".join(complaint))

    def agrees(self, question: str, *, default: bool = True) -> bool:
        """Yes or no."""
        said: list[bool] = []

        def judge(answer: str) -> list[str]:
            word = answer.lower()
            if word not in _YES | _NO:
                return [self.say("init.yes_or_no")]
            said.append(word in _YES)
            return []

        self.ask(question, judge, default="y" if default else "n")
        return said[-1]

    def _complaint(self, answer: str, judge: Judge) -> list[str]:
        if any("\ud800" <= character <= "\udfff" for character in answer):
            return [self.say("init.not_utf8")]
        return list(judge(answer))

    def _line(self, prompt: str) -> str:
        try:
            return input(prompt).strip()
        except EOFError as error:
            typer.echo()
            raise EndOfAnswers from error
        except UnicodeDecodeError:
            return "\udc80"

    def _hidden(self, prompt: str) -> str:
        """Raises GetPassWarning where the terminal cannot hide it."""
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)
            try:
                return getpass.getpass(prompt)
            except EOFError as error:
                typer.echo()
                raise EndOfAnswers from error
            except UnicodeDecodeError:
                return "\udc80"


def narrow(text: str) -> str:
    """What a Chinese keyboard makes of an address or a number, as it was meant: `１９２。168：1883`."""
    return unicodedata.normalize("NFKC", text).replace("。", ".").replace("、", ",").strip()
