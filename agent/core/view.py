"""One camera's view: keeps its pictures in place, says what is wrong with them, and what changed in them.

Before the detector looks, a picture of a camera that was pushed a little is put back into the reference view, so that
zones, tracks and the clean reference stay where they are. A picture with a fault is not shown to the detector at all.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agent.core.background import Background, working_picture
from agent.core.gate import Gate, Outline
from agent.core.geometry import normalised
from agent.core.look_back import LookBack
from agent.core.picture_health import Alignment, PictureWatch, warp
from agent.core.plan import CameraPlan
from agent.core.taxonomy import CLASSES, FIXTURE
from agent.core.tracking.sighting import MOVER_SCORE, group_of
from agent.core.tracking.statues import Statues
from agent.core.types import (
    Changes,
    Channel,
    Detections,
    Floats,
    Frame,
    Image,
    Observation,
    Original,
    PictureFault,
    Stamp,
    ZoneReading,
)

_MOVERS = np.array([group_of(name) != FIXTURE and name != "bin" for name in CLASSES])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """A picture in its place, before the detector has seen it.

    Attributes:
        small: (h, w, 3) uint8 BGR, the picture at the working size of the scene-change channel.
        fault: why nothing can be concluded from it, or None. suspected: whether that may turn out to be so.
        held: what the detector saw in an earlier picture, where that holds for the zones of this one; None: it does
            not. Whoever needs what is in the rest of this very picture has to ask the detector nevertheless.
    """

    frame: Frame
    small: Image
    fault: PictureFault | None
    suspected: bool
    held: Detections | None = None

    def known(self, *, attentive: bool) -> Detections | None:
        """What is known without asking the detector; None: it has to be asked. `attentive`: each look counts now.

        Of a picture with a fault that is nothing: the detector is not shown it.
        """
        if self.fault is not None:
            return Detections.none()
        return None if attentive else self.held


class View:
    """State of one camera's view. Give every picture to `prepare`, then to `observe`."""

    def __init__(self, *, changes: bool, outlines_n: Collection[Outline] = (), recheck_s: float = 0.0) -> None:
        """A view that has seen nothing yet.

        Args:
            changes: whether some rule asks for the scene-change channel.
            outlines_n, recheck_s: see `gate.Gate`.
        """
        self._gate = Gate(outlines_n, recheck_s)
        self._watch = PictureWatch()
        self._background = Background() if changes else None
        self._statues = Statues()
        self._look_back = LookBack()

    @staticmethod
    def of(plan: CameraPlan) -> View:
        """The view of a camera that is watched by this plan."""
        changes = plan.asks_for(Channel.SCENE_CHANGE)
        return View(changes=changes, outlines_n=plan.outlines_n.values(), recheck_s=plan.recheck_s)

    def watch_over(self, outlines_n: Collection[Outline], recheck_s: float) -> None:
        """From now on these are the zones, and so long may the detector rest."""
        self._gate = Gate(outlines_n, recheck_s)

    @property
    def ready(self) -> bool:
        """Whether the clean reference is learnt, where one is needed."""
        return self._background is None or self._background.ready

    @property
    def watches_changes(self) -> bool:
        """Whether it compares pictures with a clean reference."""
        return self._background is not None

    def prepare(self, frame: Frame) -> Prepared:
        """Put the picture into the reference view, and look whether anything is wrong with it."""
        small = working_picture(frame.image)
        state = self._watch.step(small, frame.stamp)
        if state.fault is None and state.alignment is not None:
            frame = _put_back(frame, state.alignment)
            small = working_picture(frame.image)
        fit = state.fault is None and not state.suspected
        held = self._gate.held(small, frame.size_px, frame.stamp) if fit else None
        return Prepared(frame=frame, small=small, fault=state.fault, suspected=state.suspected, held=held)

    def observe(self, seen: Prepared, found: Detections, readings: tuple[ZoneReading, ...] = ()) -> Observation:
        """All that the core may know about the picture. `found`: what the detector saw in it, or `seen.held` itself."""
        frame, asked = seen.frame, found is not seen.held
        raw, changes = found, Changes.none()
        if self._background is not None:
            if seen.fault is None:
                watched = self._statues.watch(found, frame.size_px, frame.stamp) if asked else None
                doubted, told = watched or self._statues.rest(frame.stamp)
                changes = self._background.step(seen.small, frame.stamp, _movers(found, frame.size_px, ~doubted))
                found = told
            else:
                self._background.interrupt()
                changes = Changes.none(complete=False)
        if seen.fault is not None or (self._background is not None and self._statues.in_doubt):
            self._gate.interrupt()
        elif asked:
            self._gate.asked(seen.small, raw, frame.size_px, frame.stamp)
        if seen.fault is None:
            stood_s = self._look_back.step(seen.small, found, frame.size_px, frame.stamp)
        else:
            self._look_back.interrupt()
            stood_s = np.zeros(len(found), np.float32)
        return Observation(
            camera=frame.camera,
            seq=frame.seq,
            stamp=frame.stamp,
            size_px=frame.size_px,
            detections=found,
            changes=changes,
            fault=seen.fault,
            suspected=seen.suspected,
            readings=readings,
            stood_s=stood_s,
            asked=asked,
        )

    def interrupt(self) -> None:
        """Nobody looked since the last picture."""
        self._watch.interrupt()
        self._gate.interrupt()
        self._look_back.interrupt()
        if self._background is not None:
            self._background.interrupt()

    def reset(self, outline_n: Sequence[tuple[float, float]] | None) -> None:
        """What is there now is normal, within an outline, or everywhere; then the view itself is taken for new too."""
        if outline_n is None:
            self._watch.renew()
        if self._background is not None:
            self._background.reset(outline_n)

    def keep(self) -> bytes:
        """All that it learnt, for `recall`."""
        parts = [self._watch.keep(), self._background.keep() if self._background is not None else b""]
        return b"".join(struct.pack(">I", len(part)) + part for part in parts)

    def recall(self, kept: bytes, now: Stamp) -> None:
        """Remember what `keep` gave in another run of the agent. Raises ValueError for anything else."""
        parts = []
        rest = kept
        for _ in range(2):
            if len(rest) < 4 or len(rest) - 4 < (size := struct.unpack(">I", rest[:4])[0]):
                raise ValueError(f"kept view: expected two parts with their lengths, found {len(kept)} bytes")
            parts.append(rest[4 : 4 + size])
            rest = rest[4 + size :]
        try:
            self._watch.recall(parts[0], now)
            if self._background is not None and parts[1]:
                self._background.recall(parts[1], now)
        except ValueError as error:
            raise ValueError(f"kept view: {error}") from error


@dataclass(frozen=True, slots=True, eq=False)
class _PutBack:
    """`Original` of a picture that was put back into the reference view."""

    original: Original
    alignment: Alignment

    def image(self) -> Image | None:
        image = self.original.image()
        return None if image is None else warp(image, self.alignment)

    def packed(self) -> Original:
        return replace(self, original=self.original.packed())


def _put_back(frame: Frame, alignment: Alignment) -> Frame:
    original = None if frame.original is None else _PutBack(frame.original, alignment)
    return replace(frame, image=warp(frame.image, alignment), original=original)


def _movers(found: Detections, size_px: tuple[int, int], among: NDArray[np.bool_]) -> Floats:
    """(M, 4) boxes in 0..1 of what moves by itself, among some (N,) of the detections."""
    chosen = _MOVERS[found.class_ids] & (found.scores >= MOVER_SCORE) & among
    return normalised(found.boxes_px[chosen], size_px)
