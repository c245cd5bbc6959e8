"""Reading a camera in gulps instead of sip by sip.

A stream of 4 Mbit/s arrives as several hundred network packets a second, and a thread that waits for each is woken as
often, only to find out that the keyframe is not complete yet. With dozens of cameras these threads spend more of the
processor on waking than on reading, and keep Python's lock from the workers. One that rests a moment once it has read
all there was finds the rest waiting in the kernel's buffer (docs/performance.md).
"""

from __future__ import annotations

from threading import Event as StopEvent

REST_S = 0.2
"""At 8 Mbit/s 200 kB, which the kernel's buffer holds; as late as this a picture may be looked at."""
FRESH_S = 0.1
"""A packet that arrived at most so late, against the promptest ones, was not waiting behind others."""
DRIFT = 0.001
"""A camera's clock may run slower than ours by so much before its packets look late for no reason."""
JUMP_S = 5.0
"""Later than this is no backlog: the stream's clock was set."""


class ReadingPace:
    """Tells when to rest, from how late packets are. One connection.

    Lateness is a packet's arrival less its time in the stream, against the smallest such difference so far: what was
    sent in time but read late. While a backlog stands, nobody rests. A stream without times is read as it comes.
    """

    def __init__(self, *, rest_s: float = REST_S) -> None:
        self._rest_s = rest_s
        self._ahead_s: float | None = None
        self._seen_s = 0.0

    def read(self, pts_s: float | None, at_s: float, stop: StopEvent) -> None:
        """Take note of a packet, and rest if there is time to. Ends at once when `stop` is set.

        Args:
            pts_s: the packet's time in the stream. at_s: when it was read, by the monotonic clock.
        """
        if pts_s is not None and self._late_s(pts_s, at_s) <= FRESH_S:
            stop.wait(self._rest_s)

    def _late_s(self, pts_s: float, at_s: float) -> float:
        offset_s = at_s - pts_s
        if self._ahead_s is None or offset_s - self._ahead_s > JUMP_S:
            self._ahead_s = offset_s
        else:
            self._ahead_s = min(offset_s, self._ahead_s + DRIFT * (at_s - self._seen_s))
        self._seen_s = at_s
        return offset_s - self._ahead_s
