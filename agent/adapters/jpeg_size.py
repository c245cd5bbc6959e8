"""How large a JPEG says it is, read from its head: a decoder makes room for that before it looks at anything else."""

from __future__ import annotations

MOST_PIXELS = 40_000_000
"""Of a picture or a stream that is decoded, 120 MB as BGR. Cameras have up to 32 million."""

_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Second bytes of the markers that begin a frame (ITU T.81, table B.1)."""
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Of those that nothing belongs to."""


def jpeg_size_px(data: bytes) -> tuple[int, int] | None:
    """Width and height as the first frame says; None where there is no frame."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # filling
            at += 1
        elif marker in _ALONE:
            at += 2
        elif marker in _FRAMES:
            height, width = (int.from_bytes(data[at + place : at + place + 2], "big") for place in (5, 7))
            return width, height
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None
