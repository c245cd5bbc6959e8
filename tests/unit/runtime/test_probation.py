"""When a box counts as unwell with its new configuration."""

from __future__ import annotations

import pytest

from agent.runtime.probation import GRACE_S, Probation, Signs, Watched


def signs(at_s: float, *online: str, failed: str = "", broker: bool = False, centre: bool = False) -> Signs:
    faults = frozenset({(failed, "no memory")} if failed else ())
    return Signs(
        at_s=at_s, online=frozenset(online), failed=faults, broker=broker, broker_error="refused", centre=centre
    )


def probation(
    *cameras: str, broker: bool = False, probation_s: float = 120.0, failed: str = "", centre: str | None = None
) -> Probation:
    return Probation(
        began_s=100.0,
        probation_s=probation_s,
        watched=Watched(cameras=cameras, broker=broker, centre=centre),
        failed_before=frozenset({failed} if failed else ()),
    )


def first_fault(it: Probation, seen: list[Signs]) -> tuple[float, str] | None:
    for one in seen:
        if fault := it.fault(one):
            return one.at_s, fault
    return None


def test_a_box_that_is_well_proves_itself_when_the_time_is_up() -> None:
    it = probation("gate", broker=True)
    seen = [signs(100 + t, "gate", broker=True) for t in range(121)]
    assert first_fault(it, seen) is None
    assert [one.at_s for one in seen if it.is_over(one)] == [220]


def test_a_camera_that_does_not_come_back_is_told_after_the_grace() -> None:
    found = first_fault(probation("gate"), [signs(100 + t, "yard") for t in range(121)])
    assert found == (100.0 + GRACE_S, "camera gate delivered pictures before and has not for 30 s")


def test_a_camera_that_was_not_watched_before_may_be_away() -> None:
    assert first_fault(probation(), [signs(100 + t) for t in range(121)]) is None


def test_a_short_outage_is_forgiven_a_long_one_is_not() -> None:
    back = first_fault(probation("gate"), [signs(100 + t, *(["gate"] if not 10 <= t < 36 else [])) for t in range(121)])
    gone = [signs(100 + t, *(["gate"] if t < 10 else [])) for t in range(121)]
    found = first_fault(probation("gate"), gone)
    assert (back, found) == (None, (139.0, "camera gate delivered pictures before and has not for 30 s"))


def test_in_a_short_probation_a_camera_must_have_been_there_once() -> None:
    found = first_fault(probation("gate", probation_s=10.0), [signs(100 + t) for t in range(11)])
    assert found == (110.0, "camera gate delivered pictures before and has not for 10 s")
    once = [signs(100 + t, *(["gate"] if t == 4 else [])) for t in range(11)]
    assert first_fault(probation("gate", probation_s=10.0), once) is None


def test_a_broker_that_does_not_come_back_is_told_with_the_reason() -> None:
    found = first_fault(probation(broker=True), [signs(100 + t) for t in range(121)])
    assert found == (130.0, "there was a session with the broker before, and none for 30 s: refused")


@pytest.mark.parametrize(("before", "expected"), [("", "watch-1 fails again and again: no memory"), ("watch-1", None)])
def test_a_loop_that_fails_now_and_did_not_before_is_a_fault(before: str, expected: str | None) -> None:
    assert probation(failed=before).fault(signs(101, failed="watch-1")) == expected


def test_a_centre_that_is_not_heard_at_the_new_broker_is_told_when_the_time_is_up() -> None:
    it = probation(broker=True, centre="mq.example:8883")
    found = first_fault(it, [signs(100 + t, broker=True) for t in range(121)])
    told = "nobody of the centre was heard at mq.example:8883: no ack or command within 120 s"
    assert found == (220.0, told)


def test_a_centre_may_take_the_whole_probation_to_be_heard() -> None:
    it = probation(broker=True, centre="mq.example:8883")
    assert first_fault(it, [signs(100 + t, broker=True, centre=t == 120) for t in range(121)]) is None


def test_a_broker_that_lets_nobody_in_is_the_reason_and_not_that_nobody_is_heard_there() -> None:
    it = probation(broker=True, probation_s=10.0, centre="mq.example:8883")
    found = first_fault(it, [signs(100 + t) for t in range(11)])
    assert found == (110.0, "there was a session with the broker before, and none for 10 s: refused")


def test_where_the_way_to_the_broker_is_the_same_the_centre_may_be_silent() -> None:
    assert first_fault(probation(broker=True), [signs(100 + t, broker=True) for t in range(121)]) is None
