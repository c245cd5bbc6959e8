"""A single picture of a live stream: one connection, its first keyframe, and good-bye."""

from __future__ import annotations

from contextlib import closing

from agent.adapters.rtsp import RtspSource
from agent.core.errors import CameraStalled
from agent.core.types import Image

MOST_TRIES = 3
"""Keyframes that are tried when the first cannot be decoded."""


class RtspStills:
    """Implements `ports.StillSource`. Use from one thread at a time."""

    def __init__(self, camera: str, source: RtspSource) -> None:
        """`source`: opened anew for each picture; keyframes only."""
        self._camera = camera
        self._source = source

    def picture(self) -> Image:
        """Fetch one; see `ports.StillSource.picture`."""
        with closing(self._source.samples()) as samples:
            for number, sample in enumerate(samples, 1):
                frame = sample.decode()
                if frame is not None:
                    return frame.full()
                if number == MOST_TRIES:
                    break
        raise CameraStalled(f"camera {self._camera}: expected a keyframe of the main stream, found none that is whole")
