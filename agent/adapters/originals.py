"""The originals that were made last, for several pictures of one moment: making one takes as long as a detection."""

from __future__ import annotations

from collections import deque

from agent.core.types import Image, Original

MOST = 2
"""What an event shows, the look and its first sight. One pair for all cameras: a picture of 1080 lines takes 6 MB, and
hardly ever do two cameras have events at once."""


class LastOriginals:
    """Safe to use from several threads; at worst one is made twice."""

    def __init__(self) -> None:
        self._kept: deque[tuple[Original, Image]] = deque(maxlen=MOST)

    def image(self, original: Original) -> Image | None:
        """(H, W, 3) uint8 BGR, not to be written to; None when it cannot be made any more."""
        for known, image in tuple(self._kept):
            if known is original:
                return image
        made = original.image()
        if made is not None:
            self._kept.append((original, made))
        return made
