"""What live streams and files share: when to sample, and how a packet becomes a picture.

PyAV decodes with the GIL released. Decoders here use no threads of their own (`thread_type` NONE, one thread):
dozens of cameras share two cores, and frame threads would only add memory and delay to each of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Literal

import av
import cv2
import numpy as np
from av.codec.context import ThreadType
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream

from agent.adapters.jpeg_size import MOST_PIXELS
from agent.core.types import Frame, Image, Original, Stamp

Decode = Literal["auto", "keyframes", "all"]

ANALYSIS_PX = 960
"""A picture is halved for the analysis as long as its longer side stays at least so long: for a detector's input of
416 or 640 pixels, working pictures of 320 and descriptors of 48 nothing is lost, and what is done to each of its pixels
costs a quarter."""
_PACKED_QUALITY = 90


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
    """The same context, told to use no threads and to refuse pictures of absurd size; before its first use."""
    context.thread_type = ThreadType.NONE
    context.thread_count = 1
    context.options = {**context.options, "max_pixels": str(MOST_PIXELS)}
    return context


def another_like(context: VideoCodecContext) -> VideoCodecContext:
    """A second decoder for the same stream, with a state of its own."""
    other = av.CodecContext.create(context.codec, "r")
    assert isinstance(other, VideoCodecContext)
    if context.extradata:
        other.extradata = context.extradata
    return single_threaded(other)


def analysis_size_px(width: int, height: int, least_px: int = ANALYSIS_PX) -> tuple[int, int]:
    """Width and height at which a picture is analysed; only ever halved, which keeps its aspect to the pixel."""
    while not (width | height) % 2 and max(width, height) // 2 >= least_px:
        width, height = width // 2, height // 2
    return width, height


class Converter:
    """Makes BGR pictures of what one stream's decoder gives. Safe to use from several threads."""

    def __init__(self, least_px: int = ANALYSIS_PX) -> None:
        """`least_px`: the longer side of a picture for the analysis, at least."""
        self._least_px = least_px
        self._reformatter = VideoReformatter()  # keeps its tables from picture to picture
        self._lock = Lock()

    def analysed(self, picture: VideoFrame) -> Image | None:
        """At the size of the analysis; None when it cannot be converted or was patched up by the decoder."""
        size = analysis_size_px(picture.width, picture.height, self._least_px)
        if picture.is_corrupt or size == (picture.width, picture.height):
            return whole(picture)
        try:
            with self._lock:
                small = self._reformatter.reformat(
                    picture, *size, format="bgr24", interpolation=Interpolation.AREA, threads=1
                )
            return _pixels(small)
        except (FFmpegError, ValueError):
            return None

    def shrinks(self, picture: VideoFrame) -> bool:
        """Whether the analysis gets it smaller than it is."""
        size = (picture.width, picture.height)
        return analysis_size_px(*size, self._least_px) != size


def whole(picture: VideoFrame) -> Image | None:
    """(H, W, 3) uint8 BGR at its own size; None when it cannot be converted or was patched up by the decoder."""
    if picture.is_corrupt:
        return None
    try:
        return _pixels(picture)
    except (FFmpegError, ValueError):
        return None


def _pixels(picture: VideoFrame) -> Image:
    # Always uint8 for bgr24; the stub cannot know. No copy is made.
    return picture.to_ndarray(format="bgr24").astype(np.uint8, copy=False)


class StillDecoder:
    """Decodes keyframes one by one, in whichever thread asks, also after the connection is closed."""

    def __init__(self, context: VideoCodecContext) -> None:
        self._context = single_threaded(context)
        self._lock = Lock()

    @property
    def kind(self) -> tuple[str, bytes | None]:
        """The codec's name and its parameter sets, if they did not come with the pictures: enough for another one."""
        return self._context.codec.name, self._context.extradata

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


@dataclass(frozen=True, slots=True, eq=False)
class _Encoded:
    """`Original` of a keyframe: its bytes, decoded once more."""

    data: bytes
    decoder: StillDecoder

    def image(self) -> Image | None:
        picture = self.decoder.decode(self.data)
        return None if picture is None else whole(picture)

    def packed(self) -> Original:
        codec, parameters = self.decoder.kind
        return _Packed(self.data, codec, parameters)


@dataclass(frozen=True, slots=True, eq=False)
class _Packed:
    """`Original` of a keyframe that outlives its connection, whose decoder would take 4 MiB: one is made when asked."""

    data: bytes
    codec: str
    parameters: bytes | None

    def image(self) -> Image | None:
        context = av.CodecContext.create(self.codec, "r")
        assert isinstance(context, VideoCodecContext)
        if self.parameters:
            context.extradata = self.parameters
        picture = StillDecoder(context).decode(self.data)
        return None if picture is None else whole(picture)

    def packed(self) -> Original:
        return self


@dataclass(frozen=True, slots=True, eq=False)
class _Decoded:
    """`Original` of a picture that cannot be decoded again, since others would be needed for that."""

    picture: VideoFrame

    def image(self) -> Image | None:
        return whole(self.picture)

    def packed(self) -> Original:
        image = self.image()
        return self if image is None else packed(image)


@dataclass(frozen=True, slots=True, eq=False)
class _Jpeg:
    """`Original` in a tenth of the memory."""

    data: bytes

    def image(self) -> Image | None:
        return np.asarray(cv2.imdecode(np.frombuffer(self.data, np.uint8), cv2.IMREAD_COLOR), np.uint8)

    def packed(self) -> Original:
        return self


def packed(image: Image) -> Original:
    """A picture, (H, W, 3) uint8 BGR, to be kept for a while."""
    return _Jpeg(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _PACKED_QUALITY])[1].tobytes())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KeyframeSample:
    """A keyframe, still encoded. It holds the bytes, not the packet, so it outlives its connection."""

    camera: str
    seq: int
    stamp: Stamp
    data: bytes
    decoder: StillDecoder
    converter: Converter

    def decode(self) -> Frame | None:
        """Decode now; None when the data is damaged."""
        picture = self.decoder.decode(self.data)
        image = None if picture is None else self.converter.analysed(picture)
        if picture is None or image is None:
            return None
        original = _Encoded(self.data, self.decoder) if self.converter.shrinks(picture) else None
        return Frame(camera=self.camera, seq=self.seq, stamp=self.stamp, image=image, original=original)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PictureSample:
    """A picture that had to be decoded with its stream; only the conversion to BGR waits."""

    camera: str
    seq: int
    stamp: Stamp
    picture: VideoFrame
    converter: Converter

    def decode(self) -> Frame | None:
        """Convert now; None when the decoder had to patch it up."""
        image = self.converter.analysed(self.picture)
        if image is None:
            return None
        original = _Decoded(self.picture) if self.converter.shrinks(self.picture) else None
        return Frame(camera=self.camera, seq=self.seq, stamp=self.stamp, image=image, original=original)
