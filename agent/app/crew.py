"""Who watches which camera. Takes another configuration over while the agent runs.

A camera whose section says the same goes on untouched. Where only what it is watched for is another, its desk and
lookout are succeeded by new ones that remember everything, while its capture goes on. Where its stream is another, its
capture is ended too. Incidents of what is no longer asked for are closed (`rule_removed`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

from agent.adapters.clock import boot_id
from agent.adapters.evidence import EvidenceFolder
from agent.adapters.first_sights import FirstSights
from agent.adapters.onnx.zone_reader import Lens
from agent.adapters.originals import LastOriginals
from agent.adapters.photographer import CloserLook, LastView, ScenePhotographer
from agent.adapters.privacy import PrivacyGuard
from agent.app.main_stream import main_stream
from agent.app.parts import analysis_px, facts_of, fingerprint, source
from agent.app.recall import recalled_desk, recalled_lookout, take_leave, view_of
from agent.app.teach import zone_reader
from agent.config import CameraConfig, Config
from agent.config.difference import Difference, difference
from agent.core.errors import StoreFull, StoreUnusable
from agent.core.plan import CameraPlan
from agent.core.scene import Scene
from agent.core.types import Channel, Gap, GapReason, Stamp
from agent.core.wire import BoxFacts
from agent.ports import Clock, Detector, Heads, LoginLedger, Photographer, Samples, Store, Views, ZoneReader
from agent.runtime.backoff import Jitter
from agent.runtime.capture import CaptureLoop
from agent.runtime.desk import Desk
from agent.runtime.live import Live
from agent.runtime.lookout import Lookout
from agent.runtime.mailbox import Mailroom, Slot
from agent.runtime.supervisor import Supervisor

log = logging.getLogger(__name__)

HOLD_S = 10.0
"""How long a worker may take to let go of a camera whose desk changes: a detection on a slow box, with its pictures."""
END_S = 2.0
"""How long captures may take to end. What one that is stuck still brings is ignored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What everybody works with, for as long as the agent runs."""

    clock: Clock
    jitter: Jitter
    store: Store
    views: Views
    evidence: EvidenceFolder
    samples: Samples
    guard: PrivacyGuard
    detector: Detector
    ledger: LoginLedger
    heads: Heads
    lens: Lens
    last_view: LastView
    originals: LastOriginals


class Facts:
    """What every message says about this box, as of now."""

    def __init__(self, now: BoxFacts) -> None:
        self.now = now


@dataclass(frozen=True, slots=True)
class _Line:
    """One camera's capture, and its way into the mailroom."""

    capture: CaptureLoop
    slot: Slot


