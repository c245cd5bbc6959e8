"""When the thread that reads a camera may rest."""

from __future__ import annotations

from threading import Event as StopEvent

from agent.adapters.reading_pace import FRESH_S, REST_S, ReadingPace

FRAME_S = 0.04


class Rests(StopEvent):
    """An event nobody sets, which tells how long was waited for it instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.s: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.s.append(timeout or 0.0)
        return False


class Camera:
    """25 packets a second, read by somebody who rests; `late_s` is how long each stays on the way besides."""

    def __init__(self, *, clock_rate: float = 1.0) -> None:
        self.now_s = 1000.0
        self.sent = 0
        self._rate = clock_rate
        self._started_s = self.now_s
        self._back_s = 0.0
        self.pace = ReadingPace()
        self.rests = Rests()

    def set_back(self, by_s: float) -> None:
        """Somebody sets the clock from which the packets have their times."""
        self._back_s += by_s

    def read(self, *, late_s: float = 0.0, times: bool = True) -> bool:
        """Read the next packet as soon as it is there; tells whether a rest followed."""
        self.now_s = max(self.now_s, self._started_s + self.sent * FRAME_S + late_s)
        pts_s = self.sent * FRAME_S * self._rate - self._back_s
        self.sent += 1
        before = len(self.rests.s)
        self.pace.read(pts_s if times else None, self.now_s, self.rests)
        rested = len(self.rests.s) > before
        if rested:
            self.now_s += self.rests.s[-1]
        return rested


def test_a_reader_rests_once_it_has_read_all_there_is_and_reads_all() -> None:
    camera = Camera()
    rests = sum(camera.read() for _ in range(250))
    assert set(camera.rests.s) == {REST_S}
    assert 30 <= rests <= 100, "of 250 packets in ten seconds"
    assert camera.now_s - 1000.0 - camera.sent * FRAME_S <= REST_S + FRAME_S, "and never falls behind by more"


def test_while_packets_wait_nobody_rests() -> None:
    camera = Camera()
    for _ in range(25):
        camera.read()
    camera.now_s += 3.0  # the processor was busy elsewhere
    behind = 0
    while not camera.read():
        behind += 1
    assert behind >= (3.0 - FRESH_S) / FRAME_S - 10
    assert camera.now_s - 1000.0 - camera.sent * FRAME_S <= FRESH_S + REST_S


def test_a_stream_without_times_is_read_as_it_comes() -> None:
    camera = Camera()
    assert not any(camera.read(times=False) for _ in range(100))


def test_a_camera_whose_clock_is_slow_is_not_behind() -> None:
    camera = Camera(clock_rate=1 - 0.0005)  # 1.8 s an hour
    for _ in range(25 * 3600):
        camera.read()
    assert sum(camera.read() for _ in range(250)) >= 30


def test_a_clock_set_back_at_the_camera_is_no_backlog() -> None:
    camera = Camera()
    for _ in range(25):
        camera.read()
    camera.set_back(3600.0)
    assert sum(camera.read() for _ in range(250)) >= 30


def test_a_stop_ends_a_rest() -> None:
    stop = StopEvent()
    stop.set()
    ReadingPace(rest_s=3600.0).read(0.0, 1000.0, stop)
