"""Solid shapes as distance fields: silhouettes, their intersections, and the surface around them.

A body is drawn as a car designer would: side view, front view and top view; the solid is what lies in all three.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from scripts.render.camera import Array, Ints

Outline = Sequence[tuple[float, float]]
"""Corners of a polygon in metres, in order."""


def distance(a: Array, b: Array, outline: Outline) -> Array:
    """Signed distance (negative inside) of the points (a, b), which broadcast, to a polygon.

    After Inigo Quilez, https://iquilezles.org/articles/distfunctions2d ("polygon").
    """
    a, b = np.broadcast_arrays(a, b)
    nearest = np.full(a.shape, np.inf, np.float32)
    sign = np.ones(a.shape, np.float32)
    corners = [*outline, outline[0]]
    for (ax, ay), (bx, by) in zip(corners[1:], corners[:-1], strict=True):
        ex, ey = bx - ax, by - ay
        wx, wy = a - ax, b - ay
        along = np.clip((wx * ex + wy * ey) / max(ex * ex + ey * ey, 1e-12), 0.0, 1.0)
        nearest = np.minimum(nearest, (wx - ex * along) ** 2 + (wy - ey * along) ** 2)
        above, below, left = b >= ay, b < by, ex * wy > ey * wx
        crosses = (above & below & left) | (~above & ~below & ~left)
        sign = np.where(crosses, -sign, sign)
    return np.asarray(sign * np.sqrt(nearest), np.float32)


def inside(a: Array, b: Array, outline: Outline) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Which of the points lie in a polygon."""
    return np.asarray(distance(a, b, outline) < 0.0, np.bool_)


def softened(field: Array, radius_m: float, step_m: float) -> Array:
    """A (A, B) distance field with its corners rounded."""
    sigma = radius_m / step_m / 2
    return np.asarray(cv2.GaussianBlur(field, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), np.float32)


def both(a: Array, b: Array, round_m: float) -> Array:
    """Intersection of two fields with an edge rounded by about `round_m`."""
    blend = np.maximum(round_m - np.abs(a - b), 0.0) / round_m
    return np.asarray(np.maximum(a, b) + blend * blend * round_m * 0.25, np.float32)


def surface(field: Array, low: Array, step_m: float) -> tuple[Array, Ints, Array]:
    """The zero surface of a field on a regular grid ("naive surface nets", S. F. Gibson 1998).

    Args:
        field: (X, Y, Z) distances, positive at the rim. low: (3,) position of its first corner.

    Returns:
        (V, 3) vertices, (Q, 4) quads that turn counter-clockwise seen from outside, (V, 3) unit normals.
    """
    within = field < 0
    corners = [(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)]
    shape = tuple(n - 1 for n in field.shape)

    def cut(values: Array, corner: tuple[int, int, int]) -> Array:
        i, j, k = corner
        return values[i : i + shape[0], j : j + shape[1], k : k + shape[2]]

    count = np.sum([cut(within.astype(np.float32), c) for c in corners], axis=0)
    cells = np.argwhere((count > 0) & (count < 8))
    number = np.full(shape, -1, np.int32)
    number[tuple(cells.T)] = np.arange(len(cells), dtype=np.int32)
    at = {c: field[tuple((cells + c).T)] for c in corners}
    total, crossings = np.zeros((len(cells), 3), np.float32), np.zeros(len(cells), np.float32)
    for a in corners:
        for axis in range(3):
            if a[axis]:
                continue
            b = (a[0] + (axis == 0), a[1] + (axis == 1), a[2] + (axis == 2))
            crossed = (at[a] < 0) != (at[b] < 0)
            gap = np.where(crossed, at[a] - at[b], 1.0)
            point = np.tile(np.asarray(a, np.float32), (len(cells), 1))
            point[:, axis] += at[a] / gap
            total += np.where(crossed[:, None], point, 0.0)
            crossings += crossed
    vertices = low + step_m * (cells + total / crossings[:, None])
    slopes = [sum(at[c] * (1.0 if c[axis] else -1.0) for c in corners) for axis in range(3)]
    normals = np.stack(slopes, axis=1)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
    return vertices.astype(np.float32), _quads(within, number), normals.astype(np.float32)


def _quads(within: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], number: Ints) -> Ints:
    """One quad around each grid edge that the surface crosses."""
    quads = []
    for axis in range(3):
        a, b = np.moveaxis(within, axis, 0)[:-1], np.moveaxis(within, axis, 0)[1:]
        cells = np.moveaxis(number, axis, 0)
        crossed = (a != b)[:, 1:-1, 1:-1]
        i, j, k = np.nonzero(crossed)
        around = np.stack([cells[i, j, k], cells[i, j + 1, k], cells[i, j + 1, k + 1], cells[i, j, k + 1]], axis=1)
        # Moving `axis` to the front keeps the order of the other two, which turns the hand for the middle one.
        outward = a[:, 1:-1, 1:-1][i, j, k] ^ (axis == 1)
        quads.append(np.where(outward[:, None], around, around[:, ::-1]))
    return np.concatenate(quads).astype(np.int32)
