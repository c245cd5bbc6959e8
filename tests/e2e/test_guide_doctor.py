"""The pictures of a doctor in the field guide say what the doctor says today."""

from __future__ import annotations

import re
from html import unescape

import pytest

from scripts.guide.doctor_run import figureless, transcript
from scripts.guide.terminal import terminal
from scripts.guide_pictures import FOLDER
from tests.cameras import need_simulated_camera
from tests.mosquitto import PROGRAM

pytestmark = pytest.mark.server


def said(picture: str) -> str:
    """The words of a picture from the broker on, or of all of it; figures left out, since they are the machine's."""
    words = " ".join(unescape(text) for text in re.findall(r">([^<]*)</text>", picture))
    (*_, told) = words.partition("Broker")
    return " ".join(figureless(told or words).partition(" # wrong")[0].split())


def test_the_pictures_say_what_the_doctor_says() -> None:
    need_simulated_camera()
    if PROGRAM is None:
        pytest.fail("mosquitto is not installed (scripts/system-packages)")
    for name, text in zip(("doctor.svg", "doctor-mend.svg"), transcript("en"), strict=True):
        kept = (FOLDER / name).read_text(encoding="utf-8")
        assert said(terminal("cityeye doctor", text)) == said(kept), "run: python -m scripts.guide_pictures"
        assert "GOP # s, SmartCodec off" in said(kept)
