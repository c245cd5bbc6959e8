"""`cityeye teach` from pictures to readings: real street photos, and a rendered bin in light it was not taught in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.adapters.sqlite import Database, SqliteHeads
from agent.app.places import DATABASE
from agent.app.teach import zone_readers
from agent.cli.teach import spread
from agent.config import load
from agent.core.types import Frame, Image, Stamp
from scripts.render.light import DAY, DUSK, OVERCAST
from tests.street_zones import BIN_ZONE, ZONE, rendered_bin, street_windows
from tests.unit.cli.commands import run

MODEL = Path(__file__).parents[2] / "models/street-nano.onnx"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "c.yaml"
    zones = ", ".join(
        f"{{id: {name}, polygon: {[list(corner) for corner in zone]}, rules: {{garbage_overflow: {{place: {place}}}}}}}"
        for name, zone, place in (("bins", BIN_ZONE, "bin"), ("heap", ZONE, "bin"), ("ground", ZONE, "ground"))
    )
    file.write_text(
        f"mqtt: {{host: broker}}\nmodel: {{file: {MODEL}}}\nstorage: {{folder: data}}\n"
        f"cameras: [{{id: gate, url: rtsp://192.168.1.64/x, zones: [{zones}]}}]\n",
        encoding="utf-8",
    )
    return file


def written(folder: Path, images: Sequence[Image]) -> list[Path]:
    folder.mkdir()
    files = [folder / f"{number:03}.png" for number in range(len(images))]
    for file, image in zip(files, images, strict=True):
        assert cv2.imwrite(str(file), image)
    return files


def full_of(config: Path, zone: str, images: Sequence[Image]) -> list[float]:
    """What the agent's reader makes of each picture, shown 20 s apart."""
    settings = load(config)
    with Database(settings.storage.folder / DATABASE).open() as database:
        heads = SqliteHeads(database)
        sha256 = next(iter(heads.heads().values())).origin.model_sha256
        reader = zone_readers(settings, heads, sha256)["gate"]
        found = []
        for number, image in enumerate(images):
            stamp = Stamp(utc=datetime(2026, 5, 4, 8, tzinfo=UTC), mono_s=20.0 * number)
            (reading,) = reader.read(Frame(camera="gate", seq=number, stamp=stamp, image=image))
            assert (reading.zone, reading.stamp) == (zone, stamp)
            found.append(reading.full)
    return found


def test_a_bin_in_light_that_was_not_taught(capsys: pytest.CaptureFixture[str], tmp_path: Path, config: Path) -> None:
    lights = (DAY, DUSK)
    clean = [image for light in lights for image in rendered_bin(light, (0.1, 0.4, 0.9))]
    full = [image for light in lights for image in rendered_bin(light, (1.3, 1.6, 1.9))]
    written(tmp_path / "clean", clean)
    written(tmp_path / "full", full)
    code, out, err = run(
        capsys, "teach", "gate", "bins", "--clean", tmp_path / "clean", "--full", tmp_path / "full", "-c", config
    )
    assert (code, err) == (0, "")
    assert "gate bins: taught; a running agent uses it within seconds" in out
    read = full_of(config, "bins", list(rendered_bin(OVERCAST, (0.2, 0.6, 1.4, 1.8))))
    assert [full > 0.5 for full in read] == [False, False, True, True]


def test_real_heaps_at_other_places(capsys: pytest.CaptureFixture[str], tmp_path: Path, config: Path) -> None:
    windows = list(street_windows())
    photos = sorted({window.photo for window in windows})
    taught, other = set(photos[::2]), set(photos[1::2])
    for kind in (False, True):
        written(
            tmp_path / ("full" if kind else "clean"), [w.image for w in windows if w.photo in taught and w.full is kind]
        )
    arguments = ["teach", "gate", "heap", "--clean", tmp_path / "clean", "--full", tmp_path / "full", "-c", config]
    code, out, _ = run(capsys, *arguments, "--json")
    told = json.loads(out)
    assert (code, told["saved"], told["refusal"]) == (0, True, None)
    held = [window for window in windows if window.photo in other]
    read = np.array(full_of(config, "heap", [window.image for window in held]))
    truth = np.array([window.full for window in held])
    assert np.mean(read[~truth] > 0.5) <= 0.12
    assert np.mean(read[truth] <= 0.5) <= 0.2
    dealt = [window.image for window in windows[::2]]
    written(tmp_path / "a", dealt[0::4] + dealt[1::4])
    written(tmp_path / "b", dealt[2::4] + dealt[3::4])
    arguments = ["teach", "gate", "heap", "--clean", tmp_path / "a", "--full", tmp_path / "b", "-c", config]
    code, out, err = run(capsys, *arguments)
    assert code == 1
    assert "gate heap: not taught: expected AUC from 0.85" in err
    assert "looks full when it is left out of the lesson" in out
    code, out, _ = run(capsys, "teach", "--list", "-c", config, "--json")
    (kept,) = json.loads(out)
    assert (kept["zone"], kept["usable"], kept["figures"]) == ("heap", True, told["figures"])
    assert run(capsys, "teach", "gate", "heap", "--forget", "-c", config)[:2] == (0, "gate heap: forgotten\n")
    assert run(capsys, "teach", "--list", "-c", config)[1] == "nothing was taught yet\n"


