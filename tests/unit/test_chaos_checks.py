"""The chaos test's own checks: each must find what it is there for."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.centre import Arrival
from tests.chaos.checks import check_answers, check_delivery, check_dwell, check_lives, check_log
from tests.chaos.clock import DAY_S, SteppedClock
from tests.chaos.compare import Comparison, Span, compare
from tests.chaos.result import Result, load, report
from tests.chaos.told import Stored, Told, told
from tests.e2e.street import SIZE_PX

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BLUE_PX = (508, 357, 584, 409)
"""Where the blue car of the street stands."""


def event(sequence: int, incident: str, revision: int, phase: str, **facts: Any) -> bytes:
    """An event as the centre gets it; times are seconds after T0."""
    known = {"at": 10.0, "first": 0.0, "last": 10.0, "dwell": 10.0, "blind": 0.0, "off": 0.0, "note": "", **facts}
    width, height = SIZE_PX
    box = [BLUE_PX[0] / width, BLUE_PX[1] / height, BLUE_PX[2] / width, BLUE_PX[3] / height]

    def time(name: str) -> str:
        return (T0 + timedelta(seconds=known[name] + known["off"])).isoformat()

    data = {
        "revision": revision,
        "rule": "illegal_parking",
        "kind": "car",
        "objects": [{"box": box}],
        "times": {"first_seen": time("first"), "last_seen": time("last")},
        "dwell_s": known["dwell"],
        "blind_s": known["blind"],
        "note": known["note"],
    }
    about = {"id": f"{incident}-{revision}", "subject": incident, "time": time("at"), "sequence": f"{sequence:020d}"}
    return json.dumps({**about, "type": f"cityeye.illegal_parking.{phase}", "data": data}).encode()


OPENED = event(1, "a", 1, "opened")
UPDATED = event(2, "a", 2, "updated", at=20.0, last=20.0, dwell=20.0)
CLOSED = event(3, "a", 3, "closed", at=30.0, last=20.0, dwell=20.0)


def arrivals(*payloads: bytes) -> list[Arrival]:
    return [Arrival(T0.timestamp() + 40.0, payload) for payload in payloads]


def stored(*payloads: bytes, waiting: tuple[int, ...] = (), phases: dict[str, tuple[str, int]] | None = None) -> Stored:
    numbered = {int(json.loads(payload)["sequence"]): payload for payload in payloads}
    return Stored(max(numbered, default=0), numbered, set(waiting), phases or {})


def read(*payloads: bytes) -> list[Told]:
    return [told(payload, T0.timestamp()) for payload in payloads]


def now(after_s: float) -> float:
    return T0.timestamp() + after_s


def test_repeated_deliveries_are_counted_and_nothing_else_is_wrong() -> None:
    found = check_delivery(arrivals(OPENED, CLOSED, UPDATED, OPENED, OPENED), stored(OPENED, UPDATED, CLOSED))
    assert [e.sequence for e in found.events] == [1, 2, 3]
    assert (found.repeated, found.lost, found.gaps, found.doubled) == (2, [], [], [])


def test_what_never_came_is_a_gap_and_lost_unless_it_waits() -> None:
    kept = (OPENED, UPDATED, CLOSED)
    found = check_delivery(arrivals(OPENED, CLOSED), stored(*kept))
    assert (len(found.gaps), len(found.lost)) == (1, 1)
    found = check_delivery(arrivals(OPENED, UPDATED), stored(*kept, waiting=(3,)))
    assert (found.gaps, found.lost) == ([], [])
    found = check_delivery(arrivals(*kept), stored(OPENED))
    assert len(found.lost) == 2, "the box does not know of two of them"


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(event(2, "a", 2, "updated", note="other"), id="same id, other bytes"),
        pytest.param(event(2, "b", 1, "opened"), id="same sequence, other id"),
        pytest.param(b"{", id="no event"),
    ],
)
def test_two_contents_are_found(other: bytes) -> None:
    found = check_delivery(arrivals(OPENED, UPDATED, other), stored(OPENED, UPDATED))
    assert len(found.doubled) == 1


def test_bytes_that_differ_from_what_the_box_kept_are_found() -> None:
    kept = event(2, "a", 2, "updated", note="other")
    assert len(check_delivery(arrivals(OPENED, UPDATED), stored(OPENED, kept)).doubled) == 1


@pytest.mark.parametrize(
    ("story", "kept", "wrong"),
    [
        ([OPENED, UPDATED, CLOSED], ("closed", 3), 0),
        ([OPENED, CLOSED], ("closed", 3), 1),
        ([OPENED, event(2, "a", 2, "opened")], ("opened", 2), 1),
        ([OPENED, event(2, "a", 2, "closed"), event(3, "a", 3, "closed")], ("closed", 3), 1),
        ([OPENED, UPDATED], ("closed", 2), 1),
        ([UPDATED], ("updated", 2), 2),
    ],
)
def test_an_incident_has_one_life(story: list[bytes], kept: tuple[str, int], wrong: int) -> None:
    assert len(check_lives(read(*story), stored(phases={"a": kept}))) == wrong


def test_a_dwell_is_held_against_the_truth() -> None:
    truth = read(event(1, "t", 1, "opened"), event(2, "t", 2, "closed", at=24.0, last=20.0, dwell=20.0))
    right = check_dwell(read(OPENED, UPDATED, CLOSED), truth, [], now(60.0))
    assert (right.wrong, right.over_s) == ([], 0.0)
    late = event(2, "a", 2, "updated", at=40.0, last=40.0, dwell=40.0)
    long = check_dwell(read(OPENED, late), truth, [], now(60.0))
    assert (len(long.wrong), round(long.over_s, 3)) == (1, 20.0)
    shrunk = check_dwell(read(UPDATED, event(3, "a", 3, "updated", dwell=10.0)), truth, [], now(60.0))
    assert len(shrunk.wrong) == 1


def test_dwell_and_blind_time_account_for_the_stay_also_where_the_clock_was_set() -> None:
    truth = read(event(1, "t", 1, "opened"))
    lost = event(2, "a", 2, "updated", at=20.0, last=20.0, dwell=12.0, blind=3.0)
    found = check_dwell(read(lost), truth, [], now(60.0))
    assert (len(found.wrong), round(found.blind_s, 3), found.stepped_s) == (1, 5.0, 0.0)
    found = check_dwell(read(lost), truth, [now(5.0)], now(60.0))
    assert (len(found.wrong), found.blind_s, round(found.stepped_s, 3)) == (1, 0.0, 5.0)


@pytest.mark.parametrize("off", [-DAY_S, 0.0, DAY_S])
def test_times_are_read_whatever_day_the_box_thinks_it_is(off: float) -> None:
    (seen,) = read(event(1, "a", 1, "opened", off=off, at=10.0))
    assert (seen.car, seen.at_s, seen.first_s) == ("blue", now(10.0), now(0.0))


def compared(ours: list[bytes], truth: list[bytes], *watched: Span) -> Comparison:
    return compare(read(*ours), read(*truth), [(now(a), now(b)) for a, b in watched], now(100.0))


STAY = [event(1, "t", 1, "opened"), event(2, "t", 2, "closed", at=24.0, last=20.0)]
NEXT_STAY = [event(3, "u", 1, "opened", first=60.0, at=65.0, last=65.0)]


def test_a_stay_that_was_watched_must_be_told_and_one_that_was_not_may_be_missing() -> None:
    assert compared([OPENED, CLOSED], STAY, (0, 100)).wrong == []
    assert len(compared([], STAY, (0, 20)).wrong) == 1
    blind = compared([], STAY, (0, 4), (10, 14))
    assert (blind.wrong, blind.stays, blind.unseen) == ([], 1, 1)


def test_an_incident_about_nothing_and_a_stay_told_twice_are_found() -> None:
    assert len(compared([OPENED, CLOSED], NEXT_STAY, (0, 4)).wrong) == 1
    again = event(4, "b", 1, "opened", first=12.0, at=15.0, last=20.0)
    assert len(compared([OPENED, again], STAY, (0, 100)).wrong) == 1


def test_two_stays_are_one_incident_only_where_nobody_looked_between_them() -> None:
    assert len(compared([OPENED, UPDATED], STAY + NEXT_STAY, (0, 100)).wrong) == 1
    blind = compared([OPENED, UPDATED], STAY + NEXT_STAY, (0, 24), (58, 100))
    assert (blind.wrong, blind.merged) == ([], 1)


def test_a_traceback_in_the_log_is_found() -> None:
    assert check_log("INFO all is well\n") == []
    assert len(check_log("INFO all is well\nTraceback (most recent call last):\n  x\n")) == 1


def test_a_command_has_one_answer() -> None:
    def answer(status: str, uptime_s: int) -> bytes:
        return json.dumps({"id": "chaos-1", "status": status, "code": None, "result": {"up": uptime_s}}).encode()

    assert check_answers([answer("accepted", 0), answer("done", 5), answer("done", 5)]) == []
    assert len(check_answers([answer("done", 5), answer("done", 6)])) == 1


def test_a_result_survives_and_the_report_shows_it(tmp_path: Path) -> None:
    result = Result(
        seed=7, kills_wanted=1000, kills=990, kills_checked=987, faults={"disk full": 41}, wrong=["so and so"]
    )
    result.save(tmp_path / "result.json")
    assert load(tmp_path / "result.json") == result
    page = report(result)
    assert "| `kill -9` of the agent | 987 |" in page
    assert "| fault: disk full | 41 |" in page
    assert "- so and so" in page


def test_the_agents_wall_clock_can_be_set_and_its_monotonic_clock_cannot(tmp_path: Path) -> None:
    clock = SteppedClock(tmp_path / "clock")
    code = (
        "from agent.adapters.clock import SystemClock; import sys, time\n"
        "for line in sys.stdin:\n"
        "    now = SystemClock().now()\n"
        "    off_s = now.utc.timestamp() - time.time()\n"
        "    print(round(off_s / 3600), round(now.mono_s - time.monotonic()), flush=True)\n"
    )
    command = [sys.executable, "-c", code]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=clock.environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        shown = []
        for offset_s in (0.0, DAY_S, -DAY_S):
            clock.set(offset_s)
            process.stdin.write("\n")
            process.stdin.flush()
            shown.append(process.stdout.readline().split())
        process.stdin.close()
    assert shown == [["0", "0"], ["24", "0"], ["-24", "0"]]
