"""Whatever the file holds, loading gives a configuration or problems, and no problem shows a password."""

from __future__ import annotations

import string
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.config import checks, crosswalk, document, kinds, polygon, reading, secrets, translate, words
from agent.config.words import Words
from tests.unit.config.samples import good, read

CANARY = "correcthorse"
CROSSWALK = Path(__file__).parents[3] / "configs/taxonomy.yaml"
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["gate", "rtsp://h/x", "rtsp://a:b@h/x", "3m", "2GB", "07:00", "file:", "a\0b", "workday", "Asia", "..", "/"]
    )
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def base() -> dict[str, Any]:
    data = good()
    data["mqtt"] |= {"username": "u", "password": CANARY, "tls": {}, "keepalive": "30s"}
    data["calendars"] = {"workday": {"active": [{"days": ["mon"], "from": "07:00"}], "holidays": ["2026-10-01"]}}
    data["box"] = {"id": "b", "location": {"lon": 1, "lat": 2}}
    data["taxonomy"] = {"file": str(CROSSWALK), "code_system": "GB/T 30428.2-2013"}
    data["model"] = {"classes": {"pickup": "truck"}, "sha256": "0" * 64}
    data["cameras"][0] |= {"username": "admin", "password": CANARY}
    data["cameras"][0]["zones"][0]["rules"]["illegal_parking"] = {"calendar": "workday", "grace": {"truck": "9m"}}
    data["cameras"].append({"id": "yard", "url": f"rtsp://admin:{CANARY}@h/x"})
    return data


Place = tuple[str | int, ...]


def places(value: object, path: Place = ()) -> list[Place]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, inner in items for place in places(inner, (*path, key)))]


PLACES = places(base())[1:]


def changed(changes: list[tuple[Place, object]]) -> Any:
    """The base with values put in place; a change whose place an earlier one removed is left out."""
    data: Any = base()
    for path, value in changes:
        try:
            here = data
            for part in path[:-1]:
                here = here[part]
            here[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue
    return data


def check(text: str) -> None:
    for lang in ("en", "zh-CN"):
        report = read(text, lang="zh-CN" if lang == "zh-CN" else "en")
        assert (report.config is None) == bool(report.problems)
        assert CANARY not in str((report.problems, report.warnings))
        if report.config is not None:
            assert set(report.config.plans()) == {camera.id for camera in report.config.cameras}
            assert len(report.config.version_hash()) == 12
            assert CANARY not in "".join(camera.url for camera in report.config.cameras)


def test_the_base_of_the_changes_is_good() -> None:
    assert read(yaml.safe_dump(base())).problems == ()


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    check(text)


@given(st.text(alphabet=":-[]{}#&*!|>'\"%@`?, \n\tab01~<.", max_size=60))
def test_text_of_yaml_marks(text: str) -> None:
    check(text)


@given(values)
def test_any_data(value: object) -> None:
    check(yaml.safe_dump(value))


@settings(max_examples=200)
@given(st.lists(st.tuples(st.sampled_from(PLACES), values), min_size=1, max_size=3))
def test_a_good_file_with_anything_anywhere(changes: list[tuple[Place, object]]) -> None:
    check(yaml.safe_dump(changed(changes)))


@given(st.sampled_from(PLACES), st.text(max_size=10))
def test_a_good_file_with_any_key_anywhere(path: tuple[str | int, ...], key: str) -> None:
    data = base()
    here: Any = data
    for part in path:
        here = here[part]
    if isinstance(here, dict):
        secret = key not in ("url", "host", "id")
        here[key] = CANARY if secret and path in (("mqtt",), ("cameras", 0)) else "x"  # a misspelt password
    check(yaml.safe_dump(data))


@given(st.lists(st.lists(st.floats() | st.floats(-0.2, 1.2) | st.integers(0, 1), min_size=2, max_size=2), max_size=8))
def test_any_outline(points: list[list[float]]) -> None:
    data = good()
    data["cameras"][0]["zones"][0]["polygon"] = points
    text = yaml.safe_dump(data)
    check(text)
    config = read(text).config
    if config is not None:
        zone = config.plans()["gate"].duties[0].zone
        assert zone.polygon.is_valid
        assert zone.polygon.area > 0


@given(st.integers(0, 2000), st.text(max_size=3))
def test_a_good_file_damaged_at_one_place(at: int, text: str) -> None:
    whole = yaml.safe_dump(base())
    check(whole[: at % len(whole)] + text + whole[at % len(whole) + 1 :])


def test_every_text_exists_in_both_languages() -> None:
    """Module constants with the same placeholders in both."""

    def texts(value: object) -> list[Words]:
        if isinstance(value, Words):
            return [value]
        if isinstance(value, dict):
            return [text for inner in value.values() for text in texts(inner)]
        return [text for inner in value for text in texts(inner)] if isinstance(value, tuple) else []

    loading = sys.modules["agent.config.load"]  # the package has a function of that name
    modules: list[ModuleType] = [
        checks,
        crosswalk,
        document,
        kinds,
        polygon,
        reading,
        secrets,
        translate,
        words,
        loading,
    ]
    found = [text for module in modules for value in vars(module).values() for text in texts(value)]
    assert len(found) > 50
    for text in found:
        assert text.en and text.zh
        fields = [{name for _, name, _, _ in string.Formatter().parse(side) if name} for side in text]
        assert fields[0] == fields[1], text
