"""A box that has watched for a while: observations in its store, and incidents that the centre judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event as StopEvent

from agent.adapters.observations import ObservationWriter
from agent.adapters.sqlite import Database, SqliteSilences, SqliteStore
from agent.core.plan import CameraPlan
from agent.core.scene import Scene
from agent.core.silence import Dismissal
from agent.core.types import Box, Event, Gap, Message, Observation, Phase, Stamp
from tests.unit.core.world import Thing, look

SHORT: Box = (0.2, 0.6, 0.3, 0.7)
LONG: Box = (0.6, 0.6, 0.75, 0.75)
Step = Observation | Gap


def afternoon(camera: str, begin: datetime, *, interval_s: float = 2.0) -> Iterator[Observation]:
    """An hour and a half: one car stands for ten minutes, another one for an hour."""
    for number in range(int(5400 / interval_s)):
        at_s = number * interval_s
        things = [Thing(SHORT, look=1)] if 300 <= at_s < 900 else []
        things += [Thing(LONG, look=2)] if 600 <= at_s < 4200 else []
        seen = look(at_s, *things)
        stamp = Stamp(utc=begin + timedelta(seconds=at_s), mono_s=at_s)
        yield replace(seen, camera=camera, stamp=stamp, seq=number)


def keep(root: Path, steps: Iterable[Step], now: datetime) -> ObservationWriter:
    """Write steps as the running agent does."""
    writer = ObservationWriter(
        root, now=lambda: now, quota_bytes=1 << 40, keep_for=timedelta(days=7), waiting=1_000_000
    )
    for step in steps:
        writer.add(step)
    stop = StopEvent()
    stop.set()
    writer.run(stop)
    return writer


def report(data: Path, plan: CameraPlan, steps: Iterable[Step]) -> list[Event]:
    """What the agent would have reported, in its database; the short stay was dismissed, the long one acknowledged."""
    scene = Scene(plan)
    events = [event for step in steps for event in scene.step(step)]
    data.mkdir(parents=True, exist_ok=True)
    with Database(data / "cityeye.db", reserve_bytes=0).open() as database:
        store = SqliteStore(database, lambda event, n: Message(topic="t", payload=b"{}", content_type="json"))
        store.record(plan.camera, events, Scene(plan).keep())
        for event in (e for e in events if e.phase is Phase.CLOSED):
            box = event.objects[0].box_n
            if box[0] < 0.5:
                SqliteSilences(database).dismiss(dismissal(event, event.closed_at or event.at))
            else:
                store.acknowledge(event.incident_id, event.at, "李队", None)
    return events


def dismissal(event: Event, at: datetime, reason: str = "false_report") -> Dismissal:
    """Somebody says that an incident is none."""
    seen = event.objects[0]
    return Dismissal(
        incident_id=event.incident_id,
        camera=event.camera,
        rule=event.rule,
        zone=event.zone,
        class_name=seen.class_name,
        track_id=None,
        box_n=seen.box_n,
        look=look(0.0, Thing(seen.box_n, look=1)).detections.looks[0],
        reason=reason,
        at=at,
    )
