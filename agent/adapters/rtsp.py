"""A live camera: RTSP over TCP through PyAV. Packets are demuxed all the time, pictures decoded only when wanted.

Credentials exist in two places only: the fields of `RtspSource` and the URL inside `_open`. FFmpeg puts that URL
into its log lines and into its exceptions, so its log is kept off and its exceptions never travel: each is replaced
by one of ours OUTSIDE the `except` block, so that not even `__context__` carries it.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from itertools import count
from threading import Event as StopEvent

import av
from av.container import InputContainer
from av.error import (
    ExitError,
    FFmpegError,
    HTTPForbiddenError,
    HTTPNotFoundError,
    HTTPUnauthorizedError,
    InvalidDataError,
    TimeoutError,
)
from av.packet import Packet
from av.video.stream import VideoStream

from agent.adapters.decoding import ANALYSIS_PX, Decode
from agent.adapters.gop import SPARSE_GOP_S, GopWatch, Picker
from agent.adapters.jpeg_size import MOST_PIXELS
from agent.adapters.reading_pace import REST_S, ReadingPace
from agent.adapters.rtsp_probe import Address, probe, unreachable, wrong_path
from agent.core.errors import CameraRefused, CameraStalled, CityEyeError, StreamEnded, UnsupportedStream
from agent.ports import Clock, Sample

log = logging.getLogger(__name__)

NO_PICTURE_S = 60.0
"""Packets that give no picture for so long are as good as no packets: the agent is not looking, and has to say so."""
_OPTIONS = {
    "rtsp_transport": "tcp",
    # No audio or metadata tracks: their packets would keep a stream looking alive when its video has stalled.
    "allowed_media_types": "video",
    # Enough to find the codec; FFmpeg's 5 s only serve to guess a frame rate, which nobody here needs.
    "analyzeduration": "1000000",
    # A few kilobytes can say that they are a picture of 400 MB.
    "max_pixels": str(MOST_PIXELS),
}


class RtspSource:
    """One stream of one camera. Use from one thread; samples may be decoded in any other."""

    def __init__(
        self,
        *,
        camera: str,
        url: str,
        clock: Clock,
        username: str | None = None,
        password: str | None = None,
        decode: Decode = "auto",
        sample_every_s: float = 2.0,
        open_timeout_s: float = 10.0,
        read_timeout_s: float = 8.0,
        analysis_px: int = ANALYSIS_PX,
    ) -> None:
        """`analysis_px`: the longer side of the pictures for the analysis, at least."""
        self._camera = camera
        self._url = url
        self._login = (username, password)
        self._clock = clock
        self._decode = decode
        self._sample_every_s = sample_every_s
        self._open_timeout_s = open_timeout_s
        self._read_timeout_s = read_timeout_s
        self._analysis_px = analysis_px
        self._gop = GopWatch()
        self._numbers = count()

    @property
    def keyframe_interval_s(self) -> float | None:
        """Seconds between the last two keyframes of one connection, by the stream's own clock if it has one."""
        return self._gop.interval_s

    def samples(self, stop: StopEvent | None = None) -> Generator[Sample, None, None]:
        """Probe, connect and yield samples; see `ports.Source`."""
        stop = stop or StopEvent()
        address, url_user, url_password = Address.of(self._url)
        user, password = self._login if self._login[0] is not None else (url_user, url_password)
        where = f"camera {self._camera} ({address.shown})"
        has_login = user is not None
        probe(where, address, has_login=has_login, timeout_s=self._open_timeout_s, clock=self._clock)
        if stop.is_set():
            return
        container = self._open(where, address, user, password)
        try:
            yield from self._read(where, container, stop)
        finally:
            container.close()

    def _open(self, where: str, address: Address, user: str | None, password: str | None) -> InputContainer:
        av.logging.set_level(None)
        try:
            return av.open(
                address.url(user, password),
                options=dict(_OPTIONS),
                timeout=(self._open_timeout_s, self._read_timeout_s),
            )
        except (FFmpegError, OSError) as error:
            problem = self._open_problem(where, address, error, has_login=user is not None)
        raise problem

    def _open_problem(self, where: str, address: Address, error: Exception, *, has_login: bool) -> CityEyeError:
        """What a failed open means. Takes nothing from the error but its type and FFmpeg's fixed wording."""
        match error:
            case HTTPUnauthorizedError():
                mend = "check username and password; the camera locks this box out after a few wrong ones"
                text = f"{where}: expected the login to be accepted, found that it is refused (401); {mend}"
                return CameraRefused(text, attempted=has_login)
            case HTTPForbiddenError():
                mend = "give this user the right to live view, and check the camera's IP address filter"
                text = f"{where}: expected to be let in, found that this user is forbidden to (403); {mend}"
                return CameraRefused(text, attempted=has_login)
            case HTTPNotFoundError():
                return wrong_path(where, address)
            case ExitError() | TimeoutError():
                mend = "the camera is overloaded or the network slow: check both, or raise the open time-out"
                return unreachable(where, address, f"no video within {self._open_timeout_s:g} s", mend)
            case InvalidDataError():
                return UnsupportedStream(
                    f"{where}: expected an H.264 or H.265 stream, found data that cannot be read as video; "
                    "set the stream's video encoding to H.264 or H.265 on the camera"
                )
            case _:
                found = f"an error while opening ({_wording(error)})"
                return unreachable(where, address, found, "close other viewers of this camera, or restart it")

    def _read(self, where: str, container: InputContainer, stop: StopEvent) -> Iterator[Sample]:
        """Yield samples until the stream ends or `stop` is set."""
        stream = _video_stream(where, container)
        opened_s = self._clock.now().mono_s
        self._gop.connected(opened_s)
        picker = Picker(
            camera=self._camera,
            context=stream.codec_context,
            numbers=self._numbers,
            sample_every_s=self._sample_every_s,
            may_change=self._decode == "auto",
            analysis_px=self._analysis_px,
        )
        pace = ReadingPace(rest_s=min(REST_S, self._sample_every_s / 4))
        for packet in self._packets(where, container, stream):
            if stop.is_set():
                return
            now = self._clock.now()
            pts_s = None if packet.pts is None else float(packet.pts * packet.time_base)
            if self._decode_everything(where, packet, pts_s, now.mono_s):
                yield from picker.pictures(packet, now)
            else:
                yield from picker.keyframe(packet, now, self._gop.interval_s or 0.0)
            if now.mono_s - (picker.last_picture_s or opened_s) > NO_PICTURE_S:
                raise _no_picture(where)
            pace.read(pts_s, now.mono_s, stop)

    def _decode_everything(self, where: str, packet: Packet[VideoStream], pts_s: float | None, at_s: float) -> bool:
        """Measure the GOP, and decide how to decode this packet. Logs a change of mind once."""
        was_sparse = self._gop.sparse
        self._gop.see(keyframe=packet.is_keyframe, pts_s=pts_s, at_s=at_s)
        if self._decode != "auto":
            return self._decode == "all"
        if self._gop.sparse and not was_sparse:
            log.warning(
                "%s: no keyframe for %g s: decoding every picture, which costs about 10 times the CPU; "
                "set a shorter I-frame interval and switch H.264+/H.265+ off",
                where,
                SPARSE_GOP_S,
            )
        elif was_sparse and not self._gop.sparse:
            log.info("%s: keyframes come every %.1f s again: decoding only them", where, self._gop.interval_s)
        return self._gop.sparse

    def _packets(self, where: str, container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
        """Packets as they arrive; ends only by raising."""
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
            except (FFmpegError, OSError) as error:
                problem = self._read_problem(where, error)
            else:
                if packet is not None and packet.size:
                    yield packet
                    continue
                mend = "none needed when the camera restarts; otherwise look at its log"
                problem = StreamEnded(f"{where}: expected the stream to go on, found its end; {mend}")
            raise problem

    def _read_problem(self, where: str, error: Exception) -> CityEyeError:
        """What a failed read means."""
        if isinstance(error, ExitError | TimeoutError):
            return CameraStalled(
                f"{where}: expected video at least every {self._read_timeout_s:g} s, found none while the connection "
                "stays open; check the camera's load and the network, and restart the camera if it persists"
            )
        mend = "check network and power if it happens often"
        return StreamEnded(f"{where}: expected the stream to go on, found it broken ({_wording(error)}); {mend}")


def _video_stream(where: str, container: InputContainer) -> VideoStream:
    """The first video track that can be decoded. Raises UnsupportedStream."""
    mend = "set the stream's video encoding to H.264 or H.265 on the camera"
    if not container.streams.video:
        raise UnsupportedStream(f"{where}: expected a video track, found none; {mend}")
    stream = container.streams.video[0]
    # PyAV's stub does not say so, but a track without a decoder has no codec context.
    if getattr(stream, "codec_context", None) is None:
        raise UnsupportedStream(f"{where}: expected H.264 or H.265, found a codec without a decoder; {mend}")
    return stream


def _no_picture(where: str) -> CameraStalled:
    return CameraStalled(
        f"{where}: expected a picture at least every {NO_PICTURE_S:g} s, found packets that give none; set an I-frame "
        "interval of 1 to 4 s on the camera and switch H.264+/H.265+ off, or set `decode: all`"
    )


def _wording(error: Exception) -> str:
    """FFmpeg's fixed text for its error number; never `str(error)`, which holds the URL and its credentials."""
    return str(getattr(error, "strerror", None) or type(error).__name__)
