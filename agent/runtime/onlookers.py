"""Who looks over the desks' shoulders: the newest look of each camera, kept only while somebody wants to see it.

Nobody watches most of the time, and then a look costs one comparison and nothing is kept of it. A person who watches
gets the newest; what came between two glances is dropped, since a picture of then is of no use to anybody.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition

from agent.core.presence import Presence
from agent.core.types import Frame, Observation
from agent.ports import Clock

MOST_LISTENERS = 8
"""Who may be told of every look: each is a page that is open somewhere."""
LEASE_S = 15.0
"""How long a camera's looks are kept for somebody who asked for one picture: they ask again, or they went."""


class TooManyListeners(Exception):
    """`MOST_LISTENERS` are there already."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Glimpse:
    """One look at one camera, by reference. `presences`: what stands in its zones, and its incidents."""

    frame: Frame
    seen: Observation
    presences: tuple[Presence, ...]


class Listener:
    """One who is told. `changed` are the cameras about which there is news since `take` was called."""

    def __init__(self, onlookers: Onlookers, wake: Callable[[], None]) -> None:
        self._onlookers = onlookers
        self._changed: set[str] = set()
        self.wake = wake

    def note(self, camera: str) -> None:
        """There is news. At most one entry for each camera waits, however slow whoever takes it is."""
        self._changed.add(camera)

    def take(self) -> list[str]:
        """Cameras with news, each once, by name."""
        changed, self._changed = self._changed, set()
        return sorted(changed)

    def close(self) -> None:
        """Nobody listens here any more; may be called again."""
        self._onlookers.leave(self)


class Onlookers:
    """Shared by all desks, which call `show` and `changed`, and by whoever watches. Safe from any thread."""

    def __init__(self, clock: Clock) -> None:
        """Nobody watches yet."""
        self._clock = clock
        self._listeners: tuple[Listener, ...] = ()
        self._until_s: float | None = None
        self._glimpses: dict[str, Glimpse] = {}
        self._news = Condition()

    @property
    def watching(self) -> bool:
        """Whether anybody wants to see the next look."""
        if self._listeners:
            return True
        if self._until_s is None:
            return False
        if self._clock.now().mono_s < self._until_s:
            return True
        self._nobody()
        return False

    def listen(self, wake: Callable[[], None]) -> Listener:
        """Be told of every look and gap. Raises TooManyListeners.

        Args:
            wake: called by a thread that looks, at each piece of news; must return at once and not raise.
        """
        with self._news:
            if len(self._listeners) >= MOST_LISTENERS:
                raise TooManyListeners
            listener = Listener(self, wake)
            self._listeners = (*self._listeners, listener)
            return listener

    def leave(self, listener: Listener) -> None:
        """Nobody listens there any more."""
        with self._news:
            self._listeners = tuple(other for other in self._listeners if other is not listener)
            if not self._listeners and self._until_s is None:
                self._until_s = self._clock.now().mono_s + LEASE_S

    def show(self, glimpse: Glimpse) -> None:
        """Here is a look; to be called while `watching` only."""
        with self._news:
            self._glimpses[glimpse.frame.camera] = glimpse
            self._news.notify_all()
        self.changed(glimpse.frame.camera)

    def changed(self, camera: str) -> None:
        """Something else than its picture is different now."""
        for listener in self._listeners:
            listener.note(camera)
            with suppress(RuntimeError):  # its event loop is closed: it is about to leave
                listener.wake()

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

    def _nobody(self) -> None:
        with self._news:
            if not self._listeners:
                self._until_s = None
                self._glimpses.clear()
