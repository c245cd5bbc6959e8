"""Real data that lies beside the checkout and is never copied into it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("CITYEYE_SHARED", Path(__file__).parents[2] / "shared"))


def shared(*parts: str) -> Path:
    """A file or folder of the shared data; skips the test where it is missing, and fails it in CI."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        reason = f"{path} is missing; set CITYEYE_SHARED to the folder of the shared data"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path
