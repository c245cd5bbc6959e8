"""A document that the centre proposes: read, and refused for what is wrong in it or is not the centre's to change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agent.config import Config, inspect_text
from agent.config.catalogue import choose
from agent.config.document import read
from agent.config.load import problem_of
from agent.config.masking import restored
from agent.config.words import Finding
from agent.core.errors import CommandRejected, ModelError, Problem, RejectCode

_DOCUMENT = "document"
_MOST_CHARACTERS = 1900
"""Of the problems in an answer, whose message is cut at 2000."""


def proposed(document: str, in_force: str, now: Config, home: Path) -> tuple[str, Config]:
    """The text as it comes into the file, and what it says.

    Args:
        document: with masks. in_force: the text that has what they stand for, and now: what it says.
        home: folder that paths are relative to.

    Raises: CommandRejected: `invalid`, or `not_allowed`.
    """
    text, unknown = restored(document, in_force)
    _check_crosswalk(text, in_force)
    report = inspect_text(text, file=_DOCUMENT, home=home)
    if unknown or report.config is None:
        raise CommandRejected(RejectCode.INVALID, told_in_lines(_by_line(unknown, document, report.problems)))
    _check_rights(now, report.config)
    return text, report.config


def check_model(config: Config) -> None:
    """What can be known without opening it: a new start that must fail is not worth it. Raises CommandRejected."""
    try:
        file = choose(config.model).file
    except ModelError as error:
        raise CommandRejected(RejectCode.FAILED, str(error)) from error
    if not file.is_file():
        raise CommandRejected(RejectCode.FAILED, f"model: expected a file at {file}, found none; put it there first")


def told_in_lines(problems: Sequence[Problem]) -> str:
    """All problems, line by line, as far as an answer has room for them."""
    lines: list[str] = []
    for problem in problems:
        if sum(map(len, lines)) + len(lines) + len(str(problem)) > _MOST_CHARACTERS and lines:
            break
        lines.append(str(problem))
    if left := len(problems) - len(lines):
        lines.append(f"… and {left} more")
    return "\n".join(lines)


def _check_crosswalk(text: str, in_force: str) -> None:
    """Before anything is read: the problems of a crosswalk quote it, and any file could be named. Raises."""
    before, after = (read(one).at(("taxonomy", "file")) for one in (in_force, text))
    if after is not None and after != before:
        raise CommandRejected(
            RejectCode.NOT_ALLOWED, "taxonomy.file: expected as it is, found another one; change it at the box"
        )


def _check_rights(now: Config, new: Config) -> None:
    """What the centre could not change back. Raises CommandRejected."""
    for key, before, after in (
        ("box.id", now.box.id, new.box.id),
        ("box.tenant", now.box.tenant, new.box.tenant),
        ("storage.folder", str(now.storage.folder), str(new.storage.folder)),
    ):
        if before != after:
            raise CommandRejected(
                RejectCode.NOT_ALLOWED, f"{key}: expected {before} as it is, found {after}; change it at the box"
            )
    if "config.put" in new.commands.refuse and "config.put" not in now.commands.refuse:
        # where it is refused already, the document comes from the console
        raise CommandRejected(
            RejectCode.NOT_ALLOWED,
            "commands.refuse: expected no config.put, found it: the centre could never send another document; "
            "change it at the box",
        )


def _by_line(unknown: Sequence[Finding], document: str, problems: Sequence[Problem]) -> list[Problem]:
    """All of them: of a mask with nothing behind it that, not that it is no password."""
    doc = read(document)
    masks = {problem.key: problem for finding in unknown for problem in [problem_of(finding, _DOCUMENT, "en", doc)]}
    others = [problem for problem in problems if problem.key not in masks]
    return sorted([*masks.values(), *others], key=lambda problem: problem.line or 0)
