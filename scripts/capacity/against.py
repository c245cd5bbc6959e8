"""CPU of one camera: the agent, the bare cost, and what others do with the same stream; in interleaved rounds."""

from __future__ import annotations

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from scripts.capacity.process import cpu_time
from scripts.capacity.report import table
from scripts.capacity.servers import serving
from scripts.capacity.site import ROOT, Task
from scripts.capacity.streams import FPS, Streams
from scripts.capacity.trial import Pace, measure

READY_S: Final = 120.0
OTHERS_WARM_S: Final = 8.0
FFMPEG_SIZE_PX: Final = (1280, 720)
FFMPEG_PICTURE_BYTES: Final = FFMPEG_SIZE_PX[0] * FFMPEG_SIZE_PX[1] * 3 // 2
CONTENDER: Final = Path(__file__).with_name("ultralytics_contender.py")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """CPU milliseconds for one camera and second, and pictures that were really analysed (or decoded) in a second."""

    cpu_ms: float
    pictures_per_s: float


@dataclass(frozen=True, kw_only=True)
class Contender:
    """`title` says what it does; `read` measures it once."""

    name: str
    title: str
    read: Callable[[], Reading]


@dataclass(frozen=True, kw_only=True)
class Rounds:
    """What the rounds gave for one contender."""

    name: str
    title: str
    readings: tuple[Reading, ...]

    @property
    def cpu_ms(self) -> float:
        """Median."""
        return statistics.median(reading.cpu_ms for reading in self.readings)

    @property
    def pictures_per_s(self) -> float:
        """Median."""
        return statistics.median(reading.pictures_per_s for reading in self.readings)


def interleaved(contenders: Sequence[Contender], rounds: int, tell: Callable[[str], None]) -> Iterator[list[Rounds]]:
    """One after the other, again and again, so that what else the machine does falls on all of them.

    Yields all readings so far after each round. `tell` gets a line for each reading.
    """
    readings: dict[str, list[Reading]] = {contender.name: [] for contender in contenders}
    for number in range(rounds):
        for contender in contenders:
            reading = contender.read()
            readings[contender.name].append(reading)
            tell(
                f"round {number + 1}: {contender.name}: {reading.cpu_ms:.1f} CPU ms per camera-second, "
                f"{reading.pictures_per_s:.2f} pictures a second"
            )
        yield [Rounds(name=c.name, title=c.title, readings=tuple(readings[c.name])) for c in contenders]


def ours(streams: Streams, cameras: int, task: Task, pace: Pace) -> Contender:
    """The agent as its users run it."""

    def read() -> Reading:
        trial = measure(streams, cameras, task, pace)
        looks = sum(camera.looks for camera in trial.watched)
        return Reading(cpu_ms=trial.ms_per_camera_second, pictures_per_s=looks / trial.window_s / cameras)

    watching = "1 camera" if cameras == 1 else f"{cameras} cameras"
    title = f"the agent, {watching}: keyframes, model, tracking, rules, pictures, store, MQTT"
    return Contender(name=f"agent-{cameras}", title=title, read=read)


def others(streams: Streams, model: Path, *, keyframes_s: float, window_s: float) -> list[Contender]:
    """Those that need nothing but what is installed here. `keyframes_s`: window of the one that lives on keyframes."""
    python = [sys.executable, "-m", "scripts.capacity.contender"]
    width, height = FFMPEG_SIZE_PX
    rate = FPS // 5
    picture = ["-r", str(rate), "-vf", f"fps={rate},scale={width}:{height}", "-f", "rawvideo", "-pix_fmt", "yuv420p"]

    def ffmpeg(url: str) -> list[str]:
        return ["ffmpeg", "-v", "error", "-nostdin", "-rtsp_transport", "tcp", "-i", url, *picture, "pipe:"]

    model_name = model.name
    return [
        Contender(
            name="bare",
            title=f"bare cost: demux, decode keyframes, letterbox, one inference ({model_name}) for each",
            read=lambda: process(streams, lambda url: [*python, "keyframes", url, str(model)], keyframes_s),
        ),
        Contender(
            name="opencv",
            title=f"cv2.VideoCapture, every frame; inference ({model_name}) on every fifth",
            read=lambda: process(streams, lambda url: [*python, "every-frame", url, str(model)], window_s),
        ),
        Contender(
            name="ffmpeg",
            title=f"ffmpeg as Frigate calls it: to {width}×{height}, 5 a second; no inference at all",
            read=lambda: process(streams, ffmpeg, window_s, picture_bytes=FFMPEG_PICTURE_BYTES),
        ),
    ]


