from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import Any

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from agent.adapters.clock import SystemClock
from agent.adapters.decoding import KeyframeSample, PictureSample
from agent.adapters.rtsp import RtspSource
from agent.core.errors import CameraStalled, StreamEnded
from agent.core.types import Image, Stamp
from agent.ports import Sample
from tests.cameras import PASSWORD, SUB, USER, encode, simulated_camera, tapped
from tests.shared_data import shared

pytestmark = pytest.mark.server


def source(url: str, **settings: Any) -> RtspSource:
    given: dict[str, Any] = {"username": USER, "password": PASSWORD, "sample_every_s": 0.0, **settings}
    given.setdefault("clock", SystemClock())
    return RtspSource(camera="gate", url=url, **given)


def street() -> Path:
    return shared("video", "cdnet_fall_1600f.mp4")


def keyframes_of(path: Path) -> list[Image]:
    """Each keyframe of a file as PyAV itself decodes it."""
    images = []
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        context.skip_frame = "NONKEY"
        for frame in container.decode(video=0):
            assert isinstance(frame, VideoFrame)
            images.append(frame.to_ndarray(format="bgr24").astype(np.uint8))
    return images


def collect(it: RtspSource) -> list[Sample]:
    samples: list[Sample] = []
    with pytest.raises(StreamEnded, match="expected the stream to go on"):
        for sample in it.samples():
            samples.append(sample)  # noqa: PERF402 - extend would lose them when it raises
    return samples


class FastClock:
    """The box's clock, running several times as fast: a short test sees long times pass."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._start = SystemClock().now()

    def now(self) -> Stamp:
        now = SystemClock().now()
        passed_s = (now.mono_s - self._start.mono_s) * self._speed
        return Stamp(utc=self._start.utc + timedelta(seconds=passed_s), mono_s=self._start.mono_s + passed_s)


def test_each_keyframe_of_a_digest_protected_stream_arrives_unchanged() -> None:
    with simulated_camera(street(), "--speed", "20") as camera:
        it = source(camera.url())
        samples = collect(it)
    assert len(samples) == 27
    assert [sample.seq for sample in samples] == list(range(27))
    # Decoded after the connection is closed, the last one first: samples stand on their own.
    frames = [sample.decode() for sample in reversed(samples)]
    for frame, image in zip(reversed(frames), keyframes_of(street()), strict=True):
        assert frame is not None
        assert np.array_equal(frame.image, image)
    assert it.keyframe_interval_s == pytest.approx(2.0 / 20, abs=0.001)


def test_h265_works_just_as_well(tmp_path: Path) -> None:
    options = ("-t", "6", "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "keyint=60:log-level=error")
    video = encode(street(), tmp_path / "h265.mp4", *options)
    with simulated_camera(video, "--codec", "h265", "--speed", "5") as camera:
        samples = collect(source(camera.url(SUB)))
    frames = [sample.decode() for sample in samples]
    for frame, image in zip(frames, keyframes_of(video), strict=True):
        assert frame is not None
        assert np.array_equal(frame.image, image)
    assert len(samples) == 3


def test_a_keyframe_in_several_slices_is_one_picture(tmp_path: Path) -> None:
    coding = "keyint=50:scenecut=0:slices=4:sliced-threads=0"
    options = ("-t", "6", "-c:v", "libx264", "-preset", "ultrafast", "-x264-params", coding)
    video = encode(street(), tmp_path / "slices.mp4", *options)
    with simulated_camera(video, "--speed", "4") as camera:
        frames = [sample.decode() for sample in collect(source(camera.url()))]
    for frame, image in zip(frames, keyframes_of(video), strict=True):
        assert frame is not None
        assert np.array_equal(frame.image, image)


def test_a_gop_of_half_a_second_is_thinned_to_the_sampling_interval(tmp_path: Path) -> None:
    options = ("-t", "8", "-c:v", "libx264", "-preset", "ultrafast", "-x264-params", "keyint=15:scenecut=0")
    video = encode(street(), tmp_path / "dense.mp4", *options)
    with simulated_camera(video, "--speed", "4") as camera:
        # On this clock the video plays at its own speed.
        it = source(camera.url(), sample_every_s=2.0, clock=FastClock(4))
        samples = collect(it)
    assert it.keyframe_interval_s == pytest.approx(0.5 / 4, abs=0.001)
    assert 1 < len(samples) <= 5, "of 16 keyframes in 8 s"


@pytest.fixture(scope="module")
def sparse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 s with one keyframe only, as a smart codec sends them."""
    options = ("-t", "30", "-vf", "scale=320:-2", "-c:v", "libx264", "-preset", "ultrafast")
    gop = ("-x264-params", "keyint=9999:scenecut=0")
    return encode(street(), tmp_path_factory.mktemp("sparse") / "sparse.mp4", *options, *gop)


