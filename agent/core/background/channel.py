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
from math import exp

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.core.background.kept import packed, planes_of, unpacked
from agent.core.background.lessons import Lessons
from agent.core.background.masks import Mask, both, clear_where, compared, either, grown, inverse
from agent.core.background.reference import (
    LEVELS_TO_LOGS,
    Logs,
    Reference,
    as_logs,
    is_grey,
    levels_of,
    logs_of,
    median,
)
from agent.core.background.region import LIGHT_KEEPS, LIGHT_KEEPS_REPORTED, Region, joined, regions_of
from agent.core.background.stays import NEAR, SETTLE_S, Stays
from agent.core.background.steady import steadied
from agent.core.geometry import contained
from agent.core.types import ChangeKind, Changes, Floats, Image, Stamp

BRIDGE_S = 10.0
"""Looks this close together count as sight in between (as in core/tracking/tracker.py)."""
MASK_MARGIN = 0.1
MASK_MARGIN_PX = 3
"""Boxes of movers are widened by this share of their sides and these pixels: for shadows and what boxes cut off."""
UNEXPLAINED_SHARE = 0.25
"""When more than this share of the picture is neither the reference nor its light, it is the picture that changed."""
REPORT_S = SETTLE_S + 1.5
"""A region is reported when it stood this long: its parts do not settle all at once, and its box shall not jump."""
SURE_S = 12.0
"""Looking for this long without a gap in one light, all that stands there is reported (`REPORT_S` and a picture)."""
ADAPT_EVERY_S = 10.0
CLEAN_SHARE = 0.7
"""Share of the limit up to which a pixel is followed."""
ABSORB_LIGHT_S = 60.0
"""A shadow or a pool of light that has stood this long is learnt."""
SHAKING_S = 30.0
"""A camera that shook so recently is compared with patience along edges, at the price of patience with leaves."""
SPREAD_KEPT = 8
"""Units of a deviation as it is kept."""
VIEW_PLANES = (3, 1, 1, 1)
STAY_PLANES = (1, 1, 1, 1, 1, 1)
"""Channels of what is kept of each view, and of the pixels' stays."""
_BoxPx = tuple[int, int, int, int]
UNREST_LOOKS = 60
"""A recalled measure of unrest counts as that of this many looks."""
KNOWN_SHARE = 0.1
"""A reference of which a reset leaves less than this share cannot tell the light, and is learnt anew."""
SCREEN_SHARE = 0.25
"""What takes this share of the picture, box for box, was not left on the street: it stands before the camera, and what
is seen of it tells nothing about what is behind it. A lorry in the near lane takes half, a stall in 15 m a tenth."""
PART_SHARE = 0.5
"""What lies this deep in a screen is seen through it or is a part of it, and says nothing either."""
VOTES = 20
"""Looks over which it is decided whether something came or went."""


