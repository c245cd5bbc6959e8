"""What is written: videos that PyAV reads, training pictures with labels, and the clip of the quickstart."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import yaml

from agent.core.taxonomy import CLASSES
from agent.core.zones import Zone
from scripts.render.training_set import render_training_set
from scripts.render.video import write_video
from scripts.render_demo import DEMO

ROOT = Path(__file__).parents[3]
CLIP, TRUTH = ROOT / "demo" / "street.mp4", ROOT / "demo" / "street.json"


def keyframes_s(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        return [float(p.pts * stream.time_base) for p in container.demux(stream) if p.is_keyframe and p.pts is not None]


def test_a_video_has_its_pictures_and_keyframes(tmp_path: Path) -> None:
    pictures = [np.full((96, 128, 3), 8 * i, np.uint8) for i in range(25)]
    for name in ("a.mp4", "b.mp4"):
        write_video(tmp_path / name, pictures, size_px=(128, 96), fps=12.5, keyframe_s=0.8)
    with av.open(str(tmp_path / "a.mp4")) as container:
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    assert len(frames) == 25
    assert abs(float(frames[20].mean()) - 160) < 4
    assert keyframes_s(tmp_path / "a.mp4") == pytest.approx([0.0, 0.8, 1.6])
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_training_pictures_come_with_labels(tmp_path: Path) -> None:
    render_training_set(tmp_path, 2, seed=1)
    assert (tmp_path / "classes.txt").read_text(encoding="utf-8").split() == list(CLASSES)
    lines = []
    for number in range(2):
        image = cv2.imread(str(tmp_path / "images" / f"{number:05}.jpg"))
        assert image is not None
        assert image.shape == (540, 960, 3)
        lines += (tmp_path / "labels" / f"{number:05}.txt").read_text(encoding="utf-8").splitlines()
    assert lines
    for line in lines:
        label, x, y, width, height = (float(v) for v in line.split())
        assert 0 <= label < len(CLASSES)
        assert -1e-5 <= x - width / 2 < x + width / 2 <= 1 + 1e-5
        assert -1e-5 <= y - height / 2 < y + height / 2 <= 1 + 1e-5


def test_the_shipped_clip_is_small_and_lives_on_keyframes() -> None:
    assert CLIP.stat().st_size < 3_000_000
    at = keyframes_s(CLIP)
    assert max(b - a for a, b in pairwise(at)) <= 1.1
    with av.open(str(CLIP)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", *DEMO.camera.size_px)
        assert stream.frames == len(DEMO.moments)


def test_the_shipped_truth_is_that_of_the_scene() -> None:
    truth = json.loads(TRUTH.read_text(encoding="utf-8"))
    stays = {actor.name: [(s.from_s, s.to_s) for s in actor.stands(DEMO.duration_s)] for actor in DEMO.actors}
    assert {n: [(s["from_s"], s["to_s"]) for s in a["stands"]] for n, a in truth["actors"].items()} == stays
    assert {n for n, a in truth["actors"].items() if a["class"] == "car" and a["stands"]} == {"red", "blue", "silver"}
    assert truth["actors"]["red"]["hidden"]


def test_the_zone_of_the_demo_holds_who_parks_and_nobody_who_passes() -> None:
    settings = yaml.safe_load((ROOT / "configs" / "demo.yaml").read_text(encoding="utf-8"))
    zone = Zone.of("kerb", tuple((x, y) for x, y in settings["cameras"][0]["zones"][0]["polygon"]))
    truth = json.loads(TRUTH.read_text(encoding="utf-8"))
    width, height = truth["size_px"]
    for frame in truth["frames"]:
        for name, actor in frame["actors"].items():
            x1, y1, x2, y2 = actor["box"]
            share = zone.overlap((x1 / width, y1 / height, x2 / width, y2 / height))
            stands = [s for s in truth["actors"][name]["stands"] if s["from_s"] <= frame["at_s"] <= s["to_s"]]
            if name in ("red", "blue", "silver") and stands:
                assert share > 0.9
            if name in ("lorry", "cab", "van", "grey", "white", "black"):
                assert share < 0.3
