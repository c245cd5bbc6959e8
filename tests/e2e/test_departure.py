"""A parked car leaves, and another one takes its place: made of the street's own pictures, run through `replay`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from agent.core.types import Image
from tests.e2e.agent_process import cityeye
from tests.e2e.street import DWELL_S, PARKED, SIZE_PX, car_in, clip, truth, write_config

START = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
"""Noon in Shanghai, as given to `--start`."""
FPS = 5
SAMPLE_S = 1.0
CLEAR_S = 8.0
"""The zone's `clear_after`."""
LEAVES_S = 20.0
COMES_S = 35.0
CALM = (1000, 1470)
"""Pictures of the clip in which nothing passes (events.json): what is seen then depends on the parked cars alone."""
MARGIN_PX = 5

Change = Callable[[Image, float], None]
Pixels = tuple[slice, slice]


def calm_street(length_s: float) -> Iterator[Image]:
    """The parked cars with leaves moving and nobody passing: the calm pictures forward, backward, forward …"""
    capture = cv2.VideoCapture(str(clip()))
    pictures = [
        np.asarray(capture.retrieve()[1], np.uint8)
        for number in range(CALM[1])
        if capture.grab() and number >= CALM[0] and number % (30 // FPS) == 0
    ]
    capture.release()
    to_and_fro = pictures + pictures[::-1]
    for number in range(round(length_s * FPS)):
        yield to_and_fro[number % len(to_and_fro)].copy()


def film(target: Path, length_s: float, change: Change) -> Path:
    """An H.264 clip with a keyframe every 2 s, as cameras send them; `change` works on each picture at its second."""
    width, height = SIZE_PX
    source = ["-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{width}x{height}", "-r", str(FPS), "-i", "-"]
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-pix_fmt", "yuv420p", "-g", str(2 * FPS)]
    command = ["ffmpeg", "-v", "error", "-y", *source, *coding, str(target)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as coder:
        assert coder.stdin is not None
        for number, picture in enumerate(calm_street(length_s)):
            change(picture, number / FPS)
            coder.stdin.write(picture.tobytes())
    assert coder.returncode == 0
    return target


def pixels_of(car: str, margin_px: int = 0) -> Pixels:
    width, height = SIZE_PX
    x1, y1, x2, y2 = truth()[car]
    return (
        slice(round(y1 * height) - margin_px, round(y2 * height) + margin_px),
        slice(round(x1 * width) - margin_px, round(x2 * width) + margin_px),
    )


def without_blue(picture: Image) -> None:
    """Cover the blue car with the lawn and road to its left, mirrored to fill its width."""
    rows, columns = pixels_of("blue", MARGIN_PX)
    lawn = picture[rows, columns.start - 38 : columns.start]
    picture[rows, columns] = np.hstack([lawn[:, ::-1], lawn, lawn[:, ::-1]])[:, : columns.stop - columns.start]


def leaves(picture: Image, at_s: float) -> None:
    if at_s >= LEAVES_S:
        without_blue(picture)


def leaves_and_another_comes(picture: Image, at_s: float) -> None:
    leaves(picture, at_s)
    if at_s >= COMES_S:
        place = pixels_of("blue")
        size = place[1].stop - place[1].start, place[0].stop - place[0].start
        picture[place] = cv2.resize(picture[pixels_of("white")], size, interpolation=cv2.INTER_AREA)


def replayed(folder: Path, video: Path) -> list[dict[str, Any]]:
    config = write_config(folder, url="rtsp://192.0.2.1/Streaming/Channels/102", mqtt={"port": 1})
    done = cityeye(
        *("replay", str(video), "--config", str(config), "--evidence", str(folder / "evidence")),
        *("--start", "2026-01-05T12:00:00"),
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def phase(event: dict[str, Any]) -> str:
    return str(event["type"]).rpartition(".")[2]


def car(event: dict[str, Any]) -> str | None:
    x1, y1, x2, y2 = event["data"]["objects"][0]["box"]
    return car_in((x1, y1, x2, y2))


def second(event: dict[str, Any], name: str) -> float:
    """Seconds from the start of the video to one of the event's times."""
    return (datetime.fromisoformat(event["data"]["times"][name]) - START).total_seconds()


def shows_blue_paint(picture: Path) -> bool:
    """Whether the blue car is on a close-up: its paint is the only saturated blue of the street."""
    blue, green, red = np.moveaxis(np.asarray(cv2.imread(str(picture)), np.float32), 2, 0)
    return float(np.mean(blue - np.maximum(green, red) > 30)) > 0.02


@pytest.fixture(scope="module")
def departure(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("departure")
    return folder, replayed(folder, film(folder / "leaves.mp4", 34.0, leaves))


def test_a_car_that_leaves_is_closed_once_and_the_others_stay(
    departure: tuple[Path, list[dict[str, Any]]],
) -> None:
    _, events = departure
    opened, [closed] = [e for e in events if phase(e) == "opened"], [e for e in events if phase(e) == "closed"]
    assert sorted(str(car(e)) for e in opened) == sorted(PARKED)
    assert car(closed) == "blue"
    [blue] = [e for e in opened if car(e) == "blue"]
    assert closed["subject"] == blue["subject"]
    assert (blue["data"]["revision"], closed["data"]["revision"]) == (1, 2)
    assert closed["data"]["close_reason"] == "cleared"


def test_the_times_of_a_departure_are_right_to_one_sampling_interval(
    departure: tuple[Path, list[dict[str, Any]]],
) -> None:
    _, events = departure
    for event in (e for e in events if phase(e) == "opened"):
        assert second(event, "first_seen") <= SAMPLE_S
        assert DWELL_S <= second(event, "opened") - second(event, "first_seen") <= DWELL_S + 2 * SAMPLE_S
    [closed] = [e for e in events if phase(e) == "closed"]
    assert LEAVES_S - SAMPLE_S <= second(closed, "last_seen") <= LEAVES_S
    # The first empty look only says that it is gone; from then on the place is watched for CLEAR_S.
    assert LEAVES_S + CLEAR_S <= second(closed, "closed") <= LEAVES_S + CLEAR_S + 2 * SAMPLE_S
    assert abs(closed["data"]["dwell_s"] - LEAVES_S) <= 2 * SAMPLE_S
    assert closed["data"]["blind_s"] <= SAMPLE_S


def test_the_pictures_of_a_closing_show_the_empty_place(departure: tuple[Path, list[dict[str, Any]]]) -> None:
    folder, events = departure
    [closed] = [e for e in events if phase(e) == "closed"]
    [opened] = [e for e in events if phase(e) == "opened" and car(e) == "blue"]
    shown = {}
    for event in (opened, closed):
        kinds = {item["kind"] for item in event["data"]["evidence"]}
        first = {"first_sight_wide", "first_sight_close_up"} if phase(event) == "opened" else set()
        assert (kinds, event["data"].get("evidence_note")) == ({"wide", "close_up"} | first, None)
        revision = event["data"]["revision"]
        [close_up] = (folder / "evidence").glob(f"*/{event['subject']}/{revision}-close_up.jpg")
        shown[phase(event)] = shows_blue_paint(close_up)
    assert shown == {"opened": True, "closed": False}


def test_another_car_in_the_same_place_is_another_incident(tmp_path: Path) -> None:
    events = replayed(tmp_path, film(tmp_path / "another.mp4", 46.0, leaves_and_another_comes))
    at_blue = [e for e in events if car(e) == "blue"]
    assert [phase(e) for e in at_blue] == ["opened", "closed", "opened"]
    first, closed, other = at_blue
    assert closed["subject"] == first["subject"] != other["subject"]
    assert closed["data"]["close_reason"] in {"cleared", "replaced"}
    assert COMES_S <= second(other, "first_seen") <= COMES_S + SAMPLE_S
    assert other["data"]["revision"] == 1
    assert len(events) == len(PARKED) + 2, "the other cars go on undisturbed"
