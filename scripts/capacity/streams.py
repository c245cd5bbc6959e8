"""The videos of the virtual cameras: made once from a real street clip, long enough that none has to start over."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Final

import av
from av.packet import Packet
from av.video.frame import PictureType
from av.video.stream import VideoStream

FPS: Final = 25
GOP: Final = 50
KEYFRAME_S: Final = GOP / FPS
VARIANTS: Final = 8
CUT_FRAMES: Final = 6
"""The first GOP of variant k has so many frames times k: the keyframes of the cameras are spread over two seconds."""
CLIP_S: Final = 40.0
CACHE: Final = Path(tempfile.gettempdir()) / "cityeye-capacity"


@dataclass(frozen=True, kw_only=True)
class StreamKind:
    """What a camera sends. `codec` as GStreamer calls it, `encoder` as FFmpeg does."""

    name: str
    title: str
    size_px: tuple[int, int]
    bits_per_s: int
    codec: str = "h264"
    encoder: str = "libx264"

    @property
    def options(self) -> dict[str, str]:
        """For the encoder: a GOP of fixed length, closed, without B-frames, as cameras send it."""
        if self.codec == "h265":
            # One slice thread and no log: x265 writes its own lines past FFmpeg's.
            quiet = f"keyint={GOP}:min-keyint={GOP}:scenecut=0:bframes=0:open-gop=0:log-level=none"
            limits = f"vbv-maxrate={self.bits_per_s // 1000}:vbv-bufsize={self.bits_per_s // 1000}"
            return {"preset": "ultrafast", "x265-params": f"{quiet}:{limits}"}
        rate = str(self.bits_per_s)
        gop = {"g": str(GOP), "keyint_min": str(GOP), "sc_threshold": "0", "bf": "0"}
        return {"preset": "veryfast", "maxrate": rate, "bufsize": rate, **gop}


KINDS: Final = {
    kind.name: kind
    for kind in (
        StreamKind(name="main", title="1080p25 H.264, 4 Mbit/s, GOP 50", size_px=(1920, 1080), bits_per_s=4_000_000),
        StreamKind(
            name="sub", title="704×576 25 fps H.264, 1 Mbit/s, GOP 50", size_px=(704, 576), bits_per_s=1_000_000
        ),
        StreamKind(
            name="h265",
            title="1080p25 H.265, 4 Mbit/s, GOP 50",
            size_px=(1920, 1080),
            bits_per_s=4_000_000,
            codec="h265",
            encoder="libx265",
        ),
    )
}


@dataclass(frozen=True, kw_only=True)
class Streams:
    """The files that the cameras of one kind play in turn."""

    kind: StreamKind
    files: tuple[Path, ...]
    length_s: float


def prepare(kind: StreamKind, source: Path, *, length_s: float, clip_s: float = CLIP_S, cache: Path = CACHE) -> Streams:
    """Make what the cache folder does not hold yet.

    Args:
        source: the clip to encode. length_s: how long the streams must at least be. clip_s: how much of the clip is
            encoded; the rest of the length repeats it by stream copy.
    """
    cache.mkdir(parents=True, exist_ok=True)
    clip = cache / f"{kind.name}-{clip_s:g}s.mp4"
    if not clip.exists():
        _whole(clip, partial(encode, kind, source, clip_s=clip_s))
    times = max(1, -(-round(length_s * FPS) // frames_of(clip)))
    files = tuple(cache / f"{kind.name}-{clip_s:g}s-x{times}-{variant}.mp4" for variant in range(VARIANTS))
    for variant, file in enumerate(files):
        if not file.exists():
            _whole(file, partial(repeat, clip, times=times, cut=variant * CUT_FRAMES))
    return Streams(kind=kind, files=files, length_s=times * frames_of(clip) / FPS - KEYFRAME_S)


def encode(kind: StreamKind, source: Path, target: Path, *, clip_s: float) -> None:
    """Scale the clip and encode its pictures at 25 a second, whatever their own rate is."""
    with av.open(source) as clip, av.open(target, "w", format="mp4") as film:
        stream = film.add_stream(kind.encoder, rate=FPS, options=kind.options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = kind.size_px
        stream.pix_fmt, stream.bit_rate = "yuv420p", kind.bits_per_s
        wanted = round(clip_s * FPS / GOP) * GOP
        for number, picture in enumerate(clip.decode(video=0)):
            if number == wanted:
                break
            scaled = picture.reformat(*kind.size_px, format="yuv420p", interpolation="BICUBIC")
            scaled.pict_type = PictureType.NONE  # or the clip's own keyframes become further ones of this stream
            scaled.pts, scaled.time_base = number, Fraction(1, FPS)
            film.mux(stream.encode(scaled))
        film.mux(stream.encode(None))


def repeat(clip: Path, target: Path, *, times: int, cut: int) -> None:
    """Copy the clip several times in a row, without encoding. `cut`: frames that its first GOP keeps; 0: all."""
    with av.open(target, "w", format="mp4") as film:
        stream: VideoStream | None = None
        at = 0
        for round_number in range(times):
            with av.open(clip) as source:
                video = source.streams.video[0]
                stream = stream or film.add_stream_from_template(video)
                for number, packet in enumerate(_coded(source.demux(video))):
                    if round_number == 0 and cut and cut <= number < GOP:
                        continue
                    packet.time_base, packet.pts, packet.dts, packet.duration = Fraction(1, FPS), at, at, 1
                    packet.stream = stream
                    film.mux(packet)
                    at += 1


def _coded(packets: Iterable[Packet[VideoStream]]) -> Iterator[Packet[VideoStream]]:
    """Without the empty packet that ends a file."""
    return (packet for packet in packets if packet.size)


def frames_of(clip: Path) -> int:
    """As the file's index says."""
    with av.open(clip) as film:
        return film.streams.video[0].frames


def _whole(target: Path, make: Callable[[Path], None]) -> None:
    """Make a file that is either there as a whole or not at all."""
    part = target.with_suffix(f".part{os.getpid()}")
    try:
        make(part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
