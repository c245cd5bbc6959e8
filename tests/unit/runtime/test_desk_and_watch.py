"""The desk keeps scene and events together whatever the disk does; the watch serves cameras in order."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Event as StopEvent
from threading import Thread

import pytest

from agent.core.errors import CityEyeError, StoreFull, StoreUnusable
from agent.core.scene import Scene
from agent.core.types import Detections, Event, Evidence, Frame, Gap, GapReason, Image, ModelInfo, Stamp
from agent.core.view import View
from agent.runtime.desk import SAVE_EVERY_S, Desk
from agent.runtime.lookout import Lookout
from agent.runtime.mailbox import Mailroom
from agent.runtime.watch import Watch
from tests.fakes import FakeClock, FakeViews, street_picture
from tests.unit.core.world import car, every, gap, plan, stamp
from tests.unit.runtime.desks import MemoryStore, NoCamera


def a_frame(at: Stamp) -> Frame:
    return Frame(camera="gate", seq=0, stamp=at, image=street_picture())


def a_desk(store: MemoryStore) -> Desk:
    return Desk("gate", scene=Scene(plan()), store=store, photographer=NoCamera())


def serve(desk: Desk, steps: Sequence[object]) -> None:
    for step in steps:
        if isinstance(step, Gap):
            desk.gap(step)
        else:
            desk.look(step, a_frame(step.stamp))  # type: ignore[arg-type,attr-defined]


def test_an_event_is_kept_with_the_scene_that_knows_it_and_with_what_its_pictures_lack() -> None:
    store = MemoryStore()
    serve(a_desk(store), every(2, 0, 62, car()))
    [event] = store.events
    assert (event.evidence, event.evidence_note) == ((), "disk_full")
    recalled = Scene(plan())
    recalled.recall(store.states[-1], stamp(62))
    assert [p.incident_id for p in recalled.open_incidents] == [event.incident_id]


def test_without_events_the_scene_is_kept_now_and_then() -> None:
    store = MemoryStore()
    serve(a_desk(store), every(2, 0, 50, car()))
    assert len(store.states) == 1 + int(48 // SAVE_EVERY_S)


@pytest.mark.parametrize("trouble", [StoreFull("full"), StoreUnusable("read-only")])
def test_events_wait_in_memory_while_the_disk_takes_nothing(
    trouble: CityEyeError, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    store = MemoryStore(trouble=trouble)
    desk = a_desk(store)
    serve(desk, every(2, 0, 100, car()) + every(2, 100, 140))
    assert desk.state.unkept == 2
    assert store.events == []
    store.trouble = None
    desk.gap(gap(150))
    assert [e.phase for e in store.events] == ["opened", "closed"]
    assert desk.state.unkept == 0
    said = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert len(said) == 1, "a repeated fault is said once"
    desk.gap(gap(200))
    again = [r.getMessage() for r in caplog.records if "kept again" in r.getMessage()]
    assert again == ["gate: the scene and 2 events that waited in memory are kept again"], "and so is its end"


class BrokenCamera(NoCamera):
    """A photographer who fails in a way nobody foresaw."""

    def take(self, event: Event, frame: Frame, found: Detections | None) -> tuple[tuple[Evidence, ...], str | None]:
        raise MemoryError("no room for a picture")


def test_an_event_survives_whatever_happens_to_its_picture() -> None:
    store = MemoryStore()
    desk = Desk("gate", scene=Scene(plan()), store=store, photographer=BrokenCamera())
    serve(desk, every(2, 0, 60, car()))
    with pytest.raises(MemoryError):
        serve(desk, every(2, 60, 62, car()))
    desk.gap(gap(63))
    assert [(e.phase, e.evidence_note) for e in store.events] == [("opened", "not_taken")]


def test_a_closed_desk_is_kept_as_it_was_and_looks_no_more() -> None:
    store = MemoryStore()
    desk = a_desk(store)
    serve(desk, every(2, 0, 40, car()))
    desk.close(1.0)
    kept = store.states[-1]
    serve(desk, every(2, 40, 100, car()))
    assert (store.events, store.states[-1]) == ([], kept)


def test_a_successor_goes_on_with_scene_and_figures_and_closes_what_is_no_longer_asked_for() -> None:
    store = MemoryStore()
    desk = a_desk(store)
    serve(desk, every(2, 0, 62, car()))
    desk.hand_over(1.0)
    kept, mark = desk.memory
    assert mark is not None
    heir_plan = replace(plan(), duties=())
    scene = Scene(heir_plan)
    scene.recall(kept, mark)
    closings = scene.retire(mark)
    heir = desk.successor(scene, NoCamera())
    assert [e.phase for e in store.events] == ["opened"], "nothing is told before the heir begins"
    heir.settle(closings, stamp(62))
    assert (len(closings), heir.state.looks, heir.state.open_incidents) == (1, desk.state.looks, 0)
    serve(desk, every(2, 62, 70, car()))
    serve(heir, every(2, 62, 70, car()))
    assert [(e.phase, e.close_reason) for e in store.events] == [("opened", None), ("closed", "rule_removed")]
    assert (heir.state.looks, heir.state.blind_s) == (desk.state.looks + 4, 0.0)


def test_a_successor_under_the_same_plan_loses_not_a_second_of_dwell() -> None:
    store = MemoryStore()
    desk = a_desk(store)
    serve(desk, every(2, 0, 40, car()))
    desk.hand_over(1.0)
    kept, mark = desk.memory
    assert mark is not None
    scene = Scene(plan())
    scene.recall(kept, mark)
    serve(desk.successor(scene, NoCamera()), every(2, 40, 62, car()))
    undisturbed = MemoryStore()
    serve(a_desk(undisturbed), every(2, 0, 62, car()))
    [event], [expected] = store.events, undisturbed.events
    assert (event.dwell_s, event.blind_s, event.incident_id) == (
        expected.dwell_s,
        expected.blind_s,
        expected.incident_id,
    )


@pytest.mark.parametrize("trouble", [StoreFull("full"), StoreUnusable("read-only")])
def test_a_desk_that_cannot_keep_its_events_is_not_handed_over_and_goes_on(trouble: CityEyeError) -> None:
    store = MemoryStore(trouble=trouble)
    desk = a_desk(store)
    serve(desk, every(2, 0, 100, car()))
    with pytest.raises(type(trouble)):
        desk.hand_over(1.0)
    store.trouble = None
    serve(desk, every(2, 100, 140))
    assert [e.phase for e in store.events] == ["opened", "closed"]


def test_a_desk_that_a_worker_holds_is_given_up() -> None:
    release, taken = StopEvent(), StopEvent()

    class SlowCamera(NoCamera):
        def take(self, event: Event, frame: Frame, found: Detections | None) -> tuple[tuple[Evidence, ...], str | None]:
            taken.set()
            release.wait()
            return (), None

    desk = Desk("gate", scene=Scene(plan()), store=MemoryStore(), photographer=SlowCamera())
    worker = Thread(target=serve, args=(desk, every(2, 0, 70, car())))
    worker.start()
    assert taken.wait(30)
    with pytest.raises(TimeoutError, match="gate: a worker is still at its desk"):
        desk.close(0.01)
    release.set()
    worker.join()


def test_blind_time_and_the_sampling_interval_are_counted() -> None:
    desk = a_desk(MemoryStore())
    serve(desk, [*every(2, 0, 20), gap(25), gap(30)])
    offline = desk.state
    serve(desk, every(2, 40, 60))
    back = desk.state
    assert (offline.blind, back.blind) == (GapReason.OFFLINE, None)
    assert back.blind_s == pytest.approx(40 - 18)
    assert back.interval_s == pytest.approx(2.0)
    assert back.recent_s == pytest.approx([2.0] * 18)  # neither the gap nor the time before the first look
    assert back.looks == 20


@dataclass(frozen=True)
class Still:
    """A sample with a grey picture, or a damaged one."""

    camera: str
    seq: int
    stamp: Stamp
    damaged: bool = False

    def decode(self) -> Frame | None:
        frame = replace(a_frame(self.stamp), camera=self.camera)
        return None if self.damaged else frame


class CountingDetector:
    """Sees nothing; remembers how many pictures it was shown at once."""

    info = ModelInfo(name="none", sha256="0" * 64, input_px=(1, 1), class_names=())

    def __init__(self, stop: StopEvent, *, pictures: int) -> None:
        self.batches: list[int] = []
        self._stop = stop
        self._left = pictures

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        self.batches.append(len(images))
        self._left -= len(images)
        if self._left <= 0:
            self._stop.set()
        return [Detections.none() for _ in images]


def desks_of(*cameras: str) -> dict[str, Desk]:
    return {
        camera: Desk(camera, scene=Scene(replace(plan(), camera=camera)), store=MemoryStore(), photographer=NoCamera())
        for camera in cameras
    }


def lookouts_of(desks: Mapping[str, Desk]) -> dict[str, Lookout]:
    return {camera: Lookout(camera, view=View(changes=False), views=FakeViews(), outlines_n={}) for camera in desks}


@pytest.mark.parametrize(("batch", "expected"), [(1, [1, 1, 1]), (2, [2, 1]), (8, [3])])
def test_several_cameras_are_shown_to_the_model_together_when_asked(batch: int, expected: list[int]) -> None:
    stop, mailroom, desks = StopEvent(), Mailroom(), desks_of("a", "b", "c")
    lookouts = lookouts_of(desks)
    for camera in desks:
        mailroom.post_sample(Still(camera, 1, stamp(1)))
    detector = CountingDetector(stop, pictures=3)
    Watch(mailroom=mailroom, detector=detector, lookouts=lookouts, desks=desks, clock=FakeClock(), batch=batch).run(
        stop
    )
    assert detector.batches == expected
    assert [desk.state.looks for desk in desks.values()] == [1, 1, 1]


def test_gaps_reach_the_desk_in_order_and_a_damaged_picture_is_a_gap() -> None:
    stop, mailroom, desks = StopEvent(), Mailroom(), desks_of("a", "b")
    mailroom.post_gap(Gap(camera="a", stamp=stamp(1), reason=GapReason.STALLED))
    mailroom.post_sample(Still("a", 1, stamp(2)))
    mailroom.post_gap(Gap(camera="a", stamp=stamp(3), reason=GapReason.OFFLINE))
    mailroom.post_sample(Still("b", 1, stamp(2), damaged=True))
    detector = CountingDetector(stop, pictures=1)
    watch = Watch(
        mailroom=mailroom, detector=detector, lookouts=lookouts_of(desks), desks=desks, clock=FakeClock(), batch=2
    )
    watch.run(stop)
    assert desks["a"].state.looks == 1
    assert desks["a"].state.blind is GapReason.OFFLINE
    assert (desks["b"].state.looks, desks["b"].state.blind) == (0, GapReason.UNDECODABLE)


def test_a_worker_that_dies_gives_its_cameras_back() -> None:
    class BrokenDetector(CountingDetector):
        def detect(self, images: Sequence[Image]) -> list[Detections]:
            raise RuntimeError("no memory")

    stop, mailroom, desks = StopEvent(), Mailroom(), desks_of("a")
    mailroom.post_sample(Still("a", 1, stamp(1)))
    watch = Watch(
        mailroom=mailroom,
        detector=BrokenDetector(stop, pictures=9),
        lookouts=lookouts_of(desks),
        desks=desks,
        clock=FakeClock(),
    )
    with pytest.raises(RuntimeError, match="no memory"):
        watch.run(stop)
    mailroom.post_sample(Still("a", 2, stamp(2)))
    assert mailroom.take(1.0) is not None
