"""Takes the pictures of an event: the whole view with zone and box, and a close-up of the thing.

Nothing is drawn or cropped, let alone kept, before the privacy guard has been over the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from agent.adapters.evidence import EvidenceFolder
from agent.adapters.first_sights import FirstSight, FirstSights
from agent.adapters.originals import LastOriginals
from agent.adapters.pictures import Caption, close_up, wide
from agent.adapters.privacy import PrivacyGuard
from agent.core.errors import EvidenceSkipped
from agent.core.plan import CameraPlan
from agent.core.presence import Presence
from agent.core.silence import Dismissal
from agent.core.types import Box, Detections, Event, Evidence, Frame, Image, Stamp
from agent.ports import Detector, MainStream, Samples

SUB_STREAM = "sub_stream"
AFTER = "after"
FIRST = "first_sight_"
"""Before the kinds `wide` and `close_up`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """A picture, (H, W, 3) uint8 BGR, what the detector sees in it (None: it was not asked), and when it was taken."""

    image: Image
    found: Detections | None
    at: datetime


class LastView:
    """The last picture of the main stream, for several events of one look at the street.

    One for all cameras: such a picture takes 6 MB, and hardly ever do two cameras have events at once.
    """

    def __init__(self) -> None:
        self._kept: tuple[tuple[str, Stamp], View] | None = None

    def of(self, frame: Frame) -> View | None:
        """What was kept for this picture of the watching, or None."""
        kept = self._kept
        return kept[1] if kept and kept[0] == (frame.camera, frame.stamp) else None

    def keep(self, frame: Frame, view: View) -> None:
        """Keep it, in place of any other."""
        self._kept = ((frame.camera, frame.stamp), view)


class CloserLook:
    """Pictures of the main stream, and what is in them: persons went on since the watching's picture was taken."""

    def __init__(self, main: MainStream, detector: Detector, last: LastView) -> None:
        self._main = main
        self._detector = detector
        self._last = last

    def view(self, frame: Frame) -> View | None:
        """One of now, or None when there is none to be had. `frame`: what the watching sees; one gives one view."""
        view = self._last.of(frame)
        if view is not None:
            return view
        still = self._main.picture()
        if still is None:
            return None
        [found] = self._detector.detect([still.image])
        view = View(image=still.image, found=found, at=still.at)
        self._last.keep(frame, view)
        return view


