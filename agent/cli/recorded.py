"""What people change at the shell, in the same record as what they change at the console."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import uuid4

from agent.config import Config


@contextmanager
def recorded(settings: Config, action: str, subject: str, detail: str = "") -> Iterator[None]:
    """As the console does it: written down before it is done, and how it ended. Raises StoreFull, StoreUnusable."""
    from agent.adapters.audit import AuditFile
    from agent.adapters.clock import SystemClock
    from agent.app.places import AUDIT
    from agent.ports.console.access import AuditEntry

    audit, clock = AuditFile(settings.storage.folder / AUDIT), SystemClock()
    at, by = clock.now().utc, who()
    entry = AuditEntry(
        at=at, who=by, address="", action=action, subject=subject, detail=detail, id=uuid4().hex, outcome="failed"
    )
    audit.write(replace(entry, outcome="begun"))
    try:
        yield
        entry = replace(entry, outcome="done")
    finally:
        audit.note(replace(entry, at=clock.now().utc))


def who() -> str:
    """Who works at the box."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return f"uid {os.getuid()}"
