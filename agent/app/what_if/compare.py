"""Two configurations over the same observations, compared with each other and with what the centre said."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from agent.adapters.observations import Extent, ObservationReader
from agent.adapters.sqlite import Visitor
from agent.adapters.sqlite.judged import judged_incidents
from agent.app.places import DATABASE, OBSERVATIONS
from agent.app.what_if.tasks import Done, Task, carry_out, carry_out_apart
from agent.config import Config
from agent.core.errors import RecordingError
from agent.core.plan import CameraPlan
from agent.core.rehearsal import QUICK_S
from agent.core.silence import Dismissal
from agent.core.stays import FEW_JUDGED, Comparison, Judged, Stay, compared, judged
from agent.core.types import Channel

WARM_UP = timedelta(hours=1)
"""The scene sees so much of the time before the period, so that what stood there already is known at its beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Where things lie. `database`: None where no agent has run; then nothing is known of the centre's word."""

    folder: Path
    database: Path | None

    @staticmethod
    def at(folder: Path) -> Kept:
        """What lies in a folder of observations, or in a data folder."""
        inner = folder / OBSERVATIONS
        observations = inner if inner.is_dir() else folder
        database = observations.parent / DATABASE
        return Kept(folder=observations, database=database if database.is_file() else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a reader of the result has to know. `code` has words in every language; `facts` fill them in."""

    code: str
    facts: dict[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """The result, for cameras and a period. `looks`: observations and gaps that were kept of it."""

    cameras: tuple[str, ...]
    since: datetime
    until: datetime
    looks: int
    comparison: Comparison
    notes: tuple[Note, ...]


def kept_by(config: Config) -> Kept:
    """What the agent of a configuration keeps."""
    database = config.storage.folder / DATABASE
    there = database if database.is_file() else None
    return Kept(folder=config.storage.folder / OBSERVATIONS, database=there)


def what_if(
    before: Config,
    after: Config,
    kept: Kept,
    *,
    cameras: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    quick: bool = False,
    jobs: int | None = None,
    progress: Callable[[float], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> WhatIf:
    """Compare the configuration in force with another one. Nothing is changed, stored or sent.

    Args:
        cameras: those to look at; none: all of which something is kept. since, until: aware; None: all that is kept.
        quick: take a look each `QUICK_S` only: a day in seconds, its moments true to that.
        jobs: processes at a time, None: one for each CPU; 0: all of it in this very thread.
        progress: takes the share (0..1) that is done. cancelled: asked now and then.

    Raises: RecordingError: nothing is kept of that, or somebody cancelled; StoreUnusable.
    """
    extents = _chosen(ObservationReader(kept.folder).extents(), cameras, before, after)
    since = since or min(extent.first for extent in extents)
    until = until or max(extent.last for extent in extents)
    if since >= until:
        raise RecordingError(f"expected a period that ends after it begins, found {since} to {until}")
    known, dismissals = _judged(kept, since, until)
    names = [extent.camera for extent in extents]
    sides: dict[str, dict[str, list[Stay]]] = {"before": {}, "after": {}}
    jobs_for: list[tuple[Task, tuple[tuple[str, str], ...]]] = []
    for name in names:
        jobs_for += _tasks(name, before, after, kept.folder, _of(dismissals, name), since, until)
    tasks = [replace(task, pace_s=QUICK_S if quick else 0.0) for task, _ in jobs_for]
    looks: dict[str, int] = {}
    for done, (_, places) in zip(_done(tasks, jobs, progress, cancelled), jobs_for, strict=True):
        for side, name in places:
            sides[side][name] = done.stays
            looks[name] = done.steps
    comparison = compared(_all(sides["before"], known), _all(sides["after"], known))
    notes = [note for extent in extents for note in _notes(extent.camera, before, after)]
    if quick:
        notes.append(Note(code="quick", facts={"pace_s": round(QUICK_S)}))
    judged_count = comparison.before.confirmed + comparison.before.false
    if judged_count < FEW_JUDGED:
        notes.append(Note(code="few_judged", facts={"judged": judged_count, "few": FEW_JUDGED}))
    return WhatIf(
        cameras=tuple(names),
        since=since,
        until=until,
        looks=sum(looks.values()),
        comparison=comparison,
        notes=tuple(notes),
    )


def _chosen(extents: list[Extent], cameras: Sequence[str], before: Config, after: Config) -> list[Extent]:
    watched = {camera.id for config in (before, after) for camera in config.cameras}
    chosen = [e for e in extents if e.camera in watched and (not cameras or e.camera in cameras)]
    if not chosen:
        known, wanted = ", ".join(extent.camera for extent in extents) or "none", ", ".join(cameras) or "some camera"
        raise RecordingError(f"expected observations of {wanted}, found those of: {known}")
    return chosen


def _tasks(
    camera: str,
    before: Config,
    after: Config,
    folder: Path,
    dismissals: tuple[Dismissal, ...],
    since: datetime,
    until: datetime,
) -> Iterator[tuple[Task, tuple[tuple[str, str], ...]]]:
    """What has to be run, and whose results it gives: one run serves both where they want the same of the camera."""
    plans = {"before": before.plans().get(camera), "after": after.plans().get(camera)}

    def task(plan: CameraPlan) -> Task:
        begin = since - WARM_UP
        return Task(folder=folder, plan=plan, dismissals=dismissals, warm_from=begin, since=since, until=until)

    if plans["before"] == plans["after"] and plans["before"] is not None:
        yield task(plans["before"]), (("before", camera), ("after", camera))
        return
    for side, plan in plans.items():
        if plan is not None:
            yield task(plan), ((side, camera),)


def _done(
    tasks: list[Task], jobs: int | None, progress: Callable[[float], None], cancelled: Callable[[], bool]
) -> list[Done]:
    if jobs == 0:
        done = []
        for number, task in enumerate(tasks):

            def told(share: float, number: int = number) -> None:
                if cancelled():
                    raise RecordingError("cancelled")
                progress((number + share) / len(tasks))

            done.append(carry_out(task, told))
        return done
    return carry_out_apart(tasks, jobs=jobs or os.cpu_count() or 1, progress=progress, cancelled=cancelled)


def _judged(kept: Kept, since: datetime, until: datetime) -> tuple[list[Judged], list[Dismissal]]:
    if kept.database is None:
        return [], []
    return judged_incidents(Visitor(kept.database), since, until)


def _of(dismissals: list[Dismissal], camera: str) -> tuple[Dismissal, ...]:
    return tuple(dismissal for dismissal in dismissals if dismissal.camera == camera)


def _all(side: dict[str, list[Stay]], known: list[Judged]) -> list[Stay]:
    return judged([stay for stays in side.values() for stay in stays], known)


def _notes(camera: str, before: Config, after: Config) -> Iterator[Note]:
    """What was not kept, and would be needed to tell what the other configuration would have seen."""
    old, new = before.plans().get(camera), after.plans().get(camera)
    if old is None or new is None:
        return
    for channel in (Channel.SCENE_CHANGE, Channel.ZONE_STATE):
        if new.asks_for(channel) and not old.asks_for(channel):
            yield Note(code="channel", facts={"camera": camera, "channel": channel.value})
    if new.outlines_n != old.outlines_n and old.recheck_s:
        yield Note(code="outlines", facts={"camera": camera, "recheck_s": round(old.recheck_s)})
    if after.model != before.model:
        yield Note(code="model", facts={"camera": camera})
    if after.camera(camera).sample_every != before.camera(camera).sample_every:
        yield Note(code="sampling", facts={"camera": camera})
