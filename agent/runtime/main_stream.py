"""Fetches single pictures of a camera's main stream, without ever keeping the watch waiting for long.

The fetching is done by a thread of its own. Whoever asks waits for it `WAIT_S` at most, and not at all while an
earlier one is still under way or after failures: a dead camera costs one short wait every few minutes.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from threading import Event, Thread

from agent.core.errors import CameraRefused, CityEyeError, PermanentError
from agent.core.types import Image
from agent.ports import Clock, Still, StillSource
from agent.runtime.logins import LoginBudget

log = logging.getLogger(__name__)

WAIT_S = 1.5
"""A camera answers a snapshot in 0.1 to 0.5 s, and begins a stream with a keyframe."""
PAUSE_S = 300.0
"""After a failure, until the same way is tried again."""
LONG_PAUSE_S = 24 * 3600.0
"""After a failure that only a person can mend. A refused login is not repeated: the watching needs it too."""
HANGS_S = 600.0
"""Far beyond the time-outs of all ways together."""
MOST_HUNG = 2
"""Threads that hang and are left to themselves, for one camera."""


class MainStream:
    """Implements `ports.MainStream` for one camera, by the first of several ways that works."""

    def __init__(
        self,
        camera: str,
        ways: Sequence[StillSource],
        *,
        logins: LoginBudget,
        clock: Clock,
        wait_s: float = WAIT_S,
    ) -> None:
        """`logins`: the device's budget, which should leave a try to the watching."""
        self._camera = camera
        self._ways = tuple(ways)
        self._logins = logins
        self._clock = clock
        self._wait_s = wait_s
        self._rests_until_s = [0.0] * len(self._ways)
        self._said: dict[int, str] = {}
        self._worker: Thread | None = None
        self._since_s = 0.0
        self._hung = 0

    def picture(self) -> Still | None:
        """See `ports.MainStream.picture`."""
        now_s = self._clock.now().mono_s
        ready = [number for number, until_s in enumerate(self._rests_until_s) if now_s >= until_s]
        if not ready or self._is_busy(now_s):
            return None
        done, fetched = Event(), list[Still]()
        self._since_s = now_s
        self._worker = Thread(target=self._fetch, args=(ready, fetched, done), name="still", daemon=True)
        self._worker.start()
        if not done.wait(self._wait_s):
            log.info("camera %s: no picture of the main stream within %g s", self._camera, self._wait_s)
            self._rest(ready, PAUSE_S)
            return None
        return fetched[0] if fetched else None

    def _is_busy(self, now_s: float) -> bool:
        """Whether an earlier fetch is still under way; one that hangs makes room for another, now and then."""
        if self._worker is None or not self._worker.is_alive():
            return False
        if now_s - self._since_s < HANGS_S or self._hung >= MOST_HUNG:
            return True
        self._hung += 1
        log.error("camera %s: fetching a picture hangs; its thread is left to itself (%d)", self._camera, self._hung)
        return False

    def _fetch(self, numbers: Sequence[int], fetched: list[Still], done: Event) -> None:
        try:
            for number in numbers:
                image = self._tried(number)
                if image is not None:
                    fetched.append(Still(image=image, at=self._clock.now().utc))
                    break
        finally:
            done.set()

    def _tried(self, number: int) -> Image | None:
        """A picture by one way, or None; afterwards the way rests for as long as it should."""
        try:
            if not self._logins.enter():  # another client is trying the login: the next picture may come from here
                return None
        except CameraRefused:  # by the watching, which tells of it, or by another way
            self._rest([number], PAUSE_S)
            return None
        try:
            image = self._ways[number].picture()
        except CityEyeError as error:
            if isinstance(error, CameraRefused) and error.attempted:
                self._logins.refused(str(error))
            self._rest([number], LONG_PAUSE_S if isinstance(error, PermanentError) else PAUSE_S)
            if str(error) != self._said.get(number):
                log.warning("no picture of the main stream: %s", error)
            self._said[number] = str(error)
            return None
        finally:
            self._logins.leave()
        self._logins.accepted()
        self._said.pop(number, None)
        return image

    def _rest(self, numbers: Sequence[int], seconds: float) -> None:
        until_s = self._clock.now().mono_s + seconds
        for number in numbers:
            self._rests_until_s[number] = max(self._rests_until_s[number], until_s)
