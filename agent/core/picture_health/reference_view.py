"""What a camera usually sees: the view against which its pictures are judged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.core.picture_health.registration import (
    ALIKE,
    BLOCK_PX,
    STRUCTURED,
    Alignment,
    align,
    block_means,
    block_moments,
    likeness_of_moments,
    smoothed,
    structure,
    warp_grey,
)
from agent.core.types import Floats, Image

_COARSE_PX: Final = 3.0
_HALF: Final = 2
"""The coarser detail is read at half the size, where nothing of it is lost."""
_FEWEST_BLOCKS: Final = 8
_JPEG_QUALITY: Final = 85
"""About 20 kB for a street of 320 x 240; its loss is less than the grain of a camera."""
_SHARPEST: Final = 1.2
"""More is grain, and what a grainy night has must not be asked of the day."""
_VERSION: Final = 1
_LARGEST_SIDE_PX: Final = 1024
_DERIVED: Final = ("structure", "moments", "where", "light")
Mask = NDArray[np.bool_]


def sharpness(grey: Floats, where: Mask, smooth: Floats | None = None) -> float:
    """Finest detail against coarser detail of the same places: a blur takes the one and leaves the other.

    A ratio, so that contrast, rain's veil and night change it little, and the median over blocks, so that it tells of
    most of the picture: a street has 0.76 to 1.24 in any light; a blur of one pixel (sigma) leaves 0.37 to 0.46, of two
    pixels and more up to 0.26 (measured on three real clips and a rendered street, dry, by day and night).
    Grain without anything else has 3.

    Args:
        grey: (H, W) float32. where: (N,) which of its blocks to look at; all of them when these are too few.
        smooth: what `registration.smoothed` makes of it, if that is known.
    """
    if where.sum() < _FEWEST_BLOCKS:
        where = np.ones_like(where)
    smooth = smoothed(grey) if smooth is None else smooth
    fine = _energy(np.asarray(cv2.subtract(grey, smooth), np.float32), grey.shape)
    near = cv2.resize(smooth, (grey.shape[1] // _HALF, grey.shape[0] // _HALF), interpolation=cv2.INTER_AREA)
    far = cv2.GaussianBlur(near, (9, 9), _COARSE_PX / _HALF)
    coarse = _energy(np.asarray(cv2.subtract(near, far), np.float32), grey.shape)
    return float(np.median(np.sqrt(fine[where] / np.maximum(coarse[where], 1e-3))))


def _energy(detail: Floats, shape: tuple[int, ...]) -> Floats:
    """(N,) mean square in each block of a picture of `shape`."""
    square = np.asarray(cv2.multiply(detail, detail), np.float32)
    if square.shape == shape:
        return block_means(square)
    rows, cols = shape[0] // BLOCK_PX, shape[1] // BLOCK_PX
    cut = square[: rows * BLOCK_PX // _HALF, : cols * BLOCK_PX // _HALF]
    return np.asarray(cv2.resize(cut, (cols, rows), interpolation=cv2.INTER_AREA), np.float32).reshape(-1)


def colourfulness(image: Image) -> float:
    """Mean distance of blue and red from green, 0..255; near 0 for a camera that went over to infrared."""
    few = image[4::8, 4::8].astype(np.int16)
    return float(np.abs(few[..., ::2] - few[..., 1:2]).mean())


def structured(of: Floats) -> Mask:
    """(N,) which blocks of a structure show anything."""
    return np.asarray(block_moments(of)[1] >= STRUCTURED, np.bool_)


@dataclass(frozen=True, kw_only=True, eq=False)
class ReferenceView:
    """What is compared against.

    Attributes:
        grey: (H, W) float32 in 0..255, as it is in the present light.
        anchor: (H, W) float32, as it was when it was learnt. It alone says where the view is: one that follows the
            light would also follow a camera that sags by a pixel an hour.
        sharpness, colour: of single pictures, as the functions of these names say.
    """

    grey: Floats
    anchor: Floats
    sharpness: float
    colour: float

    @cached_property
    def structure(self) -> Floats:
        """(H, W) float32, see `registration.structure`."""
        return structure(self.grey)

    @cached_property
    def moments(self) -> tuple[Floats, Floats]:
        """(N,), (N,) mean and standard deviation of the structure's blocks."""
        return block_moments(self.structure)

    @cached_property
    def where(self) -> Mask:
        """(N,) the blocks that show something."""
        return np.asarray(self.moments[1] >= STRUCTURED, np.bool_)

    @cached_property
    def light(self) -> float:
        """Mean grey level."""
        return float(self.grey.mean())

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return int(self.grey.shape[1]), int(self.grey.shape[0])

    @staticmethod
    def learnt(greys: Sequence[Floats], colours: Sequence[float]) -> ReferenceView:
        """The view that several pictures have in common: the median, so that what passes by leaves no trace."""
        grey = np.median(np.stack(greys), axis=0).astype(np.float32)
        where = structured(structure(grey))
        each = [sharpness(one, where) for one in greys]
        usual = min(float(np.median(each)), _SHARPEST)
        return ReferenceView(grey=grey, anchor=grey, sharpness=usual, colour=float(np.median(colours)))

    def alike(self, now: Floats) -> Mask:
        """(N,) which blocks of a structure of the same shape show what the view shows there."""
        likeness = likeness_of_moments(self.structure, self.moments, now, block_moments(now))
        return np.asarray(likeness >= ALIKE, np.bool_)

    def mixed(self, grey: Floats, colour: float, share: float) -> ReferenceView:
        """The view with a share (0..1) of a new picture that was put into its place. Sharpness stays."""
        mixed = np.asarray(self.grey + share * (grey - self.grey), np.float32)
        mean = self.colour + share * (colour - self.colour)
        return ReferenceView(grey=mixed, anchor=self.anchor, sharpness=self.sharpness, colour=mean)

    def with_sharpness(self, value: float) -> ReferenceView:
        """The same view, with another usual sharpness; what was worked out from the picture is kept."""
        value = min(value, _SHARPEST)
        other = ReferenceView(grey=self.grey, anchor=self.anchor, sharpness=value, colour=self.colour)
        other.__dict__.update({k: v for k, v in self.__dict__.items() if k in _DERIVED})
        return other

    def put_back(self, certain: float, near_px: float) -> ReferenceView:
        """The view moved back to where its anchor is, if it has certainly crept away by more than `near_px`."""
        crept = align(structure(self.anchor), self.structure)
        far = crept.apart_n(Alignment(), self.size_px) * self.size_px[0] > near_px
        if crept.certainty < certain or not far:
            return self
        grey = warp_grey(self.grey, crept, self.grey)
        return ReferenceView(grey=grey, anchor=self.anchor, sharpness=self.sharpness, colour=self.colour)

    def keep(self) -> bytes:
        """One line of JSON and both pictures, one below the other, as a JPEG, for `recalled`."""
        facts = {"version": _VERSION, "sharpness": self.sharpness, "colour": self.colour}
        both = np.clip(np.rint(np.vstack([self.grey, self.anchor])), 0, 255).astype(np.uint8)
        _, jpeg = cv2.imencode(".jpg", both, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        return json.dumps(facts).encode() + b"\n" + jpeg.tobytes()

    @staticmethod
    def recalled(kept: bytes) -> ReferenceView:
        """What `keep` gave. Raises ValueError for anything else."""
        head, _, jpeg = kept.partition(b"\n")
        try:
            facts = json.loads(head)
            version, sharp, colour = facts["version"], float(facts["sharpness"]), float(facts["colour"])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError("kept reference view: expected a line of JSON facts, found none") from error
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE) if jpeg else None
        if version != _VERSION or picture is None or max(picture.shape) > _LARGEST_SIDE_PX or len(picture) % 2:
            raise ValueError(f"kept reference view: expected version {_VERSION} with a picture, found {version!r}")
        if not (isfinite(sharp) and isfinite(colour)):
            raise ValueError("kept reference view: expected finite facts")
        grey, anchor = np.split(picture.astype(np.float32), 2)
        return ReferenceView(grey=grey, anchor=anchor, sharpness=sharp, colour=colour)
