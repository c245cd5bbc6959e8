"""The agent's own eyes: a scene is painted, and its pictures go through the view and the real detector."""

from __future__ import annotations

from collections.abc import Iterator

from agent.core.scene import Scene
from agent.core.types import Frame, Observation
from agent.core.view import View
from agent.ports import Detector
from scripts.render.film import Film
from scripts.scenes.case import Case, stamp

WARM_UP_S = 20.0
"""How long the camera has hung there before the scene begins: its view knows the street (it takes 12 s to learn it)."""


def pixel_looks(case: Case, detector: Detector) -> Iterator[Observation]:
    """What the agent sees of a case; about a tenth of a second per picture."""
    film, view = Film(case.scene), View.of(case.plan)
    scene = Scene(case.plan)  # of its own, to know when the detector may rest
    early = int(WARM_UP_S / case.every_s)
    moments = [-case.every_s * n for n in range(early, 0, -1)] + case.moments
    for number, at_s in enumerate(moments):
        # Before it begins the scene is as in its first moment, but for the noise of the sensor.
        picture = film.shot(at_s if at_s >= 0 else number / 1000).image
        seen = view.prepare(Frame(camera=case.name, seq=number, stamp=stamp(at_s), image=picture))
        known = seen.known(attentive=scene.in_doubt)
        found = detector.detect([seen.frame.image])[0] if known is None else known
        observation = view.observe(seen, found)
        scene.step(observation)
        if at_s >= 0:
            yield observation
