"""How well reports agree with the truth: `matching` says which report is about which stay, this module counts.

Counting. A paired stay that must be reported is a hit; an unpaired one is missed. What is left over and fits a stay is
a double report; it counts against precision and as a break of identity, not as a false report. What fits none is a
false report. Pairs with stays that may be reported count nowhere: both answers are right.
A break of identity is one true violation that became several incidents, or was closed while it still stood; per
violation the greater of the two counts.

Errors are distances in seconds to the window of right moments (`Stay.opens`, `Stay.closes`; wider by the truth's
tolerance): negative too early, 0 within it, positive too late. Without hidden time the window is one moment: true start
+ dwell, and true departure + clear_after.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from agent.core.scoring.matching import Incident, fit, paired, same_place
from agent.core.scoring.truth import Span, Stay, Verdict, Watched

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was counted for one rule, or over several; figures of more clips add up.

    Attributes:
        due: violations that had to be reported; found: those that were.
        reports: incidents that count: all but those that may or may not be reported. doubles, false: of these.
        breaks: of identity. onset_s, closing_s: errors of the paired ones. late: openings outside the slack.
        watched_s: camera seconds under the rule.
    """

    due: int = 0
    found: int = 0
    reports: int = 0
    doubles: int = 0
    false: int = 0
    breaks: int = 0
    late: int = 0
    onset_s: tuple[float, ...] = ()
    closing_s: tuple[float, ...] = ()
    watched_s: float = 0.0

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            due=self.due + other.due,
            found=self.found + other.found,
            reports=self.reports + other.reports,
            doubles=self.doubles + other.doubles,
            false=self.false + other.false,
            breaks=self.breaks + other.breaks,
            late=self.late + other.late,
            onset_s=self.onset_s + other.onset_s,
            closing_s=self.closing_s + other.closing_s,
            watched_s=self.watched_s + other.watched_s,
        )

    @property
    def precision(self) -> float | None:
        """Share of the reports that are right; None without any."""
        return self.found / self.reports if self.reports else None

    @property
    def recall(self) -> float | None:
        """Share of the violations that were reported; None when there is none."""
        return self.found / self.due if self.due else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of both; None when there was neither violation nor report."""
        return 2 * self.found / (self.due + self.reports) if self.due + self.reports else None

    @property
    def false_per_day(self) -> float | None:
        """False reports per camera-day; None when nothing was watched."""
        return self.false / self.watched_s * _DAY_S if self.watched_s else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicted:
    """One stay and the incidents about it, the paired one first. Errors are None where there is nothing to measure."""

    stay: Stay
    incidents: tuple[Incident, ...] = ()
    onset_s: float | None = None
    closing_s: float | None = None
    breaks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseReport:
    """An incident without a violation; `thing`: what stood there instead, as far as the truth knows."""

    incident: Incident
    thing: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipScore:
    """One clip's reports against its truth.

    Attributes:
        stays: those that had to be reported, or may be. quiet: those that must not.
    """

    watched: Watched
    stays: tuple[Verdicted, ...]
    quiet: tuple[Stay, ...]
    false: tuple[FalseReport, ...]
    by_rule: dict[str, Figures] = field(default_factory=dict)

    @property
    def total(self) -> Figures:
        """Over all rules."""
        return sum(self.by_rule.values(), Figures())

    @property
    def wrong(self) -> tuple[Verdicted, ...]:
        """The stays that were missed, broken, or reported outside the slack."""
        return tuple(v for v in self.stays if _missing(v) or v.breaks or _is_late(v, self.watched))


def score(stays: Sequence[Stay], incidents: Sequence[Incident], watched: Watched, rules: Iterable[str]) -> ClipScore:
    """Compare the incidents of one clip with what had to be reported there.

    Args:
        stays: from `truth.stays_of`. rules: those that were watched for, also when nothing happened.
    """
    owed = [stay for stay in stays if stay.verdict is not Verdict.MUST_NOT]
    owed.sort(key=lambda stay: stay.verdict is not Verdict.MUST)
    pairs = paired(owed, incidents)
    taken = set(pairs.values())
    doubles: dict[int, list[Incident]] = {}
    false: list[FalseReport] = []
    for j, incident in enumerate(incidents):
        if j in taken:
            continue
        fits = [(weight, i) for i, stay in enumerate(owed) if (weight := fit(stay, incident)) > 0]
        if fits:
            doubles.setdefault(max(fits)[1], []).append(incident)
        else:
            false.append(FalseReport(incident=incident, thing=_culprit(stays, incident)))
    judged = [
        _judged(stay, [incidents[pairs[i]], *doubles.get(i, [])] if i in pairs else [], watched)
        for i, stay in enumerate(owed)
    ]
    figures = {
        rule: sum(
            (_counted(v, watched) for v in judged if v.stay.rule == rule),
            Figures(
                watched_s=watched.length_s,
                false=(wrong := sum(f.incident.rule == rule for f in false)),
                reports=wrong,
            ),
        )
        for rule in dict.fromkeys(rules)
    }
    quiet = tuple(stay for stay in stays if stay.verdict is Verdict.MUST_NOT)
    return ClipScore(watched=watched, stays=tuple(judged), quiet=quiet, false=tuple(false), by_rule=figures)


def _culprit(stays: Sequence[Stay], incident: Incident) -> str | None:
    """The thing that stood where and when a false report says, if the truth names one."""
    there = [
        (same_place(stay.box_n, incident.box_n), stay.name)
        for stay in stays
        if stay.rule == incident.rule and stay.from_s < incident.opened_s and incident.first_seen_s < stay.to_s
    ]
    overlap, name = max(there, default=(0.0, None))
    return name if overlap > 0 else None


def _judged(stay: Stay, incidents: list[Incident], watched: Watched) -> Verdicted:
    if not incidents:
        return Verdicted(stay=stay)
    first = incidents[0]
    early = sum(
        incident.closed_s is not None and incident.closed_s < min(stay.to_s, watched.length_s) - stay.tolerance_s
        for incident in incidents
    )
    onset_s = _distance(first.opened_s, stay.opens, stay.tolerance_s)
    closing_s = None
    if stay.closes is not None and first.closed_s is not None:
        closing_s = _distance(first.closed_s, stay.closes, stay.tolerance_s)
    breaks = max(len(incidents) - 1, early)
    return Verdicted(stay=stay, incidents=tuple(incidents), onset_s=onset_s, closing_s=closing_s, breaks=breaks)


def _distance(at_s: float, window: Span, tolerance_s: float) -> float:
    early, late = window[0] - tolerance_s - at_s, at_s - window[1] - tolerance_s
    return round(max(late, 0.0) if early <= 0 else -early, 3)


def _missing(judged: Verdicted) -> bool:
    return judged.stay.verdict is Verdict.MUST and not judged.incidents


def _is_late(judged: Verdicted, watched: Watched) -> bool:
    return judged.onset_s is not None and not 0 <= judged.onset_s <= watched.slack_s


def _counted(judged: Verdicted, watched: Watched) -> Figures:
    """What one stay adds. Doubles of a stay that may be reported are as wrong as those of one that must."""
    must, extra = judged.stay.verdict is Verdict.MUST, max(len(judged.incidents) - 1, 0)
    hit = bool(judged.incidents)
    onset = judged.onset_s
    return Figures(
        due=int(must),
        found=int(must and hit),
        reports=int(must and hit) + extra,
        doubles=extra,
        breaks=judged.breaks,
        late=int(_is_late(judged, watched)),
        onset_s=() if onset is None else (onset,),
        closing_s=() if judged.closing_s is None else (judged.closing_s,),
    )


def summed(scores: Iterable[ClipScore]) -> dict[str, Figures]:
    """Figures of all clips, by rule."""
    found: dict[str, Figures] = {}
    for clip in scores:
        for rule, figures in clip.by_rule.items():
            found[rule] = found.get(rule, Figures()) + figures
    return found


def spans_between(stamps: Sequence[tuple[float, bool]]) -> Iterator[Span]:
    """The blind spans of a clip.

    Args:
        stamps: of every step in order, its second and whether somebody looked. A step without a look says that nobody
            looked since the look before; it lasts until the next one.
    """
    last_s, blind = 0.0, False
    for at_s, looked in stamps:
        if looked:
            if blind:
                yield last_s, at_s
            last_s, blind = at_s, False
        else:
            blind = True
    if blind:
        yield last_s, stamps[-1][0]
