"""One device, one login: a recorder has many cameras on one address, and counts bad logins for all of them together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from agent.app.parts import login_of
from agent.config import CameraConfig
from agent.runtime.logins import Login


@dataclass(slots=True, eq=False)
class Gate:
    """One credential at one address. `refused_for`: the camera for which it was refused."""

    refused_for: str | None = None
    lock: Lock = field(default_factory=Lock)


class Gates:
    """Lets cameras with the same address and login be looked at one after another."""

    def __init__(self) -> None:
        self._gates: dict[Login, Gate] = {}
        self._lock = Lock()

    @contextmanager
    def passed(self, camera: CameraConfig) -> Iterator[Gate]:
        """Wait for the others at this address, and have them wait."""
        login = login_of(camera)
        with self._lock:
            gate = self._gates.setdefault(login, Gate())
        with gate.lock:
            yield gate
