"""What stands at each camera: its capture, its desk and its lookout; made without touching what is there already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from agent.adapters.clock import boot_id
from agent.adapters.evidence import EvidenceFolder
from agent.adapters.first_sights import FirstSights
from agent.adapters.onnx.zone_reader import Lens
from agent.adapters.originals import LastOriginals
from agent.adapters.photographer import CloserLook, LastView, ScenePhotographer
from agent.adapters.privacy import PrivacyGuard
from agent.adapters.zone_pictures import Darkroom, KeepingReader
from agent.app.main_stream import main_stream
from agent.app.parts import analysis_px, login_of, source
from agent.app.recall import recalled_desk, recalled_lookout, view_of
from agent.app.teach import teachable, zone_reader
from agent.config import CameraConfig, Config
from agent.config.difference import Difference
from agent.core.plan import CameraPlan
from agent.core.scene import Scene
from agent.core.types import Channel, Event, Stamp
from agent.ports import (
    Clock,
    Detector,
    Heads,
    LoginLedger,
    ObservationLog,
    Photographer,
    Samples,
    Store,
    Views,
    ZoneReader,
)
from agent.runtime.backoff import Jitter
from agent.runtime.capture import CaptureLoop
from agent.runtime.desk import Desk
from agent.runtime.logins import Doors, LoginBudget
from agent.runtime.lookout import Lookout
from agent.runtime.mailbox import Mailroom, Slot
from agent.runtime.onlookers import Onlookers


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
    onlookers: Onlookers
    darkroom: Darkroom | None = None
    """None: no pictures are kept to teach zones from."""
    observations: ObservationLog | None = None
    doors: Doors = field(default_factory=Doors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One camera's. `slot`: its capture's way into the mailroom. `closings`: to be settled when the desk begins."""

    capture: CaptureLoop
    slot: Slot
    firsts: FirstSights
    desk: Desk
    lookout: Lookout
    closings: tuple[Event, ...] = ()


class Recruiter:
    """Makes posts. Whatever fails meanwhile, and whoever is never asked to begin, leaves nothing behind."""

    def __init__(self, means: Means, mailroom: Mailroom) -> None:
        self._means = means
        self._mailroom = mailroom

    def recalled(self, config: Config, plan: CameraPlan, now: Stamp) -> Post:
        """A post that remembers what was known before the agent was started. Raises StoreFull, StoreUnusable."""
        firsts = FirstSights()
        capture, slot = self.line(config.camera(plan.camera))
        means, photographer = self._means, self._photographer(config, plan, firsts)
        desk, closings = recalled_desk(plan, means.store, photographer, now, means.onlookers, means.observations)
        lookout = recalled_lookout(plan, self._means.views, self._reader(config, plan), now)
        return Post(capture=capture, slot=slot, firsts=firsts, desk=desk, lookout=lookout, closings=tuple(closings))

    def succeeded(self, config: Config, change: Difference, former: dict[str, Post]) -> Iterator[tuple[str, Post]]:
        """The posts under another configuration, by camera: new ones where they have to be others.

        Args:
            former: the posts that are there. The desks of those concerned were handed over.

        Raises: StoreFull, StoreUnusable.
        """
        now = self._means.clock.now()
        for camera, plan in config.plans().items():
            if camera in change.added:
                yield camera, self.recalled(config, plan, now)
            elif camera in (*change.renewed, *change.replanned):
                post = self._replanned(config, plan, former[camera])
                if camera in change.renewed:
                    capture, slot = self.line(config.camera(camera))
                    post = replace(post, capture=capture, slot=slot)
                yield camera, post
            else:
                yield camera, former[camera]

    def _replanned(self, config: Config, plan: CameraPlan, former: Post) -> Post:
        kept, mark = former.desk.memory
        scene = Scene(plan, boot=boot_id())
        at = mark or self._means.clock.now()  # as of its own last look, so that no clock is moved
        scene.recall(kept, at)
        closings = tuple(scene.retire(at))
        desk = former.desk.successor(scene, self._photographer(config, plan, former.firsts))
        return replace(former, desk=desk, lookout=self._next_lookout(config, plan, former.lookout), closings=closings)

    def _next_lookout(self, config: Config, plan: CameraPlan, former: Lookout) -> Lookout:
        view = former.view
        if view.watches_changes != plan.asks_for(Channel.SCENE_CHANGE):
            view = view_of(plan, view.keep(), self._means.clock.now())
        return Lookout(
            plan.camera,
            view=view,
            views=self._means.views,
            outlines_n=plan.outlines_n,
            recheck_s=plan.recheck_s,
            reader=self._reader(config, plan),
        )

    def line(self, camera: CameraConfig) -> tuple[CaptureLoop, Slot]:
        """A capture and its way into the mailroom."""
        means, slot, login = self._means, Slot(self._mailroom), login_of(camera)
        capture = CaptureLoop(
            camera=camera.id,
            source=source(camera, means.clock, analysis_px(means.detector)),
            mailroom=slot,
            clock=means.clock,
            logins=LoginBudget(
                camera=camera.id,
                login=login,
                ledger=means.ledger,
                clock=means.clock,
                door=means.doors.of(login),
            ),
            jitter=means.jitter,
        )
        return capture, slot

    def _reader(self, config: Config, plan: CameraPlan) -> ZoneReader | None:
        if not plan.asks_for(Channel.ZONE_STATE):
            return None
        reader = zone_reader(config, plan.camera, self._means.heads, self._means.lens)
        outlines, darkroom = teachable(config.camera(plan.camera)), self._means.darkroom
        return KeepingReader(reader, plan.camera, outlines, darkroom) if outlines and darkroom else reader

    def _photographer(self, config: Config, plan: CameraPlan, firsts: FirstSights) -> Photographer:
        means = self._means
        stream = main_stream(config.camera(plan.camera), means.clock, means.ledger, means.doors)
        closer = CloserLook(stream, means.detector, means.last_view) if stream else None
        return ScenePhotographer(
            means.evidence,
            plan,
            means.guard,
            closer,
            means.samples,
            firsts,
            originals=means.originals,
            detector=means.detector,
        )
