"""For each pixel: what it looked like of late, since when, and whether it is stuck on something that was not there."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from agent.core.background.masks import Mask, add_where, both, clear_where, compared, either, grown, inverse
from agent.core.background.reference import AROUND, FLOOR, Logs, Reference, as_logs, beyond, most
from agent.core.types import Floats

SETTLE_S = 8.0
"""Seconds for which a change looks the same before it is believed."""
LEAVE_S = 1.5
"""Seconds for which a stuck pixel looks clean before it is free: more than one look at it."""
LOOK_SHARE = 0.3
"""How fast the remembered look of a pixel follows while it is the same; averages noise and rain away."""
FORGET_SHARE = 0.5
"""Time behind a detected mover takes this share of itself away from standing still: what the detector sees in most
pictures shall not add up over those in which it does not."""
WEAK = 0.6
"""Share of the limit from which a pixel beside a stuck one is taken for part of it."""
CLEAN = 0.5
"""Share of the limit up to which a stuck pixel is clean again."""
UNREST_S = 60.0
"""How long it is remembered that a place stirred."""
STIR_S = 0.9
"""Looks are compared with one at least this much earlier, so that the rate of pictures does not matter much."""
UNREST_SHRINK = 4
UNREST_ROWS = 2
"""Every so many rows are compared for that: the share of what stirred is the same."""
UNREST_WIDTH_PX = 20
RESTLESS = 0.15
"""Where this share of the pixels around changes from look to look nothing is judged: measured, leaves in the wind reach
0.6, rain and the noise of a night 0.07, lanes full of vehicles that the detector misses 0.25."""
RAISE = 10.0
"""Below that, the limit of a change rises by this many times the unrest. Measured on `cdnet_fall`: 0 false regions with
10, two with 5."""
NEAR = np.ones((5, 5), np.uint8)
RIM = np.ones((11, 11), np.uint8)


@dataclass(slots=True, eq=False)
class Stays:
    """The state of all pixels of one camera's working picture.

    Attributes:
        look: (h, w, 3) in the reference's light. still_s: (h, w) since when it has looked like that.
        seen: 255 where the last picture showed the scene.
        unrest: (h / 4, w / 4) share (0..255) of looks in which the place changed. looks: how many there were.
        earlier, earlier_seen, since_s: the look that it was last compared with, every `UNREST_ROWS`-th row of it, and
            how long ago that was.
        stuck: 255 where something stands that the reference does not have. stood_s: (h, w) how long, as attested.
    """

    look: Logs
    still_s: Floats
    seen: Mask
    stuck: Mask
    stood_s: Floats
    unrest: Floats
    earlier: Logs
    earlier_seen: Mask
    since_s: float = 0.0
    looks: int = 0

    @staticmethod
    def beginning(look: Logs) -> Stays:
        """Nothing is stuck, and nothing attested."""
        shape = look.shape[:2]
        zeros, none = np.zeros(shape, np.float32), np.zeros(shape, np.uint8)
        coarse = np.zeros((max(1, shape[0] // UNREST_SHRINK), max(1, shape[1] // UNREST_SHRINK)), np.float32)
        return Stays(
            look.copy(), zeros, none, none.copy(), zeros.copy(), coarse, look[::UNREST_ROWS].copy(), none.copy()
        )

    def watch(self, lit: Logs, visible: Mask, limit: Logs, attested_s: float, *, shaking: bool) -> None:
        """Take a picture in the reference's light in.

        Args:
            visible: 255 where it shows the scene and no mover.
            attested_s: time since the picture before in which somebody looked; 0 after a gap.
        """
        unlike = most(cv2.absdiff(lit, self.look))
        if shaking:
            unlike = beyond(lit, as_logs(cv2.erode(self.look, AROUND)), as_logs(cv2.dilate(self.look, AROUND)))
        same = compared(unlike, limit, cv2.CMP_LE)
        kept, other = both(same, visible), both(inverse(same), visible)
        cv2.copyTo(as_logs(cv2.addWeighted(self.look, 1 - LOOK_SHARE, lit, LOOK_SHARE, 0)), kept, self.look)
        cv2.copyTo(lit, other, self.look)
        self._stir(lit, visible, attested_s)
        add_where(self.still_s, attested_s, both(kept, self.seen))
        hidden = inverse(visible)
        if attested_s and cv2.countNonZero(hidden):
            add_where(self.still_s, -attested_s * FORGET_SHARE, hidden)
            np.maximum(self.still_s, 0, out=self.still_s)
        clear_where(self.still_s, other)
        add_where(self.stood_s, attested_s, self.stuck)
        self.seen = visible

    def _stir(self, lit: Logs, visible: Mask, attested_s: float) -> None:
        """Count how often each place changes from one look to another at least `STIR_S` later."""
        self.since_s += attested_s
        if attested_s and self.since_s < STIR_S:
            return
        if attested_s:
            self.looks += 1
            share = max(1 - float(np.exp(-self.since_s / UNREST_S)), 1 / self.looks)
            size = (self.unrest.shape[1], self.unrest.shape[0])
            busy = compared(most(cv2.absdiff(lit[::UNREST_ROWS], self.earlier)), FLOOR, cv2.CMP_GT)
            shown = cv2.resize(both(visible, self.earlier_seen), size, interpolation=cv2.INTER_NEAREST)
            cv2.accumulateWeighted(cv2.resize(busy, size, interpolation=cv2.INTER_AREA), self.unrest, share, mask=shown)
        self.earlier, self.earlier_seen, self.since_s = lit[::UNREST_ROWS].copy(), visible, 0.0

    def settle(self, reference: Reference, away: Logs) -> Mask:
        """Decide which pixels are stuck, by how far their looks deviate from the reference.

        Returns:
            255 where a thing that the reference holds has gone.
        """
        judged = both(self.seen, reference.known)
        settled = compared(self.still_s, SETTLE_S, cv2.CMP_GE)
        away_now = compared(away, reference.limit, cv2.CMP_GT)
        if not cv2.countNonZero(self.stuck):
            fresh = both(both(away_now, settled), judged)
            if cv2.countNonZero(fresh):  # most pictures end above: nothing stands there, and nothing new does
                self._stick(both(both(fresh, self._strong(reference, away)), self._restful()))
            return np.zeros_like(self.stuck)
        held = both(reference.holds, self.stuck)
        judged = both(judged, inverse(held))
        beside = both(compared(away, _times(reference.limit, WEAK), cv2.CMP_GT), grown(self.stuck, NEAR))
        fresh = both(both(judged, inverse(self.stuck)), both(settled, either(away_now, beside)))
        gone = np.zeros_like(self.stuck)
        if cv2.countNonZero(fresh) or cv2.countNonZero(held):
            strong = both(away_now, self._strong(reference, away))
            gone = _gone(both(held, self.seen), both(strong, settled))
            self._stick(both(both(fresh, either(strong, beside)), self._restful()))
        clean = compared(away, _times(reference.limit, CLEAN), cv2.CMP_LE)
        back = both(clean, compared(self.still_s, LEAVE_S, cv2.CMP_GE))
        self.free(either(gone, both(back, judged)))
        return gone

    def _stick(self, fresh: Mask) -> None:
        cv2.copyTo(self.still_s, fresh, self.stood_s)
        self.stuck = either(self.stuck, fresh)

    def _strong(self, reference: Reference, away: Logs) -> Mask:
        """Where looks deviate by more than a limit that rises where it stirs."""
        unrest = cv2.dilate(cv2.blur(self.unrest, (5, 5)), AROUND)
        rise = cv2.resize(cv2.addWeighted(unrest, RAISE / 255, unrest, 0, 1), self.stuck.shape[::-1])
        return compared(away, cv2.multiply(reference.limit, rise, dtype=cv2.CV_16S), cv2.CMP_GT)

    def _restful(self) -> Mask:
        width = UNREST_WIDTH_PX // UNREST_SHRINK
        calm = compared(cv2.blur(self.unrest, (width, width)), 255 * RESTLESS, cv2.CMP_LT)
        return np.asarray(cv2.resize(calm, self.stuck.shape[::-1], interpolation=cv2.INTER_NEAREST), np.uint8)

    def free(self, where: Mask) -> None:
        """Nothing stands there."""
        self.stuck = both(self.stuck, inverse(where))
        clear_where(self.stood_s, where)


def _gone(held: Mask, changed: Mask) -> Mask:
    """Where what was held has gone: its rim never looked different, and goes with it; a speck proves nothing."""
    gone = both(held, changed)
    if not cv2.countNonZero(gone):
        return gone
    core = np.asarray(cv2.morphologyEx(gone, cv2.MORPH_OPEN, AROUND), np.uint8)
    return both(grown(core, RIM), held)


def _times(limit: Logs, share: float) -> Logs:
    return as_logs(cv2.addWeighted(limit, share, limit, 0, 0))
