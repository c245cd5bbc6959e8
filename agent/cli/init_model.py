"""The detector in `cityeye init`: which one, from where, and what is done without a network."""

import os
from pathlib import Path

import typer
from rich.console import Console

from agent.cli.asking import Terminal
from agent.cli.models import bar
from agent.cli.texts import Texts
from agent.config.catalogue import DEFAULT_ID, read_catalogue, shipped_folder
from agent.config.draft import Draft
from agent.core.errors import CityEyeError

_MB = 1e6
_FETCH, _LEAVE = frozenset({"y", "yes", "是"}), frozenset({"n", "no", "否"})


class Detector:
    """Decides before anything is written, and fetches after it."""

    def __init__(self, draft: Draft, *, wanted: str, mirror: str, fetch: bool, say: Texts) -> None:
        """`wanted`: an id, the path of an ONNX file, or empty for the usual model."""
        self._draft = draft
        self._folder = draft.home / "models"
        self.say = say
        self._fetch = fetch
        self._file = Path(wanted) if _is_path(wanted) else None
        self._named = bool(wanted) and self._file is None
        self._id = wanted if self._named else DEFAULT_ID
        self._mirror = mirror or os.environ.get("CITYEYE_MIRROR", "")

    def check(self) -> str | None:
        """What is wrong with what was wanted, or None."""
        from agent.adapters.onnx.model import file_sha256

        try:
            if self._file is not None:
                file_sha256(self._file, None)
            entry = read_catalogue(self._folder).entry(self._id)
            if entry.purpose != "detector":
                return self.say("init.no_detector", id=entry.id)
        except CityEyeError as error:
            return str(error)
        if self._named:
            self._draft.put(("model", "id"), self._id)
        return None

    def ask(self, terminal: Terminal) -> None:
        """Whether to fetch it, where nothing was said and it is not at hand."""
        from agent.adapters.onnx.model import file_sha256

        if self._named or self._file is not None or not self._fetch or self._near() is not None:
            return

        def judge(answer: str) -> list[str]:
            if answer.lower() in _FETCH | _LEAVE:
                self._fetch = answer.lower() in _FETCH
                return []
            try:
                file_sha256(Path(answer), None)
            except CityEyeError as error:
                return [str(error)]
            self._file = Path(answer)
            return []

        entry = read_catalogue(self._folder).entry(self._id)
        terminal.ask(self.say("init.ask.model", id=entry.id, size=f"{entry.bytes / _MB:.1f}"), judge, default="y")

    def take_file(self) -> None:
        """Bring the file that was named into the models folder. Raises ModelError, ModelUnavailable."""
        from agent.app.models import take_in

        if self._file is not None:
            known = take_in(self._folder, self._file)
            self._draft.put(("model", "id"), "auto" if known == DEFAULT_ID else known)

    def bring(self) -> bool:
        """Have the model there; tells what became of it. False when it is not."""
        from agent.app.models import pull_model

        say = self.say
        if self._file is not None:
            return True
        try:
            near = self._near()
            if near is None and not self._fetch:
                typer.echo(say("init.model_left", id=self._id, folder=self._folder))
                return not self._named
            entry, terminal = read_catalogue(self._folder).entry(self._id), Console(stderr=True)
            with bar(terminal) as progress:
                task = progress.add_task(entry.file, total=entry.bytes)
                path, source = pull_model(
                    self._folder,
                    self._id,
                    mirror=near or self._mirror or None,
                    progress=lambda there: progress.update(task, completed=there),
                )
        except CityEyeError as error:
            typer.echo(str(error), err=True)
            typer.echo(say("init.model_failed", id=self._id, folder=self._folder))
            return False
        typer.echo(say("models.there", file=path) if source is None else say("models.pulled", file=path, source=source))
        return True

    def _near(self) -> str | None:
        """As `there_or_near`: in the models folder, here, beside the agent, in a mirror that is a folder."""
        from agent.app.models import there_or_near

        return there_or_near(
            self._folder, self._id, [place for place in (".", str(shipped_folder()), self._mirror) if place]
        )


def _is_path(text: str) -> bool:
    return text.endswith(".onnx") or "/" in text
