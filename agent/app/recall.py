"""What each camera's desk and lookout remember from before the agent was started."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from agent.adapters.evidence import EvidenceFolder
from agent.adapters.photographer import CloserLook, ScenePhotographer
from agent.app.amnesia import forgotten
from agent.app.parts import privacy_guard
from agent.config import Config
from agent.core.camera_health import CameraHealthSettings
from agent.core.plan import CameraPlan
from agent.core.scene import Scene
from agent.core.types import Channel, Gap, GapReason, Stamp
from agent.core.view import View
from agent.ports import Clock, Store, Views, ZoneReader
from agent.runtime.desk import Desk
from agent.runtime.lookout import Lookout

log = logging.getLogger(__name__)

MOST_INCIDENTS = 10_000
"""How far back open incidents of a camera are looked for: decades of one place."""


def recalled_lookouts(
    config: Config, views: Views, readers: Mapping[str, ZoneReader], clock: Clock
) -> dict[str, Lookout]:
    """One lookout per camera, its view recalled from the store. `readers`: of the taught zones, by camera."""
    return {
        camera: Lookout(
            camera,
            view=_view(plan, views.load(camera), clock.now()),
            views=views,
            outlines_n=plan.outlines_n,
            reader=readers[camera] if plan.asks_for(Channel.ZONE_STATE) else None,
        )
        for camera, plan in config.plans().items()
    }


def _view(plan: CameraPlan, kept: bytes | None, now: Stamp) -> View:
    view = View(changes=plan.asks_for(Channel.SCENE_CHANGE))
    if kept is None:
        return view
    try:
        view.recall(kept, now)
    except ValueError as error:
        log.error("%s: %s; what is there now is learnt as the clean view", plan.camera, error)
        return View(changes=plan.asks_for(Channel.SCENE_CHANGE))
    return view


def recalled_desks(
    config: Config,
    store: Store,
    views: Views,
    clock: Clock,
    evidence: EvidenceFolder,
    closer: Mapping[str, CloserLook],
) -> dict[str, Desk]:
    """One desk per camera, its scene recalled from the store and told that nobody looked meanwhile.

    Args:
        closer: by camera, where evidence pictures come from its main stream.

    Raises: ModelError for a face or plate model that cannot be used.
    """
    guard = privacy_guard(config)
    plans, now = config.plans(), clock.now()
    for camera in sorted(set(store.cameras()) - set(plans)):
        gone = CameraPlan(
            box_id=config.box.id,
            camera=camera,
            duties=(),
            time_zone=ZoneInfo(config.box.time_zone),
            health=CameraHealthSettings(faults=()),
        )
        _recalled(gone, store, now)
        store.forget(camera)
        views.forget(camera)
    desks = {}
    for camera, plan in plans.items():
        photographer = ScenePhotographer(evidence, plan, guard, closer.get(camera))
        scene = _recalled(plan, store, now)
        desks[camera] = Desk(camera, scene=scene, store=store, photographer=photographer)
        desks[camera].gap(Gap(camera=camera, stamp=now, reason=GapReason.RESTART))
    return desks


def _recalled(plan: CameraPlan, store: Store, now: Stamp) -> Scene:
    """The scene as it was kept, after the incidents were closed that the configuration no longer asks for."""
    scene, kept = Scene(plan), store.load_state(plan.camera)
    if kept is None:
        return scene
    try:
        scene.recall(kept, now)
    except ValueError as error:
        log.error("%s; its open incidents are closed as forgotten and the camera starts anew", error)
        known = store.incidents(limit=MOST_INCIDENTS, camera=plan.camera)
        store.record(plan.camera, forgotten([row for row in known if row.closed_at is None], now), scene.keep())
        return scene
    if orphans := [replace(event, evidence_note="no_picture") for event in scene.retire(now)]:
        log.info("%s: closed, since their zone, rule or fault is no longer configured: %d", plan.camera, len(orphans))
        store.record(plan.camera, orphans, scene.keep())
    return scene
