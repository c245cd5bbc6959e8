"""Which regions of a fixed camera's picture changed against the clean reference and then stood still.

A pixel deviates when it differs from the clean reference in the reference's light. It is stuck once it deviated and
looked the same for `stays.SETTLE_S`, and stays stuck until it looks clean again: whatever stands in front of it for a
while proves nothing, and it is never learnt. Regions of stuck pixels are reported unless they are mere light
(`region.py`).

There are two references, one for each kind of light: an infra-red picture has nothing in common with that of the day.
When a picture fits neither, nothing is judged or reported; what stands like that for `lessons.LEARN_S` takes the place
of the reference that was not used of late. Things that were reported before are then learnt with their places, so that
they are reported again, until these places change. What was put down WHILE nothing could be judged is taken for normal
in the new light, and found in the old one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from agent.core.background.kept import Kept, as_bytes, from_bytes
from agent.core.background.lessons import Lessons
from agent.core.background.masks import Mask, both, clear_where, compared, either, grown, inverse
from agent.core.background.reference import Logs, Reference, as_logs, is_grey, logs_of
from agent.core.background.reports import Reports
from agent.core.background.stays import NEAR, SETTLE_S, Stays
from agent.core.background.steady import steadied
from agent.core.types import Changes, Floats, Image, Stamp

BRIDGE_S = 10.0
"""Looks this close together count as sight in between (as in core/tracking/tracker.py)."""
MASK_MARGIN = 0.1
MASK_MARGIN_PX = 3
"""Boxes of movers are widened by this share of their sides and these pixels: for shadows and what boxes cut off."""
UNEXPLAINED_SHARE = 0.25
"""When more than this share of the picture is neither the reference nor its light, it is the picture that changed."""
SURE_S = 12.0
"""Looking for this long without a gap in one light, all that stands there is reported (`REPORT_S` and a picture)."""
ADAPT_EVERY_S = 10.0
CLEAN_SHARE = 0.7
"""Share of the limit up to which a pixel is followed."""
SHAKING_S = 30.0
"""A camera that shook so recently is compared with patience along edges, at the price of patience with leaves."""
KNOWN_SHARE = 0.1
"""A reference of which a reset leaves less than this share cannot tell the light, and is learnt anew."""


class Background:
    """The scene-change channel of one camera."""

    def __init__(self) -> None:
        self._views: list[Reference] = []  # the one in use first
        self._stays: Stays | None = None
        self._reports = Reports.none((0, 0))
        self._lessons = Lessons()
        self._shape: tuple[int, int] | None = None
        self._last: Stamp | None = None
        self._adapted_s = 0.0
        self._shaken_s = -SHAKING_S
        self._interrupted = False
        self._sure_s = 0.0

    @property
    def ready(self) -> bool:
        """Whether enough was seen for a clean reference."""
        return bool(self._views)

    def interrupt(self) -> None:
        """Nobody was looking since the last picture: nothing may be concluded from that time."""
        self._interrupted = True

    def reset(self, outline_n: Sequence[tuple[float, float]] | None) -> None:
        """What stands there now is the new normal.

        It is taken over pixel by pixel, each once it has looked the same for `SETTLE_S` from now on: who passes by is
        not learnt, and no picture from before a gap. Until then nothing is reported there.

        Args:
            outline_n: polygon, 0..1, in which this holds; None for the whole picture, which is then learnt anew.
        """
        if outline_n is None or self._stays is None:
            self._forget()
            return
        stays, (height, width) = self._stays, self._stays.stuck.shape
        corners = np.rint(np.asarray(outline_n, np.float64) * (width, height)).astype(np.int32)
        where = np.asarray(cv2.fillPoly(np.zeros((height, width), np.uint8), [corners], 255), np.uint8)
        stays.free(where)
        clear_where(stays.still_s, where)
        self._reports.clear(where)
        self._lessons.clear()
        self._sure_s = 0.0
        for view in self._views:
            view.unlearn(where)
        if cv2.countNonZero(self._views[0].known) < KNOWN_SHARE * where.size:
            self._forget()
        else:
            self._views = [view for view in self._views if cv2.countNonZero(view.known) >= KNOWN_SHARE * where.size]

    def keep(self) -> bytes:
        """All that a restart shall not forget, 100 to 300 KB; what is being learnt is not among it."""
        if self._stays is None:
            return b""
        return as_bytes(Kept(self._views, self._stays, self._reports.votes))

    def recall(self, kept: bytes, now: Stamp) -> None:
        """Go on from what `keep` returned, some time before `now`, for which nothing is attested.

        Raises:
            ValueError: it is damaged, something else, or of another shape than the pictures so far; nothing changed.
        """
        if not kept:
            self._forget()
            return
        memory = from_bytes(kept)
        height, width = memory.votes.shape
        if self._shape is not None and self._shape != (height, width):
            raise ValueError(
                f"kept reference: expected {self._shape[1]} x {self._shape[0]} pixels, found {width} x {height}; "
                "the camera's aspect has changed: renew its reference"
            )
        self._views, self._stays, self._reports = memory.views, memory.stays, Reports(memory.votes)
        self._lessons.clear()
        self._shape = height, width
        self._last, self._adapted_s, self._sure_s = None, now.mono_s, 0.0

    def step(self, small: Image, now: Stamp, ignore_n: Floats) -> Changes:
        """Take one look.

        Args:
            small: a working picture, in the reference view but for a few pixels of shaking. When its shape differs from
                that of those before, everything begins anew.
            ignore_n: (M, 4) boxes, 0..1, of persons, vehicles and other movers that the detector saw in it.

        Returns:
            The regions that changed and stood still, in an order that means nothing; none while not `ready`, or while
            the picture as a whole does not fit. They are not complete then, nor until it has looked for `SURE_S`.
        """
        height, width = small.shape[:2]
        if self._shape is not None and self._shape != (height, width):
            self._forget()
        self._shape = height, width
        attested_s = self._attested_s(now)
        visible = _visible(ignore_n, small.shape[:2])
        fit = self._fit(small, visible, now)
        if fit is None:
            self._learn(small, visible, now)
            self._sure_s = 0.0
            return Changes.none(complete=False)
        self._lessons.clear()
        self._sure_s = self._sure_s + attested_s if attested_s > 0 else 0.0
        return replace(self._judge(fit, visible, now, attested_s), complete=self._sure_s >= SURE_S)

    def _attested_s(self, now: Stamp) -> float:
        since_s = now.mono_s - self._last.mono_s if self._last else 0.0
        attested = not self._interrupted and 0 < since_s <= BRIDGE_S
        self._last, self._interrupted = now, False
        return since_s if attested else 0.0

    def _fit(self, small: Image, visible: Mask, now: Stamp) -> tuple[Logs, Logs] | None:
        """The picture in the light of the first view that it fits, and that light; that view is in use from then on."""
        grey = is_grey(small)
        for view in self._views:
            if view.grey != grey:
                continue
            steady, shaken = steadied(small, view.marks)
            logs = logs_of(steady)
            usable = both(visible, view.known)
            if self._stays is not None:
                usable = both(usable, inverse(self._stays.stuck))
            light, unexplained = view.light(logs, usable)
            if unexplained <= UNEXPLAINED_SHARE:
                if view is not self._views[0]:
                    self._views.reverse()
                    self._interrupted = True
                self._shaken_s = now.mono_s if shaken else self._shaken_s
                return as_logs(cv2.subtract(logs, light)), light
        if self._stays is not None:
            self._stays.seen = np.zeros_like(visible)
        return None

    def _learn(self, small: Image, visible: Mask, now: Stamp) -> None:
        if not self._lessons.add(small, visible, now):
            return
        held = self._stays.stuck if self._stays is not None else np.zeros_like(visible)
        view = self._lessons.reference(held)
        self._views = [view, *self._views[:1]]
        self._adapted_s = now.mono_s
        if self._stays is None:
            self._stays = Stays.beginning(view.logs)
            self._reports = Reports.none(visible.shape)
        else:
            self._stays.look = view.logs.copy()

    def _judge(self, fit: tuple[Logs, Logs], visible: Mask, now: Stamp, attested_s: float) -> Changes:
        assert self._stays is not None
        stays, view, (lit, light) = self._stays, self._views[0], fit
        shaking = now.mono_s - self._shaken_s < SHAKING_S
        stays.watch(lit, visible, view.limit, attested_s, shaking=shaking)
        away = view.deviation(stays.look)
        gone = stays.settle(view, away)
        self._relearn(gone)
        changes = self._reports.step(stays, view, away)
        elapsed_s = now.mono_s - self._adapted_s
        if elapsed_s >= ADAPT_EVERY_S or elapsed_s < 0:
            clean = compared(away, (view.limit * np.float32(CLEAN_SHARE)).astype(np.int16), cv2.CMP_LE)
            clean = both(clean, inverse(grown(stays.stuck, NEAR)))
            elapsed_s = min(max(elapsed_s, 0.0), ADAPT_EVERY_S)
            view.adapt(lit, light, both(clean, visible), visible, elapsed_s, shaking=shaking)
            self._adapted_s = now.mono_s
        return changes

    def _relearn(self, gone: Mask) -> None:
        """Take over what is seen where nothing was known, or where a thing that the reference held has gone."""
        assert self._stays is not None
        stays, view = self._stays, self._views[0]
        settled = compared(stays.still_s, SETTLE_S, cv2.CMP_GE)
        unknown = both(inverse(view.known), both(settled, stays.seen))
        where = either(gone, unknown)
        if cv2.countNonZero(where):
            view.accept(stays.look, where)
            for other in self._views[1:]:
                other.unlearn(both(gone, other.holds))

    def _forget(self) -> None:
        self._views, self._stays = [], None
        self._lessons.clear()


def _visible(ignore_n: Floats, shape: tuple[int, ...]) -> Mask:
    """255 where no mover is, margins included."""
    height, width = shape[:2]
    visible = np.full((height, width), 255, np.uint8)
    if len(ignore_n):
        margin = (ignore_n[:, 2:] - ignore_n[:, :2]) * MASK_MARGIN
        low = np.floor((ignore_n[:, :2] - margin) * (width, height)) - MASK_MARGIN_PX
        high = np.ceil((ignore_n[:, 2:] + margin) * (width, height)) + MASK_MARGIN_PX
        corners = np.clip(np.concatenate([low, high], axis=1), 0, (width, height, width, height))
        for x1, y1, x2, y2 in corners.astype(int).tolist():
            visible[y1:y2, x1:x2] = 0
    return visible