def ultralytics(streams: Streams, python: Path, model: Path, window_s: float) -> Contender:
    """`YOLO.track` in an interpreter that has it. `model` is made there when it is missing."""
    if not model.exists():
        model.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([str(python), str(CONTENDER), "export", str(model)], check=True, stdout=subprocess.DEVNULL)
    return Contender(
        name="ultralytics",
        title=f"ultralytics YOLO.track, vid_stride 5 ({model.name}, input 640, onnxruntime)",
        read=lambda: process(streams, lambda url: [str(python), str(CONTENDER), "track", str(model), url], window_s),
    )


def process(
    streams: Streams, command: Callable[[str], list[str]], window_s: float, picture_bytes: int | None = None
) -> Reading:
    """Run one process on one camera and read its CPU time over a window that begins seconds after its first picture.

    Args:
        picture_bytes: it writes pictures of this size instead of lines.

    Raises:
        RuntimeError: it gave no picture.
    """
    with serving(streams) as cameras, _started(command(cameras.url(0))) as child:
        assert child.stdout is not None
        counter = _Counter(child.stdout, picture_bytes)
        counter.start()
        try:
            if not counter.first.wait(READY_S):
                raise RuntimeError(f"{child.args!r} gave no picture within {READY_S:.0f} s; see its output above")
            time.sleep(OTHERS_WARM_S)
            before, pictures = cpu_time(child.pid), counter.pictures
            time.sleep(window_s)
            after, more = cpu_time(child.pid), counter.pictures
        finally:
            child.kill()
            counter.join()
    passed_s = after.at_s - before.at_s
    return Reading(cpu_ms=after.cores_since(before) * 1000, pictures_per_s=(more - pictures) / passed_s)


def _started(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)


class _Counter(threading.Thread):
    """Reads all that a process writes, and counts lines or pictures."""

    def __init__(self, source: IO[bytes], picture_bytes: int | None) -> None:
        super().__init__(daemon=True)
        self.first = threading.Event()
        self.pictures = 0
        self._source = source
        self._picture_bytes = picture_bytes

    def run(self) -> None:
        while unit := self._source.read(self._picture_bytes) if self._picture_bytes else self._source.readline():
            if self._picture_bytes or unit.strip().isdigit():  # not what a library prints
                self.pictures += 1
                self.first.set()


HEAD: Final = ("what", "pictures a second", "CPU ms per camera-second: median (least – most)")


def page(found: Sequence[Rounds], *, machine: str, how: str, remarks: Sequence[str]) -> list[str]:
    """The report: medians, and ratios of medians against the agent and against the bare cost."""
    bases = [one for one in found if one.name.startswith(("agent-", "bare"))]
    rows = [
        [
            f"`{one.name}`: {one.title}",
            f"{one.pictures_per_s:.2f}",
            f"{one.cpu_ms:.1f} ({min(r.cpu_ms for r in one.readings):.1f} – {max(r.cpu_ms for r in one.readings):.1f})",
            *(f"{one.cpu_ms / base.cpu_ms:.2f}" for base in bases),
        ]
        for one in found
    ]
    lines = ["# CPU of one camera, against others", "", f"Machine: {machine}.", f"Run: {how}.", ""]
    head = [*HEAD, *(f"× {base.name}" for base in bases)]
    return [*lines, *table(head, rows), "", *(f"- {remark}" for remark in remarks), ""]
