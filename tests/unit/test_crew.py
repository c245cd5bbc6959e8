"""Another configuration while cameras are watched: what it touches changes, all else goes on, and nothing is lost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event as StopEvent
from threading import Thread
from typing import Any

import pytest

from agent.app.crew import MOST_HUNG
from agent.core.errors import CityEyeError, StoreFull, StoreUnusable
from agent.core.silence import Pause, Silences
from agent.core.types import CloseReason, Gap, GapReason
from agent.runtime.supervisor import Supervisor
from agent.runtime.watch import Watch
from tests.fakes import FakeSample
from tests.unit.core.world import car
from tests.unit.crews import (
    Blind,
    Street,
    address_changed,
    changed,
    court_added,
    gate_removed,
    street,
    zone_renamed,
)


def test_a_camera_that_nothing_is_said_about_goes_on_untouched(tmp_path: Path) -> None:
    with street(tmp_path) as it:
        it.see("yard", 14, car())
        before = it.crew.desks["yard"], it.crew.captures["yard"], it.crew.lookouts["yard"], it.crew.desks["gate"]
        it.crew.change(changed(zone_renamed))
        after = it.crew.desks["yard"], it.crew.captures["yard"], it.crew.lookouts["yard"], it.crew.desks["gate"]
        assert [a is b for a, b in zip(before, after, strict=True)] == [True, True, True, False]
        it.see("yard", 60)
        opened, closed = it.events()
        assert (closed.subject, closed.data.close_reason, closed.data.blind_s) == (opened.subject, "cleared", 0)
        assert closed.data.config_version != opened.data.config_version == changed(lambda d: None).version_hash()


def test_a_new_zone_closes_what_the_old_one_reported_while_the_capture_goes_on(tmp_path: Path) -> None:
    with street(tmp_path) as it:
        it.see("gate", 14, car())
        capture = it.crew.captures["gate"]
        config = changed(zone_renamed)
        it.crew.change(config)
        it.see("gate", 14, car())
        opened, closed, again = it.events()
        assert (closed.subject, closed.data.close_reason) == (opened.subject, CloseReason.RULE_REMOVED)
        assert (closed.data.config_version, again.data.config_version) == (config.version_hash(),) * 2
        assert (closed.data.dwell_s, closed.data.blind_s, again.data.zone) == (opened.data.dwell_s + 2, 0, "lane")
        assert it.crew.captures["gate"] is capture
        assert it.crew.zones["gate"] == {"lane"}


def test_another_address_ends_the_capture_and_keeps_the_incident(tmp_path: Path) -> None:
    with street(tmp_path) as it:
        it.see("gate", 14, car())
        before = it.crew.captures["gate"]
        it.crew.change(changed(address_changed))
        assert it.crew.captures["gate"] is not before
        assert it.crew.desks["gate"].state.blind is GapReason.RESTART
        it.see("gate", 80)
        opened, closed = it.events()
        assert (closed.subject, closed.data.close_reason) == (opened.subject, CloseReason.CLEARED)


def test_a_removed_camera_is_told_by_its_name_forgotten_and_may_come_back(tmp_path: Path) -> None:
    with street(tmp_path) as it:
        it.see("gate", 14, car())
        late = it.crew._posts["gate"].slot
        config = changed(gate_removed)
        it.crew.change(config)
        opened, closed = it.events()
        assert (closed.subject, closed.data.close_reason) == (opened.subject, CloseReason.RULE_REMOVED)
        assert ("东门" in closed.data.title.zh, closed.data.config_version) == (True, config.version_hash())
        assert (list(it.crew.desks), list(it.facts.now.cameras), it.store.cameras()) == (["yard"],) * 3
        late.post_gap(Gap(camera="gate", stamp=it.clock.now(), reason=GapReason.OFFLINE))
        assert it.mailroom.take(0) is None

        it.crew.change(changed(lambda data: None))
        it.see("gate", 14, car())
        assert it.events()[-1].subject != opened.subject


def test_a_new_camera_knows_what_is_not_to_be_reported_before_it_looks(tmp_path: Path) -> None:
    with street(tmp_path) as it:
        hour = it.clock.now().utc.replace(hour=23)
        quiet = Silences(pauses=(Pause(until=hour, camera=None, zone=None, rule=None),))

        def introduce() -> None:
            for desk in it.crew.desks.values():
                desk.hush(quiet, it.clock.now())

        it.crew.introduce = introduce
        it.crew.change(changed(court_added))
        assert [state.name for state in it.capturing.states()] == ["camera-court"]
        it.see("court", 14, car())
        assert it.events() == []


@pytest.mark.parametrize("trouble", [StoreFull("full"), StoreUnusable("read-only")])
def test_what_cannot_be_kept_is_not_lost_in_a_change_but_stops_it(trouble: CityEyeError, tmp_path: Path) -> None:
    with street(tmp_path) as it:
        it.store.trouble = trouble
        it.see("gate", 14, car())
        before = dict(it.crew.desks), it.crew.config, it.facts.now
        for edit in (zone_renamed, address_changed, gate_removed):
            with pytest.raises(type(trouble)):
                it.crew.change(changed(edit))
            assert (dict(it.crew.desks), it.crew.config, it.facts.now) == before
        it.mailroom.post_gap(Gap(camera="gate", stamp=it.clock.now(), reason=GapReason.OFFLINE))
        assert it.mailroom.take(0) is not None, "workers may look at it again"
        it.store.trouble = None
        it.see("gate", 2, car())
        assert [event.data.times.closed for event in it.events()] == [None]


def test_readers_that_began_before_a_change_end_well(tmp_path: Path) -> None:
    with street(tmp_path) as it:
        reader = iter(it.crew.desks.items())
        next(reader)
        it.crew.change(changed(gate_removed))
        assert (next(reader)[0], len(it.crew.desks)) == ("yard", 1)


def test_workers_and_captures_survive_changes_at_any_moment(tmp_path: Path) -> None:
    edits = (zone_renamed, address_changed, gate_removed, court_added, lambda data: None)
    with street(tmp_path) as it:
        watching, posting = Supervisor(it.clock, lambda low, high: low), StopEvent()
        for number in (1, 2):
            worker = Watch(
                mailroom=it.mailroom,
                detector=Blind(),
                lookouts=it.crew.lookouts,
                desks=it.crew.desks,
                clock=it.clock,
                batch=2,
            )
            watching.start(f"watch-{number}", worker.run, wake=it.mailroom.close)

        def post() -> None:
            """As captures do: through slots that may be shut by now."""
            while not posting.wait(0.002):
                it.clock.advance(0.1)
                for camera, post in list(it.crew._posts.items()):
                    post.slot.post_sample(FakeSample(camera=camera, seq=0, stamp=it.clock.now()))
                    post.slot.post_gap(Gap(camera=camera, stamp=it.clock.now(), reason=GapReason.STALLED))

        poster = Thread(target=post)
        poster.start()
        try:
            for edit in edits * 2:
                it.crew.change(changed(edit))
        finally:
            posting.set()
            poster.join()
        states = watching.states()
        assert watching.stop(30) == []
        assert [(state.restarts, state.message) for state in states] == [(0, ""), (0, "")]
        assert list(it.crew.desks) == ["gate", "yard"]


@contextmanager
def pipe_cameras(folder: Path) -> Iterator[Street]:
    """Two cameras whose video is a pipe that nobody writes to: FFmpeg waits, and nothing can wake it but a writer."""
    pipes = [folder / "gate.mp4", folder / "yard.mp4"]

    def edit(data: dict[str, Any]) -> None:
        for camera, pipe in zip(data["cameras"], pipes, strict=True):
            camera["url"] = f"file:{pipe}"

    for pipe in pipes:
        os.mkfifo(pipe)
    with street(folder, changed(edit)) as it:
        try:
            yield it
        finally:
            while it.capturing.stop(0.1):
                for pipe in pipes:
                    with suppress(OSError):  # nobody reads it at this moment
                        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))


def test_a_capture_that_hangs_is_replaced_as_often_as_the_box_can_bear(tmp_path: Path) -> None:
    with pipe_cameras(tmp_path) as it:
        former, desk = it.crew.captures["gate"], it.crew.desks["gate"]
        old = it.crew._posts["gate"].slot
        it.crew.start()
        for number in range(1, MOST_HUNG + 1):
            assert it.crew.relieve("camera-gate")
            assert it.capturing.left() == ["camera-gate"] * number
        assert it.crew.captures["gate"] is not former and it.crew.desks["gate"] is desk
        assert not it.crew.relieve("camera-gate"), "each that hangs takes memory"
        assert it.crew.relieve("camera-yard")
        assert [state.name for state in it.capturing.states()] == ["camera-gate", "camera-yard"]
        assert it.capturing.restarts == MOST_HUNG + 1
        taken = it.mailroom.take(30)
        assert taken is not None and isinstance(gap := taken[1][0], Gap) and gap.reason is GapReason.STALLED
        it.mailroom.done(taken[0])
        old.post_sample(FakeSample(camera="gate", seq=1, stamp=it.clock.now()))
        while (taken := it.mailroom.take(0)) is not None:
            it.mailroom.done(taken[0])
            assert all(isinstance(item, Gap) for item in taken[1]), "who was given up is not listened to"


def test_what_is_no_capture_is_not_replaced_by_the_crew(tmp_path: Path) -> None:
    with street(tmp_path) as it:
        assert not it.crew.relieve("courier")
        assert not it.crew.relieve("camera-nowhere")
