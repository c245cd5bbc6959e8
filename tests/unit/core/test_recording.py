"""What was seen, as text and back: the same to the bit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.recording import Header, line_of, read_lines, step_of
from agent.core.taxonomy import CLASSES
from agent.core.types import (
    ChangeKind,
    Changes,
    Detections,
    Floats,
    Gap,
    GapReason,
    Observation,
    PictureFault,
    Stamp,
    ZoneReading,
)
from tests.unit.core.world import PLACE, START, car, changed, every, gap, look, reading, watch

HEAD = Header(camera="gate", start=START)
single = st.floats(width=32, allow_nan=False, allow_infinity=False)
stamps = st.builds(
    Stamp,
    utc=st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),
    mono_s=st.floats(0, 1e9),
)


def floats(data: st.DataObject, *shape: int) -> Floats:
    count = int(np.prod(shape))
    return np.array(data.draw(st.lists(single, min_size=count, max_size=count)), np.float32).reshape(shape)


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    data, n, m = draw(st.data()), draw(st.integers(0, 3)), draw(st.integers(0, 2))
    return Observation(
        camera="gate",
        seq=draw(st.integers(0, 2**40)),
        stamp=draw(stamps),
        size_px=(draw(st.integers(1, 8000)), draw(st.integers(1, 8000))),
        detections=Detections(
            boxes_px=floats(data, n, 4),
            scores=floats(data, n),
            class_ids=np.array(draw(st.lists(st.integers(0, len(CLASSES) - 1), min_size=n, max_size=n)), np.int64),
            looks=floats(data, n, draw(st.integers(0, 3))),
        ),
        changes=Changes(
            boxes_n=floats(data, m, 4),
            scores=floats(data, m),
            still_s=floats(data, m),
            kinds=tuple(draw(st.lists(st.sampled_from(ChangeKind), min_size=m, max_size=m))),
        ),
        fault=draw(st.none() | st.sampled_from(PictureFault)),
        asked=draw(st.booleans()),
        readings=tuple(
            draw(st.lists(st.builds(ZoneReading, zone=st.text(), full=st.floats(0, 1), stamp=stamps), max_size=2))
        ),
    )


def plain(seen: Observation) -> tuple[object, ...]:
    """All of it, with arrays as their bytes and shapes."""
    arrays = [
        (a.shape, a.dtype.str, a.tobytes())
        for part in (seen.detections, seen.changes)
        for a in (getattr(part, name) for name in part.__slots__)
        if isinstance(a, np.ndarray)
    ]
    rest = (seen.camera, seen.seq, seen.stamp, seen.size_px, seen.changes.kinds, seen.fault, seen.asked, seen.readings)
    return (*rest, *arrays)


@given(observations())
def test_an_observation_comes_back_as_it_was(seen: Observation) -> None:
    line = line_of(seen)
    assert "\n" not in line
    read = step_of(line, "gate")
    assert isinstance(read, Observation)
    assert plain(read) == plain(seen)


@given(stamps, st.sampled_from(GapReason))
def test_a_gap_comes_back_as_it_was(stamp: Stamp, reason: GapReason) -> None:
    missed = Gap(camera="gate", stamp=stamp, reason=reason)
    assert step_of(line_of(missed), "gate") == missed


def test_a_recording_decides_as_the_pictures_did() -> None:
    steps = [*every(2, 0, 80, car()), gap(90), *every(2, 100, 150), changed(look(152), PLACE)]
    lines = [HEAD.line(), "", *map(line_of, steps)]
    head, read = read_lines(lines)
    assert head == HEAD
    assert watch(list(read)) == watch(steps) != []


def test_the_format_as_it_is_documented() -> None:
    seen = reading(changed(look(12, car()), PLACE), "bin", 0.93)
    line = line_of(seen)
    assert line.startswith('{"t":1012.0,"utc":"2026-11-02T08:00:12+00:00","seq":120,"size":[1000,1000],')
    assert '"seen":[["car",0.8,200.0,500.0,400.0,700.0]]' in line
    assert '"changes":[["left",0.9,0.0,0.2,0.5,0.4,0.7]]' in line
    assert '"readings":[["bin",0.93,1012.0,"2026-11-02T08:00:12+00:00"]]' in line


GAP = '{"t": 1, "utc": "2026-11-02T08:00:12+00:00", "gap": "offline"}'


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([], "line 1: expected a JSON object"),
        (["{}"], 'line 1: expected {"cityeye_recording": 1'),
        (['{"cityeye_recording": 2, "camera": "a", "start": "2026-11-02T08:00:12+00:00"}'], "line 1: expected"),
        (['{"cityeye_recording": 1, "camera": "a", "start": "2026-11-02T08:00:12"}'], "line 1: expected"),
        ([HEAD.line(), GAP, "[]"], "line 3: expected a JSON object"),
        ([HEAD.line(), GAP, "{not json"], "line 3: expected a JSON object"),
        ([HEAD.line(), GAP.replace("offline", "asleep")], "line 2: expected one look or one gap"),
        ([HEAD.line(), GAP.replace("gap", "gaps")], "line 2: expected the keys"),
        ([HEAD.line(), line_of(look(1, car())).replace("car", "tram")], "line 2: expected one look or one gap"),
        ([HEAD.line(), line_of(look(1, car())).replace("0.8", "NaN")], "line 2: expected one look or one gap"),
        ([HEAD.line(), line_of(look(1, car())).replace("[8,", "[7,")], "line 2: expected one look or one gap"),
        ([HEAD.line(), line_of(look(1, car())).replace('"size":[1000,1000],', "")], "line 2: expected one look"),
    ],
)
def test_what_is_no_recording_is_told_with_its_line(lines: list[str], told: str) -> None:
    with pytest.raises(ValueError, match="line") as caught:
        list(read_lines(lines)[1])
    assert str(caught.value).startswith(told)


def test_what_cannot_be_written_is_refused() -> None:
    seen = look(1, car((float("nan"), 0, 1, 1)))
    with pytest.raises(ValueError, match="JSON"):
        line_of(seen)


def test_the_stamps_zone_is_utc() -> None:
    shifted = GAP.replace("08:00:12+00:00", "16:00:12+08:00")
    with pytest.raises(ValueError, match="expected one look or one gap"):
        step_of(shifted, "gate")
    assert step_of(GAP, "gate").stamp.utc == START + timedelta(seconds=12)
