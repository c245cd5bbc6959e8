"""Pictures that a reference is learnt from."""

from __future__ import annotations

from agent.core.background.masks import Mask
from agent.core.background.reference import Reference, learnt
from agent.core.background.steady import Marks, marks_of, steadied
from agent.core.types import Image, Stamp

LEARN_S = 12.0
LEARN_PICTURES = 8
LEARN_EVERY_S = 0.7
"""A reference is the median over at least that many pictures in at least that time, none closer together."""
LEARN_GAP_S = 60.0
"""Pictures further apart than this do not make one reference."""


class Lessons:
    """Pictures to learn a reference from."""

    def __init__(self) -> None:
        self._pictures: list[Image] = []
        self._seen: list[Mask] = []
        self._marks: Marks | None = None
        self._first_s = self._last_s = 0.0
        self._shaking = False

    def add(self, small: Image, visible: Mask, now: Stamp) -> bool:
        """Take a picture; whether there are enough of them."""
        if self._pictures and now.mono_s - self._last_s > LEARN_GAP_S:
            self.clear()
        if self._pictures and now.mono_s - self._last_s < LEARN_EVERY_S:
            return False
        if self._marks is None:
            self._marks, self._first_s = marks_of(small), now.mono_s
        steady, shaken = steadied(small, self._marks)
        self._shaking = self._shaking or shaken
        self._pictures.append(steady)
        self._seen.append(visible)
        self._last_s = now.mono_s
        return len(self._pictures) >= LEARN_PICTURES and now.mono_s - self._first_s >= LEARN_S

    def reference(self, held: Mask) -> Reference:
        """What they have in common; afterwards there are none."""
        reference = learnt(self._pictures, self._seen, held, shaking=self._shaking)
        self.clear()
        return reference

    def clear(self) -> None:
        """Forget them."""
        self._pictures, self._seen, self._marks, self._shaking = [], [], None, False
