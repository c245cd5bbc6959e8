"""The desk answers the centre's questions: once each, with pictures that are really kept, whatever goes wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event as StopEvent
from threading import Thread
from uuid import UUID

import cv2
import numpy as np
import pytest

from agent.adapters.evidence import EvidenceFolder
from agent.adapters.photographer import CloserLook, LastView, ScenePhotographer
from agent.adapters.privacy import PrivacyGuard
from agent.adapters.sqlite import Database, SqliteStore
from agent.core.camera_health import CameraHealthSettings
from agent.core.errors import CommandRejected, RejectCode, StoreFull
from agent.core.plan import CameraPlan
from agent.core.scene import Scene
from agent.core.types import (
    Box,
    Detections,
    Event,
    Evidence,
    Frame,
    Gap,
    Image,
    Message,
    Observation,
    Phase,
    PictureFault,
    Stamp,
    UpdateReason,
)
from agent.core.verification import DEADLINE_S, Outcome, Verdict
from agent.ports import Photographer
from agent.ports import Still as StillPicture
from agent.runtime.desk import Desk
from agent.runtime.revisits import MOST_AT_ONCE
from tests.fakes import street_picture
from tests.unit.core.world import Step, car, every, gap, look, plan, stamp
from tests.unit.runtime.desks import MemoryStore, NoCamera

LATER = plan(clear_after=600.0)
STREET = street_picture()
EMPTY = street_picture(7)
OLD_MEMBERS = {"opened_box_n", "before", "survived_s", "trigger", "presence", "track"}


def frame_of(seen: Observation, image: Image = STREET) -> Frame:
    return Frame(camera="gate", seq=seen.seq, stamp=seen.stamp, image=image)


def serve(desk: Desk, steps: Sequence[Step], image: Image = STREET) -> None:
    for step in steps:
        if isinstance(step, Gap):
            desk.gap(step)
        else:
            desk.look(step, frame_of(step, image))


@dataclass
class Site:
    """A desk with a real folder and store, and what was told."""

    desk: Desk
    folder: Path
    events: list[Event]
    answers: list[Verdict]
    photographer: Photographer

    @property
    def incident(self) -> UUID:
        return self.events[0].incident_id

    def ask(self, at_s: float) -> None:
        assert self.desk.verify(self.incident, stamp(at_s), self.answers.append)

    def picture(self, kept: Evidence | None) -> Image:
        assert kept is not None
        jpeg = (self.folder / kept.path).read_bytes()
        assert len(jpeg) == kept.bytes
        return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "cityeye.db", reserve_bytes=0).open() as opened:
        yield opened


def a_box(tmp_path: Path, database: Database, watched: CameraPlan = LATER, closer: CloserLook | None = None) -> Site:
    told: list[Event] = []

    def encode(event: Event, sequence: int) -> Message:
        told.append(event)
        return Message(topic="t/event", payload=str(sequence).encode(), content_type="text/plain")

    folder = EvidenceFolder(tmp_path / "evidence", quota_bytes=10**8, keep_free_bytes=0)
    photographer = ScenePhotographer(folder, watched, PrivacyGuard(), closer)
    store = SqliteStore(database, encode, lambda: None)
    desk = Desk("gate", scene=Scene(watched), store=store, photographer=photographer)
    return Site(desk=desk, folder=tmp_path / "evidence", events=told, answers=[], photographer=photographer)


def parked(tmp_path: Path, database: Database, watched: CameraPlan = LATER) -> Site:
    box = a_box(tmp_path, database, watched)
    serve(box.desk, every(1, 0, 70, car()))
    return box


def test_what_stands_is_told_with_two_pictures_of_one_crop_and_an_event_that_carries_the_new_one(
    tmp_path: Path, database: Database
) -> None:
    box = parked(tmp_path, database)
    box.ask(69)
    box.ask(69)
    serve(box.desk, every(1, 70, 80, car((0.21, 0.5, 0.41, 0.7))))
    opened, updated = box.events
    one, other = box.answers
    assert one == other
    assert (one.verdict, one.reason, one.looked_at, one.dwell_s) == (Outcome.STILL_PRESENT, None, stamp(71).utc, 71.0)
    assert one.before == next(e for e in opened.evidence if e.kind == "close_up")
    assert (updated.phase, updated.update_reason, updated.revision) == (Phase.UPDATED, UpdateReason.EVIDENCE, 2)
    assert updated.evidence == (one.after,)
    assert updated.evidence_note is None
    assert np.array_equal(box.picture(one.before), box.picture(one.after)), "the same street, cut in the same way"


def test_a_look_for_which_the_detector_rested_answers_nothing(tmp_path: Path, database: Database) -> None:
    """The question came while that look was under way; the next one is a look of its own."""
    box = parked(tmp_path, database)
    box.ask(69)
    assert box.desk.attentive
    serve(box.desk, [replace(look(t, car()), asked=False) for t in (70, 71, 72, 73)])
    assert box.answers == []
    serve(box.desk, [look(t, car()) for t in (74, 75)])
    assert [answer.verdict for answer in box.answers] == [Outcome.STILL_PRESENT]


def test_what_left_is_told_with_a_picture_and_no_event(tmp_path: Path, database: Database) -> None:
    box = parked(tmp_path, database)
    box.ask(69)
    serve(box.desk, every(1, 70, 90), EMPTY)
    [cleared] = box.answers
    assert (cleared.verdict, cleared.looked_at) == (Outcome.CLEARED, stamp(82).utc)
    assert cleared.dwell_s == 69.0
    before, after = box.picture(cleared.before), box.picture(cleared.after)
    assert before.shape == after.shape
    assert not np.array_equal(before, after)
    assert [e.phase for e in box.events] == [Phase.OPENED]


def test_each_question_has_pictures_of_its_own_and_the_heartbeat_counts_from_the_last(
    tmp_path: Path, database: Database
) -> None:
    box = parked(tmp_path, database, plan(update_every=100.0))
    for at_s in (70, 120):
        box.ask(at_s - 1)
        serve(box.desk, every(1, at_s, at_s + 50, car()))
    serve(box.desk, every(1, 170, 240, car()))
    assert [(e.update_reason, e.at) for e in box.events[1:]] == [
        (UpdateReason.EVIDENCE, stamp(71).utc),
        (UpdateReason.EVIDENCE, stamp(121).utc),
        (UpdateReason.HEARTBEAT, stamp(221).utc),
    ]
    first, second = (answer.after for answer in box.answers)
    assert first is not None
    assert second is not None
    assert len({first.evidence_id, second.evidence_id, first.path, second.path}) == 4
    assert np.array_equal(box.picture(first), box.picture(second))


def test_two_questions_between_two_events_keep_both_pictures(tmp_path: Path, database: Database) -> None:
    box = parked(tmp_path, database)
    serve(box.desk, every(1, 70, 80))
    box.ask(79)
    box.ask(79)
    serve(box.desk, every(1, 80, 93), EMPTY)
    box.ask(92)
    serve(box.desk, every(1, 93, 106), STREET)
    one, other, later = (answer.after for answer in box.answers)
    assert one == other
    assert later is not None
    assert not np.array_equal(box.picture(one), box.picture(later))
    assert len(box.events) == 1


def test_a_dead_camera_is_answered_for_when_time_is_up(tmp_path: Path, database: Database) -> None:
    box = parked(tmp_path, database)
    box.ask(70)
    box.desk.check_deadlines(stamp(70 + DEADLINE_S - 0.1))
    assert box.answers == []
    for _ in range(2):
        box.desk.check_deadlines(stamp(70 + DEADLINE_S))
    [verdict] = box.answers
    assert (verdict.verdict, verdict.reason, verdict.after) == (Outcome.CANNOT_SEE, "no_picture", None)
    assert verdict.before is not None
    box.ask(120)
    serve(box.desk, [gap(t) for t in range(125, 180, 5)])
    assert [(v.verdict, v.reason) for v in box.answers[1:]] == [(Outcome.CANNOT_SEE, "offline")]


def test_a_faulty_picture_shows_what_is_in_the_way(tmp_path: Path, database: Database) -> None:
    box = parked(tmp_path, database)
    box.ask(69)
    serve(box.desk, [replace(look(t), fault=PictureFault.COVERED) for t in range(70, 120)])
    [verdict] = box.answers
    assert (verdict.verdict, verdict.reason) == (Outcome.CANNOT_SEE, "covered")
    assert box.picture(verdict.before).shape == box.picture(verdict.after).shape


def test_an_incident_of_the_camera_itself_is_shown_whole(tmp_path: Path, database: Database) -> None:
    watched = replace(plan(), health=CameraHealthSettings(dwell=30.0))
    box = a_box(tmp_path, database, watched)
    dark = [replace(look(t), fault=PictureFault.DARK) for t in range(60)]
    serve(box.desk, dark[:40])
    box.ask(39)
    serve(box.desk, dark[40:])
    [verdict] = box.answers
    assert verdict.verdict is Outcome.STILL_PRESENT
    before, after = box.picture(verdict.before), box.picture(verdict.after)
    assert before.shape == after.shape
    assert before.shape[0] > 180 == EMPTY.shape[0], "the whole picture and the bar"
    assert [e.update_reason for e in box.events] == [None, UpdateReason.EVIDENCE]
    assert box.events[1].evidence == (verdict.after,)


def test_a_picture_that_made_room_is_not_named(tmp_path: Path, database: Database) -> None:
    box = parked(tmp_path, database)
    for kept in box.events[0].evidence:
        (box.folder / kept.path).unlink()
    box.ask(69)
    serve(box.desk, every(1, 70, 80, car()))
    assert [(v.before, v.after is None) for v in box.answers] == [(None, False)]


def test_both_pictures_come_from_the_main_stream_where_there_is_one(tmp_path: Path, database: Database) -> None:
    class Large:
        info = None

        def picture(self) -> StillPicture | None:
            return StillPicture(image=street_picture(5, (1280, 720)), at=stamp(0).utc)

        def detect(self, images: Sequence[Image]) -> list[Detections]:
            return [Detections.none() for _ in images]

    large = Large()
    box = a_box(tmp_path, database, LATER, CloserLook(large, large, LastView()))  # type: ignore[arg-type]
    serve(box.desk, every(1, 0, 70, car()))
    box.ask(69)
    serve(box.desk, every(1, 70, 80, car()))
    [verdict] = box.answers
    assert np.array_equal(box.picture(verdict.before), box.picture(verdict.after))
    assert box.picture(verdict.after).shape[1] > 400, "cut from the large picture"


def test_after_a_restart_of_the_agent_the_pair_is_still_one(tmp_path: Path, database: Database) -> None:
    before = parked(tmp_path, database)
    before.desk.close(1.0)
    kept = SqliteStore(database, lambda e, n: Message(topic="t", payload=b"", content_type="t"), lambda: None)
    state = kept.load_state("gate")
    assert state is not None
    for text, has_before in ((state, True), (json.dumps(older(json.loads(state))), False)):
        scene = Scene(LATER)
        scene.recall(text, stamp(70))
        box = a_box(tmp_path, database)
        box.events += before.events
        desk = Desk("gate", scene=scene, store=MemoryStore(), photographer=box.photographer)
        assert desk.verify(box.incident, stamp(70), box.answers.append)
        serve(desk, every(1, 71, 76, car()))
        [verdict] = box.answers
        assert verdict.verdict is Outcome.STILL_PRESENT
        assert (verdict.before is not None) is has_before


def older(kept: object) -> object:
    """What an agent kept that knew nothing of questions."""
    if isinstance(kept, dict):
        return {name: older(value) for name, value in kept.items() if name not in OLD_MEMBERS}
    return [older(value) for value in kept] if isinstance(kept, list) else kept


# Whatever goes wrong


def memory_desk(photographer: Photographer | None = None, store: MemoryStore | None = None) -> tuple[Desk, UUID]:
    used = store or MemoryStore()
    desk = Desk("gate", scene=Scene(LATER), store=used, photographer=photographer or NoCamera())
    serve(desk, every(1, 0, 70, car()))
    return desk, used.events[0].incident_id


def test_nobody_knows_it_or_too_many_ask(tmp_path: Path, database: Database) -> None:
    box = parked(tmp_path, database)
    assert not box.desk.verify(UUID(int=7), stamp(70), box.answers.append)
    for _ in range(MOST_AT_ONCE):
        box.ask(69)
    with pytest.raises(CommandRejected, match="busy: camera gate: expected at most 16") as refused:
        box.ask(69)
    assert refused.value.code is RejectCode.BUSY
    serve(box.desk, every(1, 70, 80, car()))
    assert len(box.answers) == MOST_AT_ONCE
    assert len(box.events) == 2, "one event for all of them"
    box.ask(80)


def test_a_stop_answers_and_nobody_can_ask_any_more() -> None:
    desk, incident = memory_desk()
    answers: list[Verdict] = []
    assert desk.verify(incident, stamp(69), answers.append)
    desk.close(1.0)
    assert [(v.verdict, v.reason) for v in answers] == [(Outcome.CANNOT_SEE, "stopping")]
    with pytest.raises(CommandRejected, match="busy: camera gate: its desk is changing hands, or is closed"):
        desk.verify(incident, stamp(70), answers.append)
    desk.check_deadlines(stamp(200))
    assert len(answers) == 1


def test_a_full_disk_costs_no_answer() -> None:
    store = MemoryStore()
    desk, incident = memory_desk(store=store)
    store.trouble = StoreFull("full")
    answers: list[Verdict] = []
    assert desk.verify(incident, stamp(69), answers.append)
    serve(desk, every(1, 70, 80, car()))
    [verdict] = answers
    assert (verdict.verdict, verdict.before, verdict.after) == (Outcome.STILL_PRESENT, None, None)
    assert desk.verify(incident, stamp(80), answers.append)
    with pytest.raises(StoreFull):
        desk.close(1.0)
    assert answers[-1].reason == "stopping"
    store.trouble = None
    assert desk.state.unkept == 1


def test_a_picture_that_fails_in_a_way_nobody_foresaw_costs_no_answer() -> None:
    class Broken(NoCamera):
        def again(
            self, event: Event, box_n: Box, frame: Frame, found: Detections | None
        ) -> tuple[Evidence | None, str | None]:
            raise MemoryError("no room for a picture")

    store = MemoryStore()
    desk, incident = memory_desk(Broken(), store)
    answers: list[Verdict] = []
    assert desk.verify(incident, stamp(69), answers.append)
    with pytest.raises(MemoryError):
        serve(desk, every(1, 70, 80, car()))
    assert [v.verdict for v in answers] == [Outcome.STILL_PRESENT]
    serve(desk, every(1, 80, 82, car()))
    assert len(answers) == 1
    assert [(e.update_reason, e.evidence_note) for e in store.events] == [
        (None, "disk_full"),
        (UpdateReason.EVIDENCE, "not_taken"),
    ]


def test_whoever_is_told_may_ask_again_at_once() -> None:
    desk, incident = memory_desk()
    answers: list[Verdict] = []

    def told(verdict: Verdict) -> None:
        answers.append(verdict)
        if len(answers) < 3:
            assert desk.verify(incident, Stamp(utc=verdict.looked_at, mono_s=1000 + 70.0 + 2 * len(answers)), told)

    assert desk.verify(incident, stamp(69), told)
    serve(desk, every(1, 70, 90, car()))
    assert [v.verdict for v in answers] == [Outcome.STILL_PRESENT] * 3


def test_a_worker_that_does_not_let_go_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.runtime.desk.ASK_S", 0.01)
    release, taken = StopEvent(), StopEvent()

    class Slow(NoCamera):
        def again(
            self, event: Event, box_n: Box, frame: Frame, found: Detections | None
        ) -> tuple[Evidence | None, str | None]:
            taken.set()
            release.wait()
            return None, None

    desk, incident = memory_desk(Slow())
    answers: list[Verdict] = []
    assert desk.verify(incident, stamp(69), answers.append)
    worker = Thread(target=serve, args=(desk, every(1, 70, 72, car())))
    worker.start()
    assert taken.wait(30)
    with pytest.raises(CommandRejected, match="busy: gate: a worker is still at its desk; try again later"):
        desk.verify(incident, stamp(72), answers.append)
    desk.check_deadlines(stamp(200))
    assert answers == [], "told when the worker has let go"
    release.set()
    worker.join()
    assert len(answers) == 1


def test_questions_from_many_threads_are_each_answered_once(tmp_path: Path, database: Database) -> None:
    box = parked(tmp_path, database)
    stop, now_s = StopEvent(), [70.0]

    def watch() -> None:
        while not stop.is_set():
            now_s[0] += 0.5
            serve(box.desk, [look(now_s[0], car())])
            box.desk.check_deadlines(stamp(now_s[0]))

    def ask(answers: list[Verdict]) -> None:
        for _ in range(20):
            answered = StopEvent()

            def told(verdict: Verdict, answered: StopEvent = answered) -> None:
                answers.append(verdict)
                answered.set()

            assert box.desk.verify(box.incident, stamp(now_s[0]), told)
            answered.wait()

    worker = Thread(target=watch)
    worker.start()
    lists: list[list[Verdict]] = [[] for _ in range(4)]
    centre = [Thread(target=ask, args=(answers,)) for answers in lists]
    for thread in centre:
        thread.start()
    for thread in centre:
        thread.join()
    stop.set()
    worker.join()
    assert [len(answers) for answers in lists] == [20] * 4
    assert {v.verdict for answers in lists for v in answers} == {Outcome.STILL_PRESENT}
