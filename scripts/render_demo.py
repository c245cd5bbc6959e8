"""Render the clip of the quickstart, `demo/street.mp4`, and what is true about it, `demo/street.json`.

    pip install -e '.[dev]'
    python -m scripts.render_demo

Two cars park where they must not, one of them leaves again; a third stops for a moment only; traffic hides them for a
while. All pixels are this project's own; the same machine gives the same file each time.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from scripts.render.camera import Camera
from scripts.render.film import Film
from scripts.render.light import DAY
from scripts.render.scene import Actor, Key, Lens, Scene, Weather
from scripts.render.street import Street
from scripts.render.things import Bin, Car, Person
from scripts.render.truth import Truth
from scripts.render.video import write_video
from scripts.render.weather import Pixels

ROOT = Path(__file__).resolve().parents[1]
KERB_Y = 14.6
"""Where parked cars have their middle; wheels roll in the far lane, to the left, and in the near lane, to the right."""


def parked(name: str, car: Car, x_m: float, from_s: float, to_s: float | None = None) -> Actor:
    """A car of the far lane that stops at the kerb; with `to_s` it goes on then."""
    keys = [Key(from_s - 3.4, x_m + 25, 11.9), Key(from_s - 1.7, x_m + 8.0, 12.3), Key(from_s - 0.7, x_m + 1.7, KERB_Y)]
    keys.append(Key(from_s, x_m, KERB_Y))
    if to_s is None:
        return Actor(name, car, (*keys, Key(1000, x_m, KERB_Y)))
    out = (Key(to_s, x_m, KERB_Y), Key(to_s + 2.0, x_m - 7.5, 12.0), Key(to_s + 4.4, x_m - 29, 11.9))
    return Actor(name, car, (*keys, *out))


def passing(name: str, car: Car, at_s: float, *, near: bool, speed: float = 9.0) -> Actor:
    """A vehicle that is abreast of the camera at `at_s` and just drives on."""
    y, way = (8.3, 1.0) if near else (11.9, -1.0)
    t = 32 / speed
    return Actor(name, car, (Key(at_s - t, -32 * way, y), Key(at_s + t, 32 * way, y)))


DEMO = Scene(
    name="demo",
    actors=(
        parked("red", Car("sedan", "red"), 3.6, 3.0),
        parked("blue", Car("suv", "blue"), -3.6, 6.0, 28.0),
        parked("silver", Car("hatchback", "silver"), 9.0, 16.0, 20.0),
        passing("lorry", Car("truck", "green"), 10.0, near=True, speed=6.5),
        passing("cab", Car("sedan", "yellow"), 13.6, near=True, speed=10.0),
        passing("van", Car("van", "white"), 23.5, near=True),
        passing("grey", Car("suv", "grey"), 25.0, near=False),
        passing("white", Car("sedan", "white"), 31.5, near=True),
        passing("black", Car("hatchback", "black"), 36.5, near=False),
        Actor("walker", Person((0.30, 0.10, 0.06)), (Key(0, -12, 18.0), Key(20, 14, 18.0))),
        Actor("other", Person((0.06, 0.08, 0.35), height_m=1.62), (Key(12, 13, 19.0), Key(34, -13, 19.0))),
        Actor("bin", Bin(), (Key(0, -0.2, 16.7, 0), Key(1000, -0.2, 16.7, 0))),
    ),
    camera=Camera(size_px=(960, 540), place_m=(0.0, -3.0, 6.0), yaw_deg=5.0, pitch_deg=15.0, view_deg=58.0),
    street=Street(trees=(-13.0, -6.6, 6.2, 13.5)),
    light=DAY,
    weather=Weather(wind=0.2),
    lens=Lens(noise=0.8),
    seed=11,
    duration_s=42.0,
    fps=12.5,
)


def render(scene: Scene, video: Path, *, crf: int) -> Truth:
    """Write the video of a scene; returns the truth about it."""
    truth = Truth(scene)

    def pictures() -> Iterator[Pixels]:
        for shot in Film(scene).shots():
            truth.add(shot)
            yield shot.image

    write_video(video, pictures(), size_px=scene.camera.size_px, fps=scene.fps, crf=crf)
    return truth


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "demo", help="folder of street.mp4 and street.json")
    parser.add_argument("--crf", type=int, default=25, help="coarseness of the compression")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    truth = render(DEMO, options.out / "street.mp4", crf=options.crf)
    text = json.dumps(truth.document(), separators=(",", ":"))
    (options.out / "street.json").write_text(text.replace('{"at_s"', '\n{"at_s"') + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
