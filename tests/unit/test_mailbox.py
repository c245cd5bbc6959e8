from __future__ import annotations

from collections import defaultdict
from threading import Event, Thread

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agent.core.types import Gap, GapReason, Stamp
from agent.ports import Sample
from agent.runtime.mailbox import Mailroom, Slot
from tests.fakes import FakeClock, FakeSample

CLOCK = FakeClock()


def sample(camera: str, seq: int) -> FakeSample:
    return FakeSample(camera=camera, seq=seq, stamp=CLOCK.now())


def gap(camera: str, at_s: float, reason: GapReason = GapReason.OFFLINE) -> Gap:
    return Gap(camera=camera, stamp=Stamp(utc=CLOCK.now().utc, mono_s=at_s), reason=reason)


def seen(items: list[Sample | Gap]) -> list[object]:
    """Sample numbers as they are, gaps by their time."""
    return [("gap", item.stamp.mono_s) if isinstance(item, Gap) else item.seq for item in items]


def test_the_newest_sample_replaces_an_older_one_and_the_drop_is_counted() -> None:
    room = Mailroom()
    for number in range(3):
        room.post_sample(sample("gate", number))
    taken = room.take(0)
    assert taken is not None
    assert (taken[0], seen(taken[1]), room.drops("gate"), room.drops("yard")) == ("gate", [2], 2, 0)


def test_a_gap_keeps_its_place_between_samples() -> None:
    room = Mailroom()
    room.post_gap(gap("gate", 1))
    room.post_sample(sample("gate", 1))
    room.post_gap(gap("gate", 2, GapReason.STALLED))
    taken = room.take(0)
    assert taken is not None
    assert seen(taken[1]) == [("gap", 1), 1, ("gap", 2)]


def test_gaps_with_nothing_between_them_become_the_later_one() -> None:
    room = Mailroom()
    room.post_gap(gap("gate", 1))
    room.post_gap(gap("gate", 2, GapReason.REFUSED))
    taken = room.take(0)
    assert taken is not None
    assert taken[1] == [gap("gate", 2, GapReason.REFUSED)]


def test_gaps_around_a_dropped_sample_become_one_before_the_new_sample() -> None:
    room = Mailroom()
    room.post_gap(gap("gate", 1))
    room.post_sample(sample("gate", 1))
    room.post_gap(gap("gate", 2))
    room.post_sample(sample("gate", 2))
    taken = room.take(0)
    assert taken is not None
    assert seen(taken[1]) == [("gap", 2), 2]


def test_a_taken_camera_is_given_to_nobody_else_until_done() -> None:
    room = Mailroom()
    room.post_sample(sample("gate", 1))
    assert room.take(0) is not None
    room.post_sample(sample("gate", 2))
    assert room.take(0) is None
    room.done("gate")
    taken = room.take(0)
    assert taken is not None
    assert seen(taken[1]) == [2]


def test_done_without_take_is_a_bug_and_says_so() -> None:
    with pytest.raises(ValueError, match="gate: done without take"):
        Mailroom().done("gate")


def test_the_camera_that_waits_longest_comes_first_even_when_its_sample_was_replaced() -> None:
    room = Mailroom()
    room.post_sample(sample("gate", 1))
    room.post_sample(sample("yard", 1))
    room.post_sample(sample("gate", 2))
    order = [taken[0] for taken in (room.take(0), room.take(0)) if taken]
    assert order == ["gate", "yard"]


def test_a_busy_camera_does_not_starve_the_others() -> None:
    room = Mailroom()
    room.post_sample(sample("gate", 0))
    room.post_sample(sample("yard", 0))
    order = []
    for number in range(1, 4):
        taken = room.take(0)
        assert taken is not None
        order.append(taken[0])
        room.post_sample(sample("gate", number))
        room.done(taken[0])
    assert order == ["gate", "yard", "gate"]


def test_close_wakes_waiting_takers_and_refuses_further_posts() -> None:
    room = Mailroom()
    results: list[object] = []
    takers = [Thread(target=lambda: results.append(room.take(60))) for _ in range(3)]
    for taker in takers:
        taker.start()
    room.close()
    for taker in takers:
        taker.join()
    room.post_sample(sample("gate", 1))
    room.post_gap(gap("gate", 1))
    assert (results, room.take(0)) == ([None, None, None], None)


def test_a_held_camera_is_taken_by_nobody_and_what_comes_meanwhile_waits() -> None:
    room = Mailroom()
    room.hold("gate", 0)
    room.post_gap(gap("gate", 1))
    room.post_sample(sample("gate", 1))
    room.post_sample(sample("yard", 1))
    first = room.take(0)
    assert (first and first[0], room.take(0)) == ("yard", None)
    room.release("gate")
    taken = room.take(0)
    assert taken is not None
    assert (taken[0], seen(taken[1])) == ("gate", [("gap", 1), 1])


