"""Pictures and truth agree, and the same scene is the same pictures."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.core.taxonomy import CLASSES
from scripts.render.film import Film, Seen, Shot
from scripts.render.light import NIGHT
from scripts.render.scene import Key, Lens, Scene, Weather
from scripts.render.things import Bag, Bin, Car, Goods, Person, Stall, Thing
from scripts.render.truth import Truth
from scripts.render.vehicles import MODELS
from tests.unit.render.streets import LORRY, RED, WALKER, reseeded, scene, standing

THINGS: list[Thing] = [
    *(Car(model, "red") for model in MODELS),
    Person(),
    Bin(fill=1.9),
    Bag(count=3),
    Stall(),
    Goods(),
]


@pytest.fixture(scope="module")
def empty() -> Film:
    return Film(scene())


def seen(shot: Shot, name: str) -> Seen:
    return next(s for s in shot.seen if s.name == name)


def changed(film: Film, of: Scene, at_s: float = 0.0) -> NDArray[np.bool_]:
    """Which pixels the actors of a scene change."""
    with_actors, without = film.recast(of).shot(at_s).image, film.shot(at_s).image
    return np.asarray(np.abs(with_actors.astype(int) - without).max(axis=2) > 3, np.bool_)


def test_the_same_scene_is_the_same_pixels() -> None:
    of = scene(RED, WALKER, lens=Lens(shake_px=2.0, jpeg=60))
    first, again, other = (Film(s).shot(0.4) for s in (of, of, reseeded(of, 4)))
    assert np.array_equal(first.image, again.image)
    assert first.seen == again.seen
    assert not np.array_equal(first.image, other.image)


@pytest.mark.parametrize("thing", THINGS, ids=lambda thing: f"{thing.class_name}-{getattr(thing, 'model', '')}")
def test_the_box_is_around_what_is_drawn(empty: Film, thing: Thing) -> None:
    of = scene(standing("it", thing, 1.0, 12.0, 200.0))
    truth = seen(empty.recast(of).shot(0.0), "it")
    x1, y1, x2, y2 = (round(v) for v in truth.box_px)
    changes = changed(empty, of)
    assert truth.visible > 0.95
    assert truth.class_name in CLASSES
    # Shadows lie on the ground: nothing changes above the box, and the box's own edges are touched.
    assert not changes[: y1 - 1].any()
    assert changes[y1 : y1 + 2, x1:x2].any()
    assert changes[y1:y2, x1 : x1 + 2].any()
    assert changes[y1:y2, x2 - 2 : x2].any()
    assert changes[y1:y2, x1:x2].mean() > 0.35


def test_who_stands_behind_a_lorry_cannot_be_seen(empty: Film) -> None:
    alone, hidden = (empty.recast(scene(*actors)).shot(0.0) for actors in ((RED,), (RED, LORRY)))
    assert seen(alone, "red").visible > 0.95
    assert seen(hidden, "red").visible < 0.35
    assert seen(hidden, "red").box_px == seen(alone, "red").box_px
    assert seen(hidden, "lorry").visible == 1.0


def test_a_thing_at_the_edge_is_cut_there(empty: Film) -> None:
    shot = empty.recast(scene(standing("out", Car(), 60.0, 14.0), standing("edge", Car(), 9.8, 12.0))).shot(0.0)
    assert [s.name for s in shot.seen] == ["edge"]
    assert shot.seen[0].box_px[2] == 320
    assert 0.1 < shot.seen[0].inside < 0.9


def test_shaking_moves_picture_and_truth_alike(empty: Film) -> None:
    still, shaken = scene(RED), scene(RED, lens=Lens(blur_px=0, noise=0, shake_px=5.0))
    shots = [empty.recast(s).shot(0.2) for s in (still, shaken)]
    (x, y), (dx, dy) = seen(shots[0], "red").box_px[:2], seen(shots[1], "red").box_px[:2]
    dx, dy = dx - x, dy - y
    assert abs(dx) + abs(dy) > 1
    before, after = (shot.image[20:-20, 20:-20].astype(int) for shot in shots)
    back = np.roll(shots[1].image, (-round(dy), -round(dx)), axis=(0, 1))[20:-20, 20:-20]
    assert np.abs(back - before).mean() < np.abs(after - before).mean()


def test_night_is_dark_and_rain_falls() -> None:
    day = scene(RED)
    night, rain = replace(day, light=replace(NIGHT, noise=0.0)), replace(day, weather=Weather(rain=0.8))
    images = {name: Film(s).shot(0.0).image.astype(int) for name, s in (("day", day), ("night", night), ("rain", rain))}
    assert images["night"].mean() < 0.6 * images["day"].mean()
    film = Film(rain)
    assert np.abs(film.shot(0.0).image.astype(int) - film.shot(0.2).image).mean() > 0.5


def test_the_wind_moves_leaves_and_nothing_else() -> None:
    film = Film(replace(scene(), weather=Weather(wind=1.0)))
    difference = np.abs(film.shot(0.0).image.astype(int) - film.shot(0.6).image).max(axis=2) > 20
    assert difference[:, :120].any()
    assert not difference[:, 160:].any()


def test_the_truth_is_json_with_stays_and_hidden_spans(empty: Film) -> None:
    passing = replace(LORRY, path=(Key(0, -16, 8.3), Key(1.0, 18, 8.3)))
    of = scene(RED, passing)
    film, truth = empty.recast(of), Truth(of)
    for shot in film.shots():
        truth.add(shot)
    document = json.loads(json.dumps(truth.document()))
    assert document["actors"]["red"]["stands"] == [{"from_s": 0, "to_s": 1.0, "x_m": 3.0, "y_m": 14.6}]
    assert document["actors"]["lorry"]["stands"] == []
    ((start, end),) = document["actors"]["red"]["hidden"]
    assert 0 < start <= end < 1
    assert len(document["frames"]) == 5
    assert document["frames"][0]["actors"]["red"]["visible"] > 0.9
