"""A recorded video, on its own clock: the same file always gives the same samples, however fast it is read."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Event as StopEvent

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from agent.adapters.decoding import (
    ANALYSIS_PX,
    Converter,
    Decode,
    KeyframeSample,
    MovingDecoder,
    Pacer,
    PictureSample,
    StillDecoder,
)
from agent.core.errors import StreamEnded, UnsupportedStream
from agent.core.types import Stamp
from agent.ports import Clock, Sample

SURVEY_S = 600.0
"""How much of a file `auto` looks at to learn its keyframe distance; reading on would only delay long recordings."""


class VideoFileSource:
    """One file. `mono_s` is seconds from its beginning, `utc` is `start_utc` plus that.

    `auto` is stricter here than for a camera, since the CPU cost hurts nobody: it lives on keyframes only when none of
    them is further away than `sample_every_s`. The iterator just returns after the last picture.
    """

    def __init__(
        self,
        *,
        camera: str,
        path: Path,
        start_utc: datetime,
        decode: Decode = "auto",
        sample_every_s: float = 2.0,
        names_camera: bool = True,
        analysis_px: int = ANALYSIS_PX,
    ) -> None:
        """A video that is opened by `samples`.

        Args:
            names_camera: whether errors name the camera; not where the file itself is what a person asked for.
            analysis_px: the longer side of the pictures for the analysis, at least.
        """
        self._camera = camera
        self._where = f"camera {camera} ({path})" if names_camera else str(path)
        self._path = path
        self._start_utc = start_utc
        self._analysis_px = analysis_px
        self._decode = decode
        self._sample_every_s = sample_every_s
        self._interval_s: float | None = None

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def keyframe_interval_s(self) -> float | None:
        """Seconds between the last two keyframes."""
        return self._interval_s

    @property
    def duration_s(self) -> float | None:
        """Length of the video, or None when the file does not say. Raises UnsupportedStream."""
        container, stream = self._open()
        try:
            if stream.duration is not None and stream.time_base is not None:
                return float(stream.duration * stream.time_base)
            return None if container.duration is None else container.duration / 1_000_000
        finally:
            container.close()

    def samples(self, stop: StopEvent | None = None) -> Generator[KeyframeSample | PictureSample, None, None]:
        """Read from the beginning; see `ports.Source`. Raises UnsupportedStream."""
        stop = stop or StopEvent()
        everything = self._decode == "all" or (self._decode == "auto" and self._keyframes_too_far())
        container, stream = self._open()
        try:
            packets = self._packets(container, stream, stop)
            yield from self._pictures(stream, packets) if everything else self._keyframes(stream, packets)
        finally:
            container.close()

    def _keyframes(self, stream: VideoStream, packets: Iterator[Packet[VideoStream]]) -> Iterator[KeyframeSample]:
        decoder, converter = StillDecoder(stream.codec_context), Converter(self._analysis_px)
        pace, numbers = Pacer(self._sample_every_s), count()
        last_s: float | None = None
        for packet in packets:
            at_s = _seconds(packet, stream)
            if not packet.size or not packet.is_keyframe or at_s is None:
                continue
            if last_s is not None:
                self._interval_s = at_s - last_s
            last_s = at_s
            if pace.due(at_s, self._interval_s or 0.0):
                stamp, seq = self._stamp(at_s), next(numbers)
                yield KeyframeSample(
                    camera=self._camera,
                    seq=seq,
                    stamp=stamp,
                    data=bytes(packet),
                    decoder=decoder,
                    converter=converter,
                )

    def _pictures(self, stream: VideoStream, packets: Iterator[Packet[VideoStream]]) -> Iterator[PictureSample]:
        decoder, converter = MovingDecoder(stream.codec_context), Converter(self._analysis_px)
        pace, numbers = Pacer(self._sample_every_s), count()
        step_s = float(1 / stream.average_rate) if stream.average_rate else 0.0
        times = PictureTimes(stream)
        last_key_s: float | None = None
        for packet in packets:
            for picture in decoder.decode(packet if packet.size else None):
                at_s = times.of(picture)
                if at_s is None:
                    continue
                if picture.key_frame:
                    self._interval_s = None if last_key_s is None else at_s - last_key_s
                    last_key_s = at_s
                if pace.due(at_s, step_s):
                    stamp, seq = self._stamp(at_s), next(numbers)
                    yield PictureSample(camera=self._camera, seq=seq, stamp=stamp, picture=picture, converter=converter)

    def _stamp(self, at_s: float) -> Stamp:
        return Stamp(utc=self._start_utc + timedelta(seconds=at_s), mono_s=at_s)

    def _keyframes_too_far(self) -> bool:
        """Whether two keyframes, or the last one and the end, are further apart than one sampling interval."""
        container, stream = self._open()
        last_s, at_s = 0.0, 0.0
        try:
            step_s = float(1 / stream.average_rate) if stream.average_rate else 0.0
            for packet in self._packets(container, stream, StopEvent()):
                at_s = max(at_s, _seconds(packet, stream) or 0.0)
                if at_s - last_s > self._sample_every_s + step_s:
                    return True
                if packet.size and packet.is_keyframe:
                    last_s = at_s
                if at_s > SURVEY_S:
                    break
            return False
        finally:
            container.close()

    def _open(self) -> tuple[InputContainer, VideoStream]:
        """The open file and its first video track."""
        try:
            container = av.open(str(self._path))
        except (FFmpegError, OSError) as error:
            found = error.strerror or type(error).__name__
            raise self._unsupported(
                str(found), "check the path, and play the file to see whether it is whole"
            ) from error
        if not container.streams.video:
            container.close()
            raise self._unsupported("no video track", "give a file with one")
        stream = container.streams.video[0]
        # PyAV's stub does not say so, but a track without a decoder has no codec context.
        if getattr(stream, "codec_context", None) is None:
            container.close()
            raise self._unsupported("a codec without a decoder", "convert the file to H.264 with ffmpeg")
        return container, stream

    def _packets(
        self, container: InputContainer, stream: VideoStream, stop: StopEvent
    ) -> Iterator[Packet[VideoStream]]:
        """All packets, the last one empty. Raises UnsupportedStream where the file is damaged."""
        last_s = 0.0
        try:
            for packet in container.demux(stream):
                if stop.is_set():
                    return
                last_s = _seconds(packet, stream) or last_s
                yield packet
        except FFmpegError as error:
            found = f"it unreadable after {last_s:.1f} s ({error.strerror})"
            raise self._unsupported(found, "the file is damaged from there on: cut it off or copy it again") from error

    def _unsupported(self, found: str, mend: str) -> UnsupportedStream:
        return UnsupportedStream(f"{self._where}: expected a video file, found {found}; {mend}")


class PictureTimes:
    """Which time stamp of a decoded picture to believe, for pictures in the order of display.

    AVI keeps no presentation times; FFmpeg's guess goes to and fro where B-frames are packed. Its own remedy is
    repeated here, as PyAV does not expose it (libavcodec/decode.c, guess_correct_pts): of the two stamps, believe the
    one that went backwards less often.
    """

    def __init__(self, stream: VideoStream) -> None:
        self._stream = stream
        self._last = {"pts": -math.inf, "dts": -math.inf}
        self._faults = {"pts": 0, "dts": 0}

    def of(self, picture: VideoFrame) -> float | None:
        """Seconds from the stream's first picture, or None when the file does not say."""
        for kind, stamp in (("pts", picture.pts), ("dts", picture.dts)):
            if stamp is not None:
                self._faults[kind] += stamp <= self._last[kind]
                self._last[kind] = stamp
        if picture.dts is not None and (picture.pts is None or self._faults["pts"] > self._faults["dts"]):
            return _from_start(picture.dts, self._stream)
        return _from_start(picture.pts, self._stream)


