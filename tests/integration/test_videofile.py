from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import Any

import av
import numpy as np
import pytest

from agent.adapters.videofile import VideoFileSource
from agent.core.errors import UnsupportedStream
from agent.core.types import Image
from agent.ports import Sample
from tests.cameras import encode
from tests.fakes import START
from tests.shared_data import shared


def source(path: Path, **settings: Any) -> VideoFileSource:
    return VideoFileSource(camera="gate", path=path, start_utc=START, **settings)


def street() -> Path:
    return shared("video", "cdnet_fall_1600f.mp4")


def times_s(samples: Iterable[Sample]) -> list[float]:
    return [sample.stamp.mono_s for sample in samples]


def pictures_at(path: Path, wanted_s: list[float]) -> list[Image]:
    """The pictures at these times, as PyAV decodes the whole file."""
    images: dict[float, Image] = {}
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            if frame.time is not None and round(frame.time, 3) in wanted_s:
                images[round(frame.time, 3)] = frame.to_ndarray(format="bgr24").astype(np.uint8)
            if len(images) == len(wanted_s):
                break
    return [images[at_s] for at_s in wanted_s]


def test_keyframes_are_enough_when_they_come_often_enough() -> None:
    it = source(street())
    samples = list(it.samples())
    assert times_s(samples) == [2.0 * number for number in range(27)]
    assert [sample.stamp.utc for sample in samples[:2]] == [START, START + timedelta(seconds=2)]
    assert [sample.seq for sample in samples] == list(range(27))
    assert it.keyframe_interval_s == 2.0
    assert it.duration_s == pytest.approx(53.3, abs=0.1)
    for sample, image in zip(samples[:4], pictures_at(street(), times_s(samples)[:4]), strict=True):
        frame = sample.decode()
        assert frame is not None
        assert frame.size_px == (720, 480)
        assert np.array_equal(frame.image, image)


def test_the_same_file_gives_the_same_samples_each_time() -> None:
    it = source(shared("video", "bgs_highway_320x240.avi"), sample_every_s=0.5)
    first, second = ([(s.seq, s.stamp) for s in it.samples()] for _ in range(2))
    assert first == second


def test_auto_decodes_everything_when_asked_for_more_than_keyframes() -> None:
    samples = list(source(street(), sample_every_s=0.5).samples())
    assert times_s(samples) == pytest.approx([0.5 * number for number in range(107)], abs=0.02)
    frame = samples[21].decode()
    assert frame is not None
    assert np.array_equal(frame.image, pictures_at(street(), [10.5])[0])


@pytest.mark.parametrize(("name", "length_s"), [("aboda_video4.avi", 39.0), ("bgs_highway_320x240.avi", 30.0)])
def test_files_with_few_keyframes_are_sampled_at_the_interval(name: str, length_s: float) -> None:
    it = source(shared("video", name), sample_every_s=2.0)
    samples = list(it.samples())
    assert it.duration_s == pytest.approx(length_s, abs=0.1)
    steps_s = {round(b - a, 1) for a, b in pairwise(times_s(samples))}
    assert (steps_s, len(samples)) == ({2.0}, length_s // 2 + length_s % 2)
    assert times_s(samples)[0] == pytest.approx(0.0, abs=0.05)
    assert all(sample.decode() is not None for sample in samples)


def test_keyframes_are_thinned_too() -> None:
    assert times_s(list(source(street(), sample_every_s=6.0).samples())) == [6.0 * number for number in range(9)]


def test_keyframes_only_is_obeyed() -> None:
    assert len(list(source(street(), decode="keyframes", sample_every_s=0.5).samples())) == 27


def test_packed_b_frames_lose_no_picture_and_never_go_back_in_time() -> None:
    video = shared("video", "bgs_highway_320x240.avi")
    with av.open(str(video)) as container:
        pictures = sum(1 for _ in container.decode(video=0))
    seen_s = times_s(source(video, decode="all", sample_every_s=0.0).samples())
    assert len(seen_s) == pictures
    assert seen_s == sorted(seen_s)


def test_b_frames_do_not_disturb_the_order_and_the_last_pictures_are_not_lost(tmp_path: Path) -> None:
    options = ("-t", "3", "-c:v", "libx264", "-preset", "fast", "-bf", "3")
    video = encode(street(), tmp_path / "b.mp4", *options)
    seen_s = times_s(source(video, decode="all", sample_every_s=0.0).samples())
    assert seen_s == pytest.approx([number / 30 for number in range(90)], abs=0.001)


def test_a_file_that_does_not_begin_at_zero_is_counted_from_its_beginning(tmp_path: Path) -> None:
    video = encode(street(), tmp_path / "late.ts", "-t", "4", "-c:v", "copy", "-output_ts_offset", "5000")
    seen_s = times_s(list(source(video).samples()))
    assert seen_s[0] == pytest.approx(0.0, abs=0.05)


def test_stop_ends_the_reading() -> None:
    stop = Event()
    samples = source(street()).samples(stop)
    next(samples)
    stop.set()
    assert list(samples) == []


def test_samples_are_whole_after_the_file_is_closed() -> None:
    samples = source(street()).samples()
    sample = next(samples)
    samples.close()
    assert sample.decode() is not None


@pytest.mark.parametrize("kind", ["missing", "folder", "text", "cut", "empty", "audio"])
def test_what_is_no_video_is_named(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    if kind == "folder":
        path.mkdir()
    elif kind == "text":
        path.write_text("hello " * 1000)
    elif kind == "cut":  # the index is at the end of this file: without it nothing can be read
        whole = encode(street(), tmp_path / "whole.mp4", "-t", "2", "-c:v", "copy")
        path.write_bytes(whole.read_bytes()[:20000])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "audio":
        with av.open(str(path), "w") as container:
            stream = container.add_stream("aac", rate=8000)
            container.mux(stream.encode(None))
    with pytest.raises(UnsupportedStream, match=r"camera .+ \(.+clip\.mp4\): expected a video file, found .+; .+"):
        list(source(path).samples())
    with pytest.raises(UnsupportedStream):
        _ = source(path).duration_s
