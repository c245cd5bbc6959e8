"""Pictures of bin zones, kept now and then so that somebody can teach from them: a folder of its own.

    CAMERA/ZONE/MS.jpg     the zone and what lies around it, faces and plates made unrecognisable as in evidence
    CAMERA/ZONE/MS.json    when, why, and the zone's features with what they were made from
    CAMERA/ZONE/marks.json what a person said of them: clean or full

MS is the moment in milliseconds since 1970. Features are kept because they are of the picture as the camera sent it,
which is not kept; and a day of them is read in a moment. The oldest unmarked pictures go first.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Literal

import numpy as np

from agent.adapters.config_file import Note
from agent.core.types import Floats
from agent.core.zone_state import Origin

log = logging.getLogger(__name__)

MOST = 600
"""Pictures of one zone: four days of one in ten minutes, some 20 MB."""
MOST_MARKED = 200
"""Of them marked: a lesson needs tens, and what is marked makes room last."""
AGE_S = 14 * 86_400.0
"""How long an unmarked picture stays."""
_NAME = re.compile(r"\d{10,16}")
_MARKS = "marks.json"

Mark = Literal["clean", "full"]
Why = Literal["time", "change", "asked"]


class MarksFull(Exception):
    """`MOST_MARKED` pictures of a zone are marked already."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ZonePicture:
    """One picture. `number`: its moment in ms. `features`: (D,) float32, which mean something with `origin` only."""

    number: int
    why: Why
    origin: Origin
    features: Floats

    @property
    def at(self) -> datetime:
        """When it was taken, UTC."""
        return datetime.fromtimestamp(self.number / 1000, UTC)


class ZoneAlbum:
    """Owns its folder alone. Safe from several threads. What the disk does not take is not kept, and logged."""

    def __init__(self, folder: Path, *, most: int = MOST) -> None:
        """Touches nothing yet. `most`: pictures of one zone."""
        self._folder = folder
        self._most = most
        self._lock = Lock()
        self._read: dict[Path, ZonePicture] = {}

    def keep(self, place: tuple[str, str], picture: ZonePicture, jpeg: bytes) -> bool:
        """Keep one picture of a zone, and let go of those that are too many or too old.

        Args:
            place: ids of a camera and one of its zones.
        """
        folder = self._of(place)
        try:
            with self._lock:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._make_room(folder, picture.number)
                _write(folder / f"{picture.number}.jpg", jpeg)
                _write(folder / f"{picture.number}.json", _text(picture))  # last: what has a text is whole
        except OSError as error:
            log.warning("%s: a picture of zone %s is not kept: %s", place[0], place[1], error.strerror or error)
            return False
        return True

    def pictures(self, place: tuple[str, str]) -> list[ZonePicture]:
        """All of a zone, oldest first; those that cannot be read are left out."""
        with self._lock:
            return list(self._pictures(self._of(place)))

    def jpeg(self, place: tuple[str, str], number: int) -> bytes | None:
        """One picture; None when it is gone."""
        try:
            return (self._of(place) / f"{number}.jpg").read_bytes()
        except OSError:
            return None

    def marks(self, place: tuple[str, str]) -> dict[int, Mark]:
        """What was said of the pictures that are there."""
        with self._lock:
            return self._marks(self._of(place))

    def mark(self, place: tuple[str, str], marks: Mapping[int, Mark | None]) -> dict[int, Mark]:
        """Say that pictures are clean, full or (None) neither; those that are not there are passed over.

        Returns: all marks of the zone.
        Raises: MarksFull, StoreFull, StoreUnusable, and nothing is marked.
        """
        folder = self._of(place)
        with self._lock:
            known = self._marks(folder)
            there = {int(path.stem) for path in _texts(folder)}
            for number, said in marks.items():
                if said is None or number not in there:
                    known.pop(number, None)
                else:
                    known[number] = said
            if len(known) > MOST_MARKED:
                raise MarksFull
            if folder.is_dir():
                text = json.dumps({str(number): known[number] for number in sorted(known)})
                Note(folder / _MARKS).write(text)  # to the disk itself: it is a person's work
            return known

    def newest(self, place: tuple[str, str]) -> int | None:
        """The number of the newest picture, without reading any."""
        return max((int(path.stem) for path in _texts(self._of(place))), default=None)

    def _of(self, place: tuple[str, str]) -> Path:
        return self._folder / place[0] / place[1]  # ids, which the configuration holds to letters, digits and dashes

    def _pictures(self, folder: Path) -> Iterator[ZonePicture]:
        paths = sorted(_texts(folder), key=lambda path: int(path.stem))
        for gone in [path for path in self._read if path.parent == folder and path not in paths]:
            del self._read[gone]
        for path in paths:
            if path not in self._read:
                try:
                    self._read[path] = _picture(path)
                except (OSError, ValueError, KeyError) as error:
                    log.debug("%s: cannot be read: %s", path, error)
                    continue
            yield self._read[path]

    def _marks(self, folder: Path) -> dict[int, Mark]:
        try:
            said = json.loads((folder / _MARKS).read_bytes())
            there = {int(path.stem) for path in _texts(folder)}
            marks: dict[int, Mark] = {int(n): mark for n, mark in said.items() if mark in ("clean", "full")}
            return {number: mark for number, mark in marks.items() if number in there}
        except (OSError, ValueError, AttributeError):
            return {}

    def _make_room(self, folder: Path, now_ms: int) -> None:
        marked = self._marks(folder)
        numbers = sorted(int(path.stem) for path in _texts(folder))
        free = [number for number in numbers if number not in marked]
        too_many = max(len(numbers) + 1 - self._most, 0)
        old = [number for number in free if number < now_ms - AGE_S * 1000]
        for number in {*old, *free[:too_many]}:
            for suffix in (".json", ".jpg"):
                with suppress(FileNotFoundError):
                    (folder / f"{number}{suffix}").unlink()


def _texts(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.suffix == ".json" and _NAME.fullmatch(path.stem)]
    except OSError:
        return []


def _text(picture: ZonePicture) -> bytes:
    features = base64.b64encode(picture.features.astype("<f4").tobytes()).decode()
    data = {"why": picture.why, "origin": picture.origin.model_dump(mode="json"), "features": features}
    return json.dumps(data).encode()


def _picture(path: Path) -> ZonePicture:
    data = json.loads(path.read_bytes())
    return ZonePicture(
        number=int(path.stem),
        why=data["why"],
        origin=Origin.model_validate(data["origin"]),
        features=np.frombuffer(base64.b64decode(data["features"]), "<f4").astype(np.float32),
    )


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, for the owner only."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:  # noqa: PTH123
            file.write(content)
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise
