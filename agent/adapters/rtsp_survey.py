"""A short look at a live stream, for a person who wants to know how the camera is set: what comes, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from agent.adapters.decoding import StillDecoder, whole
from agent.adapters.rtsp import RtspSource, _video_stream
from agent.adapters.rtsp_probe import Address
from agent.core.errors import CameraStalled
from agent.core.types import Image
from agent.ports import Clock

KEYFRAMES = 3
"""Two distances: a camera often sends a keyframe at once to whoever connects, so that the first one is short."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Survey:
    """What a stream was seen to be.

    Attributes:
        codec: FFmpeg's name: `h264`, `hevc`.
        fps: pictures per second, None when they cannot be counted.
        gop_s: the longest distance of two keyframes, None when only one came.
        watched_s: how long it was watched.
        image: the first keyframe, (H, W, 3) uint8 BGR, None when none could be decoded.
    """

    codec: str
    size_px: tuple[int, int]
    fps: float | None
    gop_s: float | None
    watched_s: float
    image: Image | None


class RtspSurvey(RtspSource):
    """Opens the stream as the agent does: one login at most, none kept after an error."""

    def __init__(
        self,
        *,
        camera: str,
        url: str,
        clock: Clock,
        username: str | None,
        password: str | None,
        open_timeout_s: float,
        read_timeout_s: float,
    ) -> None:
        super().__init__(
            camera=camera,
            url=url,
            clock=clock,
            username=username,
            password=password,
            decode="keyframes",
            sample_every_s=0.0,
            open_timeout_s=open_timeout_s,
            read_timeout_s=read_timeout_s,
        )

    def survey(self, watch_s: float) -> Survey:
        """Watch until `KEYFRAMES` came, or `watch_s` passed. The address was probed before.

        Raises:
            CameraUnreachable, CameraStalled, StreamEnded, CameraRefused, UnsupportedStream: as `samples` does.
        """
        address, url_user, url_password = Address.of(self._url)
        user, password = self._login if self._login[0] is not None else (url_user, url_password)
        where = f"camera {self._camera} ({address.shown})"
        container = self._open(where, address, user, password)
        try:
            return self._watched(where, container, watch_s)
        finally:
            container.close()

    def _watched(self, where: str, container: InputContainer, watch_s: float) -> Survey:
        stream = _video_stream(where, container)
        tally, stills = _Tally(), StillDecoder(stream.codec_context)
        began_s = self._clock.now().mono_s
        image: Image | None = None
        for packet in self._packets(where, container, stream):
            now = self._clock.now()
            tally.take(packet, now.mono_s)
            if packet.is_keyframe and image is None:
                picture = stills.decode(bytes(packet))
                image = None if picture is None else whole(picture)
            if tally.keyframes >= KEYFRAMES or now.mono_s - began_s >= watch_s:
                break
        context = stream.codec_context
        if not tally.keyframes:
            raise CameraStalled(f"{where}: expected a keyframe within {watch_s:g} s, found none")
        return Survey(
            codec=context.name,
            size_px=(context.width, context.height) if image is None else (image.shape[1], image.shape[0]),
            fps=tally.fps,
            gop_s=tally.gop_s,
            watched_s=self._clock.now().mono_s - began_s,
            image=image,
        )


class _Tally:
    """Counts packets by the stream's own clock, which some packets do not tell; by arrival where none does."""

    def __init__(self) -> None:
        self._told_s: list[tuple[float, bool]] = []
        self._untold_first = False
        self._arrived_s: list[tuple[float, bool]] = []
        self.keyframes = 0

    def take(self, packet: Packet[VideoStream], at_s: float) -> None:
        """Take note of one packet."""
        self.keyframes += packet.is_keyframe
        self._untold_first |= packet.is_keyframe and packet.pts is None and not self._arrived_s
        self._arrived_s.append((at_s, packet.is_keyframe))
        if packet.pts is not None:
            self._told_s.append((float(packet.pts * packet.time_base), packet.is_keyframe))

    @property
    def fps(self) -> float | None:
        """Pictures per second."""
        times_s = [at_s for at_s, _ in self._times_s()]
        lasted_s = max(times_s) - min(times_s)
        return (len(times_s) - 1) / lasted_s if lasted_s > 0 else None

    @property
    def gop_s(self) -> float | None:
        """The longest distance of two keyframes."""
        keyframes_s = [at_s for at_s, keyframe in self._times_s() if keyframe]
        return max((later - earlier for earlier, later in pairwise(keyframes_s)), default=None)

    def _times_s(self) -> list[tuple[float, bool]]:
        told_s = self._told_s
        told = sum(keyframe for _, keyframe in told_s)
        if told == 1 and self._untold_first and len(told_s) > 1:
            # Opening a stream takes its first packet and often loses its time: one picture before the second.
            spacing_s = min(later - earlier for (earlier, _), (later, _) in pairwise(sorted(told_s)))
            return [(told_s[0][0] - spacing_s, True), *told_s]
        return told_s if told > 1 or told == self.keyframes else self._arrived_s
