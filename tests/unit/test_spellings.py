"""The net that secrets are caught with has no holes."""

from __future__ import annotations

import base64
import hashlib
import json
from urllib.parse import quote

import pytest

from tests.spellings import spelt_in

SECRET = "c@m:pw/ #1%密"


@pytest.mark.parametrize(
    "told",
    [
        f"rtsp://admin:{SECRET}@h",
        f"rtsp://admin:{quote(SECRET, safe='')}@h",
        f"{json.dumps({'x': SECRET})}",
        f"{SECRET!r}",
        "Basic " + base64.b64encode(f"admin:{SECRET}".encode()).decode(),
        "Basic " + base64.b64encode(f"u:{SECRET}".encode()).decode(),
        "Basic " + base64.b64encode(f"us:{SECRET}:x".encode()).decode(),
        hashlib.md5(f"admin:IP Camera(SIM):{SECRET}".encode()).hexdigest(),
    ],
)
def test_each_spelling_is_found(told: str) -> None:
    assert spelt_in(told, SECRET) != []
    assert spelt_in(told.encode(), SECRET) != []


def test_nothing_else_is() -> None:
    assert spelt_in("rtsp://admin:***@h " + base64.b64encode(b"admin:another").decode(), SECRET) == []
