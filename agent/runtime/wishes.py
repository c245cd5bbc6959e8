"""Who waits for one camera's next picture. Used under the desk's lock."""

from __future__ import annotations

from typing import Protocol

from agent.core.errors import CommandRejected, RejectCode
from agent.core.types import Detections, Frame
from agent.ports import Photographer

MOST_WISHES = 16
"""Who may wait for one camera's next picture."""


class Wish(Protocol):
    """Somebody who waits for a picture."""

    @property
    def wanted(self) -> bool:
        """Whether they still do."""

    def look(self, photographer: Photographer, frame: Frame, found: Detections | None) -> None:
        """Here it is, with what the detector saw in it (None: it was not asked). Must not raise."""


class Wishes:
    """Wishes in the order in which they came; one picture fulfils them all."""

    def __init__(self, camera: str) -> None:
        """Nobody waits yet."""
        self._camera = camera
        self._waiting: list[Wish] = []

    @property
    def waiting(self) -> bool:
        """Whether anybody waits."""
        return bool(self._waiting)

    def add(self, wish: Wish) -> None:
        """One more. Raises CommandRejected (`busy`): too many wait."""
        self._waiting = [waiting for waiting in self._waiting if waiting.wanted]
        if len(self._waiting) >= MOST_WISHES:
            text = f"camera {self._camera}: {MOST_WISHES} wait for its next picture; try again later"
            raise CommandRejected(RejectCode.BUSY, text)
        self._waiting.append(wish)

    def take(self) -> list[Wish]:
        """All of them, to be shown the picture that is there; nobody waits any more."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def move_to(self, heir: Wishes) -> None:
        """They wait at another desk of this camera from now on."""
        heir._waiting += self.take()
