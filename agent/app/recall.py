"""What each camera's desk and lookout remember from before the agent was started."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from agent.adapters.clock import boot_id
from agent.app.amnesia import forgotten
from agent.config import Config
from agent.core.camera_health import CameraHealthSettings
from agent.core.plan import CameraPlan
from agent.core.scene import Scene
from agent.core.types import Event, Gap, GapReason, Stamp
from agent.core.view import View
from agent.ports import ObservationLog, Photographer, Store, Views, ZoneReader
from agent.runtime.desk import Desk
from agent.runtime.lookout import Lookout
from agent.runtime.onlookers import Onlookers

log = logging.getLogger(__name__)

MOST_INCIDENTS = 10_000
"""How far back open incidents of a camera are looked for: decades of one place."""


def recalled_lookout(plan: CameraPlan, views: Views, reader: ZoneReader | None, now: Stamp) -> Lookout:
    """The lookout of one camera, its view recalled from the store. `reader`: of its taught zones."""
    return Lookout(
        plan.camera,
        view=view_of(plan, views.load(plan.camera), now),
        views=views,
        outlines_n=plan.outlines_n,
        recheck_s=plan.recheck_s,
        reader=reader,
    )


def view_of(plan: CameraPlan, kept: bytes | None, now: Stamp) -> View:
    """A view for this plan that remembers what was kept, where that can be read."""
    view = View.of(plan)
    if kept is None:
        return view
    try:
        view.recall(kept, now)
    except ValueError as error:
        log.error("%s: %s; what is there now is learnt as the clean view", plan.camera, error)
        return View.of(plan)
    return view


def recalled_desk(
    plan: CameraPlan,
    store: Store,
    photographer: Photographer,
    now: Stamp,
    onlookers: Onlookers | None = None,
    observations: ObservationLog | None = None,
) -> tuple[Desk, list[Event]]:
    """The desk of one camera, its scene recalled from the store; nothing is written yet.

    Returns:
        The desk, and closings of what the configuration no longer asks for: `begin` with these.

    Raises: StoreFull, StoreUnusable.
    """
    scene, closings = _recalled(plan, store, now)
    desk = Desk(
        plan.camera,
        scene=scene,
        store=store,
        photographer=photographer,
        onlookers=onlookers,
        observations=observations,
    )
    return desk, closings


def begin(desk: Desk, closings: Sequence[Event], camera: str, now: Stamp) -> None:
    """Let a recalled desk begin its work: it is told that nobody looked meanwhile."""
    desk.settle(closings, now)
    desk.gap(Gap(camera=camera, stamp=now, reason=GapReason.RESTART))


def take_leave(cameras: Iterable[str], config: Config, store: Store, views: Views, now: Stamp) -> None:
    """Close the incidents of cameras that are no longer there, and forget these.

    Raises: StoreFull, StoreUnusable; what is left then is closed at the next start.
    """
    for camera in cameras:
        gone = CameraPlan(
            box_id=config.box.id,
            camera=camera,
            duties=(),
            time_zone=ZoneInfo(config.box.time_zone),
            health=CameraHealthSettings(faults=()),
        )
        scene, closings = _recalled(gone, store, now)
        if closings:
            store.record(camera, [replace(event, evidence_note="no_picture") for event in closings], scene.keep())
        store.forget(camera)
        views.forget(camera)


def _recalled(plan: CameraPlan, store: Store, now: Stamp) -> tuple[Scene, list[Event]]:
    """The scene as it was kept, and closings of the incidents that the configuration no longer asks for."""
    scene, kept = Scene(plan, boot=boot_id()), store.load_state(plan.camera)
    if kept is None:
        return scene, []
    try:
        scene.recall(kept, now)
    except ValueError as error:
        log.error("%s; its open incidents are closed as forgotten and the camera starts anew", error)
        known = store.incidents(limit=MOST_INCIDENTS, camera=plan.camera)
        return scene, forgotten([row for row in known if row.closed_at is None], now)
    return scene, scene.retire(now)
