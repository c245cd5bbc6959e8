"""What became of a configuration, as the record of changes has it."""

from __future__ import annotations

from hashlib import sha256

from agent.app.reload import Reloader
from agent.app.site import Fate
from agent.ports import Clock
from agent.ports.console.access import Audit, AuditEntry


def record_fates(reloader: Reloader, audit: Audit, clock: Clock) -> None:
    """Write down what becomes of documents from now on, and what became of the last one, in whichever run that was."""
    reloader.ended = lambda fate: _record(audit, clock, fate)
    if (fate := reloader.fate) is not None:
        _record(audit, clock, fate)


def _record(audit: Audit, clock: Clock, fate: Fate) -> None:
    """That the box took a document back, and why: once, however often it is told."""
    if fate.fault is None:
        return
    once = sha256(f"{fate.version} {fate.at} {fate.fault}".encode()).hexdigest()[:32]
    if audit.knows(once):
        return
    whose = " ".join(part for part in (fate.by, fate.at) if part)
    detail = f"{whose}: {fate.fault}" if whose else fate.fault
    entry = AuditEntry(
        at=clock.now().utc,
        who="",
        address="",
        action="config.taken_back",
        subject=fate.version,
        detail=detail[:2000],
        id=once,
    )
    audit.note(entry)
