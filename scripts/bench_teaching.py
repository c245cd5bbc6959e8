"""What teaching a zone in the browser costs those who watch: how late they are while a lesson is learnt, and memory.

    python -m scripts.bench_teaching --model models/street-nano.onnx

A detector is asked again and again in one thread, as a worker does, and another thread wakes every 20 ms; meanwhile
lessons of 100 clean and 100 full pictures are learnt as the console has them learnt, or nothing happens. Give the model
one thread per run, as the agent does.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import numpy as np

from agent.adapters.clock import SystemClock
from agent.adapters.onnx import OnnxDetector
from agent.adapters.onnx.features import RECIPE, FeatureExtractor
from agent.adapters.sqlite import Database, SqliteHeads
from agent.adapters.zone_album import ZoneAlbum, ZonePicture
from agent.adapters.zone_pictures import Wanted
from agent.app.console.teaching import Teaching
from agent.config import Config, load
from agent.core.zone_state import Origin, outline_hash
from agent.ports import Heads

SQUARE = ((0.1, 0.1), (0.5, 0.1), (0.5, 0.5), (0.1, 0.5))
TICK_S = 0.02
PLACE = ("gate", "bins")


@dataclass
class Felt:
    """What the watching threads felt, in ms."""

    late: list[float] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)

    def told(self) -> str:
        """In one line."""
        late, asked = np.array(self.late), np.array(self.asked)
        return (
            f"late: mean {late.mean():.2f}, 99 % {np.percentile(late, 99):.1f}, worst {late.max():.1f} ms; "
            f"detector: mean {asked.mean():.1f}, 99 % {np.percentile(asked, 99):.1f}, worst {asked.max():.1f} ms"
        )


def configured(folder: Path) -> Config:
    """One bin zone."""
    zone = {"id": PLACE[1], "polygon": SQUARE, "rules": {"garbage_overflow": {"place": "bin"}}}
    camera = {"id": PLACE[0], "url": "rtsp://192.0.2.1/live", "zones": [zone]}
    path = folder / "box.yaml"
    path.write_text(json.dumps({"mqtt": {"host": "localhost"}, "cameras": [camera]}))
    return load(path)


def school(folder: Path, size: int, sha256: str, heads: Heads) -> Teaching:
    """A zone with 100 clean, 100 full and 400 other pictures."""
    config, album, clock, dice = (
        configured(folder),
        ZoneAlbum(folder / "album"),
        SystemClock(),
        np.random.default_rng(3),
    )
    origin = Origin(
        model_sha256=sha256,
        recipe=RECIPE,
        outline=outline_hash(config.cameras[0].zones[0].polygon),
        picture_px=(1920, 1080),
    )
    marks, now = {}, clock.now().utc
    for count in range(600):
        full = count % 2 == 1
        features = (dice.normal(0.0, 1.0, size) + (0.3 if full else 0.0) * (np.arange(size) % 7 == 0)).astype(
            np.float32
        )
        number = round((now - timedelta(minutes=2 * (600 - count))).timestamp() * 1000)
        album.keep(PLACE, ZonePicture(number=number, why="time", origin=origin, features=features), b"jpeg")
        if count >= 400:
            marks[number] = "full" if full else "clean"
    teaching = Teaching(
        config=lambda: config, album=album, wanted=Wanted(), heads=heads, model_sha256=sha256, clock=clock
    )
    teaching.mark(*PLACE, marks)  # type: ignore[arg-type]
    return teaching


def watch(detector: OnnxDetector, do: Callable[[], object], times: int) -> tuple[Felt, float, float]:
    """Do something so many times while others watch: what they felt, and the seconds and CPU seconds of one time."""
    felt, stop = Felt(), Event()
    picture = np.random.default_rng(1).integers(0, 255, (576, 704, 3), np.uint8)

    def tick() -> None:
        while not stop.is_set():
            due_s = time.perf_counter() + TICK_S
            stop.wait(TICK_S)
            felt.late.append((time.perf_counter() - due_s) * 1e3)

    def ask() -> None:
        while not stop.is_set():
            began_s = time.perf_counter()
            detector.detect([picture])
            felt.asked.append((time.perf_counter() - began_s) * 1e3)

    threads = [Thread(target=tick), Thread(target=ask)]
    for thread in threads:
        thread.start()
    began_s, spent_s = time.perf_counter(), 0.0
    for _ in range(times):
        before_s = time.thread_time()
        do()
        spent_s += time.thread_time() - before_s
    lasted_s = time.perf_counter() - began_s
    stop.set()
    for thread in threads:
        thread.join()
    return felt, lasted_s / times, spent_s / times


def resident_mb() -> float:
    """Memory of this process that is in use."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * 4096 / 1e6


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--lessons", type=int, default=10)
    args = parser.parse_args()
    detector = OnnxDetector.load(args.model, threads=1)
    picture = np.zeros((1080, 1920, 3), np.uint8)
    detector.detect([picture])
    before_mb = resident_mb()
    extractor = FeatureExtractor.load(args.model, threads=1)
    loaded_mb = resident_mb()
    size = len(extractor.features(picture, SQUARE))
    print(f"{args.model.name}: {size} features; extractor: {loaded_mb - before_mb:.0f} MB loaded", end=", ")
    print(f"{resident_mb() - before_mb:.0f} MB once it has read a zone of {picture.shape[1]}x{picture.shape[0]}")
    with ExitStack() as files:
        folder = files.enter_context(tempfile.TemporaryDirectory())
        database = files.enter_context(Database(Path(folder) / "cityeye.db", reserve_bytes=0).open())
        teaching = school(Path(folder), size, detector.info.sha256, SqliteHeads(database))
        teaching.pictures(*PLACE, before=None, limit=1)  # as the page has read them
        for name, do in (
            ("nothing", lambda: time.sleep(1.0)),
            ("a lesson", lambda: teaching.train(*PLACE)),
        ):
            felt, lasted_s, spent_s = watch(detector, do, args.lessons)
            print(f"{name}: {lasted_s:.2f} s, {spent_s:.2f} s of CPU in its thread; {felt.told()}")


if __name__ == "__main__":
    main()
