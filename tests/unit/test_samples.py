"""What was dismissed, as a data set: read back by the agent's own reader of labelled pictures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from agent.adapters.labelled import labelled_pictures
from agent.adapters.samples import SampleFolder
from agent.core.silence import Dismissal
from agent.core.taxonomy import CLASS_IDS, CLASSES
from agent.core.types import Detections
from tests.fakes import START, street_picture

CAR, PERSON = (32.0, 18.0, 96.0, 90.0), (200.0, 20.0, 240.0, 120.0)


def dismissal(number: int = 1, reason: str = "tolerated") -> Dismissal:
    return Dismissal(
        incident_id=UUID(int=number),
        camera="gate",
        rule="illegal_parking",
        zone="kerb",
        class_name="car",
        track_id=3,
        box_n=(0.1, 0.1, 0.3, 0.5),
        look=np.ones(4, np.float32),
        reason=reason,
        at=START,
        note="施工许可",
    )


def found(person_score: float = 0.9) -> Detections:
    return Detections(
        boxes_px=np.array([CAR, PERSON], np.float32),
        scores=np.array([0.8, person_score], np.float32),
        class_ids=np.array([CLASS_IDS["car"], CLASS_IDS["person"]], np.int64),
        looks=np.zeros((2, 0), np.float32),
    )


@pytest.mark.parametrize(("reason", "names"), [("tolerated", ["car", "person"]), ("false_report", ["person"])])
def test_a_sample_is_labelled_as_the_centre_says(tmp_path: Path, reason: str, names: list[str]) -> None:
    assert SampleFolder(tmp_path).keep(dismissal(reason=reason), street_picture(), found())
    [picture] = labelled_pictures(tmp_path)
    note = json.loads((tmp_path / "notes" / f"{UUID(int=1)}.json").read_text())
    assert (note["reason"], note["note"], note["box_n"], note["size_px"]) == (
        reason,
        "施工许可",
        [0.1, 0.1, 0.3, 0.5],
        [320, 180],
    )
    assert sorted(CLASSES[label] for label in picture.labels.tolist()) == names
    assert np.allclose(picture.boxes_px[picture.labels == CLASS_IDS["person"]], [PERSON], atol=0.01)


def test_the_box_of_a_label_is_the_box_of_the_thing(tmp_path: Path) -> None:
    SampleFolder(tmp_path).keep(dismissal(), street_picture(), found(person_score=0.4))
    [line] = (tmp_path / "labels" / f"{UUID(int=1)}.txt").read_text().splitlines()
    assert [float(part) for part in line.split()[1:]] == pytest.approx([0.2, 0.3, 0.2, 0.4])


def test_a_tolerated_thing_that_is_gone_is_no_label_but_told_of(tmp_path: Path) -> None:
    SampleFolder(tmp_path).keep(dismissal(), street_picture(), Detections.none())
    assert (tmp_path / "labels" / f"{UUID(int=1)}.txt").read_text() == ""
    assert json.loads((tmp_path / "notes" / f"{UUID(int=1)}.json").read_text())["seen"] is False


def test_what_the_detector_was_not_sure_of_is_no_label(tmp_path: Path) -> None:
    SampleFolder(tmp_path).keep(dismissal(reason="false_report"), street_picture(), found(person_score=0.4))
    assert (tmp_path / "labels" / f"{UUID(int=1)}.txt").read_text() == ""


def test_the_oldest_make_room(tmp_path: Path) -> None:
    folder = SampleFolder(tmp_path, most=3)
    for number in range(1, 6):
        folder.keep(dismissal(number), street_picture(), found())
    folder.keep(replace(dismissal(5), reason="false_report"), street_picture(), found())
    for part in ("images", "labels", "notes"):
        assert len(list((tmp_path / part).iterdir())) <= 3
    assert (tmp_path / "images" / f"{UUID(int=5)}.jpg").exists()
    assert not (tmp_path / "notes" / f"{UUID(int=1)}.json").exists()


def test_a_folder_that_cannot_be_written_costs_the_sample_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    assert not SampleFolder(tmp_path / "file").keep(dismissal(), street_picture(), found())
    assert "a dismissal's sample is not kept" in caplog.text
