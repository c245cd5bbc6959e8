"""A scene to pictures and the truth about each: who is where, and how much of it can be seen."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass

import numpy as np

from scripts.render.camera import Array
from scripts.render.mesh import Mesh, Pose
from scripts.render.picture import Stain, beams, brighten, darken, overlap, paste, shadows
from scripts.render.raster import Sprite, drawn
from scripts.render.scene import Actor, Scene
from scripts.render.street import backdrop
from scripts.render.trees import swayed
from scripts.render.weather import Pixels, shake_at, taken

SOLID = 0.5
"""A pixel belongs to a thing that covers at least this share of it."""
BoxPx = tuple[float, float, float, float]


@dataclass(frozen=True)
class Seen:
    """The truth about one actor in one picture.

    Attributes:
        box_px: x1 y1 x2 y2 of all of it that lies in the picture, hidden parts included.
        seen_px: of the part that can be seen, or None. visible: share of its pixels that can be seen.
        inside: share of its extent that lies in the picture.
    """

    name: str
    class_name: str
    box_px: BoxPx
    seen_px: BoxPx | None
    visible: float
    inside: float


@dataclass(frozen=True, eq=False)
class Shot:
    """One picture and what is in it, in the order of the scene's actors."""

    at_s: float
    image: Pixels
    seen: tuple[Seen, ...]


@dataclass(frozen=True, eq=False)
class _Drawn:
    """An actor's pixels at a pose; kept while it stands."""

    sprite: Sprite
    shadows: tuple[Stain, ...]
    beam: Stain | None


class Film:
    """The pictures of a scene, one after the other."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._backdrop = backdrop(scene.street, scene.camera, scene.light, scene.seed, wet=scene.weather.rain > 0)
        self._kept: dict[str, tuple[tuple[Pose, int], _Drawn | None]] = {}

    def recast(self, scene: Scene) -> Film:
        """Another film in the same empty street: of `scene` only actors and seed may differ from this one's."""
        other = copy(self)
        other.scene, other._kept = scene, {}
        return other

    def shots(self) -> Iterator[Shot]:
        """All pictures in order."""
        for at_s in self.scene.moments:
            yield self.shot(at_s)

    def shot(self, at_s: float) -> Shot:
        """The picture of one moment."""
        scene, canvas = self.scene, self._backdrop.picture.copy()
        cast = {actor.name: found for actor in scene.actors if (found := self._find(actor, at_s))}
        for found in cast.values():
            for stain in found.shadows:
                darken(canvas, stain)
        for found in cast.values():
            if found.beam:
                brighten(canvas, self._backdrop.albedo, found.beam, (1.0, 1.15, 1.2))
        left = self._stack(canvas, cast, at_s)
        image = taken(canvas, scene.light, scene.weather, scene.lens, scene.seed, at_s)
        shift = shake_at(scene.lens, scene.seed, at_s)
        seen = [
            self._truth(actor, at_s, cast[actor.name].sprite, left[actor.name], shift)
            for actor in scene.actors
            if actor.name in cast
        ]
        return Shot(at_s, image, tuple(s for s in seen if s))

    def _stack(self, canvas: Array, cast: dict[str, _Drawn], at_s: float) -> dict[str, Array]:
        """Paste everything from far to near. Returns what is left to see of each actor, as (h, w) cover."""
        standing = [
            *self._backdrop.sprites,
            *(swayed(tree, at_s, self.scene.weather.wind) for tree in self._backdrop.trees),
        ]
        layers: list[tuple[str, Sprite]] = [("", sprite) for sprite in standing]
        layers += [(name, found.sprite) for name, found in cast.items()]
        left: dict[str, Array] = {}
        for name, sprite in sorted(layers, key=lambda layer: -layer[1].depth_m):
            for other, cover in left.items():
                behind = cast[other].sprite
                if meet := overlap(sprite.left - behind.left, sprite.top - behind.top, sprite.cover.shape, cover):
                    rows, cols, own_rows, own_cols = meet
                    cover[rows, cols] *= 1 - sprite.cover[own_rows, own_cols]
            paste(canvas, sprite)
            if name:
                left[name] = sprite.cover.copy()
        return left

    def _find(self, actor: Actor, at_s: float) -> _Drawn | None:
        pose = actor.pose(at_s)
        if pose is None:
            return None
        thing = actor.thing_at(at_s)
        mesh = thing.mesh(actor.walked_m(at_s))
        key = (pose, id(mesh))
        if actor.name not in self._kept or self._kept[actor.name][0] != key:
            self._kept[actor.name] = (key, self._draw(mesh, pose, lit=thing.lit and self.scene.light.lamps))
        return self._kept[actor.name][1]

    def _draw(self, mesh: Mesh, pose: Pose, *, lit: bool) -> _Drawn | None:
        scene = self.scene
        sprite = drawn(mesh, pose, scene.camera, scene.light)
        if sprite is None:
            return None
        front = float(mesh.vertices[:, 0].max())
        beam = beams(pose, front, scene.camera) if lit else None
        return _Drawn(sprite, tuple(shadows(mesh, pose, scene.camera, scene.light)), beam)

    def _truth(self, actor: Actor, at_s: float, sprite: Sprite, left: Array, shift: tuple[float, float]) -> Seen | None:
        width, height = self.scene.camera.size_px
        rows = slice(max(0, -sprite.top), max(0, height - sprite.top))
        cols = slice(max(0, -sprite.left), max(0, width - sprite.left))
        origin = (max(sprite.left, 0) + shift[0], max(sprite.top, 0) + shift[1])
        whole, rest = sprite.cover[rows, cols] >= SOLID, left[rows, cols] >= SOLID
        box = _bounds(whole, origin)
        if box is None:
            return None
        x1, y1, x2, y2 = sprite.extent_px
        inside = max(0.0, min(x2, width) - max(x1, 0)) * max(0.0, min(y2, height) - max(y1, 0))
        return Seen(
            name=actor.name,
            class_name=actor.thing_at(at_s).class_name,
            box_px=box,
            seen_px=_bounds(rest, origin),
            visible=float(rest.sum() / whole.sum()),
            inside=inside / max((x2 - x1) * (y2 - y1), 1e-6),
        )


def _bounds(mask: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], origin: tuple[float, float]) -> BoxPx | None:
    """The box around the pixels of a mask."""
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    x, y = origin
    return (x + float(cols[0]), y + float(rows[0]), x + float(cols[-1] + 1), y + float(rows[-1] + 1))
