"""What was dismissed or paused opens nothing, as long as that holds, and nothing else is silenced with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from agent.core.camera_health import CameraHealthSettings
from agent.core.plan import CameraPlan
from agent.core.scene import Scene
from agent.core.silence import DISMISSAL, Dismissal, Pause, Silences, paused_until
from agent.core.types import CloseReason, Event
from tests.unit.core.world import car, changed, duty, every, gap, look, phases, plan, stamp, watch


def dismissed(scene: Scene, event: Event, at_s: float, until_s: float | None = None) -> list[Event]:
    """Dismiss the incident of an event, as the silencer does."""
    spot = scene.spot_of(event.incident_id)
    assert spot is not None
    dismissal = Dismissal(
        incident_id=event.incident_id,
        camera="gate",
        rule=spot.rule,
        zone=spot.zone,
        class_name=spot.class_name,
        track_id=spot.track_id,
        box_n=spot.box_n,
        look=spot.look,
        reason="tolerated",
        at=stamp(at_s).utc,
        until=None if until_s is None else stamp(until_s).utc,
    )
    kept = DISMISSAL.validate_json(DISMISSAL.dump_json(dismissal))
    scene.silences = replace(scene.silences, dismissals=(*scene.silences.dismissals, kept))
    return scene.dismiss(event.incident_id, stamp(at_s))


def opened(scene: Scene) -> Event:
    [event] = watch(every(2, 0, 62, car()), scene)
    return event


def test_a_dismissed_incident_closes_at_once_and_the_thing_stays_silent() -> None:
    scene = Scene(plan())
    event = opened(scene)
    [closed] = dismissed(scene, event, 62)
    assert (closed.close_reason, closed.incident_id, closed.revision) == (CloseReason.DISMISSED, event.incident_id, 2)
    assert watch(every(2, 64, 600, car()), scene) == []


def test_it_opens_again_when_its_time_is_over() -> None:
    scene = Scene(plan())
    event = opened(scene)
    dismissed(scene, event, 62, until_s=300)
    [again] = watch(every(2, 64, 600, car()), scene)
    assert again.at == stamp(300).utc
    assert again.incident_id != event.incident_id
    assert again.previous_incident == event.incident_id


def test_it_opens_again_when_it_is_taken_back() -> None:
    scene = Scene(plan())
    dismissed(scene, opened(scene), 62)
    assert watch(every(2, 64, 200, car()), scene) == []
    scene.silences = Silences()
    assert phases(watch(every(2, 200, 210, car()), scene)) == ["opened"]


def test_it_comes_back_to_its_place_and_is_still_silent() -> None:
    scene = Scene(plan())
    dismissed(scene, opened(scene), 62)
    away = every(2, 64, 200)
    assert watch(away + every(2, 200, 400, car()), scene) == []


@pytest.mark.parametrize(
    "other",
    [car(look=3), car((0.45, 0.5, 0.65, 0.7)), car((0.3, 0.5, 0.5, 0.7))],
    ids=["another car at this place", "this look elsewhere", "half a length further"],
)
def test_another_look_or_another_place_is_reported(other: object) -> None:
    scene = Scene(plan())
    dismissed(scene, opened(scene), 62)
    assert phases(watch(every(2, 64, 120) + every(2, 120, 300, other), scene)) == ["opened"]  # type: ignore[arg-type]


def test_numbers_of_tracks_that_begin_anew_silence_nothing_elsewhere() -> None:
    scene = Scene(plan())
    dismissed(scene, opened(scene), 62)
    forgetful = Scene(plan())
    forgetful.silences = scene.silences
    elsewhere = watch(every(2, 100, 200, car((0.6, 0.5, 0.8, 0.7), look=2)), forgetful)
    assert [event.objects[0].box_n[0] for event in elsewhere] == [pytest.approx(0.6)]
    another = Scene(plan())
    another.silences = scene.silences
    assert phases(watch(every(2, 100, 200, car(look=3)), another)) == ["opened"], "at this place, another look"


def test_the_thing_itself_is_known_by_its_track_in_another_light() -> None:
    scene = Scene(plan())
    dismissed(scene, opened(scene), 62)
    assert watch(every(2, 64, 300, car(look=4)), scene) == [], "as in dusk: seen at the same pixels all the time"


def test_a_heap_is_known_by_its_place_though_some_of_it_was_taken_away() -> None:
    bags, fewer = (0.3, 0.7, 0.5, 0.9), (0.32, 0.75, 0.45, 0.9)
    scene = Scene(plan(duty("garbage_overflow")))
    [event] = watch([changed(look(t), bags) for t in range(0, 62, 2)], scene)
    [closed] = dismissed(scene, event, 62)
    assert closed.close_reason is CloseReason.DISMISSED
    assert watch([changed(look(t), fewer) for t in range(200, 500, 2)], scene) == []
    assert phases(watch([changed(look(t), (0.7, 0.7, 0.9, 0.9)) for t in range(500, 700, 2)], scene)) == ["opened"]


def test_an_incident_that_ended_can_be_dismissed_for_the_next_time() -> None:
    scene = Scene(plan())
    event = opened(scene)
    assert phases(watch(every(2, 62, 120), scene)) == ["closed"]
    assert dismissed(scene, event, 120) == []
    assert watch(every(2, 122, 400, car()), scene) == []


def test_the_spot_of_an_incident_outlives_a_restart() -> None:
    scene = Scene(plan())
    event = opened(scene)
    watch(every(2, 62, 120), scene)
    later = Scene(plan())
    later.recall(scene.keep(), stamp(130))
    before, after = scene.spot_of(event.incident_id), later.spot_of(event.incident_id)
    assert before is not None
    assert after is not None
    assert after.look.tolist() == before.look.tolist()
    assert (after.box_n, after.track_id, after.class_name) == (before.box_n, before.track_id, "car")


def test_what_was_never_an_incident_has_no_spot() -> None:
    scene = Scene(plan())
    event = opened(Scene(plan()))
    watch(every(2, 0, 30, car()), scene)
    assert scene.spot_of(event.incident_id) is None
    assert scene.dismiss(event.incident_id, stamp(30)) == []


@pytest.mark.parametrize(
    "pause",
    [{}, {"camera": "gate"}, {"camera": "gate", "zone": "kerb"}, {"rule": "illegal_parking"}],
)
def test_a_pause_opens_nothing_and_clocks_go_on(pause: dict[str, str]) -> None:
    scene = Scene(plan())
    scene.silences = Silences(pauses=(Pause(until=stamp(300).utc, **pause),))
    [event] = watch(every(2, 0, 400, car()), scene)
    assert event.at == stamp(300).utc
    assert event.dwell_s == 300.0


@pytest.mark.parametrize("pause", [{"camera": "yard"}, {"rule": "garbage_overflow"}, {"camera": "gate", "zone": "x"}])
def test_a_pause_of_something_else_does_not_matter(pause: dict[str, str]) -> None:
    scene = Scene(plan())
    scene.silences = Silences(pauses=(Pause(until=stamp(300).utc, **pause),))
    assert phases(watch(every(2, 0, 70, car()), scene)) == ["opened"]


def test_what_is_open_is_updated_and_closed_while_paused() -> None:
    scene = Scene(plan(duty(update_every=100.0)))
    opened(scene)
    scene.silences = Silences(pauses=(Pause(until=stamp(10_000).utc),))
    assert phases(watch(every(2, 62, 200, car()) + every(2, 200, 300), scene)) == ["updated", "closed"]


def test_a_paused_camera_tells_nothing_of_its_own_faults() -> None:
    bare = CameraPlan(
        box_id="box-1",
        camera="gate",
        duties=(),
        time_zone=plan().time_zone,
        health=CameraHealthSettings(dwell=30.0),
    )
    scene = Scene(bare)
    scene.silences = Silences(pauses=(Pause(until=stamp(200).utc, camera="gate"),))
    [event] = watch([gap(t) for t in range(0, 300, 5)], scene)
    assert (event.rule, event.at) == ("camera_health", stamp(200).utc)


def test_a_wider_pause_decides_until_when() -> None:
    now, hour = stamp(0).utc, timedelta(hours=1)
    all_day, gate = Pause(until=now + 8 * hour), Pause(until=now + hour, camera="gate")
    asked = Pause(until=now, camera="gate", zone="kerb")
    assert paused_until([gate], asked, now) == now + hour
    assert paused_until([gate, all_day], asked, now) == now + 8 * hour
    assert paused_until([gate], Pause(until=now), now) is None, "one camera of many is not all of them"
    assert paused_until([gate], asked, now + hour) is None
