"""Surfaces: closed, facing outwards, of the size they should have."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.render import shapes
from scripts.render.bodies import COLOURS
from scripts.render.camera import Array, Camera
from scripts.render.mesh import Material, Mesh, ball, block, lathe, limb
from scripts.render.things import Bag, Bin, Person, Stall
from scripts.render.vehicles import MODELS, vehicle, vehicle_mesh

GREY = Material((0.2, 0.2, 0.2))
SIZES = {"sedan": 4.7, "hatchback": 4.1, "suv": 4.6, "van": 4.9, "bus": 10.8, "truck": 6.1}


def outward(mesh: Mesh) -> float:
    """Share of facets whose corners turn the way their normal says."""
    corners = mesh.vertices[mesh.quads]
    crossed = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    return float((np.sum(crossed * mesh.normals, axis=1) >= 0).mean())


@pytest.mark.parametrize("model", MODELS)
def test_a_vehicle_has_its_size_and_faces_outwards(model: str) -> None:
    mesh = vehicle_mesh(model, "red")
    extent = np.ptp(mesh.vertices, axis=0)
    assert extent[0] == pytest.approx(SIZES[model], abs=0.2)
    assert -0.02 <= mesh.vertices[:, 2].min() < 0.05
    assert outward(mesh) > 0.97
    assert mesh.materials.max() < len(mesh.palette)
    assert vehicle(model).class_name in ("car", "bus", "truck")


SOLIDS = {
    "block": block((0, 0, 0), (1, 2, 3), GREY),
    "lathe": lathe([(1, 0), (1, 2)], GREY),
    "ball": ball((0, 0, 0), (1, 1, 1), GREY),
    "limb": limb((0, 0, 0), (0, 0, 1), 0.2, 0.1, GREY),
}


@pytest.mark.parametrize("mesh", SOLIDS.values(), ids=SOLIDS)
def test_simple_solids_face_away_from_their_middle(mesh: Mesh) -> None:
    middle = mesh.vertices.mean(axis=0)
    assert (np.sum((mesh.centres - middle) * mesh.normals, axis=1) > -1e-4).mean() > 0.95


def test_a_ball_from_its_distance_field_is_closed() -> None:
    axis = np.linspace(-1.3, 1.3, 27, dtype=np.float32)
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij")
    field: Array = np.asarray(np.sqrt(x**2 + y**2 + z**2) - 1, np.float32)
    vertices, quads, normals = shapes.surface(field, np.full(3, -1.3, np.float32), 0.1)
    assert np.linalg.norm(vertices, axis=1) == pytest.approx(np.ones(len(vertices)), abs=0.02)
    assert (np.sum(vertices * normals, axis=1) > 0.97).all()
    edges = np.sort(np.stack([quads, np.roll(quads, -1, axis=1)], axis=-1).reshape(-1, 2), axis=1)
    assert set(np.unique(edges, axis=0, return_counts=True)[1].tolist()) == {2}


def test_a_polygon_knows_inside_and_distance() -> None:
    square = [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)]
    a, b = np.array([1.0, 3.0, 1.5], np.float32), np.array([1.0, 1.0, 1.0], np.float32)
    assert shapes.distance(a, b, square).tolist() == pytest.approx([-1.0, 1.0, -0.5])


def test_people_swing_their_legs() -> None:
    reach = {walked: float(np.ptp(Person().mesh(walked).vertices[:, 0])) for walked in (0.0, 0.36)}
    assert reach[0.36] > reach[0.0] + 0.3


def test_an_overflowing_bin_is_higher_than_a_shut_one() -> None:
    heights = [float(Bin(fill=fill).mesh(0).vertices[:, 2].max()) for fill in (0.5, 1.9)]
    assert heights[1] > heights[0] + 0.1
    assert len(Bag(count=4).mesh(0).quads) == 4 * len(Bag(count=1).mesh(0).quads)
    assert Stall().class_name == "stall"
    assert set(COLOURS) >= {"white", "black", "red"}


def test_the_camera_agrees_with_its_planes_and_rays() -> None:
    camera = Camera(yaw_deg=12)
    point = np.array([[3.0, 14.0, 0.0]], np.float32)
    (pixel,), _ = camera.project(point)
    u, v, origin = (np.array(a, np.float32) for a in ((1, 0, 0), (0, 1, 0), (0, 0, 0)))
    warped = camera.plane(origin, u, v) @ np.array([3.0, 14.0, 1.0])
    assert (warped[:2] / warped[2]).tolist() == pytest.approx(pixel.tolist(), abs=0.01)
    ray = camera.rays()[int(pixel[1]), int(pixel[0])]
    met = camera.place + ray * (camera.place[2] / -ray[2])
    assert met.tolist() == pytest.approx([3.0, 14.0, 0.0], abs=0.05)