def test_everything_wrong_with_the_pictures_is_told_at_once(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, config: Path
) -> None:
    (tmp_path / "note.png").write_text("no picture")
    (tmp_path / "empty.jpg").touch()
    bad = (tmp_path / "empty.jpg", tmp_path / "note.png")
    (good,) = written(tmp_path / "good", [np.zeros((90, 120, 3), np.uint8)])
    code, out, err = run(capsys, "teach", "gate", "bins", "--clean", good, "none.png", "--full", *bad, "-c", config)
    assert (code, out) == (1, "")
    assert err.splitlines() == [
        "none.png: expected a picture, found no such file; correct the path",
        f"{tmp_path / 'empty.jpg'}: expected a picture, found an empty file; take the picture anew, or leave it out",
        f"{tmp_path / 'note.png'}: expected a picture (.bmp, .jpeg, .jpg, .png, .webp), found another kind of file, "
        "or a damaged one; take the picture anew, or leave it out",
    ]
    sizes = written(tmp_path / "sizes", [np.zeros((90, 120, 3), np.uint8), np.zeros((45, 60, 3), np.uint8)])
    code, _, err = run(capsys, "teach", "gate", "bins", "--clean", good, "--full", *sizes, "-c", config)
    assert "001.png: expected 120x90 as most of the pictures, found 60x45; take all" in err
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["gat", "bins", "--clean", "a", "--full", "b"], "CAMERA: expected one of gate, found gat; did you mean gate?"),
        (
            ["gate", "binz", "--clean", "a", "--full", "b"],
            "ZONE: expected one of bins, heap, ground, found binz; did you mean",
        ),
        (["gate", "bins", "--clean", "a"], "expected CAMERA ZONE --clean FILES --full FILES, or"),
        (["gate", "bins"], "expected CAMERA ZONE --clean FILES"),
        (["--list", "--forget"], "expected CAMERA ZONE --clean FILES"),
        (["--forget"], "expected CAMERA ZONE --forget, found - -; taught so far: -\n"),
        (["gate", "--forget", "--lang", "zh"], "应为 CAMERA ZONE --forget，实际为 gate -；已示教：-\n"),
        (
            ["gate", "ground", "--clean", "a", "--full", "b"],
            "gate ground: expected a zone whose garbage_overflow rule asks for what it was taught (place: bin, and "
            "zone_state among its channels), found place: ground, channels: [model, scene_change, zone_state]; change",
        ),
    ],
)
def test_wrong_usage(capsys: pytest.CaptureFixture[str], config: Path, arguments: Sequence[str], told: str) -> None:
    code, out, err = run(capsys, "teach", *arguments, "-c", config)
    assert (code, out) == (2, "")
    assert told in err


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        ("{illegal_parking: {}}", "found no such rule; "),
        ("{garbage_overflow: {place: bin, channels: [model]}}", "found place: bin, channels: [model]; "),
    ],
)
def test_a_zone_that_no_rule_would_ask(
    capsys: pytest.CaptureFixture[str], config: Path, rules: str, found: str
) -> None:
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("{garbage_overflow: {place: ground}}", rules), encoding="utf-8")
    code, out, err = run(capsys, "teach", "gate", "ground", "--clean", "a", "--full", "b", "-c", config)
    assert (code, out) == (2, "")
    assert found in err


def test_a_list_of_files_after_an_option() -> None:
    words = ["gate", "--clean", "a", "b", "--full", "c", "d", "-c", "f"]
    expected = ["gate", "--clean", "a", "--clean", "b", "--full", "c", "--full", "d", "-c", "f"]
    assert list(spread(words)) == expected
