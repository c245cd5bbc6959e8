"""What must not be known from a picture that is kept."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from agent.adapters.privacy.blur import coarse, unrecognisable
from agent.adapters.privacy.finders import Finder
from agent.adapters.privacy.regions import VEHICLE_SCORE, head_boxes, plate_boxes
from agent.core.rules import RULES
from agent.core.taxonomy import CLASS_IDS, CYCLES, MOTOR_VEHICLES
from agent.core.types import Detections, Floats, Image

MARGIN = 0.25
"""Added to what a model found, on each side, in its own width and height: a face is known by its hair too."""
_MOST_VEHICLES = 16
"""How many vehicles are looked at closely for plates, the largest first: on the rest no plate can be read."""
_VEHICLE_IDS = [CLASS_IDS[name] for name in sorted(MOTOR_VEHICLES | CYCLES)]


class PrivacyGuard:
    """Makes faces, and plates where the kind of incident does not need them, unrecognisable.

    Shared by all cameras; safe to call from several threads.
    """

    def __init__(
        self,
        *,
        faces: bool = True,
        plates: bool = True,
        face_finder: Finder | None = None,
        plate_finder: Finder | None = None,
    ) -> None:
        """`faces`, `plates`: what is blurred. The finders' boxes come on top of what the detector's boxes tell."""
        self._faces = faces
        self._plates = plates
        self._face_finder = face_finder
        self._plate_finder = plate_finder

    @property
    def blurs(self) -> bool:
        """Whether anything is made unrecognisable at all."""
        return self._faces or self._plates

    def protect(self, image: Image, found: Detections | None, rule: str) -> Image:
        """The picture as it may be kept; the given one is not changed.

        Args:
            image: (H, W, 3) uint8 BGR.
            found: what the detector sees in this very picture; None: it was not asked, so everybody may be in it.
            rule: of the incident that it is evidence of, which decides whether plates may be seen; empty for none.
        """
        plates = self._plates and not needs_plates(rule)
        if not (self._faces or plates):
            return image
        if found is None:
            return coarse(image)
        boxes = [*self._face_boxes(image, found)] if self._faces else []
        boxes += [*self._plate_boxes(image, found)] if plates else []
        return unrecognisable(image, np.concatenate(boxes))

    def _face_boxes(self, image: Image, found: Detections) -> Iterator[Floats]:
        yield head_boxes(found)
        if self._face_finder:
            yield _widened(self._face_finder.find(image))

    def _plate_boxes(self, image: Image, found: Detections) -> Iterator[Floats]:
        yield plate_boxes(found)
        if self._plate_finder:
            yield _widened(self._plate_finder.find(image))
            for left, top, right, bottom in _largest(found, image):
                # The model's input is small: plates are found in a close-up of each vehicle only.
                boxes = self._plate_finder.find(image[top:bottom, left:right])
                yield _widened(boxes + np.array([left, top, left, top], np.float32))


def needs_plates(rule: str) -> bool:
    """Whether the incidents of a rule are about whose vehicle it is. A rule that is not known needs nothing."""
    return rule in RULES and RULES[rule].needs_plates


def _largest(found: Detections, image: Image) -> list[tuple[int, int, int, int]]:
    """The largest vehicles, as whole pixels of the picture."""
    boxes = found.boxes_px[np.isin(found.class_ids, _VEHICLE_IDS) & (found.scores >= VEHICLE_SCORE)]
    height, width = image.shape[:2]
    limit = np.array([width, height, width, height], np.float32)
    whole = np.clip(np.rint(boxes), 0, limit).astype(int)
    areas = (whole[:, 2] - whole[:, 0]) * (whole[:, 3] - whole[:, 1])
    best = [i for i in np.argsort(-areas, kind="stable")[:_MOST_VEHICLES] if areas[i] > 0]
    return [(left, top, right, bottom) for left, top, right, bottom in whole[best].tolist()]


def _widened(boxes: Floats) -> Floats:
    x1, y1, x2, y2 = boxes.T
    across, down = MARGIN * (x2 - x1), MARGIN * (y2 - y1)
    return np.stack([x1 - across, y1 - down, x2 + across, y2 + down], axis=1)
