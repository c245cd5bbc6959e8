"""One camera's place in the office: its scene, what it decided and has not been kept yet, and its figures."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from threading import Lock
from uuid import UUID

from agent.core.errors import CommandRejected, RejectCode, StoreFull, StoreUnusable
from agent.core.scene import Scene
from agent.core.silence import Silences, Spot
from agent.core.types import Detections, Event, Frame, Gap, Observation, Phase, Stamp, UpdateReason
from agent.core.verification import Fact, Verification, deadline_for
from agent.ports import ObservationLog, Photographer, Store
from agent.runtime.figures import DeskState, Figures
from agent.runtime.onlookers import Glimpse, Onlookers
from agent.runtime.revisits import Revisits, Settled, Told
from agent.runtime.wishes import Wish, Wishes

log = logging.getLogger(__name__)

ASK_S = 2.0
"""How long a question waits for a worker to let go of the desk: as long as a picture of the main stream takes."""
SAVE_EVERY_S = 10.0
"""How often a scene is kept when there is no event to keep it with: what a power cut may cost in dwell time."""


class Desk:
    """Takes one camera's observations and gaps, in the order of the calls."""

    def __init__(
        self,
        camera: str,
        *,
        scene: Scene,
        store: Store,
        photographer: Photographer,
        onlookers: Onlookers | None = None,
        observations: ObservationLog | None = None,
    ) -> None:
        """A desk whose scene has been recalled already.

        Args:
            onlookers: shared by all desks; None: nobody ever watches. observations: None where they are not kept.
        """
        self._camera = camera
        self._scene = scene
        self._store = store
        self._photographer = photographer
        self._onlookers = onlookers
        self._observations = observations
        self._revisits = Revisits(camera, photographer)
        self._lock = Lock()
        self._closed = False
        self._in_doubt = True
        self._unkept: list[Event] = []
        self._wishes = Wishes(camera)
        self._saved_at_s: float | None = None
        self._faulty = False
        self._figures = Figures(DeskState(camera=camera))

    @property
    def state(self) -> DeskState:
        """A snapshot, from any thread."""
        return self._figures.state

    @property
    def attentive(self) -> bool:
        """Whether the next picture should be looked at, be it as the last one was: somebody waits for it, or something
        was not seen of late. From any thread."""
        return self._in_doubt or self._wishes.waiting or self._revisits.waiting

    def look(self, seen: Observation, frame: Frame) -> None:
        """Take one observation; `frame` is the picture it was made from, for evidence.

        Events that cannot be kept now, whatever the disk's trouble, wait in memory for the next call.
        """
        with self._seat():
            if self._closed:
                return
            if self._observations is not None:
                self._observations.add(seen)
            self._decide(seen, frame)
            for settled in self._revisits.looked(self._scene, seen):
                self._show(settled, seen, frame)
            self._in_doubt = self._scene.in_doubt
            self._figures.looked(seen, len(self._scene.open_incidents))
            self._keep(seen.stamp)
            wishes = self._wishes.take()
            glimpse = self._glimpse(seen, frame)
        if glimpse and self._onlookers:
            self._onlookers.show(glimpse)
        for wish in wishes:
            wish.look(self._photographer, frame, found_in(seen, frame, self._photographer))

    def gap(self, gap: Gap) -> None:
        """Take notice that nobody is looking."""
        with self._seat():
            if self._closed:
                return
            if self._observations is not None:
                self._observations.add(gap)
            self._file(self._scene.step(gap))
            self._revisits.looked(self._scene, gap)
            self._figures.missed(gap)
            self._keep(gap.stamp)
        if self._onlookers:
            self._onlookers.changed(self._camera)

    def accept(self, zone: str | None, now: Stamp) -> None:
        """The operator says that what was left standing in a zone, or anywhere, is normal."""
        with self._seat():
            if not self._closed:
                self._file(self._scene.accept(zone, now))
                self._keep(now)

    def hush(self, silences: Silences, now: Stamp) -> None:
        """From now on this is what is not to be reported; incidents that were dismissed, and are open, are closed.

        Raises: TimeoutError, as those below: a worker does not let go of the desk, or it is closed. Call it again.
        """
        with self._seat(ASK_S):
            self._scene.silences = silences
            if self._closed:
                raise TimeoutError(f"{self._camera}: its desk is changing hands, or is closed")
            said = [known for known in silences.dismissals if known.in_force(now.utc)]
            closed = [it for d in said for it in self._scene.dismiss(d.incident_id, now, at_box=bool(d.at_box))]
            self._file(closed)
            if closed:
                self._keep(now)

    def spot_of(self, incident: UUID) -> Spot | None:
        """Where and what an incident is, or was a short while ago; None: this camera does not know it any more."""
        with self._seat(ASK_S):
            return self._scene.spot_of(incident)

    def next_look(self, wish: Wish) -> None:
        """Give the next picture to somebody who waits for one. Raises CommandRejected (`busy`): too many do."""
        with self._seat(ASK_S):
            self._check_open()
            self._wishes.add(wish)

    def verify(self, incident: UUID, now: Stamp, told: Told) -> bool:
        """Look again at an incident: what is seen from now on decides. Returns False when it is not known here.

        Args:
            told: called once with the answer, from a thread that looks, closes the desk or checks deadlines, while
                nobody holds the desk. Must not raise.

        Raises: CommandRejected (`busy`): too many at once, a worker that does not let go, or the desk is closed.
        """
        try:
            with self._seat(ASK_S):
                self._check_open()
                if self._scene.presence(incident) is None:
                    return False
                deadline_s = deadline_for(self.state.interval_s)
                self._revisits.ask(Verification(incident=incident, asked=now, deadline_s=deadline_s), told)
                return True
        except TimeoutError as error:
            raise CommandRejected(RejectCode.BUSY, f"{error}; try again later") from error

    def check_deadlines(self, now: Stamp) -> None:
        """Answer questions whose time is up: a dead camera sends neither looks nor gaps. Call it every second or so."""
        try:
            with self._seat(ASK_S):
                self._revisits.waited(self._scene, now)
        except TimeoutError:
            log.debug("%s: deadlines are checked when the worker lets go of the desk", self._camera)

    def close(self, timeout_s: float) -> None:
        """Keep everything a last time; whatever a late worker still brings is not looked at.

        Raises: StoreFull, StoreUnusable; TimeoutError when a worker does not let go of the desk.
        """
        with self._seat(timeout_s):
            self._closed = True
            if self._figures.mark:
                self._revisits.end(Fact.STOPPED, self._scene, self._figures.mark)
            self._save()

    def _check_open(self) -> None:
        if self._closed:
            raise CommandRejected(RejectCode.BUSY, f"camera {self._camera}: its desk is changing hands, or is closed")

    @contextmanager
    def _seat(self, timeout_s: float = -1) -> Iterator[None]:
        """The desk's lock; once it is let go, whoever waits for an answer that came meanwhile is told.

        Raises: TimeoutError when a worker does not let go of the desk.
        """
        answers = []
        if not self._lock.acquire(timeout=timeout_s):
            raise TimeoutError(f"{self._camera}: a worker is still at its desk")
        try:
            yield
        finally:
            answers = self._revisits.take()
            self._lock.release()
            for verdict, told in answers:
                log.info(
                    "%s: incident %s verified: %s %s", self._camera, verdict.incident, verdict.verdict, verdict.reason
                )
                told(verdict)

    def hand_over(self, timeout_s: float) -> None:
        """Keep everything for a `successor` and look no more; whoever waits for an answer goes on waiting.

        A desk that cannot keep what it decided goes on as before.

        Raises: StoreFull, StoreUnusable; TimeoutError when a worker does not let go of the desk.
        """
        with self._seat(timeout_s):
            self._save()
            self._figures.note(unkept=0)
            self._closed = True

    def go_on(self) -> None:
        """Nobody succeeds this desk after all."""
        with self._lock:
            self._closed = False

    @property
    def memory(self) -> tuple[str, Stamp | None]:
        """What the scene of a successor has to recall, and the moment up to which it knows the street."""
        with self._lock:
            return self._scene.keep(), self._figures.mark

    def successor(self, scene: Scene, photographer: Photographer) -> Desk:
        """A desk that can go on where this one was handed over, with its figures and what is not to be reported.

        Nothing is taken from this one before `take_over`.
        """
        heir = Desk(self._camera, scene=scene, store=self._store, photographer=photographer, onlookers=self._onlookers)
        heir._observations = self._observations
        scene.silences = self._scene.silences
        heir._saved_at_s, heir._figures = self._saved_at_s, replace(self._figures)
        return heir

    def take_over(self, former: Desk) -> None:
        """Whoever waits at the former desk of this camera waits here from now on."""
        with self._lock, former._lock:
            former._wishes.move_to(self._wishes)
            former._revisits.move_to(self._revisits)

    def settle(self, closings: Sequence[Event], now: Stamp) -> None:
        """Tell of what the scene closed before this desk began, as its plan does not ask for it (`Scene.retire`).

        Whoever waits for an answer about that is told. What cannot be kept now waits in memory, as in `look`.
        """
        with self._seat():
            self._file(closings)
            if closings:
                log.info("%s: closed, since nothing asks for them any more: %d", self._camera, len(closings))
            self._revisits.end(Fact.WITHDRAWN, self._scene, now, {event.incident_id for event in closings})
            self._keep(now)
            self._figures.note(open_incidents=len(self._scene.open_incidents))

    def dissolve(self, now: Stamp) -> None:
        """The camera is not watched any more: whoever waits for an answer is told."""
        with self._seat():
            self._closed = True
            self._revisits.end(Fact.WITHDRAWN, self._scene, now)

    def _glimpse(self, seen: Observation, frame: Frame) -> Glimpse | None:
        if self._onlookers is None or not self._onlookers.watching:
            return None
        return Glimpse(frame=frame, seen=seen, presences=(*self._scene.watched, *self._scene.open_incidents))

    def _decide(self, seen: Observation, frame: Frame) -> None:
        decided = self._scene.step(seen)
        first = len(self._unkept)
        # The scene has moved on: from here on no trouble with a picture may cost an event.
        self._file(decided, note="not_taken")
        for i, event in enumerate(decided, first):
            self._unkept[i] = photographed(event, seen, frame, self._photographer, self._scene)
            self._scene.pictured(self._unkept[i])
        if seen.fault is None and seen.asked:
            self._photographer.watch(self._scene.watched, frame, seen.detections)

    def _show(self, settled: Settled, seen: Observation, frame: Frame) -> None:
        """Take the picture of an answer; where the incident still stands, an event carries it too."""
        again = self._scene.evidenced(settled.incident, seen.stamp) if settled.still else []
        first = len(self._unkept)
        self._file(again, note="not_taken")
        presence = settled.presence
        about = again[0] if again else presence.revisited(seen.stamp, camera=self._camera)
        found = found_in(seen, frame, self._photographer)
        after, note = self._photographer.again(about, presence.opened_box_n or presence.box_n, frame, found)
        if after:
            self._revisits.show(settled.incident, after, carried=bool(again))
        for i, event in enumerate(again, first):
            self._unkept[i] = replace(event, evidence=(after,) if after else (), evidence_note=note)

    def _file(self, decided: Sequence[Event], note: str = "no_picture") -> None:
        """Put events on the pile that is to be kept; `note`: why they have no pictures so far."""
        self._unkept += [replace(event, evidence_note=note) for event in decided]
        for event in decided:
            place = f"in zone {event.zone}" if event.zone else event.objects[0].class_name
            log.info("%s: incident %s (%s) %s %s", self._camera, event.incident_id, event.rule, event.phase, place)

    def _save(self) -> None:
        waited, hours = len(self._unkept), self._figures.attendance.waiting
        if self._unkept:
            self._store.record(self._camera, self._unkept, self._scene.keep(), hours)
            self._unkept.clear()
        else:
            self._store.save_state(self._camera, self._scene.keep(), hours)
        self._figures.attendance.taken()
        if self._faulty:
            log.info("%s: the scene and %d events that waited in memory are kept again", self._camera, waited)
        self._faulty = False

    def _keep(self, now: Stamp) -> None:
        due = self._saved_at_s is None or now.mono_s - self._saved_at_s >= SAVE_EVERY_S
        if not self._unkept and not due:
            return
        try:
            self._save()
        except (StoreFull, StoreUnusable) as error:
            if not self._faulty:
                log.error("%s: scene and %d events wait in memory: %s", self._camera, len(self._unkept), error)
            self._faulty = True
        else:
            self._saved_at_s = now.mono_s
        self._figures.note(unkept=len(self._unkept), kept=not self._faulty)


def photographed(event: Event, seen: Observation, frame: Frame, photographer: Photographer, scene: Scene) -> Event:
    """The event with its pictures, or with the reason why there are none; a heartbeat needs none.

    An opening has those of its first sight too. `frame`: the picture that `seen` was seen in.
    """
    if event.update_reason is UpdateReason.HEARTBEAT:
        return replace(event, evidence_note=None)
    evidence, note = photographer.take(event, frame, found_in(seen, frame, photographer))
    presence = scene.presence(event.incident_id) if event.phase is Phase.OPENED else None
    first = photographer.first_sight(event, presence) if presence else ()
    return replace(event, evidence=(*evidence, *first), evidence_note=note)


def found_in(seen: Observation, frame: Frame, photographer: Photographer) -> Detections | None:
    """What the detector sees in the very picture of an observation; None: it is not shown pictures with a fault."""
    if seen.fault is not None:
        return None
    return seen.detections if seen.asked else photographer.ask(frame)
