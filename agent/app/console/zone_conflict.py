"""Why an edit meets another document than the one that it began with, as far as the box knows it."""

from __future__ import annotations

from agent.app.reload import Reloader
from agent.core.errors import CommandRejected
from agent.ports.console.zones import Overtaken


def check_version(reloader: Reloader, version: str) -> None:
    """Raises Overtaken: another version is in force than the one that an edit names."""
    if version != reloader.in_force()[1].version_hash():
        raise _overtaken(reloader, version)


def overtaken_by(reloader: Reloader, version: str, refusal: CommandRejected) -> Overtaken:
    """What a conflict is, which the reloader found when it was to put an edit in force."""
    if version == reloader.in_force()[1].version_hash():
        return Overtaken("edited", refusal.message)
    return _overtaken(reloader, version)


def _overtaken(reloader: Reloader, version: str) -> Overtaken:
    now = reloader.in_force()[1].version_hash()
    text = f"expected version {now}, which is in force, found {version}: somebody has changed it"
    trial, fate = reloader.trial, reloader.fate
    if trial is not None and trial.version == now:
        return Overtaken("saved", text, by=trial.by, at=trial.at)
    if fate is not None and fate.fault is None and fate.version == now:
        return Overtaken("saved", text, by=fate.by, at=fate.at)
    if fate is not None and fate.fault is not None and fate.version == version:
        return Overtaken("taken_back", text, by=fate.by, at=fate.at)
    return Overtaken("unknown", text)