def _seconds(packet: Packet[VideoStream], stream: VideoStream) -> float | None:
    """Seconds from the stream's first picture, or None when the file does not say."""
    return _from_start(packet.pts if packet.pts is not None else packet.dts, stream)


def _from_start(stamp: int | None, stream: VideoStream) -> float | None:
    if stamp is None or stream.time_base is None:
        return None
    return float((stamp - (stream.start_time or 0)) * stream.time_base)


class LiveFileSource:
    """A file that plays as a camera would send it: in real time, stamped with the box's clock, once. For demos."""

    def __init__(self, source: VideoFileSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock

    @property
    def keyframe_interval_s(self) -> float | None:
        """Seconds between the last two keyframes."""
        return self._source.keyframe_interval_s

    def samples(self, stop: StopEvent | None = None) -> Generator[Sample, None, None]:
        """Play from the beginning. Raises StreamEnded after the last picture, UnsupportedStream."""
        stop = stop or StopEvent()
        start_s = self._clock.now().mono_s
        for sample in self._source.samples(stop):
            if stop.wait(max(0.0, start_s + sample.stamp.mono_s - self._clock.now().mono_s)):
                return
            yield replace(sample, stamp=self._clock.now())
        if not stop.is_set():
            raise StreamEnded(f"{self._source.path}: the video is over; it plays again after a pause")
