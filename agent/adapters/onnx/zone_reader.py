"""The taught zones of one camera, read in turn, so that no picture costs more than one reading."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

import cv2
import numpy as np

from agent.adapters.onnx.features import RECIPE, FeatureExtractor
from agent.core.errors import ModelError, StoreFull, StoreUnusable
from agent.core.types import Frame, Image, ZoneReading
from agent.core.zone_state import Head, outline_hash
from agent.ports import Heads

log = logging.getLogger(__name__)

READ_EVERY_S = 20.0
"""Bins fill in hours; an incident's dwell is minutes."""
POLL_S = 5.0
"""How soon what another process taught is noticed."""

Outline = tuple[tuple[float, float], ...]


class Lens:
    """The feature extractor that all cameras share, opened when the first zone needs it; most boxes never do.

    Args:
        model_sha256: of the model that `load` opens, known without opening it.
    """

    def __init__(self, model_sha256: str, load: Callable[[], FeatureExtractor]) -> None:
        self.model_sha256 = model_sha256
        self._load = load
        self._lock = threading.Lock()
        self._extractor: FeatureExtractor | None = None

    def extractor(self) -> FeatureExtractor:
        """Opened once. Raises ModelError."""
        with self._lock:
            if self._extractor is None:
                self._extractor = self._load()
            return self._extractor


class TaughtZones:
    """`ports.ZoneReader` for one camera."""

    def __init__(
        self,
        camera: str,
        outlines: Mapping[str, Outline],
        *,
        heads: Heads,
        lens: Lens,
        read_every_s: float = READ_EVERY_S,
    ) -> None:
        """A reader that starts with nothing read.

        Args:
            outlines: each zone's corners in 0..1 of the picture.
            heads: asked for news every `POLL_S`. lens: what zones are read with.
            read_every_s: a zone is read again after this time at the earliest.
        """
        self._camera, self._outlines = camera, dict(outlines)
        self._heads, self._lens, self._read_every_s = heads, lens, read_every_s
        self._version: int | None = None
        self._polled_s: float | None = None
        self._taught: dict[str, Head] = {}
        self._readings: dict[str, ZoneReading] = {}

    def read(self, frame: Frame) -> tuple[ZoneReading, ...]:
        """See `ports.ZoneReader.read`."""
        now_s = frame.stamp.mono_s
        if self._polled_s is None or now_s - self._polled_s >= POLL_S:
            self._polled_s = now_s
            self._poll()
        if (zone := self._next(now_s)) is not None:
            self._look(zone, frame)
        return tuple(self._readings[zone] for zone in self._taught if zone in self._readings)

    def _poll(self) -> None:
        try:
            version = self._heads.version()
            if version == self._version:
                return
            stored = self._heads.heads(self._camera)
        except (StoreFull, StoreUnusable) as error:  # whoever records events tells it; what is known still serves
            log.debug("%s: no news of taught zones: %s", self._camera, error)
            return
        self._version = version
        taught = {zone: head for (_, zone), head in stored.items() if self._fits(zone, head)}
        changed = {zone for zone in self._taught.keys() | taught.keys() if self._taught.get(zone) != taught.get(zone)}
        self._readings = {zone: reading for zone, reading in self._readings.items() if zone not in changed}
        self._taught = taught
        if changed & taught.keys():
            log.info("%s: taught zones: %s", self._camera, ", ".join(taught))

    def _fits(self, zone: str, head: Head) -> bool:
        outline = self._outlines.get(zone)
        if outline is None:
            log.warning("%s: what was taught of zone %s is not used: there is no such zone", self._camera, zone)
            return False
        if head.origin.fits(self._lens.model_sha256, RECIPE, outline_hash(outline)):
            return True
        why = "model" if head.origin.model_sha256 != self._lens.model_sha256 else "outline or version of the agent"
        log.warning(
            "%s: what was taught of zone %s is not used: it was of another %s; teach it again", self._camera, zone, why
        )
        return False

    def _next(self, now_s: float) -> str | None:
        """The zone whose reading is due and oldest; one that has none comes first."""
        ages = {zone: self._age_s(zone, now_s) for zone in self._taught}
        zone = max(ages, key=lambda zone: ages[zone], default=None)
        return zone if zone is not None and ages[zone] >= self._read_every_s else None

    def _age_s(self, zone: str, now_s: float) -> float:
        reading = self._readings.get(zone)
        return float("inf") if reading is None else now_s - reading.stamp.mono_s

    def _look(self, zone: str, frame: Frame) -> None:
        head = self._taught[zone]
        try:
            seen = self._lens.extractor().features(_sized(frame.full(), head.origin.picture_px), self._outlines[zone])
            full = head.probability(seen)
        except (ModelError, ValueError) as error:
            log.error("%s: zone %s cannot be read, and is not tried again: %s", self._camera, zone, error)
            del self._taught[zone]
            return
        self._readings[zone] = ZoneReading(zone=zone, full=full, stamp=frame.stamp)


def _sized(image: Image, size_px: tuple[int, int]) -> Image:
    """The picture in the size of those that taught: a sub-stream may be squeezed, and shapes then look different."""
    if (image.shape[1], image.shape[0]) == size_px:
        return image
    shrinks = image.shape[1] > size_px[0]
    resized = cv2.resize(image, size_px, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.asarray(resized, np.uint8)
