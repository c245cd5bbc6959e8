"""Pictures to an H.264 file that any player, and PyAV alone, can read."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av

from scripts.render.weather import Pixels


def write_video(
    path: Path,
    pictures: Iterable[Pixels],
    *,
    size_px: tuple[int, int],
    fps: float,
    keyframe_s: float = 1.0,
    crf: int = 24,
) -> None:
    """Encode with x264, which is part of PyAV's wheels: one keyframe every `keyframe_s`, no B-frames, and one thread,
    so that the same pictures give the same file. `crf`: 18 is fine, 30 is coarse."""
    rate = Fraction(fps).limit_denominator(1000)
    keyint = round(keyframe_s * fps)
    settings = f"keyint={keyint}:min-keyint={keyint}:scenecut=0:bframes=0:threads=1"
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream(
            "libx264", rate=rate, options={"crf": str(crf), "preset": "slow", "x264-params": settings}
        )
        stream.width, stream.height = size_px
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode(None))
