"""What must hold after any course of faults. Each check returns what it found wrong, as sentences with the evidence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.chaos.centre import Arrival
from tests.chaos.told import Stored, Told, incidents_of, told

SAMPLE_S = 1.0
ROUNDING_S = 0.5
"""Times are told in milliseconds; the look that ends a stay may be a little late."""


@dataclass
class Delivery:
    """What the centre got. `repeated`: deliveries beyond the first of an event."""

    events: list[Told] = field(default_factory=list)
    repeated: int = 0
    lost: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)


def check_delivery(arrivals: Sequence[Arrival], store: Stored) -> Delivery:
    """No gap, nothing lost, nothing told twice with other content; the box's own record agrees byte for byte."""
    found = Delivery()
    by_id: dict[str, Told] = {}
    by_sequence: dict[int, Told] = {}
    for arrival in arrivals:
        try:
            event = told(arrival.payload, arrival.at_s)
        except (ValueError, KeyError, TypeError) as error:
            found.doubled.append(f"an event that cannot be read ({error!r}): {arrival.payload[:200]!r}")
            continue
        before = by_id.setdefault(event.event_id, event)
        found.repeated += before is not event
        if before.payload != event.payload:
            found.doubled.append(f"event {event.event_id} came with two contents: {before.payload!r} {event.payload!r}")
        other = by_sequence.setdefault(event.sequence, event)
        if other.event_id != event.event_id:
            found.doubled.append(f"sequence {event.sequence} belongs to {other.event_id} and {event.event_id}")
    found.events = sorted(by_sequence.values(), key=lambda event: event.sequence)
    highest = max(by_sequence, default=0)
    absent = sorted(set(range(1, store.last_sequence + 1)) - set(by_sequence))
    found.gaps = [f"sequence {number} never came" for number in absent if number <= highest]
    found.lost = [f"sequence {number} neither came nor waits" for number in absent if number not in store.waiting]
    found.lost += [
        f"sequence {number} came but the box never used it" for number in by_sequence if number > store.last_sequence
    ]
    for number, payload in store.payloads.items():
        if number in by_sequence and by_sequence[number].payload != payload:
            found.doubled.append(f"sequence {number} came with other bytes than the box kept")
    return found


def check_lives(events: Iterable[Told], store: Stored) -> list[str]:
    """Every incident: opened once, revisions without a gap and in order, closed once or still open, as the box says."""
    wrong = []
    for incident, story in incidents_of(events).items():
        phases = [event.phase for event in story]
        if [event.revision for event in story] != list(range(1, len(story) + 1)):
            wrong.append(f"incident {incident}: revisions {[event.revision for event in story]}")
        if phases[0] != "opened" or phases.count("opened") != 1 or "closed" in phases[:-1]:
            wrong.append(f"incident {incident}: phases {phases}")
        kept = store.phases.get(incident)
        if kept is None or (kept[1] == story[-1].revision and kept[0] != phases[-1]) or kept[1] < story[-1].revision:
            wrong.append(f"incident {incident}: told up to {story[-1].revision} {phases[-1]}, the box kept {kept}")
    return wrong


@dataclass
class Dwell:
    """Errors in seconds. `over_s`: most by which a dwell exceeds the time the thing truly stood there.

    `blind_s`: most by which dwell and blind time together miss the time from first to last sight; `stepped_s`: the same
    where the clock was set meanwhile.
    """

    over_s: float = 0.0
    blind_s: float = 0.0
    stepped_s: float = 0.0
    wrong: list[str] = field(default_factory=list)


def check_dwell(events: Iterable[Told], truth: Sequence[Told], steps: Sequence[float], now_s: float) -> Dwell:
    """No dwell is longer than the thing stood there; it never shrinks; with blind time it accounts for the whole stay.

    Args:
        truth: events of the undisturbed agent. steps: when the clock was set. now_s: until when the truth is known.
    """
    found = Dwell()
    stays = stays_of(truth, now_s)
    for incident, story in incidents_of(events).items():
        dwell_s = 0.0
        for event in story:
            here = f"incident {incident} ({event.car}), revision {event.revision}"
            if event.dwell_s < dwell_s:
                found.wrong.append(f"{here}: dwell shrank from {dwell_s} to {event.dwell_s} s")
            dwell_s = event.dwell_s
            seen_s = event.last_s - event.first_s
            over_s = event.dwell_s - min(seen_s, _stood_s(stays.get(event.car), event, seen_s))
            found.over_s = max(found.over_s, over_s)
            if over_s > 2 * SAMPLE_S + ROUNDING_S:
                found.wrong.append(f"{here}: dwell {event.dwell_s} s is {over_s:.1f} s longer than it stood there")
            _account(found, here, event, stepped=any(event.first_s - 60.0 <= s <= event.at_s for s in steps))
    return found


def _account(found: Dwell, here: str, event: Told, *, stepped: bool) -> None:
    """Dwell and blind time cover first to last sight; at the end of a stay also what was unseen after."""
    told_s = event.dwell_s + event.blind_s
    short_s = (event.last_s - event.first_s) - told_s
    long_s = told_s - ((event.at_s if event.phase == "closed" else event.last_s) - event.first_s)
    error_s = max(short_s, long_s)
    if stepped:
        found.stepped_s = max(found.stepped_s, error_s)
    else:
        found.blind_s = max(found.blind_s, error_s)
    if error_s > ROUNDING_S:
        found.wrong.append(
            f"{here}: dwell {event.dwell_s} s and blind {event.blind_s} s do not account for "
            f"{event.last_s - event.first_s:.1f} s between first and last sight ({event.phase})"
        )


@dataclass(frozen=True, slots=True)
class Stay:
    """From when to when the undisturbed agent saw a car stand there; `closed_s`: None while it does."""

    from_s: float
    to_s: float
    closed_s: float | None


def stays_of(truth: Iterable[Told], now_s: float) -> dict[str, list[Stay]]:
    """Car to its stays."""
    found: dict[str, list[Stay]] = {}
    for story in incidents_of(truth).values():
        last = story[-1]
        closed = last.phase == "closed"
        stay = Stay(last.first_s, last.last_s if closed else now_s, last.at_s if closed else None)
        found.setdefault(last.car, []).append(stay)
    return found


def _stood_s(stays: list[Stay] | None, event: Told, unknown_s: float) -> float:
    """Seconds of the event's time in which the car truly stood there."""
    if stays is None:
        return unknown_s
    return sum(max(0.0, min(stay.to_s, event.last_s) - max(stay.from_s, event.first_s)) for stay in stays)


def check_log(log: str) -> list[str]:
    """No traceback and no loop that died, whatever happened."""
    lines = log.splitlines()
    return [
        "the agent's log: " + " | ".join(lines[max(0, i - 2) : i + 25])
        for i, line in enumerate(lines)
        if "Traceback" in line or " died" in line
    ]


def check_answers(answers: Iterable[bytes]) -> list[str]:
    """A command that was sent several times is answered with the same words."""
    wrong, finals = [], dict[str, tuple[object, ...]]()
    for payload in answers:
        answer = json.loads(payload)
        if answer["status"] == "accepted" or not str(answer["id"]).startswith("chaos-"):
            continue
        final = (answer["status"], answer["code"], json.dumps(answer.get("result")))
        if finals.setdefault(answer["id"], final) != final:
            wrong.append(f"command {answer['id']}: answered {finals[answer['id']]} and then {final}")
    return wrong
