"""The next picture of a camera, with faces and plates made unrecognisable."""

from __future__ import annotations

from threading import Event

import cv2

from agent.app.console.parts import Parts
from agent.app.parts import privacy_guard
from agent.core.types import Detections, Frame
from agent.ports import Photographer

WAIT_S = 8.0


class _Wish:
    def __init__(self) -> None:
        self.there = Event()
        self.wanted = True
        self.frame: Frame | None = None
        self.found: Detections | None = None

    def look(self, photographer: Photographer, frame: Frame, found: Detections | None) -> None:  # noqa: ARG002
        """See `runtime.wishes.Wish`."""
        self.frame, self.found = frame, found
        self.there.set()


class Stills:
    """Waits for a look; safe from any thread."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._guard = privacy_guard(parts.config)

    def jpeg(self, camera: str) -> bytes | None:
        """The next picture; None where there is none within some seconds. Raises CommandRejected."""
        desk = self._parts.crew.desks.get(camera)
        if desk is None:
            return None
        wish = _Wish()
        desk.next_look(wish)
        wish.there.wait(WAIT_S)
        wish.wanted = False
        if wish.frame is None:
            return None
        image = wish.frame.image
        found = wish.found or self._parts.detector.detect([image])[0]
        done, jpeg = cv2.imencode(".jpg", self._guard.protect(image, found, ""))
        return jpeg.tobytes() if done else None
