"""Everything that there is to look at, with one configuration or, without, the box alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from zoneinfo import ZoneInfo

from agent.adapters.clock import SystemClock
from agent.adapters.onnx import OnnxDetector
from agent.adapters.pictures import Caption, zone_map
from agent.adapters.sqlite import agent_in
from agent.app.doctor.box import (
    certificate_findings,
    clock_findings,
    disk_findings,
    folder_findings,
    ledger_fault,
    memory_findings,
    model_findings,
)
from agent.app.doctor.broker import BrokerCheck
from agent.app.doctor.camera import Bar, CameraCheck, CameraReport
from agent.app.doctor.findings import Finding
from agent.app.doctor.gates import Gates
from agent.app.doctor.ledger import SharedLedger
from agent.app.parts import privacy_guard
from agent.app.places import DATABASE
from agent.config import CameraConfig, Config
from agent.core.errors import ModelError
from agent.core.types import Image

AT_ONCE = 8
"""Cameras that are looked at side by side; each takes some seconds, nearly all of them waiting."""


class Doctor:
    """Looks at a box and at what a configuration names. Leaves an agent that runs alone."""

    def __init__(self, config: Config, *, pictures: Path | None, watch_s: float) -> None:
        """`pictures`: folder for one picture of each camera with its zones. `watch_s`: most for each stream."""
        self._config = config
        self._pictures = pictures
        self._watch_s = watch_s
        self._clock = SystemClock()
        self._ledger = SharedLedger(config.storage.folder / DATABASE)
        self._detector: OnnxDetector | None = None
        self._drawing = Lock()
        self._gates = Gates()
        self._bar: Bar | None = None

    @staticmethod
    def bare_box(folder: Path) -> list[Finding]:
        """What can be said without a configuration, of the disk that a folder lies on."""
        return [*disk_findings(folder, 0, 0), *memory_findings(0, running=False), *clock_findings()]

    def box(self) -> list[Finding]:
        """The box and what lies on it."""
        config, storage = self._config, self._config.storage
        found, self._detector = model_findings(config)
        running = agent_in(storage.folder) is not None
        return [
            *found,
            *folder_findings(config),
            *certificate_findings(config, self._clock),
            *disk_findings(storage.folder, storage.keep_free, storage.evidence_quota + storage.observations_quota),
            *memory_findings(len(config.cameras), running=running),
            *clock_findings(),
        ]

    def broker(self) -> list[Finding]:
        """The broker."""
        return BrokerCheck(self._config, self._clock).findings()

    def cameras(self, ids: Collection[str]) -> Iterator[CameraReport]:
        """The cameras, in the order of the configuration. After `box`."""
        fault = ledger_fault(self._config.storage.folder)
        self._bar = Bar(code="password_unguarded", detail=fault) if fault else None
        chosen = [camera for camera in self._config.cameras if camera.id in ids]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            yield from pool.map(self._looked_at, chosen)

    def _looked_at(self, camera: CameraConfig) -> CameraReport:
        with self._gates.passed(camera) as gate:
            bar = self._bar
            if bar is None and gate.refused_for is not None:
                bar = Bar(code="password_elsewhere", values={"other": gate.refused_for})
            check = CameraCheck(
                camera, clock=self._clock, ledger=self._ledger, draw=self._draw, watch_s=self._watch_s, bar=bar
            )
            report = check.report()
            if report.refused:
                gate.refused_for = camera.id
        return report

    def _draw(self, camera: CameraConfig, image: Image) -> str | None:
        """Keep the picture with the zones on it, nobody recognisable, as the agent keeps its own."""
        if self._pictures is None:
            return None
        with self._drawing:
            found = self._detector.detect([image])[0] if self._detector else None
            try:
                image = privacy_guard(self._config).protect(image, found, "")
            except ModelError as error:
                raise OSError(str(error)) from error
        at = self._clock.now().utc.astimezone(ZoneInfo(self._config.box.time_zone))
        caption = Caption(camera=camera.id, zone="", at=at, dwell_s=None)
        jpeg = zone_map(image, {zone.id: zone.polygon for zone in camera.zones}, caption)
        self._pictures.mkdir(parents=True, exist_ok=True)
        file = self._pictures / f"{camera.id}.jpg"
        file.write_bytes(jpeg)
        return str(file)
