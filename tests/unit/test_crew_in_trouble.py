"""A change of the cameras when something fails, and what becomes of those who wait for an answer meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from agent.config.difference import Difference
from agent.core.errors import StoreFull, StoreUnusable
from agent.core.types import CloseReason, Gap, GapReason
from agent.core.verification import DEADLINE_S, Outcome, Verdict
from tests.memory_disk import fill, memory_disk
from tests.unit.core.world import car
from tests.unit.crews import (
    Street,
    address_changed,
    changed,
    court_added,
    dwell_changed,
    everything_changed,
    gate_exchanged,
    gate_removed,
    street,
    zone_renamed,
)


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