class Background:
    """The scene-change channel of one camera."""

    def __init__(self) -> None:
        self._views: list[Reference] = []  # the one in use first
        self._stays: Stays | None = None
        self._votes: NDArray[np.int8] = np.zeros((0, 0), np.int8)  # 0: not reported; else for LEFT or for REMOVED
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
        self._votes[where > 0] = 0
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
        planes: list[NDArray[np.uint8]] = []
        for view in self._views:
            spread = np.minimum(view.spread // SPREAD_KEPT, 255).astype(np.uint8)
            planes += [levels_of(view.logs), spread, view.known, view.holds]
        votes, unrest = self._votes.view(np.uint8), self._stays.unrest
        stood_s = np.clip(self._stays.stood_s, 0, 2**24 - 1).astype(np.uint32)
        bytes_of_stood = [((stood_s >> shift) & 255).astype(np.uint8) for shift in (0, 8, 16)]
        calm = cv2.resize(unrest, votes.shape[::-1], interpolation=cv2.INTER_NEAREST)
        planes += [self._stays.stuck, votes, *bytes_of_stood, np.rint(calm).astype(np.uint8)]
        return packed(planes, len(self._views))

    def recall(self, kept: bytes, now: Stamp) -> None:
        """Go on from what `keep` returned, some time before `now`, for which nothing is attested.

        Raises:
            ValueError: it is damaged, something else, or of another shape than the pictures so far; nothing changed.
        """
        if not kept:
            self._forget()
            return
        count, height, width, data = unpacked(kept)
        if self._shape is not None and self._shape != (height, width):
            raise ValueError(
                f"kept reference: expected {self._shape[1]} x {self._shape[0]} pixels, found {width} x {height}; "
                "the camera's aspect has changed: renew its reference"
            )
        planes = planes_of(data, height, width, [*VIEW_PLANES * count, *STAY_PLANES])
        views = [_view(planes[i : i + len(VIEW_PLANES)]) for i in range(0, count * len(VIEW_PLANES), len(VIEW_PLANES))]
        stuck, votes, *bytes_of_stood, calm = planes[count * len(VIEW_PLANES) :]
        stays = Stays.beginning(views[0].logs)
        stays.stuck = stuck
        stays.stood_s = sum((part.astype(np.float32) * 256**i for i, part in enumerate(bytes_of_stood)), stays.stood_s)
        size = (stays.unrest.shape[1], stays.unrest.shape[0])
        stays.unrest = np.asarray(
            cv2.resize(calm.astype(np.float32), size, interpolation=cv2.INTER_NEAREST), np.float32
        )
        stays.looks = UNREST_LOOKS
        self._views, self._stays, self._votes = views, stays, votes.view(np.int8)
        self._lessons.clear()
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
        if self._stays is not None and self._stays.seen.shape != (height, width):
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
            self._votes = np.zeros(visible.shape, np.int8)
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
        # What was reported for long keeps its shape: a shadow that falls over it must not swallow it.
        regions: list[Region] = []
        if cv2.countNonZero(stays.stuck):
            settled = both(stays.stuck, compared(np.abs(self._votes), VOTES // 2, cv2.CMP_GE))
            rest = both(stays.stuck, inverse(settled))
            seen = (stays.look, away)
            regions = [*regions_of(settled, seen, view), *regions_of(rest, seen, view)]
        changes = self._report(regions)
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

    def _report(self, regions: Sequence[Region]) -> Changes:
        assert self._stays is not None
        stays, (height, width) = self._stays, self._votes.shape
        np.bitwise_and(self._votes, stays.stuck.view(np.int8), out=self._votes)
        found = _before_all(
            joined([region for region in regions if self._believed(region)], (height, width)), width * height
        )
        scores, still = [], []
        for group, _ in found:
            sizes = [np.count_nonzero(region.mask) for region in group]
            strength = sum(region.strength * size for region, size in zip(group, sizes, strict=True)) / sum(sizes)
            largest = group[sizes.index(max(sizes))]
            scores.append(min(max(1 - exp(-strength), 0.0), 1.0))
            still.append(median(stays.stood_s[largest.at][largest.mask & (stays.stuck[largest.at] > 0)]))
        kinds = [self._kind(group, _is_screen(box, width * height)) for group, box in found]
        boxes = np.asarray([box for _, box in found], np.float32).reshape(-1, 4)
        return Changes(
            boxes_n=np.asarray(boxes / np.array([width, height, width, height], np.float32), np.float32),
            scores=np.asarray(scores, np.float32),
            still_s=np.asarray(still, np.float32),
            kinds=tuple(kinds),
        )

    def _believed(self, region: Region) -> bool:
        """Whether it is a thing and not light."""
        assert self._stays is not None
        votes = self._votes[region.at]
        own = votes[region.mask]
        before = np.count_nonzero(own) >= len(own) / 2
        if np.count_nonzero(self._views[0].holds[region.at][region.mask]) >= len(own) / 2:
            return bool(before)  # the reference shows it too, and so has nothing to say
        if region.keeps >= (LIGHT_KEEPS_REPORTED if before else LIGHT_KEEPS):
            self._absorb(region)
            return False
        return bool(before or median(self._stays.stood_s[region.at][region.mask]) >= REPORT_S)

    def _kind(self, group: Sequence[Region], screen: bool) -> ChangeKind:
        """What a thing is; its regions cast their votes on whether it came or went, unless it is a screen."""
        if screen:
            return ChangeKind.SCREEN
        total = 0
        for region in group:
            votes, sign = self._votes[region.at], 1 if region.edges >= 0 else -1
            cast = np.clip(votes[region.mask] + sign, -VOTES, VOTES)
            votes[region.mask] = np.where(cast == 0, sign, cast)
            total += int(votes[region.mask].sum())
        return ChangeKind.LEFT if total >= 0 else ChangeKind.REMOVED

    def _absorb(self, region: Region) -> None:
        """Learn light that has stood for long and was never reported."""
        assert self._stays is not None
        stays = self._stays
        stood_s = stays.stood_s[region.at][region.mask]
        if median(stood_s) < ABSORB_LIGHT_S or self._votes[region.at][region.mask].any():
            return
        where = np.zeros_like(stays.stuck)
        where[region.at][region.mask] = 255
        self._views[0].accept(stays.look, both(where, stays.stuck))
        stays.free(where)

    def _forget(self) -> None:
        self._views, self._stays = [], None
        self._lessons.clear()


def _is_screen(box_px: _BoxPx, picture_px: int) -> bool:
    x1, y1, x2, y2 = box_px
    return (x2 - x1) * (y2 - y1) >= SCREEN_SHARE * picture_px


def _before_all(found: list[tuple[list[Region], _BoxPx]], picture_px: int) -> list[tuple[list[Region], _BoxPx]]:
    """The things without those that are mere parts of a screen."""
    screens = [box for _, box in found if _is_screen(box, picture_px)]
    return [
        (group, box)
        for group, box in found
        if box in screens or not any(contained(box, screen) >= PART_SHARE for screen in screens)
    ]


def _view(planes: Sequence[NDArray[np.uint8]]) -> Reference:
    levels, spread, known, holds = planes
    return Reference(LEVELS_TO_LOGS[levels], spread.astype(np.int16) * SPREAD_KEPT, known, holds)


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
