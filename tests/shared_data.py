"""Where the real data for tests is. It is read in place, never copied into the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("CITYEYE_SHARED", Path(__file__).parents[2] / "shared"))


def shared(*parts: str) -> Path:
    """The path of a file or folder under `shared/data`; skips the test when it is missing, and fails in CI."""
    path = SHARED.joinpath("data", *parts)
    if not path.exists():
        text = f"{path} is missing; set CITYEYE_SHARED to the folder that holds data/"
        if os.environ.get("CI"):
            pytest.fail(text)
        pytest.skip(text)
    return path
