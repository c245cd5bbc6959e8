"""The disturbed agent's incidents beside those of one that watched the same street undisturbed.

What is blind cannot be seen: a stay that no life of the agent watched long enough may be missing, and two stays of one
car between which nobody looked long enough are one incident. Every other difference is a fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tests.chaos.box import CLEAR_S, DWELL_S
from tests.chaos.checks import Stay, stays_of
from tests.chaos.told import Told, incidents_of

CONNECTING_S = 3.0
"""From the beginning of the watch to the first picture: keyframes, and the camera's handshake."""
SLACK_S = 3.0
"""Looks that decide come with the pictures: one that begins, one that ends, and one that the detector may miss."""

Span = tuple[float, float]


@dataclass
class Comparison:
    """Stays: of the undisturbed agent. `unseen` and `merged` are the differences that blindness explains."""

    stays: int = 0
    seen: int = 0
    unseen: int = 0
    merged: int = 0
    wrong: list[str] = field(default_factory=list)


def compare(events: Iterable[Told], truth: Sequence[Told], watched: Sequence[Span], now_s: float) -> Comparison:
    """Args: watched: when the disturbed agent looked, from first to last moment of each life."""
    found = Comparison()
    stays = stays_of(truth, now_s)
    stories = incidents_of(events)
    ours: dict[str, list[list[Told]]] = {}
    for incident, story in stories.items():
        car = story[0].car
        ours.setdefault(car, []).append(story)
        if not any(_overlap_s(_span(story, now_s), (stay.from_s - 2, stay.to_s + 2)) for stay in stays.get(car, [])):
            found.wrong.append(f"incident {incident}: {car} did not stand there, opened at {story[0].at_s:.1f}")
    for car, list_of_stays in stays.items():
        for stay in list_of_stays:
            _match(found, car, stay, ours.get(car, []), watched, now_s)
        _merges(found, car, list_of_stays, ours.get(car, []), watched, now_s)
    return found


def _match(
    found: Comparison, car: str, stay: Stay, ours: list[list[Told]], watched: Sequence[Span], now_s: float
) -> None:
    found.stays += 1
    inside = (stay.from_s, stay.to_s)
    here = [story for story in ours if _overlap_s(_span(story, now_s), inside) > 0]
    if here:
        found.seen += 1
    elif _longest_s(watched, inside) >= DWELL_S + SLACK_S:
        found.wrong.append(f"{car} stood there from {stay.from_s:.1f} to {stay.to_s:.1f} and was never told")
    else:
        found.unseen += 1
    begun = [story for story in here if story[0].first_s >= stay.from_s - 2]
    if len(here) > 1 and len(begun) > 1:
        which = [story[0].incident for story in here]
        found.wrong.append(
            f"{car}, one stay from {stay.from_s:.1f} to {stay.to_s:.1f}, is {len(here)} incidents: {which}"
        )


def _merges(
    found: Comparison, car: str, stays: list[Stay], ours: list[list[Told]], watched: Sequence[Span], now_s: float
) -> None:
    """One incident over several stays: right only where nobody looked at the empty place long enough."""
    ordered = sorted(stays, key=lambda stay: stay.from_s)
    for before, after in pairwise(ordered):
        away = (before.to_s, after.from_s)
        for story in ours:
            first_s, last_s = _span(story, now_s)
            if first_s < before.to_s - 1 and last_s > after.from_s + 1:
                if _longest_s(watched, away) >= CLEAR_S + SLACK_S:
                    gap = f"between {away[0]:.1f} and {away[1]:.1f}"
                    found.wrong.append(
                        f"incident {story[0].incident}: {car} was away {gap}, watched, and it stayed open"
                    )
                else:
                    found.merged += 1


def _span(story: list[Told], now_s: float) -> Span:
    """From first sight to last, or to now for an incident that is open."""
    return story[0].first_s, story[-1].last_s if story[-1].phase == "closed" else now_s


def _overlap_s(one: Span, other: Span) -> float:
    return max(0.0, min(one[1], other[1]) - max(one[0], other[0]))


def _longest_s(watched: Sequence[Span], inside: Span) -> float:
    """The longest time within `inside` that one life looked without a break."""
    return max((_overlap_s((from_s + CONNECTING_S, to_s), inside) for from_s, to_s in watched), default=0.0)
