"""The health report as Prometheus metrics.

Labels hold ids of the configuration, rules and kinds of the taxonomy, states and versions: few, known beforehand, and
none of them a text from outside. What is not known is absent, not zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric

from agent.core.wire import CameraReport, HealthReport
from agent.core.wire.status import Fact

NAMESPACE = "cityeye"


class Counted(Protocol):
    """Incidents of one kind since the agent was started."""

    @property
    def rule(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def opened(self) -> int: ...
    @property
    def closed(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All that is told at one moment.

    Attributes:
        open_now: open incidents by rule. build: version of the agent and of what it runs with.
    """

    report: HealthReport
    counts: Sequence[Counted]
    open_now: Mapping[str, int]
    build: Mapping[str, str]


class _Told(NamedTuple):
    """How a fact of the report is called, and what it is; `scale` turns it into Prometheus' base unit."""

    fact: str
    name: str
    help: str
    counter: bool = False
    scale: float = 1.0


_FACTS = (
    _Told("inference_ms", "inference_seconds", "Smoothed time of the detector for one picture.", scale=0.001),
    _Told("detector_rests", "detector_rests", "Pictures that the detector was not shown.", counter=True),
    _Told("loop_restarts", "loop_restarts", "Loops that died and were started again.", counter=True),
    _Told("loops_failed", "loops_failed", "Loops that fail again and again."),
    _Told("loops_stuck", "loops_stuck", "Loops that do not get on."),
    _Told("loops_abandoned", "loops_abandoned", "Threads that hang and whose place another one has taken."),
    _Told("oldest_event_s", "outbox_oldest_age_seconds", "Age of the oldest undelivered event; 0 when none waits."),
    _Told("events_unacked", "outbox_unacked", "Events that wait for the platform's ack."),
    _Told("events_dropped", "events_dropped", "Events given up because the backlog was full, ever.", counter=True),
    _Told("events_waiting_for_disk", "events_waiting_for_disk", "Events in memory that the disk does not take."),
    _Told("store_writable", "store_writable", "1 while the data folder takes what is to be kept."),
    _Told("pictures_waiting", "pictures_waiting", "Pictures that still have to reach the centre."),
    _Told("pictures_dropped", "pictures_dropped", "Pictures that were given up, ever.", counter=True),
    _Told("answers_dropped", "answers_dropped", "Answers to commands that were given up.", counter=True),
    _Told("broker_connected", "broker_connected", "1 while there is a session with the broker."),
    _Told("disk_free_bytes", "disk_free_bytes", "Room on the disk of the data folder."),
    _Told("disk_bytes", "disk_size_bytes", "Size of that disk."),
    _Told("evidence_bytes", "evidence_bytes", "Size of all evidence pictures."),
    _Told("observations_bytes", "observations_bytes", "Size of all kept observations."),
    _Told("observations_dropped", "observations_dropped", "Looks whose observation was not kept.", counter=True),
    _Told("temperature_c", "temperature_celsius", "Hottest thermal zone of the machine."),
    _Told("memory_bytes", "memory_bytes", "Resident memory of the agent."),
    _Told("threads", "threads", "Threads of the agent."),
    _Told("open_files", "open_files", "Open file descriptors of the agent."),
)


def families(figures: Figures) -> Iterator[Metric]:
    """All metrics; each is there also when it has no sample now, so that its help is."""
    report = figures.report
    yield from _of_cameras(report.cameras)
    yield from _of_incidents(figures)
    yield GaugeMetricFamily(f"{NAMESPACE}_outbox_depth", "Undelivered events.", report.outbox_depth)
    aside = report.outbox_set_aside
    yield GaugeMetricFamily(f"{NAMESPACE}_outbox_set_aside", "Events that need a person.", aside)
    for told in _FACTS:
        yield _of_fact(told, report.facts.get(told.fact))
    yield InfoMetricFamily(f"{NAMESPACE}_build", "The agent and what it runs with.", value=dict(figures.build))


def _of_fact(told: _Told, value: Fact) -> Metric:
    name, number = f"{NAMESPACE}_{told.name}", _number(value)
    scaled = None if number is None else number * told.scale
    if told.counter:
        return CounterMetricFamily(name, told.help, scaled)
    return GaugeMetricFamily(name, told.help, scaled)


def _number(value: Fact) -> float | None:
    return None if value is None or isinstance(value, str) else float(value)


def _of_cameras(cameras: Sequence[CameraReport]) -> Iterator[Metric]:
    def gauge(name: str, help_text: str, values: Mapping[str, float | None]) -> Metric:
        family = GaugeMetricFamily(f"{NAMESPACE}_camera_{name}", help_text, labels=["camera"])
        for camera, value in values.items():
            if value is not None:
                family.add_metric([camera], value)
        return family

    def counter(name: str, help_text: str, values: Mapping[str, float]) -> Metric:
        family = CounterMetricFamily(f"{NAMESPACE}_camera_{name}", help_text, labels=["camera"])
        for camera, value in values.items():
            family.add_metric([camera], value)
        return family

    yield gauge("up", "1 while its pictures come.", {c.camera: c.state == "online" for c in cameras})
    state = GaugeMetricFamily(f"{NAMESPACE}_camera_state", "1 for the state it is in.", labels=["camera", "state"])
    for camera in cameras:
        state.add_metric([camera.camera, camera.state], 1)
    yield state
    good = {c.camera: c.fault is None if c.last_picture else None for c in cameras}
    yield gauge("picture_good", "0 while its picture has a fault; absent before the first one.", good)
    yield gauge("interval_seconds", "Median time between two looks in the last minute.", _by(cameras, "interval_s"))
    yield gauge("interval_p99_seconds", "99th percentile of these times.", _by(cameras, "interval_p99_s"))
    last = {c.camera: c.last_picture.timestamp() if c.last_picture else None for c in cameras}
    yield gauge("last_picture_timestamp_seconds", "When it was last looked at.", last)
    yield counter("looks", "Pictures that were analysed.", {c.camera: c.looks for c in cameras})
    yield counter("drops", "Pictures dropped because a newer one came.", {c.camera: c.drops for c in cameras})
    yield counter("blind_seconds", "Time in which nobody looked.", {c.camera: c.blind_s for c in cameras})


def _by(cameras: Sequence[CameraReport], name: str) -> dict[str, float | None]:
    return {camera.camera: getattr(camera, name) for camera in cameras}


def _of_incidents(figures: Figures) -> Iterator[Metric]:
    labels = ["rule", "kind"]
    opened = CounterMetricFamily(f"{NAMESPACE}_incidents_opened", "Incidents that were opened.", labels=labels)
    closed = CounterMetricFamily(f"{NAMESPACE}_incidents_closed", "Incidents that were closed.", labels=labels)
    for count in figures.counts:
        opened.add_metric([count.rule, count.kind], count.opened)
        closed.add_metric([count.rule, count.kind], count.closed)
    now = GaugeMetricFamily(f"{NAMESPACE}_incidents_open", "Incidents that are open now.", labels=["rule"])
    rules = {count.rule: 0 for count in figures.counts}
    for rule, number in {**rules, **figures.open_now}.items():
        now.add_metric([rule], number)
    yield from (opened, closed, now)
