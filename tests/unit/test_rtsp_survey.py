"""What a survey makes of packets, whatever they tell of their time."""

from __future__ import annotations

from fractions import Fraction
from typing import cast

import pytest
from av.packet import Packet
from av.video.stream import VideoStream

from agent.adapters.rtsp_survey import _Tally

TICK = Fraction(1, 90_000)


def packet(pts_s: float | None, *, keyframe: bool = False) -> Packet[VideoStream]:
    made = cast("Packet[VideoStream]", Packet(1))
    made.time_base, made.pts, made.is_keyframe = TICK, None if pts_s is None else round(pts_s / TICK), keyframe
    return made


def tally(*packets: tuple[float | None, float, bool]) -> _Tally:
    """Of packets with the time that they tell, when they arrived, and whether they are keyframes."""
    made = _Tally()
    for pts_s, at_s, keyframe in packets:
        made.take(packet(pts_s, keyframe=keyframe), at_s)
    return made


def test_the_streams_own_clock_decides_and_a_first_packet_without_it_is_left_out() -> None:
    told = tally((None, 5.0, True), (0.0, 5.0, False), (2.0, 9.0, True), (4.0, 9.1, True))
    assert told.keyframes == 3
    assert told.gop_s == pytest.approx(2.0)
    assert told.fps == pytest.approx(0.5)


def test_arrival_decides_where_the_stream_has_no_clock() -> None:
    told = tally((None, 5.0, True), (None, 5.5, False), (None, 6.0, True))
    assert told.fps == pytest.approx(2.0)
    assert told.gop_s == pytest.approx(1.0)


def test_the_longest_distance_counts_and_order_of_decoding_does_not() -> None:
    told = tally((0.0, 0, True), (0.2, 0, False), (0.1, 0, False), (0.5, 0, True), (4.5, 0, True))
    assert told.gop_s == pytest.approx(4.0)
    assert told.fps == pytest.approx(4 / 4.5)


def test_one_packet_tells_nothing() -> None:
    told = tally((0.0, 0, True))
    assert (told.fps, told.gop_s) == (None, None)


def test_a_first_packet_whose_time_was_lost_is_one_picture_before_the_second() -> None:
    late_s = 1.5  # opening took so long: arrivals tell of a shorter distance
    told = tally((None, late_s, True), *((0.08 * n, max(late_s, 0.08 * n), n == 150) for n in range(1, 160)))
    assert told.gop_s == pytest.approx(12.0)
    assert told.fps == pytest.approx(12.5)
