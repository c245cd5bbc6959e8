"""The centre's questions about one camera's incidents that wait for an answer. Used under the desk's lock."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from uuid import UUID

from agent.core.errors import CommandRejected, RejectCode
from agent.core.presence import Presence
from agent.core.scene import Scene
from agent.core.types import Evidence, Gap, Observation, Stamp
from agent.core.verification import Fact, Outcome, Verdict, Verification
from agent.ports import Photographer

MOST_AT_ONCE = 16
"""Questions that may wait for one camera."""
Told = Callable[[Verdict], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """An incident about which there is an answer with this look; `still`: it was seen."""

    incident: UUID
    presence: Presence
    still: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    looking: Verification
    told: Told


class Revisits:
    """Questions in the order in which they were asked. Two about one incident are answered each by itself.

    An answer is put down before its picture is taken: no trouble with a picture may cost an answer.
    """

    def __init__(self, camera: str, photographer: Photographer) -> None:
        """Nobody has asked yet."""
        self._camera = camera
        self._photographer = photographer
        self._waiting: list[_Question] = []
        self._answers: list[tuple[Verdict, Told]] = []

    @property
    def waiting(self) -> bool:
        """Whether any question waits for an answer."""
        return bool(self._waiting)

    def ask(self, looking: Verification, told: Told) -> None:
        """One more question; `told` is given the answer, once. Raises CommandRejected (`busy`)."""
        if len(self._waiting) >= MOST_AT_ONCE:
            what = f"camera {self._camera}: expected at most {MOST_AT_ONCE} verifications at once; try again later"
            raise CommandRejected(RejectCode.BUSY, what)
        self._waiting.append(_Question(looking=looking, told=told))

    def looked(self, scene: Scene, seen: Observation | Gap) -> list[Settled]:
        """After the scene took a step: the incidents that there are answers about, each once.

        A look for which the detector rested is none: a question may have come while it was under way.
        """
        if isinstance(seen, Observation) and not seen.asked:
            return self.waited(scene, seen.stamp)
        for i, question in enumerate(self._waiting):
            glance = scene.glance(question.looking.incident, question.looking.asked)
            if glance is not None:
                self._waiting[i] = replace(question, looking=question.looking.looked(glance, seen.stamp))
        return self.waited(scene, seen.stamp)

    def waited(self, scene: Scene, now: Stamp) -> list[Settled]:
        """Answer what is decided, or whose time is up. Returns as `looked` does."""
        waiting, settled = [], dict[UUID, Settled]()
        for question in self._waiting:
            looking = question.looking.waited(now)
            presence = scene.presence(looking.incident)
            if looking.outcome is None:
                waiting.append(question)
                continue
            self._answers.append((self._verdict(looking, presence), question.told))
            if presence is not None:
                before = settled.get(looking.incident)
                still = looking.outcome is Outcome.STILL_PRESENT or (before is not None and before.still)
                settled[looking.incident] = Settled(incident=looking.incident, presence=presence, still=still)
        self._waiting = waiting
        return list(settled.values())

    def end(self, fact: Fact, scene: Scene, now: Stamp, about: Collection[UUID] | None = None) -> None:
        """Answer those about some incidents (None: all), for nobody will look any more. `fact`: why."""
        for i, question in enumerate(self._waiting):
            if about is None or question.looking.incident in about:
                self._waiting[i] = replace(question, looking=question.looking.ended(fact, now))
        self.waited(scene, now)

    def move_to(self, heir: Revisits) -> None:
        """They wait at another desk of this camera from now on."""
        heir._waiting += self._waiting
        self._waiting = []

    def show(self, incident: UUID, after: Evidence, *, carried: bool) -> None:
        """The picture of the look that settled it goes with the answers about it that wait to be told.

        `carried`: an event brings it to the centre, too.
        """
        self._answers = [
            (replace(verdict, after=after, carried=carried) if verdict.incident == incident else verdict, told)
            for verdict, told in self._answers
        ]

    def take(self) -> list[tuple[Verdict, Told]]:
        """The answers to be told now, each once."""
        answers, self._answers = self._answers, []
        return answers

    def _verdict(self, looking: Verification, presence: Presence | None) -> Verdict:
        assert looking.outcome is not None
        assert looking.decided_at is not None
        before = presence.before if presence else None
        return Verdict(
            incident=looking.incident,
            verdict=looking.outcome,
            reason=looking.reason,
            looked_at=looking.decided_at.utc,
            before=before if before and self._photographer.holds(before) else None,
            dwell_s=round(presence.dwell_s, 3) if presence else None,
        )
