"""Between capture threads and watch workers: per camera the newest sample, and every gap."""

from __future__ import annotations

from collections import Counter
from threading import Condition, Lock

from agent.core.types import Gap
from agent.ports import Sample

Item = Sample | Gap


class Mailroom:
    """A slot per camera. Posting never blocks; a worker takes all that waits for one camera.

    A sample that nobody took makes room for a newer one and is counted. A gap stays, in its place before or after the
    sample; two gaps with nothing between them are one, with the later one's time and reason, as a `Gap` covers all the
    time since the last observation. So at most gap, sample, gap wait for a camera, whatever happens.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._waiting: dict[str, list[Item]] = {}
        """Cameras in the order in which their oldest item was posted; none of the lists is empty."""
        self._taken: set[str] = set()
        self._held: set[str] = set()
        self._drops: Counter[str] = Counter()
        self._closed = False

    def post_sample(self, sample: Sample) -> None:
        """Leave the newest sample of a camera; one that still waits is dropped and counted."""
        with self._changed:
            if self._closed:
                return
            # Enters the queue before the old sample is dropped, so that a replaced one keeps the camera's turn.
            items = self._waiting.setdefault(sample.camera, [])
            kept = [item for item in items if isinstance(item, Gap)]
            self._drops[sample.camera] += len(items) - len(kept)
            items[:] = [*kept[-1:], sample]
            self._changed.notify()

    def post_gap(self, gap: Gap) -> None:
        """Leave a gap behind what waits already."""
        with self._changed:
            if self._closed:
                return
            items = self._waiting.setdefault(gap.camera, [])
            if items and isinstance(items[-1], Gap):
                items.pop()
            items.append(gap)
            self._changed.notify()

    def take(self, timeout_s: float) -> tuple[str, list[Item]] | None:
        """All that waits for the camera that has waited longest, oldest first.

        The camera is given to nobody else until `done`, for its scene has to see things in order.
        None when nothing came within the time, or when the mailroom is closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._next() is not None, timeout_s)
            camera = None if self._closed else self._next()
            if camera is None:
                return None
            self._taken.add(camera)
            return camera, self._waiting.pop(camera)

    def done(self, camera: str) -> None:
        """The worker is through with what it took; whatever came meanwhile may be taken now."""
        with self._changed:
            if camera not in self._taken:
                raise ValueError(f"{camera}: done without take")
            self._taken.remove(camera)
            self._changed.notify_all()  # a worker may wait for it, and whoever holds it

    def hold(self, camera: str, timeout_s: float) -> None:
        """Give the camera to no worker until `release`, and wait until none has it. What comes meanwhile waits.

        Raises: TimeoutError when a worker does not let go of it; then nothing is held.
        """
        with self._changed:
            self._held.add(camera)
            if not self._changed.wait_for(lambda: camera not in self._taken, timeout_s):
                self._release(camera)
                raise TimeoutError(f"{camera}: a worker still looks at it")

    def release(self, camera: str) -> None:
        """Workers may take the camera again."""
        with self._changed:
            self._release(camera)

    def clear(self, camera: str) -> None:
        """Give up what waits for a camera. Shut the slots of those who post for it first."""
        with self._changed:
            self._waiting.pop(camera, None)

    def drops(self, camera: str) -> int:
        """How many samples of this camera were replaced before anybody took them."""
        with self._changed:
            return self._drops[camera]

    def close(self) -> None:
        """Wake all takers with None, now and from now on; what waits is given up. Idempotent."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()

    def _next(self) -> str | None:
        unfree = self._taken | self._held
        return next((camera for camera in self._waiting if camera not in unfree), None)

    def _release(self, camera: str) -> None:
        self._held.discard(camera)
        self._changed.notify_all()


class Slot:
    """One capture's way into the mailroom; once shut, what a late thread still posts is ignored."""

    def __init__(self, mailroom: Mailroom) -> None:
        self._mailroom: Mailroom | None = mailroom
        self._lock = Lock()

    def post_sample(self, sample: Sample) -> None:
        """See `Mailroom.post_sample`."""
        with self._lock:
            if self._mailroom is not None:
                self._mailroom.post_sample(sample)

    def post_gap(self, gap: Gap) -> None:
        """See `Mailroom.post_gap`."""
        with self._lock:
            if self._mailroom is not None:
                self._mailroom.post_gap(gap)

    def shut(self) -> None:
        """Ignore whatever comes from now on."""
        with self._lock:
            self._mailroom = None
