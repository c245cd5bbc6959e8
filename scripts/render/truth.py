"""The truth about a film as JSON: who stood where from when to when, and every box of every picture."""

from __future__ import annotations

from typing import Any

from scripts.render.film import Shot
from scripts.render.scene import Scene

HIDDEN = 0.5
"""An actor counts as hidden while less than this share of it can be seen."""


class Truth:
    """Collects what the pictures show; `document` is the JSON."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._frames: list[dict[str, Any]] = []

    def add(self, shot: Shot) -> None:
        """Note one picture."""
        boxes = {
            seen.name: {
                "box": [round(v, 1) for v in seen.box_px],
                "seen": [round(v, 1) for v in seen.seen_px] if seen.seen_px else None,
                "visible": round(seen.visible, 3),
                "inside": round(seen.inside, 3),
            }
            for seen in shot.seen
        }
        self._frames.append({"at_s": round(shot.at_s, 3), "actors": boxes})

    def document(self) -> dict[str, Any]:
        """All of it."""
        scene = self._scene
        return {
            "scene": scene.name,
            "seed": scene.seed,
            "size_px": list(scene.camera.size_px),
            "fps": scene.fps,
            "duration_s": scene.duration_s,
            "actors": {
                actor.name: {
                    "class": actor.thing.class_name,
                    "becomes": [[at_s, thing.class_name] for at_s, thing in actor.later],
                    "stands": [
                        {"from_s": s.from_s, "to_s": s.to_s, "x_m": s.x_m, "y_m": s.y_m}
                        for s in actor.stands(scene.duration_s)
                    ],
                    "hidden": self._hidden(actor.name),
                }
                for actor in scene.actors
            },
            "frames": self._frames,
        }

    def _hidden(self, name: str) -> list[list[float]]:
        """From when to when it was hidden behind something."""
        spans: list[list[float]] = []
        step = 1 / self._scene.fps
        for frame in self._frames:
            found = frame["actors"].get(name)
            if found is None or found["visible"] >= HIDDEN:
                continue
            at_s = frame["at_s"]
            if spans and at_s - spans[-1][1] < 1.5 * step:
                spans[-1][1] = at_s
            else:
                spans.append([at_s, at_s])
        return spans
