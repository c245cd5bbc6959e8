"""What live streams and files share: when to sample, and how a packet becomes a picture.

PyAV decodes with the GIL released. Decoders here use no threads of their own (`thread_type` NONE, one thread):
dozens of cameras share two cores, and frame threads would only add memory and delay to each of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Literal

import av
import numpy as np
from av.codec.context import ThreadType
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from agent.core.types import Frame, Stamp

Decode = Literal["auto", "keyframes", "all"]


class Pacer:
    """Thins pictures to one per `every_s`, on a grid, so that jitter neither doubles nor halves the rate."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._due_s: float | None = None

    def due(self, at_s: float, step_s: float) -> bool:
        """Whether the picture at `at_s` is to be looked at.

        Args:
            at_s: seconds on the source's own clock.
            step_s: expected distance of the next picture; of two pictures the one nearer to the grid is taken.
        """
        if self._due_s is None:
            self._due_s = at_s + self._every_s
            return True
        if at_s + step_s / 2 < self._due_s:
            return False
        self._due_s += self._every_s
        if self._due_s <= at_s:
            self._due_s = at_s + self._every_s
        return True


def single_threaded(context: VideoCodecContext) -> VideoCodecContext:
    """The same context, told to use no threads; before its first use."""
    context.thread_type = ThreadType.NONE
    context.thread_count = 1
    return context


def another_like(context: VideoCodecContext) -> VideoCodecContext:
    """A second decoder for the same stream, with a state of its own."""
    other = av.CodecContext.create(context.codec, "r")
    assert isinstance(other, VideoCodecContext)
    if context.extradata:
        other.extradata = context.extradata
    return single_threaded(other)


def to_frame(camera: str, seq: int, stamp: Stamp, picture: VideoFrame) -> Frame | None:
    """Convert to BGR; None when the picture cannot be converted or was patched up by the decoder."""
    if picture.is_corrupt:
        return None
    try:
        pixels = picture.to_ndarray(format="bgr24")
    except (FFmpegError, ValueError):
        return None
    # Always uint8 for bgr24; the stub cannot know. No copy is made.
    return Frame(camera=camera, seq=seq, stamp=stamp, image=pixels.astype(np.uint8, copy=False))


class StillDecoder:
    """Decodes keyframes one by one, in whichever thread asks, also after the connection is closed."""

    def __init__(self, context: VideoCodecContext) -> None:
        self._context = single_threaded(context)
        self._lock = Lock()

    def decode(self, data: bytes) -> VideoFrame | None:
        """The picture of one keyframe packet, or None when it is damaged.

        A decoder holds a picture back to put B-frames in order. Draining gives it at once, and flushing makes the
        decoder ready for the next keyframe; parameter sets stay known.
        """
        with self._lock:
            try:
                pictures = [*self._context.decode(Packet(data)), *self._context.decode(None)]
            except FFmpegError:
                pictures = []
            finally:
                if self._context.is_open:
                    self._context.flush_buffers()
        return pictures[0] if pictures else None


class MovingDecoder:
    """Decodes every packet in turn; in one thread only."""

    def __init__(self, context: VideoCodecContext) -> None:
        self._context = single_threaded(context)

    def decode(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        """Pictures that are complete with this packet; the last ones for None. A damaged packet gives none."""
        try:
            return list(self._context.decode(packet))
        except FFmpegError:
            return []


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KeyframeSample:
    """A keyframe, still encoded. It holds the bytes, not the packet, so it outlives its connection."""

    camera: str
    seq: int
    stamp: Stamp
    data: bytes
    decoder: StillDecoder

    def decode(self) -> Frame | None:
        """Decode now; None when the data is damaged."""
        picture = self.decoder.decode(self.data)
        return None if picture is None else to_frame(self.camera, self.seq, self.stamp, picture)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PictureSample:
    """A picture that had to be decoded with its stream; only the conversion to BGR waits."""

    camera: str
    seq: int
    stamp: Stamp
    picture: VideoFrame

    def decode(self) -> Frame | None:
        """Convert now; None when the decoder had to patch it up."""
        return to_frame(self.camera, self.seq, self.stamp, self.picture)
