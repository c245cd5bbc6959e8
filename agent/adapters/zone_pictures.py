"""Takes pictures of bin zones for the album: now and then, when a taught zone turns, and when somebody asks."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from threading import Lock

import cv2
import numpy as np

from agent.adapters.onnx.features import RECIPE, zone_window
from agent.adapters.onnx.zone_reader import Lens, Outline
from agent.adapters.privacy import PrivacyGuard
from agent.adapters.zone_album import Why, ZoneAlbum, ZonePicture
from agent.core.errors import ModelError
from agent.core.types import Frame, Image, ZoneReading
from agent.core.zone_state import Origin, outline_hash
from agent.ports import Detector, ZoneReader

log = logging.getLogger(__name__)

EVERY_S = 600.0
"""Bins fill in hours; a day of one in ten minutes is a curve that a person can read."""
FULL = 0.5
"""A reading that passes this is a change."""
LONGEST_PX = 480
"""The longer side of a kept picture: enough to tell a full bin, little enough for hundreds."""
_QUALITY = 85


class Wanted:
    """Zones of which somebody asked for a picture now. Shared by all cameras; safe from several threads."""

    def __init__(self) -> None:
        self._places: set[tuple[str, str]] = set()
        self._lock = Lock()

    def ask(self, place: tuple[str, str]) -> None:
        """With the next look, please."""
        with self._lock:
            self._places.add(place)

    def take(self, place: tuple[str, str]) -> bool:
        """Whether somebody asked; then nobody does any more."""
        if not self._places:
            return False
        with self._lock:
            asked = place in self._places
            self._places.discard(place)
            return asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Darkroom:
    """What pictures are made with, shared by all cameras."""

    album: ZoneAlbum
    wanted: Wanted
    lens: Lens
    guard: PrivacyGuard
    detector: Detector


class KeepingReader:
    """`ports.ZoneReader` that also keeps pictures of the zones it passes over: at most one with each look."""

    def __init__(self, reader: ZoneReader, camera: str, outlines: Mapping[str, Outline], darkroom: Darkroom) -> None:
        """`outlines`: of the bin zones, corners in 0..1 of the picture."""
        self._reader = reader
        self._camera = camera
        self._outlines = dict(outlines)
        self._room = darkroom
        self._kept_s: dict[str, float] = {}
        self._full: dict[str, bool] = {}
        self._begun = False

    def read(self, frame: Frame) -> tuple[ZoneReading, ...]:
        """See `ports.ZoneReader.read`."""
        readings = self._reader.read(frame)
        if not self._begun:
            self._begin(frame)
        turned = self._turned(readings)
        for zone in self._outlines:
            if why := self._due(zone, frame.stamp.mono_s, turned):
                self._keep(zone, frame, why)
                break
        return readings

    def _begin(self, frame: Frame) -> None:
        """A restart does not begin the ten minutes anew."""
        self._begun = True
        now_ms = frame.stamp.utc.timestamp() * 1000
        for zone in self._outlines:
            newest = self._room.album.newest((self._camera, zone))
            if newest is not None and newest <= now_ms:
                self._kept_s[zone] = frame.stamp.mono_s - (now_ms - newest) / 1000

    def _turned(self, readings: Iterable[ZoneReading]) -> set[str]:
        now = {reading.zone: reading.full > FULL for reading in readings}
        turned = {zone for zone, full in now.items() if self._full.get(zone, full) != full}
        self._full = now
        return turned

    def _due(self, zone: str, now_s: float, turned: set[str]) -> Why | None:
        if self._room.wanted.take((self._camera, zone)):
            return "asked"
        if zone in turned:
            return "change"
        kept_s = self._kept_s.get(zone)
        return "time" if kept_s is None or now_s - kept_s >= EVERY_S else None

    def _keep(self, zone: str, frame: Frame, why: Why) -> None:
        self._kept_s[zone] = frame.stamp.mono_s
        outline, image = self._outlines[zone], frame.full()
        try:
            picture = taken(self._room.lens, outline, image, number=_number(frame), why=why)
        except ModelError as error:
            log.debug("%s: no pictures of zone %s to teach from: %s", self._camera, zone, error)
            return
        jpeg = self._shown(image, outline)
        self._room.album.keep((self._camera, zone), picture, jpeg)

    def _shown(self, image: Image, outline: Outline) -> bytes:
        """The JPEG of the zone and its surroundings, as it may be kept."""
        found = self._room.detector.detect([image])[0] if self._room.guard.blurs else None
        return cropped(self._room.guard.protect(image, found, ""), outline)


def taken(lens: Lens, outline: Outline, image: Image, *, number: int, why: Why) -> ZonePicture:
    """A picture of a zone with its features. `image`: (H, W, 3) uint8 BGR, the whole picture. Raises ModelError."""
    features = lens.extractor().features(image, outline)
    size = (image.shape[1], image.shape[0])
    origin = Origin(model_sha256=lens.model_sha256, recipe=RECIPE, outline=outline_hash(outline), picture_px=size)
    return ZonePicture(number=number, why=why, origin=origin, features=features)


def cropped(image: Image, outline: Outline) -> bytes:
    """The zone and what lies around it, as much as its features see, with its outline drawn; a JPEG."""
    corners = np.asarray(outline, np.float64) * (image.shape[1], image.shape[0])
    left, top, right, bottom = zone_window(corners, (image.shape[1], image.shape[0]))
    crop = np.ascontiguousarray(image[top:bottom, left:right])
    scale = min(LONGEST_PX / max(crop.shape[:2]), 1.0)
    size = (max(round(crop.shape[1] * scale), 1), max(round(crop.shape[0] * scale), 1))
    small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
    line = np.rint((corners - (left, top)) * scale).astype(np.int32)
    cv2.polylines(small, [line], isClosed=True, color=(0, 215, 255), thickness=1, lineType=cv2.LINE_AA)
    done, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert done  # a picture that was decoded before can be encoded
    return jpeg.tobytes()


def _number(frame: Frame) -> int:
    return round(frame.stamp.utc.timestamp() * 1000)