class ScenePhotographer:
    """`ports.Photographer` for one camera."""

    def __init__(
        self,
        folder: EvidenceFolder,
        plan: CameraPlan,
        guard: PrivacyGuard,
        closer: CloserLook | None = None,
        samples: Samples | None = None,
        first: FirstSights | None = None,
        originals: LastOriginals | None = None,
        detector: Detector | None = None,
    ) -> None:
        """A photographer for the camera of a plan.

        Args:
            first: what was seen of this camera's things at first; None: nothing yet.
            originals: shared by all photographers; None: one of its own.
            detector: is asked about pictures that it was not shown; None: nobody is.
            closer: pictures of the main stream; None: those that the watching sees have to do.
            samples: where pictures of what was dismissed go; None: nowhere.
        """
        self._samples = samples
        self._folder = folder
        self._first = first or FirstSights()
        self._originals = originals or LastOriginals()
        self._detector = detector
        self._answered: tuple[Stamp, Detections] | None = None
        self._closer = closer
        self._guard = guard
        self._outlines = plan.outlines_n
        self._time_zone = plan.time_zone

    def take(self, event: Event, frame: Frame, found: Detections | None) -> tuple[tuple[Evidence, ...], str | None]:
        """See `ports.Photographer.take`. The note `sub_stream`: the main stream gave no picture when it was wanted."""
        view, note = self._view(frame, found, closer=bool(event.zone))
        kept = []
        try:
            for kind, jpeg in self._pictures(event, view).items():
                kept.append(self._folder.keep(event, kind, jpeg, view.at))
        except EvidenceSkipped as error:
            return tuple(kept), error.reason
        return tuple(kept), note

    def ask(self, frame: Frame) -> Detections | None:
        """See `ports.Photographer.ask`. Asked once for all events of a picture."""
        if self._answered is None or self._answered[0] != frame.stamp:
            if self._detector is None:
                return None
            self._answered = (frame.stamp, self._detector.detect([frame.image])[0])
        return self._answered[1]

    def watch(self, watched: Sequence[Presence], frame: Frame, found: Detections) -> None:
        """See `ports.Photographer.watch`."""
        self._first.watch(watched, frame, found)

    def first_sight(self, event: Event, presence: Presence) -> tuple[Evidence, ...]:
        """See `ports.Photographer.first_sight`."""
        sight = self._first.of(presence)
        view = None if sight is None else self._then(sight)
        if sight is None or view is None:
            return ()
        then = replace(
            event,
            dwell_s=sight.dwell_s,
            objects=tuple(replace(seen, box_n=sight.box_n) for seen in event.objects[:1]),
        )
        kept = []
        with suppress(EvidenceSkipped):  # the folder has said so
            for kind, jpeg in self._pictures(then, view).items():
                kept.append(self._folder.keep(event, FIRST + kind, jpeg, sight.at))
        return tuple(kept)

    def again(
        self, event: Event, box_n: Box, frame: Frame, found: Detections | None
    ) -> tuple[Evidence | None, str | None]:
        """See `ports.Photographer.again`."""
        view, note = self._view(frame, found, closer=bool(event.zone))
        if event.zone:
            jpeg = close_up(self._guard.protect(view.image, view.found, event.rule), box_n)
        else:
            jpeg = self._pictures(event, view)["wide"]
        try:
            name = f"{AFTER}_{round(event.at.timestamp() * 1000)}"
            return self._folder.keep(event, AFTER, jpeg, view.at, name=name), note
        except EvidenceSkipped as error:
            return None, error.reason

    def holds(self, kept: Evidence) -> bool:
        """See `ports.Photographer.holds`."""
        return self._folder.holds(kept)

    def snapshot(self, command_id: str, frame: Frame, found: Detections | None) -> tuple[Evidence | None, str | None]:
        """See `ports.Photographer.snapshot`."""
        view, note = self._view(frame, found, closer=True)
        caption = Caption(camera=frame.camera, zone="", at=view.at.astimezone(self._time_zone), dwell_s=None)
        jpeg = wide(self._guard.protect(view.image, view.found, ""), (), [], caption)
        try:
            return self._folder.keep_snapshot(command_id, jpeg, view.at), note
        except EvidenceSkipped as error:
            return None, error.reason

    def sample(self, dismissal: Dismissal, frame: Frame, found: Detections | None) -> None:
        """See `ports.Photographer.sample`."""
        if self._samples and found is not None:
            view = self._own(frame, found)
            assert view.found is not None
            self._samples.keep(dismissal, self._guard.protect(view.image, view.found, dismissal.rule), view.found)

    def _view(self, frame: Frame, found: Detections | None, *, closer: bool) -> tuple[View, str | None]:
        """The picture of the stream that evidence comes from, and a note where it had to be another."""
        if not self._closer or not closer or found is None:
            return self._own(frame, found), None
        better = self._closer.view(frame)
        return (better, None) if better else (self._own(frame, found), SUB_STREAM)

    def _own(self, frame: Frame, found: Detections | None) -> View:
        """The picture that was looked at, as large as it can be had."""
        full = None if frame.original is None else self._originals.image(frame.original)
        image = frame.image if full is None else full
        return View(image=image, found=_fitted(found, frame.size_px, image), at=frame.stamp.utc)

    def _then(self, sight: FirstSight) -> View | None:
        """The picture of a first sight, or None when it cannot be had any more."""
        image = self._originals.image(sight.original)
        if image is None:
            return None
        return View(image=image, found=_fitted(sight.found, sight.size_px, image), at=sight.at)

    def _pictures(self, event: Event, view: View) -> dict[str, bytes]:
        """The JPEGs of an event, by kind."""
        whole = not event.zone  # an incident of the camera itself: its picture as it is says all
        boxes = [] if whole else [seen.box_n for seen in event.objects]
        caption = Caption(
            camera=event.camera,
            zone=event.zone or event.objects[0].class_name,
            at=view.at.astimezone(self._time_zone),
            dwell_s=event.dwell_s,
        )
        image = self._guard.protect(view.image, view.found, event.rule)
        pictures = {"wide": wide(image, self._outlines.get(event.zone, ()), boxes, caption)}
        if boxes:
            pictures["close_up"] = close_up(image, boxes[0])
        return pictures


def _fitted(found: Detections | None, size_px: tuple[int, int], image: Image) -> Detections | None:
    """What was found in a picture of `size_px`, in the pixels of the same view in another size."""
    return None if found is None else found.resized(size_px, (image.shape[1], image.shape[0]))
