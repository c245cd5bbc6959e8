"""Another configuration while cameras are watched: what it touches changes, all else goes on, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Event as StopEvent
from threading import Thread
from typing import Any

import pytest

from agent.config.difference import Difference
from agent.core.errors import CityEyeError, StoreFull, StoreUnusable
from agent.core.silence import Pause, Silences
from agent.core.types import CloseReason, Gap, GapReason
from agent.core.verification import DEADLINE_S, Outcome, Verdict
from agent.runtime.supervisor import Supervisor
from agent.runtime.watch import Watch
from tests.fakes import FakeSample
from tests.memory_disk import fill, memory_disk
from tests.unit.core.world import car
from tests.unit.crews import Blind, Street, changed, street


def zone_renamed(data: dict[str, Any]) -> None:
    data["cameras"][0]["zones"][0]["id"] = "lane"


def address_changed(data: dict[str, Any]) -> None:
    data["cameras"][0]["url"] = "rtsp://127.0.0.1:2/x"


def gate_removed(data: dict[str, Any]) -> None:
    del data["cameras"][0]


def court_added(data: dict[str, Any]) -> None:
    data["cameras"].append({**data["cameras"][0], "id": "court", "url": "rtsp://127.0.0.1:1/z"})


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
                desk.hush(quiet)

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


def dwell_changed(data: dict[str, Any]) -> None:
    data["cameras"][0]["zones"][0]["rules"]["illegal_parking"]["dwell"] = "12s"


def everything_changed(data: dict[str, Any]) -> None:
    court_added(data)
    address_changed(data)
    data["cameras"][1]["zones"][0]["id"] = "lane"


def gate_exchanged(data: dict[str, Any]) -> None:
    court_added(data)
    gate_removed(data)
    data["cameras"][0]["zones"][0]["id"] = "lane"


@dataclass
class Watched:
    """A street with a car on each camera, and a question about each."""

    street: Street
    answers: list[Verdict] = field(default_factory=list)

    def ask(self) -> None:
        for opened in self.street.events():
            desk = self.street.crew.desks[opened.data.camera]
            assert desk.verify(opened.subject, self.street.clock.now(), self.answers.append)

    def snapshot(self) -> tuple[object, ...]:
        """Who is there, and what everybody is told of."""
        crew = self.street.crew
        loops = [state.name for state in self.street.capturing.states()]
        people = [dict(live) for live in (crew.desks, crew.captures, crew.lookouts, crew.zones)]
        return *people, crew.config, self.street.facts.now, loops, self.street.store.cameras()

    def check_on_duty(self) -> None:
        """Samples still come through from each camera, and are looked at."""
        it = self.street
        for camera, post in it.crew._posts.items():
            it.mailroom.clear(camera)
            post.slot.post_gap(Gap(camera=camera, stamp=it.clock.now(), reason=GapReason.STALLED))
            taken = ""
            while taken != camera:
                waiting = it.mailroom.take(0)
                assert waiting is not None, f"nothing comes from {camera} any more"
                it.mailroom.done(taken := waiting[0])
            looks = it.crew.desks[camera].state.looks
            it.see(camera, 2, car())
            assert it.crew.desks[camera].state.looks == looks + 1

    def told(self) -> list[tuple[object, ...]]:
        """What the centre knows in the end."""
        it = self.street
        for camera in it.crew.desks:
            it.see(camera, 14, car())
        it.crew.tick()
        return sorted(
            (event.data.camera, event.data.revision, str(event.data.close_reason), event.data.config_version)
            for event in it.events()
            if event.data.update_reason is None
        )


@contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    folder.mkdir()
    with street(folder) as it:
        for camera in it.crew.desks:
            it.see(camera, 14, car())
        it.crew.start()
        scene = Watched(it)
        scene.ask()
        yield scene


EDITS = (zone_renamed, dwell_changed, address_changed, gate_removed, court_added, everything_changed, gate_exchanged)


@pytest.mark.parametrize("lasting", [False, True], ids=["a hiccup", "a dead disk"])
@pytest.mark.parametrize("edit", EDITS)
def test_wherever_the_disk_fails_a_change_is_made_whole_or_not_at_all(
    edit: Callable[[dict[str, Any]], object], lasting: bool, tmp_path: Path
) -> None:
    with watched(tmp_path / "well") as well:
        well.street.crew.change(changed(edit))
        expected = well.told(), sorted((answer.verdict, answer.reason) for answer in well.answers)
    stopped = 0
    for number in count(1):
        with watched(tmp_path / str(number)) as scene:
            it, before, known = scene.street, scene.snapshot(), len(scene.street.events())
            it.database.fail(number, lasting=lasting)
            try:
                it.crew.change(changed(edit))
            except StoreUnusable:
                it.database.mend()
                stopped += 1
                assert scene.snapshot() == before
                assert (len(it.events()), scene.answers) == (known, []), "nobody is told of what is not in force"
                scene.check_on_duty()
                assert it.crew.change(changed(edit)) != Difference()
            it.database.mend()
            told = scene.told()
            assert (told, sorted((answer.verdict, answer.reason) for answer in scene.answers)) == expected
            assert it.store.cameras() == sorted(it.crew.desks)
            if it.database.failed == 0:
                break
    assert stopped > 0


def test_a_disk_that_is_really_full_stops_a_change_until_there_is_room(tmp_path: Path) -> None:
    with memory_disk(tmp_path / "disk", "size=3m") as disk, watched(disk / "data") as scene:
        it, before, known = scene.street, scene.snapshot(), len(scene.street.events())
        with pytest.raises(StoreFull):
            while True:
                filler = fill(disk)  # what a checkpoint gave back, too
                it.store.save_state("gate", "x" * 10_000)
        with pytest.raises(StoreFull, match=r"cityeye\.db: expected room for a commit, found a full disk"):
            it.crew.change(changed(everything_changed))
        assert (scene.snapshot(), len(it.events()), scene.answers) == (before, known, [])
        scene.check_on_duty()
        filler.unlink()
        it.crew.change(changed(everything_changed))
        assert [row[:3] for row in scene.told()] == [
            ("court", 1, "None"),
            ("gate", 1, "None"),
            ("yard", 1, "None"),
            ("yard", 1, "None"),
            ("yard", 2, "rule_removed"),
        ]


@pytest.mark.parametrize("edit", [dwell_changed, address_changed])
def test_a_question_goes_on_under_the_new_plan(edit: Callable[[dict[str, Any]], object], tmp_path: Path) -> None:
    with watched(tmp_path / "data") as scene:
        it = scene.street
        it.see("gate", 2, car())
        it.crew.change(changed(edit))
        assert scene.answers == []
        it.see("gate", 8, car())
        [answer] = scene.answers
        assert (answer.verdict, answer.reason) == (Outcome.STILL_PRESENT, None)
        closed = [event for event in it.events() if event.data.close_reason]
        assert closed == []


def test_a_question_to_a_dead_camera_keeps_its_deadline(tmp_path: Path) -> None:
    with watched(tmp_path / "data") as scene:
        it = scene.street
        it.clock.advance(DEADLINE_S - 10)
        it.crew.change(changed(dwell_changed))
        it.clock.advance(9)
        it.crew.desks["gate"].check_deadlines(it.clock.now())
        assert scene.answers == []
        it.clock.advance(1)
        it.crew.desks["gate"].check_deadlines(it.clock.now())
        assert [(answer.verdict, answer.reason) for answer in scene.answers] == [(Outcome.CANNOT_SEE, "no_picture")]


@pytest.mark.parametrize("edit", [zone_renamed, gate_removed])
def test_a_question_about_what_nobody_asks_for_any_more_is_answered_so(
    edit: Callable[[dict[str, Any]], object], tmp_path: Path
) -> None:
    with watched(tmp_path / "data") as scene:
        it = scene.street
        it.crew.change(changed(edit))
        [closed] = [event for event in it.events() if event.data.close_reason]
        [answer] = scene.answers
        assert (answer.incident, answer.verdict, answer.reason) == (closed.subject, Outcome.CANNOT_SEE, "rule_removed")
        assert answer.looked_at == it.clock.now().utc
        it.see("yard", 8, car())
        assert [answer.verdict for answer in scene.answers[1:]] == [Outcome.STILL_PRESENT]


def test_wishes_for_a_picture_are_fulfilled_by_the_desk_that_succeeds(tmp_path: Path) -> None:
    class Wish:
        wanted = True
        looks = 0

        def look(self, *_: object) -> None:
            self.looks += 1

    with watched(tmp_path / "data") as scene:
        it, wish, former = scene.street, Wish(), scene.street.crew.desks["gate"]
        former.next_look(wish)
        it.crew.change(changed(dwell_changed))
        it.see("gate", 4, car())
        assert (wish.looks, former.state.looks) == (1, it.crew.desks["gate"].state.looks - 2)


def test_a_camera_that_could_not_be_closed_is_closed_by_its_name_as_soon_as_the_disk_takes_it(tmp_path: Path) -> None:
    with watched(tmp_path / "data") as scene:
        it = scene.street
        it.database.fail(2, lasting=True)
        it.crew.change(changed(gate_removed))
        assert it.database.failed > 0
        it.crew.tick()
        assert (list(it.crew.desks), sorted(it.facts.now.cameras)) == (["yard"], ["gate", "yard"])
        it.database.mend()
        it.crew.tick()
        [closed] = [event for event in it.events() if event.data.close_reason]
        assert ("东门" in closed.data.title.zh, closed.data.close_reason) == (True, CloseReason.RULE_REMOVED)
        assert (list(it.facts.now.cameras), it.store.cameras()) == (["yard"], ["yard"])


def test_a_camera_that_comes_back_before_it_was_closed_goes_on(tmp_path: Path) -> None:
    with watched(tmp_path / "data") as scene:
        it = scene.street
        it.database.fail(2, lasting=True)
        it.crew.change(changed(gate_removed))
        it.database.mend()
        it.crew.change(changed(lambda data: None))
        it.crew.tick()
        it.see("gate", 14, car())
        assert [event.data.close_reason for event in it.events() if event.data.camera == "gate"] == [None]
        assert sorted(it.facts.now.cameras) == ["gate", "yard"]


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