def test_holding_waits_for_the_worker_that_has_the_camera() -> None:
    room = Mailroom()
    room.post_sample(sample("gate", 1))
    assert room.take(0) is not None
    with pytest.raises(TimeoutError, match="gate: a worker still looks at it"):
        room.hold("gate", 0.01)
    room.post_sample(sample("gate", 2))
    holder = Thread(target=lambda: room.hold("gate", 60))
    holder.start()
    room.done("gate")
    holder.join()
    assert room.take(0) is None
    room.clear("gate")
    room.release("gate")
    assert room.take(0) is None


def test_a_camera_that_could_not_be_held_is_served_as_before() -> None:
    room = Mailroom()
    room.post_sample(sample("gate", 1))
    assert room.take(0) is not None
    with pytest.raises(TimeoutError):
        room.hold("gate", 0)
    room.done("gate")
    room.post_sample(sample("gate", 2))
    assert room.take(0) is not None


def test_what_is_posted_through_a_shut_slot_is_ignored() -> None:
    room = Mailroom()
    old, new = Slot(room), Slot(room)
    old.post_sample(sample("gate", 1))
    old.post_gap(gap("gate", 1))
    old.shut()
    room.clear("gate")
    new.post_sample(sample("gate", 2))
    old.post_sample(sample("gate", 3))
    old.post_gap(gap("gate", 3))
    taken = room.take(0)
    assert taken is not None
    assert seen(taken[1]) == [2]


def test_a_waiting_taker_is_woken_by_a_post_and_by_done() -> None:
    room = Mailroom()
    got: list[list[object]] = []
    first, second = Event(), Event()

    def work() -> None:
        for event in (first, second):
            taken = room.take(60)
            assert taken is not None
            got.append(seen(taken[1]))
            event.set()

    worker = Thread(target=work)
    worker.start()
    room.post_sample(sample("gate", 1))
    first.wait()
    room.post_sample(sample("gate", 2))
    room.done("gate")
    second.wait()
    worker.join()
    assert got == [[1], [2]]


CAMERAS = ("a", "b", "c")


class MailroomMachine(RuleBasedStateMachine):
    """Any order of posts, takes and dones, against a model that keeps everything ever posted."""

    def __init__(self) -> None:
        super().__init__()
        self.room = Mailroom()
        self.posted: dict[str, list[Sample | Gap]] = defaultdict(list)
        self.got: dict[str, list[Sample | Gap]] = defaultdict(list)
        self.waiting: list[str] = []
        self.taken: set[str] = set()
        self.dropped: dict[str, int] = defaultdict(int)
        """By earlier takes."""
        self.clock_s = 0.0

    def wait(self, camera: str) -> None:
        if camera not in self.waiting:
            self.waiting.append(camera)

    @rule(camera=st.sampled_from(CAMERAS))
    def post_sample(self, camera: str) -> None:
        item = sample(camera, len(self.posted[camera]))
        self.posted[camera].append(item)
        self.room.post_sample(item)
        self.wait(camera)

    @rule(camera=st.sampled_from(CAMERAS))
    def post_gap(self, camera: str) -> None:
        self.clock_s += 1
        item = gap(camera, self.clock_s)
        self.posted[camera].append(item)
        self.room.post_gap(item)
        self.wait(camera)

    @rule()
    def take(self) -> None:
        free = [camera for camera in self.waiting if camera not in self.taken]
        taken = self.room.take(0)
        if not free:
            assert taken is None
            return
        assert taken is not None
        camera, items = taken
        assert camera == free[0], "the one that waits longest comes first"
        assert len(items) <= 3, "bounded"
        self.waiting.remove(camera)
        self.taken.add(camera)
        self.check(camera, items)

    def check(self, camera: str, items: list[Sample | Gap]) -> None:
        fresh = self.posted[camera][len(self.got[camera]) :]
        self.got[camera] = list(self.posted[camera])
        positions = [fresh.index(item) for item in items]
        assert positions == sorted(positions), "in the order of posting, nothing twice, nothing old"
        samples = [item for item in fresh if not isinstance(item, Gap)]
        self.dropped[camera] += max(0, len(samples) - 1)
        assert [item for item in items if not isinstance(item, Gap)] == samples[-1:], "the newest sample, no other"
        newest = fresh.index(samples[-1]) if samples else len(fresh)
        for part, side in ((fresh[:newest], -1), (fresh[newest:], 1)):
            gaps = [item for item in part if isinstance(item, Gap)]
            kept = [item for item in items if isinstance(item, Gap) and item in gaps]
            assert kept == gaps[-1:], f"the last gap on side {side} of the sample stands for all of them"

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def done(self, data: st.DataObject) -> None:
        camera = data.draw(st.sampled_from(sorted(self.taken)))
        self.taken.remove(camera)
        self.room.done(camera)

    @invariant()
    def every_sample_is_taken_waiting_or_counted_as_dropped(self) -> None:
        for camera in CAMERAS:
            fresh = self.posted[camera][len(self.got[camera]) :]
            waiting = sum(not isinstance(item, Gap) for item in fresh)
            dropped_now = max(0, waiting - 1)
            assert self.room.drops(camera) == self.dropped[camera] + dropped_now


MailroomMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestMailroomMachine = MailroomMachine.TestCase
