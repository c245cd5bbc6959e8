"""Events to build tests with: plain ones by keyword, and Hypothesis strategies."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st

from agent.core.notes import BoxNote, Said
from agent.core.taxonomy import GBT_2026
from agent.core.types import Channel, CloseReason, Event, Evidence, Phase, SeenObject, Severity
from agent.core.wire import BoxFacts, CameraFacts, ClockInfo, Location, ModelFacts, RunFacts

T0 = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
CLOCK = ClockInfo(synced=True, source="ntp", uncertainty_ms=15)
RUN = RunFacts(boot_id=UUID(int=0xB007), agent_version="0.1.0")
FACTS = BoxFacts(
    tenant="demo",
    box="box-01",
    code_system=GBT_2026,
    config_version="c1d2",
    model=ModelFacts(name="street-nano.onnx", sha256="ab" * 32),
    cameras={
        "gate": CameraFacts(
            name="东门",
            location=Location(lon=116.397, lat=39.908, crs="WGS84", grid_code="110101001001"),
            zones={"fire-lane": "消防通道"},
        )
    },
)


def make_event(number: int = 1, *, incident: int | None = None, **changes: object) -> Event:
    """An opened illegal-parking event; `number` makes its id, `incident` (default: `number`) its incident's."""
    event = Event(
        event_id=UUID(int=0xE000_0000 + number),
        incident_id=UUID(int=0x1000_0000 + (number if incident is None else incident)),
        revision=1,
        phase=Phase.OPENED,
        camera="gate",
        rule="illegal_parking",
        zone="fire-lane",
        severity=Severity.MEDIUM,
        channel=Channel.MODEL,
        at=T0 + timedelta(minutes=3),
        first_seen=T0,
        opened_at=T0 + timedelta(minutes=3),
        last_seen=T0 + timedelta(minutes=3),
        closed_at=None,
        dwell_s=180.0,
        blind_s=0.0,
        objects=(SeenObject(class_name="car", score=0.71, box_n=(0.25, 0.5, 0.5, 0.75)),),
    )
    return dataclasses.replace(event, **changes)  # type: ignore[arg-type]


def closed(event: Event, number: int, reason: CloseReason = CloseReason.CLEARED) -> Event:
    """The closing event of an incident."""
    return dataclasses.replace(
        event,
        event_id=UUID(int=0xE000_0000 + number),
        revision=event.revision + 1,
        phase=Phase.CLOSED,
        at=T0 + timedelta(minutes=9),
        closed_at=T0 + timedelta(minutes=9),
        last_seen=T0 + timedelta(minutes=8, seconds=30),
        dwell_s=510.0,
        blind_s=12.5,
        close_reason=reason,
    )


def make_note(incident: int = 1, said: Said = Said.ACKNOWLEDGED, **changes: object) -> BoxNote:
    """What somebody at the box says of the incident of `make_event(incident)`."""
    event = make_event(incident)
    note = BoxNote(
        incident_id=event.incident_id,
        camera=event.camera,
        rule=event.rule,
        zone=event.zone,
        class_name="car",
        said=said,
        at=T0 + timedelta(minutes=12),
        by="王芳",
    )
    return dataclasses.replace(note, **changes)  # type: ignore[arg-type]


_ids = st.from_regex(r"[a-z][a-z0-9_-]{0,40}", fullmatch=True)
_times = st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))
_seconds = st.floats(0, 1e7, allow_nan=False)
_objects = st.builds(
    SeenObject,
    class_name=st.text(max_size=200),
    score=st.floats(0, 1.0001),
    box_n=st.tuples(*[st.floats(-0.5, 1.5)] * 4),
)
_evidence = st.builds(
    Evidence,
    evidence_id=st.uuids(),
    kind=st.text(max_size=100),
    sha256=st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
    bytes=st.integers(0, 10**7),
    mime=st.just("image/jpeg"),
    captured_at=_times,
    path=st.just("evidence/a.jpg"),
)
EVENTS = st.builds(
    Event,
    event_id=st.uuids(),
    incident_id=st.uuids(),
    revision=st.integers(1, 10**6),
    phase=st.sampled_from(Phase),
    camera=_ids,
    rule=st.sampled_from(["illegal_parking", "garbage_overflow", "stall_encroachment", "camera_health", "new_rule"]),
    zone=_ids,
    severity=st.sampled_from(Severity),
    channel=st.sampled_from(Channel),
    at=_times,
    first_seen=_times,
    opened_at=_times,
    last_seen=_times,
    closed_at=st.none() | _times,
    dwell_s=_seconds,
    blind_s=_seconds,
    objects=st.lists(_objects, max_size=4).map(tuple),
    close_reason=st.none() | st.sampled_from(CloseReason),
    evidence=st.lists(_evidence, max_size=3).map(tuple),
    evidence_note=st.none() | st.text(max_size=600),
)
