"""Folders of labelled pictures, good and spoilt."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.adapters.labelled import label_list, labelled_pictures, picture_files
from agent.core.errors import ModelError


def folder_of(root: Path, labels: str | None, names: str | None = "names: [car, bus]") -> Path:
    (root / "images").mkdir()
    (root / "labels").mkdir()
    cv2.imwrite(str(root / "images/a.png"), np.zeros((100, 200, 3), np.uint8))
    if labels is not None:
        (root / "labels/a.txt").write_text(labels, encoding="utf-8")
    if names is not None:
        (root / "data.yaml").write_text(names, encoding="utf-8")
    return root


def test_boxes_and_outlines(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "1 0.5 0.5 0.5 0.2\n\n0 0.1 0.1 0.3 0.1 0.3 0.5 0.1 0.5\n")
    (picture,) = labelled_pictures(folder)
    assert picture.boxes_px.tolist() == pytest.approx(np.array([[50, 40, 150, 60], [20, 10, 60, 50]]))
    assert picture.labels.tolist() == [1, 0]
    assert label_list(folder) == ("car", "bus")


def test_a_picture_without_labels_shows_nothing(tmp_path: Path) -> None:
    (picture,) = labelled_pictures(folder_of(tmp_path, None, names=None))
    assert picture.boxes_px.shape == (0, 4)
    assert label_list(tmp_path) is None


@pytest.mark.parametrize("line", ["car 0.5 0.5 0.1 0.1", "0 0.5 0.5", "0"])
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(ModelError, match=r"a\.txt:2: expected `label cx cy w h`, found"):
        list(labelled_pictures(folder_of(tmp_path, f"0 0.5 0.5 0.1 0.1\n{line}\n")))


@pytest.mark.parametrize("names", ["names: 7", "nc: 2", "names: [", "[]"])
def test_broken_names(tmp_path: Path, names: str) -> None:
    with pytest.raises(ModelError, match="expected `names:"):
        label_list(folder_of(tmp_path, "", names))


def test_no_pictures_and_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="expected pictures"):
        picture_files(tmp_path)
    with pytest.raises(ModelError, match="expected a folder of pictures"):
        picture_files(tmp_path / "none")
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    with pytest.raises(ModelError, match="found no `labels`"):
        list(labelled_pictures(tmp_path))
    (tmp_path / "labels").mkdir()
    with pytest.raises(ModelError, match=r"expected a picture \(.*found another kind of file"):
        list(labelled_pictures(tmp_path))
