"""Who watches which camera. Takes another configuration over while the agent runs.

A camera whose section says the same goes on untouched. Where only what it is watched for is another, its desk and
lookout are succeeded by new ones that remember everything, while its capture goes on. Where its stream is another, its
capture is ended too. Incidents of what is no longer asked for are closed (`rule_removed`).

All that can fail comes first and changes nothing: desks keep what they decided, and new ones are made beside them.
What follows cannot fail; what the disk does not take then waits: events in their desk, a farewell for the next `tick`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from threading import Lock

from agent.app.parts import facts_of
from agent.app.patience import camera_s
from agent.app.posts import Means, Post, Recruiter
from agent.app.recall import begin, take_leave
from agent.config import Config
from agent.config.difference import Difference, difference
from agent.core.errors import StoreFull, StoreUnusable
from agent.core.types import Gap, GapReason, Stamp
from agent.core.wire import BoxFacts
from agent.runtime.capture import CaptureLoop
from agent.runtime.desk import Desk
from agent.runtime.live import Live
from agent.runtime.lookout import Lookout
from agent.runtime.mailbox import Mailroom
from agent.runtime.supervisor import Supervisor

log = logging.getLogger(__name__)

HOLD_S = 10.0
"""How long a worker may take to let go of a camera whose desk changes: a detection on a slow box, with its pictures."""
END_S = 2.0
"""How long captures may take to end. What one that is stuck still brings is ignored."""
MOST_HUNG = 2
MOST_HUNG_IN_ALL = 8
"""Captures of one camera, and of all, whose threads hang while another has taken their place. Each keeps a connection
and some 10 MB; where more hang, only a new process helps."""


class Facts:
    """What every message says about this box, as of now."""

    def __init__(self, now: BoxFacts) -> None:
        self.now = now


class Crew:
    """The captures, desks and lookouts of all cameras. One thread at a time changes something."""

    def __init__(self, config: Config, means: Means, *, facts: Facts, mailroom: Mailroom, capturing: Supervisor):
        """Nobody is there before `recall`. `facts` are kept up to date."""
        self._config = config
        self._means = means
        self._facts = facts
        self._mailroom = mailroom
        self._capturing = capturing
        self._recruiter = Recruiter(means, mailroom)
        self._changing = Lock()
        self._posts: dict[str, Post] = {}
        self._leaving: set[str] = set()
        """Cameras that are no longer there, and whose incidents could not be closed yet."""
        self._trouble = ""
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

    @property
    def means(self) -> Means:
        """What everybody works with."""
        return self._means

    def recall(self) -> None:
        """Put somebody at every camera who remembers what was known before the agent was started.

        Raises: StoreFull, StoreUnusable.
        """
        means, config, now = self._means, self._config, self._means.clock.now()
        plans = config.plans()
        take_leave(sorted(set(means.store.cameras()) - set(plans)), config, means.store, means.views, now)
        posts = {camera: self._recruiter.recalled(config, plan, now) for camera, plan in plans.items()}
        for camera, post in posts.items():
            begin(post.desk, post.closings, camera, now)
        self._publish(config, posts)

    def start(self) -> None:
        """Let the pictures come."""
        self._start(self._posts)

    def change(self, config: Config) -> Difference:
        """Put another configuration in force, as far as it is about cameras. Returns what was changed.

        Raises:
            StoreFull, StoreUnusable: what was decided so far cannot be kept, or what is known not be read.
            TimeoutError: a worker does not let go. Then, as after any other error, everything goes on as before.
        """
        with self._changing:
            return self._change(config)

    def relieve(self, loop: str) -> bool:
        """Put another capture in the place of one that hangs, so that only its thread is lost. Never waits.

        Returns:
            Whether that was done. Not for what is no capture, while the crew changes, nor when too many hang already.
        """
        camera = next((camera for camera in self._posts if _loop(camera) == loop), None)
        if camera is None or not self._changing.acquire(blocking=False):
            return False
        try:
            hung = self._capturing.left()
            if camera not in self._posts or hung.count(loop) >= MOST_HUNG or len(hung) >= MOST_HUNG_IN_ALL:
                return False
            former = self._posts[camera]
            former.slot.shut()
            self._capturing.abandon(loop)
            capture, slot = self._recruiter.line(self._config.camera(camera))
            slot.post_gap(Gap(camera=camera, stamp=self._means.clock.now(), reason=GapReason.STALLED))
            self._publish(self._config, {**self._posts, camera: replace(former, capture=capture, slot=slot)})
            self._start([camera])
        finally:
            self._changing.release()
        log.warning("%s: given up, another one has taken its place; threads that hang: %d", loop, len(hung) + 1)
        return True

    def _change(self, config: Config) -> Difference:
        change = difference(self._config, config)
        with ExitStack() as held, ExitStack() as undo:
            for camera in (*change.removed, *change.touched):
                self._mailroom.hold(camera, HOLD_S)
                held.callback(self._mailroom.release, camera)
                if camera in self._posts:
                    self.desks[camera].hand_over(HOLD_S)
                    undo.callback(self.desks[camera].go_on)
            posts = dict(self._recruiter.succeeded(config, change, self._posts))
            after = facts_of(config, self._means.detector)
            undo.pop_all()
            self._succeed(config, change, posts, after)
        self._start([*change.added, *change.renewed])
        return change

    def tick(self) -> None:
        """Close what could not be closed when its camera was taken away."""
        if self._leaving:
            with self._changing:
                self._leave(self._config, self._means.clock.now())

    def _succeed(self, config: Config, change: Difference, posts: dict[str, Post], after: BoxFacts) -> None:
        """The others begin; nobody looks at these cameras meanwhile."""
        former, before = self._posts, self._facts.now
        # Names for the last closings of cameras that leave.
        names = {camera: known for camera, known in before.cameras.items() if camera not in after.cameras}
        self._facts.now = replace(after, cameras={**names, **after.cameras})
        self._publish(config, posts)  # first: what is published can be changed back, whatever happens from here on
        self._end({camera: former[camera] for camera in (*change.removed, *change.renewed)})
        now = self._means.clock.now()
        for camera in (*change.renewed, *change.replanned):
            posts[camera].desk.take_over(former[camera].desk)
            posts[camera].desk.settle(posts[camera].closings, now)
        for camera in change.renewed:
            posts[camera].lookout.interrupt()
            posts[camera].desk.gap(Gap(camera=camera, stamp=now, reason=GapReason.RESTART))
        for camera in change.added:
            begin(posts[camera].desk, posts[camera].closings, camera, now)
        for camera in change.removed:
            former[camera].desk.dissolve(now)
        self._leaving = (self._leaving | set(change.removed)) - set(posts)
        self._leave(config, now)
        self.introduce()

    def _publish(self, config: Config, posts: dict[str, Post]) -> None:
        self._posts = posts
        self.captures.replace({camera: post.capture for camera, post in posts.items()})
        self.desks.replace({camera: post.desk for camera, post in posts.items()})
        self.lookouts.replace({camera: post.lookout for camera, post in posts.items()})
        self.zones.replace({camera.id: frozenset(zone.id for zone in camera.zones) for camera in config.cameras})
        self._config = config

    def _leave(self, config: Config, now: Stamp) -> None:
        """Close the incidents of cameras that were taken away; their names are known for as long as that takes."""
        try:
            for camera in sorted(self._leaving):
                take_leave([camera], config, self._means.store, self._means.views, now)
                self._leaving.remove(camera)
            self._trouble = ""
        except (StoreFull, StoreUnusable) as error:
            if str(error) != self._trouble:
                log.error("incidents of %s are not closed yet: %s", ", ".join(sorted(self._leaving)), error)
            self._trouble = str(error)
        there = self._leaving | set(self._posts)
        cameras = {camera: known for camera, known in self._facts.now.cameras.items() if camera in there}
        self._facts.now = replace(self._facts.now, cameras=cameras)

    def _end(self, former: Mapping[str, Post]) -> None:
        """End captures; what they left in the mailroom is of no use any more."""
        for post in former.values():
            post.slot.shut()
        if late := self._capturing.end([_loop(camera) for camera in former], END_S):
            log.warning("did not end in time, is ignored from now on: %s", ", ".join(late))
        for camera in former:
            self._mailroom.clear(camera)

    def _start(self, cameras: Iterable[str]) -> None:
        for camera in cameras:
            silence_s = camera_s(self._config.camera(camera))
            self._capturing.start(_loop(camera), self._posts[camera].capture.run, silence_s=silence_s)


def _loop(camera: str) -> str:
    return f"camera-{camera}"
