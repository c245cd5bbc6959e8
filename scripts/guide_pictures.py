"""Make the pictures of docs/field-guide.md and docs/field-guide.zh-CN.md, in docs/pictures/guide.

    python -m scripts.guide_pictures            # all; needs scripts/system-packages, takes about two minutes
    python -m scripts.guide_pictures --drawn    # without the runs of cityeye doctor, whose figures are the machine's

All pixels are this project's own. The drawn ones are the same each time.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from scripts.guide import views
from scripts.guide.diagrams import DIAGRAMS, LANGUAGES
from scripts.guide.doctor_run import transcript
from scripts.guide.terminal import terminal

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "pictures" / "guide"


def name_of(picture: str, lang: str) -> str:
    """The file of a picture that has words in it."""
    return f"{picture}.svg" if lang == LANGUAGES[0] else f"{picture}.{lang}.svg"


def rendered() -> dict[str, bytes]:
    """The streets, by file name."""
    wide, close = views.evidence()
    return {
        "good-view.jpg": views.good_view(),
        "bad-views.jpg": views.bad_views(),
        "zones.jpg": views.zones(),
        "evidence-wide.jpg": wide,
        "evidence-close.jpg": close,
    }


def diagrams() -> dict[str, bytes]:
    """The diagrams in both languages, by file name."""
    return {
        name_of(picture, lang): draw(number).encode()
        for picture, draw in DIAGRAMS.items()
        for number, lang in enumerate(LANGUAGES)
    }


def doctors() -> dict[str, bytes]:
    """What a real `cityeye doctor` says of a camera that is set wrong, and once it was mended, by file name."""
    pictures = {}
    for lang in LANGUAGES:
        for picture, text in zip(("doctor", "doctor-mend"), transcript(lang.partition("-")[0]), strict=True):
            pictures[name_of(picture, lang)] = terminal("cityeye doctor", text).encode()
    return pictures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drawn", action="store_true", help="only those that are the same on each machine")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder for them")
    options = parser.parse_args()
    makers: list[Callable[[], dict[str, bytes]]] = [diagrams, rendered]
    if not options.drawn:
        makers.append(doctors)
    options.out.mkdir(parents=True, exist_ok=True)
    for make in makers:
        for name, data in make().items():
            (options.out / name).write_bytes(data)
            print(f"{name}  {len(data) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
