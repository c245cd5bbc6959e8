"""Whether a camera's pictures show what they should: one camera's watch, a small picture at a time.

A fault suspends judgement about the street (blind time), so it is said as soon as it is sure: a picture in which
nothing is to be seen (dark, over-exposed) or that certainly shows the place from elsewhere (moved) at once; what a bus
in front could look like (covered, blurred, another view) after `PERSIST_S`; a frozen picture after `freeze.FROZEN_S`.
It ends with the first picture that is well. When to tell the centre is another matter, see `camera_health`.

What is not certain is not a fault: a night that looks nothing like the day keeps the last verdict, for a day at most.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import exp, isfinite
from typing import Final

import cv2
import numpy as np

from agent.core.picture_health.freeze import FreezeWatch
from agent.core.picture_health.pose import CERTAIN, CameraPose, Match, Stand
from agent.core.picture_health.reference_view import Mask, ReferenceView, colourfulness, sharpness, structured
from agent.core.picture_health.registration import Alignment, grey_of, smoothed, structure_of_smooth
from agent.core.types import Floats, Image, PictureFault, Stamp

PERSIST_S: Final = 10.0
"""A bus that waits in front, rain on the hood in a gust: gone by then. A bag over the camera is not."""
_PERSIST_PICTURES: Final = 3
LEARN_PICTURES: Final = 9
LEARN_S: Final = 8.0
"""The reference is the median of so many pictures over so long: a vehicle that passes is in fewer than half of them."""
_DARK_GREY: Final = 20.0
_NOTHING_SHARE: Final = 0.1
"""Dark is a picture below this mean grey of which a smaller share of blocks shows anything: lamps are enough."""
_BRIGHT_GREY: Final = 240.0
_WHITE_GREY: Final = 250
_WHITE_SHARE: Final = 0.7
_BLUR_RATIO: Final = 0.5
"""Of the usual sharpness. Night, dusk, rain and shaking leave 0.85 and more; a blur of 2 px of 320 0.2 to 0.34."""
_GONE_SHARE: Final = 0.35
"""Of the reference's blocks still there; less is most of the picture gone. Night against day leaves 0.4."""
_GONE_STRUCTURE: Final = 0.5
_GONE_BLUR_RATIO: Final = 0.75
"""Where most structure is gone: a lens so far out of focus that grain is the finest detail left has up to 0.7."""
_ELSEWHERE_SHARE: Final = 0.12
"""Another place has up to 0.07 of its blocks alike by chance; with more, something stands in front of this one."""
_ALIKE_GREY: Final = 40.0
_INFRARED_COLOUR: Final = 1.5
"""A street by day or lamplight has 5 and more; infrared only what compression leaves."""
_ADAPT_S: Final = 300.0
"""The reference follows the light with this time constant: dusk takes half an hour."""
_PUT_BACK_S: Final = 1200.0
"""How often the reference is held against its anchor: what moves faster than 2 px in that time is noticed without."""
_CREPT_PX: Final = 1.5
_SHARPER_S: Final = 300.0
_DULLER_S: Final = 6 * 3600.0
"""Usual sharpness rises soon (somebody wiped the lens) and falls slowly (dirt must not become usual)."""
_UNSURE_S: Final = 24 * 3600.0
"""A view that matched in no light of a whole day is another one."""
_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureState:
    """What one picture is good for.

    Attributes:
        fault: nothing may be concluded from it, and why.
        suspected: it does not look as it should, but not for long enough to be sure; or it repeats the one before; or
            its place cannot be found.
        alignment: the camera has moved a little, certainly and for good: put the picture back with `registration.warp`.
    """

    fault: PictureFault | None = None
    suspected: bool = False
    alignment: Alignment | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class _Look:
    """What is measured of every picture."""

    grey: Floats
    smooth: Floats
    structure: Floats
    structured: Mask
    light: float
    colour: float
    at_s: float


