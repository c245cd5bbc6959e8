"""The agent's own eyes: a scene is painted, and its pictures go through the view and the real detector."""

from __future__ import annotations

from collections.abc import Iterator

from agent.core.types import Channel, Detections, Frame, Observation
from agent.core.view import View
from agent.ports import Detector
from scripts.render.film import Film
from scripts.scenes.case import Case, stamp


def pixel_looks(case: Case, detector: Detector) -> Iterator[Observation]:
    """What the agent sees of a case; about a tenth of a second per picture."""
    film, view = Film(case.scene), View(changes=case.plan.asks_for(Channel.SCENE_CHANGE))
    for number, at_s in enumerate(case.moments):
        picture = film.shot(at_s).image
        seen = view.prepare(Frame(camera=case.name, seq=number, stamp=stamp(at_s), image=picture))
        found = detector.detect([seen.frame.image])[0] if seen.fault is None else Detections.none()
        yield view.observe(seen, found)
