"""Takes the pictures of an event: the whole view with zone and box, and a close-up of the thing.

Nothing is drawn or cropped, let alone kept, before the privacy guard has been over the picture.
"""

from __future__ import annotations

import logging

from agent.adapters.evidence import EvidenceFolder
from agent.adapters.pictures import Caption, close_up, wide
from agent.adapters.privacy import PrivacyGuard
from agent.core.errors import EvidenceSkipped
from agent.core.plan import CameraPlan
from agent.core.types import Detections, Event, Evidence, Frame

log = logging.getLogger(__name__)


class ScenePhotographer:
    """`ports.Photographer` for one camera."""

    def __init__(self, folder: EvidenceFolder, plan: CameraPlan, guard: PrivacyGuard) -> None:
        self._folder = folder
        self._guard = guard
        self._outlines = plan.outlines_n
        self._time_zone = plan.time_zone

    def take(self, event: Event, frame: Frame, found: Detections | None) -> tuple[tuple[Evidence, ...], str | None]:
        """See `ports.Photographer.take`."""
        whole = not event.zone  # an incident of the camera itself: its picture as it is says all
        boxes = [] if whole else [seen.box_n for seen in event.objects]
        caption = Caption(
            camera=event.camera,
            zone=event.zone or event.objects[0].class_name,
            at=frame.stamp.utc.astimezone(self._time_zone),
            dwell_s=event.dwell_s,
        )
        image = self._guard.protect(frame.image, found, event)
        pictures = {"wide": wide(image, self._outlines.get(event.zone, ()), boxes, caption)}
        if boxes:
            pictures["close_up"] = close_up(image, boxes[0])
        kept = []
        try:
            for kind, jpeg in pictures.items():
                kept.append(self._folder.keep(event, kind, jpeg, frame.stamp.utc))
        except EvidenceSkipped as error:
            return tuple(kept), error.reason
        return tuple(kept), None