class PictureWatch:
    """One camera's watch. Example: `state = watch.step(small, stamp)`, then detect only if `state.fault is None`."""

    def __init__(self) -> None:
        self._begin(None)

    def _begin(self, view: ReferenceView | None) -> None:
        self._view = view
        self._lessons: list[tuple[float, Floats, float]] = []
        self._pose = CameraPose()
        self._freeze = FreezeWatch()
        self._fault: PictureFault | None = None
        self._suspected: tuple[PictureFault, float, int] | None = None
        self._adapted_s: float | None = None
        self._put_back_s: float | None = None
        self._unsure_s = 0.0
        self._lost = False  # nothing speaks against the picture, but its place cannot be found
        self._last_s: float | None = None

    @property
    def reference(self) -> ReferenceView | None:
        """The view that is compared against, or None while it is learnt."""
        return self._view

    def step(self, image_small: Image, now: Stamp) -> PictureState:
        """Judge one picture.

        Args:
            image_small: (h, w, 3) uint8 BGR, about 320 px wide, shrunk with an area filter (others blur or alias:
                sharpness is compared). Its shape may change with the stream, or may be another than that of a recalled
                view; then it is taken for the same view, squeezed.
        """
        look = self._looked(image_small, now.mono_s)
        elapsed_s = 0.0 if self._last_s is None else max(0.0, look.at_s - self._last_s)
        self._last_s = look.at_s
        self._lost = False
        frozen = self._freeze.step(look.grey, look.at_s)
        suspicion = _useless(look)
        if suspicion:
            self._fault, self._suspected = suspicion, None
        elif self._view is None:
            self._learn(look)
        else:
            self._judge(self._view, look, elapsed_s)
        fault = self._fault or (PictureFault.FROZEN if frozen else None)
        suspected = fault is None and (self._suspected is not None or self._lost or self._freeze.suspected)
        return PictureState(fault=fault, suspected=suspected, alignment=self._pose.held if fault is None else None)

    def interrupt(self) -> None:
        """Nobody looked: nothing that has to last was going on meanwhile."""
        self._pose.interrupt()
        self._freeze.interrupt()
        self._suspected, self._last_s, self._lessons = None, None, []

    def renew(self) -> None:
        """Take what the camera shows from now on as its reference view: somebody set it so."""
        self._begin(None)

    def keep(self) -> bytes:
        """What must survive a restart, for `recall`: at most about 80 kB."""
        held = self._pose.held
        facts = {
            "version": _VERSION,
            "fault": self._fault,
            "unsure_s": self._unsure_s,
            "held": None if held is None else [*held.shift_n, held.turn_deg, held.scale, held.certainty],
        }
        view = b"" if self._view is None else self._view.keep()
        return json.dumps(facts).encode() + b"\n" + view

    def recall(self, kept: bytes, now: Stamp) -> None:
        """Remember what `keep` gave, in another run or this one.

        Raises: ValueError for anything else; nothing changes then.
        """
        head, _, rest = kept.partition(b"\n")
        try:
            facts = json.loads(head)
            version, unsure_s = facts["version"], float(facts["unsure_s"])
            fault = None if facts["fault"] is None else PictureFault(facts["fault"])
            held = None if facts["held"] is None else _alignment(facts["held"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"kept picture health: expected a line of JSON facts, found {head[:60]!r}") from error
        if version != _VERSION:
            raise ValueError(f"kept picture health: expected version {_VERSION}, found {version!r}")
        view = ReferenceView.recalled(rest) if rest else None
        self._begin(view)
        self._fault, self._unsure_s, self._adapted_s = fault, unsure_s, now.mono_s
        self._pose.held = held

    def _looked(self, image: Image, at_s: float) -> _Look:
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(f"picture health: expected (H, W, 3) uint8, found {image.shape} {image.dtype}")
        grey = grey_of(image)
        if self._view is not None and grey.shape != self._view.grey.shape:
            grey = np.asarray(cv2.resize(grey, self._view.size_px, interpolation=cv2.INTER_AREA), np.float32)
        smooth = smoothed(grey)
        seen = structure_of_smooth(smooth)
        return _Look(
            grey=grey,
            smooth=smooth,
            structure=seen,
            structured=structured(seen),
            light=float(cv2.mean(grey)[0]),
            colour=colourfulness(image),
            at_s=at_s,
        )

    def _learn(self, look: _Look) -> None:
        if look.structured.mean() < _NOTHING_SHARE:
            self._suspect(PictureFault.COVERED, look.at_s)
            return
        self._fault = self._suspected = None
        if self._lessons and self._lessons[0][1].shape != look.grey.shape:
            self._lessons = []
        self._lessons.append((look.at_s, look.grey, look.colour))
        if len(self._lessons) >= LEARN_PICTURES and look.at_s - self._lessons[0][0] >= LEARN_S:
            lessons = self._lessons[:: max(1, len(self._lessons) // LEARN_PICTURES)]
            self._view = ReferenceView.learnt([g for _, g, _ in lessons], [c for _, _, c in lessons])
            self._lessons, self._adapted_s = [], look.at_s

    def _judge(self, view: ReferenceView, look: _Look, elapsed_s: float) -> None:
        match = self._pose.match(view, look.grey, look.structure, look.at_s)
        if match.stand is Stand.SHIFTED:
            self._fault, self._suspected = PictureFault.MOVED, None
            return
        smooth = look.smooth if match.grey is look.grey else None
        sharp = sharpness(match.grey, match.alike, smooth) / max(view.sharpness, 1e-6)
        alike_light = _same_light(view, look)
        suspicion = _suspicion(view, look, match, sharp, alike_light=alike_light)
        unsure = match.stand is Stand.LOST and suspicion is None
        self._lost = unsure
        self._unsure_s = self._unsure_s + elapsed_s if unsure else 0.0
        if unsure and self._unsure_s >= _UNSURE_S:
            self._fault = PictureFault.MOVED
        elif suspicion:
            self._suspect(suspicion, look.at_s)
        elif not unsure:
            self._fault = self._suspected = None
            self._adapt(view, look, match, sharp)

    def _suspect(self, fault: PictureFault, at_s: float) -> None:
        """Believe what has been so for long enough."""
        kind, since_s, pictures = self._suspected or (fault, at_s, 0)
        if kind is not fault and self._fault is not None:
            since_s, pictures = at_s, 0  # something is wrong either way: only what lasts changes its name
        self._suspected = (fault, since_s, pictures + 1)
        if pictures + 1 >= _PERSIST_PICTURES and at_s - since_s >= PERSIST_S:
            self._fault = fault

    def _adapt(self, view: ReferenceView, look: _Look, match: Match, sharp: float) -> None:
        """Follow the light, only with a picture whose place was measured just now."""
        if not match.fresh or self._fault:
            return
        since_s = 0.0 if self._adapted_s is None else min(look.at_s - self._adapted_s, _ADAPT_S)
        self._adapted_s = look.at_s
        view = view.mixed(match.grey, look.colour, 1 - exp(-since_s / _ADAPT_S))
        pace = 1 - exp(-since_s / (_SHARPER_S if sharp > 1 else _DULLER_S))
        view = view.with_sharpness(view.sharpness * (1 + pace * (sharp - 1)))
        if self._put_back_s is None or look.at_s - self._put_back_s >= _PUT_BACK_S:
            self._put_back_s = look.at_s
            view = view.put_back(CERTAIN, _CREPT_PX)
        self._view = view


def _useless(look: _Look) -> PictureFault | None:
    """Whether nothing could be seen in this picture, whatever it should show."""
    if look.light < _DARK_GREY and look.structured.mean() < _NOTHING_SHARE:
        return PictureFault.DARK
    if look.light >= _BRIGHT_GREY:
        return PictureFault.OVEREXPOSED
    # Counted only where the mean allows it.
    if look.light >= _WHITE_GREY * _WHITE_SHARE and (look.grey >= _WHITE_GREY).mean() >= _WHITE_SHARE:
        return PictureFault.OVEREXPOSED
    return None


def _suspicion(
    view: ReferenceView, look: _Look, match: Match, sharp: float, *, alike_light: bool
) -> PictureFault | None:
    """What this picture would be if it stayed so."""
    gone = look.structured.sum() < _GONE_STRUCTURE * view.where.sum()
    blurred = sharp < (_GONE_BLUR_RATIO if gone else _BLUR_RATIO)
    if match.share >= _GONE_SHARE:
        return PictureFault.BLURRED if blurred else None
    if gone and blurred and match.share >= _ELSEWHERE_SHARE:
        return PictureFault.BLURRED
    if gone or match.stand is Stand.HERE:
        return PictureFault.COVERED if gone or alike_light else None
    if not alike_light:
        return None
    return PictureFault.MOVED if match.share < _ELSEWHERE_SHARE else PictureFault.COVERED


def _same_light(view: ReferenceView, look: _Look) -> bool:
    infrared = (view.colour < _INFRARED_COLOUR, look.colour < _INFRARED_COLOUR)
    return abs(view.light - look.light) <= _ALIKE_GREY and infrared[0] == infrared[1]


def _alignment(facts: list[float]) -> Alignment:
    """Raises TypeError or ValueError when these are not five finite numbers."""
    dx, dy, turn_deg, scale, certainty = (float(f) for f in facts)
    if not all(isfinite(f) for f in (dx, dy, turn_deg, scale, certainty)):
        raise ValueError("kept picture health: expected finite numbers in the alignment")
    return Alignment(shift_n=(dx, dy), turn_deg=turn_deg, scale=scale, certainty=certainty)
