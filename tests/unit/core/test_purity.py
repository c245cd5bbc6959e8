"""The core uses OpenCV from arrays to arrays only (docs/decisions/0006): import-linter cannot tell, this test does."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

CORE = Path(__file__).parents[3] / "agent" / "core"
FORBIDDEN = ("imread", "imwrite", "VideoCapture", "VideoWriter", "imshow", "waitKey", "namedWindow", "FileStorage")
UNSEEDED = (
    "theRNG",
    "setRNGSeed",
    "randu",
    "randn",
    "randShuffle",
    "kmeans",
    "RANSAC",
    "findHomography",
    "estimateAffine",
)


def used(file: Path) -> set[str]:
    """Names that a module takes from cv2, and from numpy's random module."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return names | {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}


@pytest.mark.parametrize("file", sorted(CORE.rglob("*.py")), ids=lambda file: str(file.relative_to(CORE)))
def test_no_file_window_device_or_chance(file: Path) -> None:
    names = used(file)
    assert [name for name in FORBIDDEN if name in names] == []
    assert [name for name in UNSEEDED if any(used.startswith(name) for used in names)] == []
    assert "random" not in names


def test_the_test_sees_what_the_core_uses() -> None:
    assert "resize" in set().union(*(used(file) for file in CORE.rglob("*.py")))
