"""Teaching a bin zone from the pictures that the agent kept of it. Implements `ports.console.TeachBackend`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock

import numpy as np

from agent.adapters.onnx.features import RECIPE
from agent.adapters.zone_album import MOST_MARKED, Mark, MarksFull, ZoneAlbum, ZonePicture
from agent.adapters.zone_pictures import FULL, Wanted
from agent.app.console.lesson import learnt_apart
from agent.app.console.parts import Parts
from agent.app.teach import teachable
from agent.config import Config
from agent.core.errors import CommandRejected, RejectCode
from agent.core.types import Floats
from agent.core.zone_state import LEAST, LEAST_BALANCED, Figures, Head, Lesson, Origin, outline_hash
from agent.ports import Clock, Heads
from agent.ports.console.teaching import CurvePoint, FiguresShown, LessonShown, Page, PictureShown, ZoneTaught

MOST_IN_PAGE = 100
CURVE = timedelta(days=1)

Place = tuple[str, str]
Outline = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A lesson that is not in force. `wrong`: numbers of pictures. `origin`: of those that taught, None without any."""

    lesson: Lesson
    wrong: frozenset[int]
    passed_over: int
    origin: Origin | None


class Teaching:
    """One lesson at a time; a lesson is some arithmetic on features that were made when pictures came."""

    def __init__(
        self,
        *,
        config: Callable[[], Config],
        album: ZoneAlbum,
        wanted: Wanted,
        heads: Heads,
        model_sha256: str,
        clock: Clock,
    ) -> None:
        """`config`: the one in force. `model_sha256`: of the model that is watching."""
        self._config = config
        self._album = album
        self._wanted = wanted
        self._heads = heads
        self._model_sha256 = model_sha256
        self._clock = clock
        self._learning = Lock()
        self._candidates: dict[Place, _Candidate] = {}

    def zones(self) -> list[ZoneTaught]:
        """See `TeachBackend.zones`."""
        heads = self._heads.heads()
        places = [(camera.id, zone) for camera in self._config().cameras for zone in teachable(camera)]
        return [self._shown(place, heads) for place in places]

    def zone(self, camera: str, zone: str) -> ZoneTaught:
        """See `TeachBackend.zone`."""
        self._outline((camera, zone))
        return self._shown((camera, zone), self._heads.heads(camera))

    def pictures(self, camera: str, zone: str, *, before: int | None, limit: int) -> Page:
        """See `TeachBackend.pictures`."""
        place = (camera, zone)
        outline = self._outline(place)
        found = [p for p in self._album.pictures(place) if before is None or p.number < before]
        shown, more = found[::-1][: min(limit, MOST_IN_PAGE)], len(found) > limit
        marks, head = self._album.marks(place), self._heads.heads(camera).get(place)
        candidate = self._candidates.get(place)
        wrong = candidate.wrong if candidate else frozenset()
        pictures = [
            PictureShown(
                id=picture.number,
                utc=picture.at.isoformat(timespec="seconds"),
                why=picture.why,
                mark=marks.get(picture.number),
                usable=self._fits(picture.origin, outline),
                full=_said(head, picture),
                wrong=picture.number in wrong,
            )
            for picture in shown
        ]
        return Page(pictures=pictures, before=shown[-1].number if shown and more else None)

    def jpeg(self, camera: str, zone: str, picture: int) -> bytes | None:
        """See `TeachBackend.jpeg`."""
        self._outline((camera, zone))
        return self._album.jpeg((camera, zone), picture)

    def ask(self, camera: str, zone: str) -> None:
        """See `TeachBackend.ask`."""
        self._outline((camera, zone))
        self._wanted.ask((camera, zone))

    def mark(self, camera: str, zone: str, marks: Mapping[int, Mark | None]) -> ZoneTaught:
        """See `TeachBackend.mark`."""
        self._outline((camera, zone))
        try:
            self._album.mark((camera, zone), marks)
        except MarksFull as error:
            text = f"{MOST_MARKED} pictures of a zone may be marked; take marks away from old ones first"
            raise CommandRejected(RejectCode.INVALID, text) from error
        return self.zone(camera, zone)

    def train(self, camera: str, zone: str) -> LessonShown:
        """See `TeachBackend.train`."""
        place = (camera, zone)
        outline = self._outline(place)
        if not self._learning.acquire(blocking=False):
            raise CommandRejected(RejectCode.BUSY, "another lesson is being learnt; try again in a moment")
        try:
            self._candidates[place] = self._learnt(place, outline)
        finally:
            self._learning.release()
        return self._told(place, self._candidates[place])

    def candidate(self, camera: str, zone: str) -> LessonShown | None:
        """See `TeachBackend.candidate`."""
        self._outline((camera, zone))
        candidate = self._candidates.get((camera, zone))
        return None if candidate is None else self._told((camera, zone), candidate)

    def switch_on(self, camera: str, zone: str) -> ZoneTaught:
        """See `TeachBackend.switch_on`."""
        place = (camera, zone)
        outline, candidate = self._outline(place), self._candidates.get(place)
        head = candidate.lesson.head if candidate else None
        if head is None:
            raise CommandRejected(RejectCode.INVALID, "no lesson waits to be switched on; train one first")
        if not self._fits(head.origin, outline):
            text = "the zone's outline or the model is another one since; keep pictures of it as it is now, and train"
            raise CommandRejected(RejectCode.INVALID, text)
        self._heads.save_head(camera, zone, head)
        self._candidates.pop(place, None)
        return self.zone(camera, zone)

    def discard(self, camera: str, zone: str) -> ZoneTaught:
        """See `TeachBackend.discard`."""
        self._candidates.pop((camera, zone), None)
        return self.zone(camera, zone)

    def switch_off(self, camera: str, zone: str) -> ZoneTaught:
        """See `TeachBackend.switch_off`."""
        self._outline((camera, zone))
        self._heads.forget_head(camera, zone)
        return self.zone(camera, zone)

    def _outline(self, place: Place) -> Outline:
        camera = next((known for known in self._config().cameras if known.id == place[0]), None)
        outlines = {} if camera is None else teachable(camera)
        if place[1] not in outlines:
            raise LookupError(f"camera {place[0]} has no zone {place[1]} that can be taught")
        return outlines[place[1]]

    def _fits(self, origin: Origin, outline: Outline) -> bool:
        return origin.fits(self._model_sha256, RECIPE, outline_hash(outline))

    def _learnt(self, place: Place, outline: Outline) -> _Candidate:
        marks = self._album.marks(place)
        marked = [picture for picture in self._album.pictures(place) if picture.number in marks]
        fitting = [picture for picture in marked if self._fits(picture.origin, outline)]
        sizes = Counter(picture.origin.picture_px for picture in fitting)
        size = sizes.most_common(1)[0][0] if sizes else (0, 0)
        used = [picture for picture in fitting if picture.origin.picture_px == size]
        clean = [picture for picture in used if marks[picture.number] == "clean"]
        full = [picture for picture in used if marks[picture.number] == "full"]
        origin = Origin(model_sha256=self._model_sha256, recipe=RECIPE, outline=outline_hash(outline), picture_px=size)
        width = len(used[0].features) if used else 0
        lesson = learnt_apart(_rows(clean, width), _rows(full, width), origin, self._clock.now().utc)
        wrong = [clean[i].number for i in lesson.wrong_clean] + [full[i].number for i in lesson.wrong_full]
        return _Candidate(
            lesson=lesson, wrong=frozenset(wrong), passed_over=len(marked) - len(used), origin=origin if used else None
        )

    def _told(self, place: Place, candidate: _Candidate) -> LessonShown:
        lesson = candidate.lesson
        return LessonShown(
            learnt=lesson.head is not None,
            refusal=lesson.refusal.value if lesson.refusal else None,
            figures=_figures(lesson.figures),
            needed_auc=round(lesson.needed_auc, 3),
            least=LEAST,
            least_balanced=LEAST_BALANCED,
            wrong=sorted(candidate.wrong),
            passed_over=candidate.passed_over,
            curve=self._curve(place, lesson.head),
            threshold=FULL,
        )

    def _curve(self, place: Place, head: Head | None) -> list[CurvePoint]:
        """What it would have said over the last day."""
        if head is None:
            return []
        since, marks = self._clock.now().utc - CURVE, self._album.marks(place)
        points = []
        for picture in self._album.pictures(place):
            full = _said(head, picture) if picture.at >= since else None
            if full is not None:
                utc = picture.at.isoformat(timespec="seconds")
                points.append(CurvePoint(utc=utc, full=full, mark=marks.get(picture.number)))
        return points

    def _shown(self, place: Place, heads: Mapping[Place, Head]) -> ZoneTaught:
        camera = self._config().camera(place[0])
        area = next(area for area in camera.zones if area.id == place[1])
        head, marks, candidate = heads.get(place), self._album.marks(place), self._candidates.get(place)
        said = Counter(marks.values())
        return ZoneTaught(
            camera=place[0],
            camera_name=camera.name or camera.id,
            zone=place[1],
            zone_name=area.name or area.id,
            pictures=len(self._album.pictures(place)),
            clean=said["clean"],
            full=said["full"],
            on=head is not None,
            usable=head is not None and self._fits(head.origin, area.polygon),
            taught=head.created.isoformat(timespec="seconds") if head else None,
            figures=_figures(head.figures) if head else None,
            candidate=candidate is not None and candidate.lesson.head is not None,
        )


def teaching_of(parts: Parts) -> Teaching:
    """The teach-in of the running agent."""
    means = parts.crew.means
    assert means.darkroom is not None  # where there is a console, pictures are kept for it
    return Teaching(
        config=lambda: parts.crew.config,
        album=means.darkroom.album,
        wanted=means.darkroom.wanted,
        heads=means.heads,
        model_sha256=means.detector.info.sha256,
        clock=means.clock,
    )


def _rows(pictures: list[ZonePicture], width: int) -> Floats:
    if not pictures:
        return np.zeros((0, width), np.float32)
    return np.stack([picture.features for picture in pictures])


def _said(head: Head | None, picture: ZonePicture) -> float | None:
    """How likely the zone overflows in a picture; None where the head does not fit it."""
    same = head is not None and head.origin.model_copy(update={"picture_px": picture.origin.picture_px})
    if head is None or same != picture.origin:
        return None
    return round(head.probability(picture.features), 3)


def _figures(figures: Figures | None) -> FiguresShown | None:
    if figures is None:
        return None
    return FiguresShown(
        clean=figures.clean,
        full=figures.full,
        auc=round(figures.auc, 3),
        balanced=round(figures.balanced, 3),
        margin=round(figures.margin, 2),
    )