class Crew:
    """The captures, desks and lookouts of all cameras. Each change belongs to one thread at a time."""

    def __init__(self, config: Config, means: Means, *, facts: Facts, mailroom: Mailroom, capturing: Supervisor):
        """Nobody is there before `recall`. `facts` are kept up to date."""
        self._config = config
        self._means = means
        self._facts = facts
        self._mailroom = mailroom
        self._capturing = capturing
        self._lines: dict[str, _Line] = {}
        self._firsts: dict[str, FirstSights] = {}
        self.captures = Live[CaptureLoop]()
        self.desks = Live[Desk]()
        self.lookouts = Live[Lookout]()
        self.zones = Live[frozenset[str]]()
        self.introduce: Callable[[], None] = lambda: None
        """Called when there are new desks, before they have anything to do."""

    @property
    def config(self) -> Config:
        """The configuration in force."""
        return self._config

    def recall(self) -> None:
        """Put somebody at every camera who remembers what was known before the agent was started.

        Raises: StoreFull, StoreUnusable.
        """
        means, config, now = self._means, self._config, self._means.clock.now()
        plans = config.plans()
        take_leave(sorted(set(means.store.cameras()) - set(plans)), config, means.store, means.views, now)
        self._lines = {camera: self._line(config.camera(camera)) for camera in plans}
        self.desks.replace({camera: self._recalled_desk(config, plan, now) for camera, plan in plans.items()})
        self.lookouts.replace({camera: self._recalled_lookout(config, plan, now) for camera, plan in plans.items()})
        self._publish(config)

    def start(self) -> None:
        """Let the pictures come."""
        self._start(self._lines)

    def change(self, config: Config) -> Difference:
        """Put another configuration in force, as far as it is about cameras. Returns what was changed.

        Raises:
            StoreFull, StoreUnusable: what was decided so far cannot be kept. TimeoutError: a worker does not let go.
                Then nothing was changed.
        """
        change = difference(self._config, config)
        affected = [*change.removed, *change.renewed, *change.replanned]
        self._hold(affected)
        try:
            self._end([*change.removed, *change.renewed])
            self._succeed(config, change)
        finally:
            for camera in affected:
                self._mailroom.release(camera)
        self._start([*change.added, *change.renewed])
        return change

    def _hold(self, cameras: Collection[str]) -> None:
        """Let no worker at these cameras, and have their desks keep everything; all of them or none."""
        held: list[str] = []
        try:
            for camera in cameras:
                self._mailroom.hold(camera, HOLD_S)
                held.append(camera)
                self.desks[camera].hand_over(HOLD_S)
        except (StoreFull, StoreUnusable, TimeoutError):
            for camera in held:
                self.desks[camera].go_on()
                self._mailroom.release(camera)
            raise

    def _end(self, cameras: Collection[str]) -> None:
        for camera in cameras:
            self._lines[camera].slot.shut()
        if late := self._capturing.end([_loop(camera) for camera in cameras], END_S):
            log.warning("did not end in time, is ignored from now on: %s", ", ".join(late))
        for camera in cameras:
            self._mailroom.clear(camera)

    def _succeed(self, config: Config, change: Difference) -> None:
        """New desks and lookouts where they have to be others; nobody looks at these cameras meanwhile."""
        now, plans = self._means.clock.now(), config.plans()
        before, after = self._facts.now, facts_of(config, self._means.detector)
        self._facts.now = replace(after, cameras={**before.cameras, **after.cameras})  # names for the last closings
        lines, desks, lookouts = dict(self._lines), dict(self.desks), dict(self.lookouts)
        for camera in (*change.added, *change.renewed):
            lines[camera] = self._line(config.camera(camera))
        for camera in change.added:
            desks[camera] = self._recalled_desk(config, plans[camera], now)
            lookouts[camera] = self._recalled_lookout(config, plans[camera], now)
        for camera in (*change.renewed, *change.replanned):
            desks[camera] = self._next_desk(config, plans[camera], desks[camera])
            lookouts[camera] = self._next_lookout(config, plans[camera], lookouts[camera])
        for camera in change.renewed:
            lookouts[camera].interrupt()
            desks[camera].gap(Gap(camera=camera, stamp=now, reason=GapReason.RESTART))
        self._leave(change.removed, config, now)
        self._lines = {camera: lines[camera] for camera in plans}
        self._firsts = {camera: self._firsts[camera] for camera in plans}
        self.desks.replace({camera: desks[camera] for camera in plans})
        self.lookouts.replace({camera: lookouts[camera] for camera in plans})
        self._publish(config)
        self._facts.now = after
        self.introduce()

    def _publish(self, config: Config) -> None:
        self.captures.replace({camera: line.capture for camera, line in self._lines.items()})
        self.zones.replace({camera.id: frozenset(zone.id for zone in camera.zones) for camera in config.cameras})
        self._config = config

    def _leave(self, cameras: Collection[str], config: Config, now: Stamp) -> None:
        try:
            take_leave(cameras, config, self._means.store, self._means.views, now)
        except (StoreFull, StoreUnusable) as error:
            log.error("incidents of %s are closed at the next start: %s", ", ".join(cameras), error)

    def _start(self, cameras: Iterable[str]) -> None:
        for camera in cameras:
            self._capturing.start(_loop(camera), self._lines[camera].capture.run)

    def _line(self, camera: CameraConfig) -> _Line:
        means, slot = self._means, Slot(self._mailroom)
        capture = CaptureLoop(
            camera=camera.id,
            source=source(camera, means.clock, analysis_px(means.detector)),
            mailroom=slot,
            clock=means.clock,
            ledger=means.ledger,
            fingerprint=fingerprint(camera),
            jitter=means.jitter,
        )
        return _Line(capture, slot)

    def _recalled_desk(self, config: Config, plan: CameraPlan, now: Stamp) -> Desk:
        return recalled_desk(plan, self._means.store, self._photographer(config, plan), now)

    def _recalled_lookout(self, config: Config, plan: CameraPlan, now: Stamp) -> Lookout:
        return recalled_lookout(plan, self._means.views, self._reader(config, plan), now)

    def _next_desk(self, config: Config, plan: CameraPlan, former: Desk) -> Desk:
        kept, mark = former.memory
        scene = Scene(plan, boot=boot_id())
        at = mark or self._means.clock.now()  # as of its own last look, so that no clock is moved
        scene.recall(kept, at)
        desk = former.successor(scene, self._photographer(config, plan))
        if closed := desk.retire(at):
            log.info("%s: closed, since their zone, rule or fault is no longer configured: %d", plan.camera, closed)
        return desk

    def _next_lookout(self, config: Config, plan: CameraPlan, former: Lookout) -> Lookout:
        view = former.view
        if view.watches_changes != plan.asks_for(Channel.SCENE_CHANGE):
            view = view_of(plan, view.keep(), self._means.clock.now())
        return Lookout(
            plan.camera,
            view=view,
            views=self._means.views,
            outlines_n=plan.outlines_n,
            reader=self._reader(config, plan),
        )

    def _reader(self, config: Config, plan: CameraPlan) -> ZoneReader | None:
        if not plan.asks_for(Channel.ZONE_STATE):
            return None
        return zone_reader(config, plan.camera, self._means.heads, self._means.lens)

    def _photographer(self, config: Config, plan: CameraPlan) -> Photographer:
        means = self._means
        stream = main_stream(config.camera(plan.camera), means.clock, means.ledger)
        closer = CloserLook(stream, means.detector, means.last_view) if stream else None
        first = self._firsts.setdefault(plan.camera, FirstSights())
        return ScenePhotographer(means.evidence, plan, means.guard, closer, means.samples, first, means.originals)


def _loop(camera: str) -> str:
    return f"camera-{camera}"
