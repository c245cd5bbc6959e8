"""Who looks over the desks' shoulders: the newest look of each camera, kept only while somebody wants to see it.

Nobody watches most of the time, and then a look costs one comparison and nothing is kept of it. A person who watches
gets the newest; what came between two glances is dropped, since a picture of then is of no use to anybody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition

from agent.core.presence import Presence
from agent.core.types import Frame, Observation
from agent.ports import Clock

LEASE_S = 15.0
"""How long looks are kept for somebody who asked for one picture: they ask again, or they went."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Glimpse:
    """One look at one camera, by reference. `presences`: what stands in its zones, and its incidents."""

    frame: Frame
    seen: Observation
    presences: tuple[Presence, ...]


class Onlookers:
    """Shared by all desks, which call `show` and `changed`, and by whoever watches. Safe from any thread."""

    def __init__(self, clock: Clock) -> None:
        """Nobody watches yet."""
        self._clock = clock
        self._crowd: Callable[[], bool] = lambda: False
        self._told: Callable[[str], None] = lambda _: None
        self._until_s: float | None = None
        self._glimpses: dict[str, Glimpse] = {}
        self._news = Condition()

    def attend(self, crowd: Callable[[], bool], told: Callable[[str], None]) -> None:
        """From now on there may be a crowd.

        Args:
            crowd: whether anybody is there; asked at every look.
            told: called at every look and gap while somebody is, with the camera; by a thread that watches, so it must
                neither wait nor raise.
        """
        self._crowd, self._told = crowd, told

    @property
    def watching(self) -> bool:
        """Whether anybody wants to see the next look."""
        if self._crowd():
            return True
        if self._until_s is not None and self._clock.now().mono_s < self._until_s:
            return True
        if self._glimpses or self._until_s is not None:
            with self._news:
                self._until_s = None
                self._glimpses.clear()
        return False

    def show(self, glimpse: Glimpse) -> None:
        """Here is a look; to be called while `watching` only."""
        camera = glimpse.frame.camera
        with self._news:
            self._glimpses[camera] = glimpse
            self._news.notify_all()
        self.changed(camera)

    def changed(self, camera: str) -> None:
        """Something about a camera is different now."""
        if self._crowd():
            self._told(camera)

    def newest(self, camera: str) -> Glimpse | None:
        """The newest look that was kept, without waiting."""
        return self._glimpses.get(camera)

    def wait(self, camera: str, timeout_s: float) -> Glimpse | None:
        """The newest look; where none is kept, the next one, or None when it does not come in time.

        Looks are kept for a while from now on, so that whoever asks again need not wait.
        """
        with self._news:
            self._until_s = self._clock.now().mono_s + LEASE_S
            self._news.wait_for(lambda: camera in self._glimpses, timeout_s)
            return self._glimpses.get(camera)