def test_auto_decodes_everything_when_keyframes_are_too_far_apart(
    sparse: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with simulated_camera(sparse, "--speed", "20") as camera:
        it = source(camera.url(), sample_every_s=2.0, clock=FastClock(20))
        first, second = collect(it), collect(it)
    # The first connection finds out after 8 of 30 seconds; the second one knows.
    assert [type(sample) for sample in first[:2]] == [KeyframeSample, PictureSample]
    assert {type(sample) for sample in second} == {PictureSample}
    assert all(sample.decode() is not None for sample in first + second)
    assert [record.getMessage() for record in caplog.records if "decoding every picture" in record.getMessage()] != []
    assert len(caplog.records) == 1


def test_keyframes_only_means_just_that(sparse: Path) -> None:
    with simulated_camera(sparse, "--speed", "20") as camera:
        assert len(collect(source(camera.url(), decode="keyframes", clock=FastClock(20)))) == 1


def test_all_decodes_every_picture_and_samples_by_time(sparse: Path) -> None:
    with simulated_camera(sparse, "--speed", "20") as camera:
        samples = collect(source(camera.url(), decode="all", sample_every_s=5.0, clock=FastClock(20)))
    taken_s = [sample.stamp.mono_s for sample in samples]
    assert 1 < len(samples) <= (taken_s[-1] - taken_s[0]) / 5.0 + 2, "of 900 pictures, of which 30 a second come"
    images = [frame.image for sample in samples if (frame := sample.decode())]
    assert all(not np.array_equal(a, b) for a, b in pairwise(images))


def test_packets_that_never_give_a_picture_count_as_a_stall(sparse: Path) -> None:
    with simulated_camera(sparse, "--speed", "10", "--loop") as camera:
        # Clocked so fast that the 30 s to the next keyframe are more than a minute.
        samples = source(camera.url(), decode="keyframes", clock=FastClock(40)).samples()
        assert next(samples).seq == 0
        with pytest.raises(CameraStalled, match="found packets that give none; set an I-frame interval"):
            next(samples)


def test_stop_ends_a_healthy_stream_with_the_next_packet_and_closes_the_connection(sparse: Path) -> None:
    with simulated_camera(sparse, "--loop") as camera, tapped(camera.port) as wire:
        stop = Event()
        samples = source(wire.url()).samples(stop)
        next(samples)
        stop.set()
        assert list(samples) == []
        for _ in ("probe", "stream"):
            wire.ended.get(timeout=30)
        assert "TEARDOWN rtsp://" in "".join(wire.requests)


def test_twenty_connections_leave_neither_threads_nor_files_behind() -> None:
    with simulated_camera(street(), "--speed", "10") as camera:
        it = source(camera.url())

        def once() -> tuple[int, int]:
            with closing(it.samples()) as samples:
                sample = next(samples)
            assert sample.decode() is not None
            return len([*Path("/proc/self/fd").iterdir()]), len([*Path("/proc/self/task").iterdir()])

        first = once()
        assert {once() for _ in range(20)} == {first}


def test_one_sample_may_be_decoded_by_many_threads_at_once() -> None:
    with simulated_camera(street(), "--speed", "10") as camera, closing(source(camera.url()).samples()) as samples:
        two = [next(samples), next(samples)]
    images: list[list[Image]] = [[], []]

    def decode(which: int) -> None:
        for _ in range(5):
            frame = two[which].decode()
            assert frame is not None
            images[which].append(frame.image)

    workers = [threading.Thread(target=decode, args=(which,)) for which in (0, 1, 0, 1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for which, expected in enumerate(keyframes_of(street())[:2]):
        assert len(images[which]) == 10
        assert all(np.array_equal(image, expected) for image in images[which])


def test_a_damaged_keyframe_is_not_looked_at_and_the_next_one_is_whole() -> None:
    with simulated_camera(street(), "--speed", "10") as camera, closing(source(camera.url()).samples()) as samples:
        first, second = next(samples), next(samples)
    assert isinstance(first, KeyframeSample)
    for damaged in (b"", b"nonsense", first.data[: len(first.data) // 2], first.data[:5000] + b"\0" * 20000):
        assert replace(first, data=damaged).decode() is None
    frame = second.decode()
    assert frame is not None
    assert np.array_equal(frame.image, keyframes_of(street())[1])
