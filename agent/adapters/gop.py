"""Living on keyframes, and noticing when a camera sends too few of them."""

from __future__ import annotations

from collections.abc import Iterator

from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from agent.adapters.decoding import (
    Converter,
    KeyframeSample,
    MovingDecoder,
    Pacer,
    PictureSample,
    StillDecoder,
    another_like,
)
from agent.core.types import Stamp
from agent.ports import Sample

SPARSE_GOP_S = 8.0
"""`auto` decodes everything when keyframes are further apart. The default clear time is 30 s and the shortest useful
dwell about 30 s: up to 8 s between pictures still leaves three looks in each. Usual GOPs are 1 to 4 s; smart codecs
(H.264+/H.265+) stretch them to tens of seconds."""
CALM_KEYFRAMES = 3
"""So many keyframes in a row have to come in time before `auto` relies on keyframes again."""


class GopWatch:
    """Measures the distance of keyframes, and tells when it is too long to live on keyframes."""

    def __init__(self) -> None:
        self.interval_s: float | None = None
        self.sparse = False
        self._calm = 0
        self._since_s = 0.0
        self._last: tuple[float | None, float] | None = None

    def connected(self, at_s: float) -> None:
        """A new connection: no distance can be measured across it, but what is known of the camera stays."""
        self._since_s, self._last = at_s, None

    def see(self, *, keyframe: bool, pts_s: float | None, at_s: float) -> None:
        """Take note of a packet: its time in the stream, if it has one, and its arrival."""
        if at_s - self._since_s > SPARSE_GOP_S:
            self.sparse, self._calm = True, 0
        if not keyframe:
            return
        if self._last is not None:
            last_pts_s, last_at_s = self._last
            stream_s = pts_s - last_pts_s if pts_s is not None and last_pts_s is not None else 0.0
            self.interval_s = stream_s if stream_s > 0 else at_s - last_at_s
            self._calm = self._calm + 1 if self.interval_s <= SPARSE_GOP_S else 0
            self.sparse = self.sparse and self._calm < CALM_KEYFRAMES
        self._since_s, self._last = at_s, (pts_s, at_s)


class Picker:
    """Turns the packets of one connection into samples: keyframes undecoded, or every picture decoded."""

    def __init__(
        self,
        *,
        camera: str,
        context: VideoCodecContext,
        numbers: Iterator[int],
        sample_every_s: float,
        may_change: bool,
        analysis_px: int,
    ) -> None:
        self._camera = camera
        self._context = context
        self._numbers = numbers
        self._pace = Pacer(sample_every_s)
        self._stills = StillDecoder(context)
        self._converter = Converter(analysis_px)
        self._moving: MovingDecoder | None = None
        self._last_s: float | None = None
        self._may_change = may_change
        self._held: list[Packet[VideoStream]] = []
        """Packets since the last keyframe, for a decoder that has to start in the middle of a GOP. At most
        SPARSE_GOP_S of them, 4 MB of a 4 Mbit/s stream: after that the mode has changed."""
        self.last_picture_s: float | None = None
        """When there was something to sample last, whether or not it was due."""

    def keyframe(self, packet: Packet[VideoStream], now: Stamp, interval_s: float) -> Iterator[Sample]:
        """The packet as a sample, if it is a keyframe and due."""
        self._moving = None
        if packet.is_keyframe:
            self._held.clear()
        if self._may_change:
            self._held.append(packet)
        if not packet.is_keyframe:
            return
        self.last_picture_s = now.mono_s
        if self._pace.due(now.mono_s, interval_s):
            seq, data = next(self._numbers), bytes(packet)
            yield KeyframeSample(
                camera=self._camera, seq=seq, stamp=now, data=data, decoder=self._stills, converter=self._converter
            )

    def pictures(self, packet: Packet[VideoStream], now: Stamp) -> Iterator[Sample]:
        """Decode the packet; yields the pictures that are due."""
        if self._moving is None:
            self._moving = MovingDecoder(another_like(self._context))
            for held in self._held:
                self._moving.decode(held)
            self._held.clear()
        step_s = 0.0 if self._last_s is None else now.mono_s - self._last_s
        self._last_s = now.mono_s
        for picture in self._moving.decode(packet):
            self.last_picture_s = now.mono_s
            if self._pace.due(now.mono_s, step_s):
                seq = next(self._numbers)
                yield PictureSample(camera=self._camera, seq=seq, stamp=now, picture=picture, converter=self._converter)
